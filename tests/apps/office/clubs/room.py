"""Clubs, in the sidebar and by address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.office.shell.rooms import Entry, Heading, Room, Waiting
from tests.apps.office.clubs import pages
from tests.apps.office.clubs.models import Club

CLUBS = Heading(_("Clubs"), 40)


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:
    """Clubs that meet nowhere."""
    number = Club.objects.filter(meets_in="").count()
    yield Waiting("clubs-without-a-room", number, f"{number} club has no room", reverse("office:clubs"))


ROOM = Room(
    entries={CLUBS: (Entry(_("All clubs"), "office:clubs", "groups", ("clubs.view",)),)},
    pages=(
        path("clubs/", pages.clubs, name="clubs"),
        path("clubs/list.pdf", pages.print_clubs, name="print-clubs"),
    ),
    waiting=waiting,
    finds=(Club,),
)
