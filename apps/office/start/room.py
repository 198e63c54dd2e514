"""Where the day begins, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.shell.rooms import TODAY, Entry, Room
from apps.office.start.pages import find, start

ROOM = Room(
    entries={TODAY: (Entry(_("Start"), "office:index", "home"),)},
    pages=(
        path("", start.start, name="index"),
        path("find/", find.find, name="find"),
    ),
)
