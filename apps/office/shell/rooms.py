"""What a room of the office brings, for the pages on which all of them meet. ``OFFICE_ROOMS`` names the rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.urls import URLPattern, reverse
from django.utils.functional import Promise
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _

from apps.access import selectors
from apps.accounts.models import User

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the sidebar, shown when the person holds any of its permissions; the page behind it asks again.

    ``to`` is the name of a URL; ``icon`` one of Material Symbols. No ``permissions``: everybody in the office.
    ``everywhere``: only for who holds one of them over the whole school. ``below``: pages that stand elsewhere and yet
    belong to it; of a page that belongs to several, the longest address decides. ``place``: where it stands under its
    heading, the lowest first; equal ones stand as their rooms do.
    """

    title: Words
    to: str
    icon: str
    permissions: tuple[str, ...] = ()
    everywhere: bool = False
    below: tuple[str, ...] = ()
    place: int = 0

    def is_for(self, user: User) -> bool:
        if self.everywhere:
            return any(selectors.reaches_everything(user, permission) for permission in self.permissions)
        return not self.permissions or bool(selectors.permissions_of(user).intersection(self.permissions))


# Compared as the object it is: a title is another text in another language.
@dataclass(frozen=True, slots=True, eq=False)
class Heading:
    """What entries stand under; the lowest ``place`` first. One of which no entry is shown is not shown either."""

    title: Words
    place: int


TODAY = Heading(_("Today"), 10)
PEOPLE = Heading(_("People"), 20)
TEACHING = Heading(_("Teaching"), 30)
SET_UP = Heading(_("Set-up"), 80)
ACCESS = Heading(_("Access"), 90)


@dataclass(frozen=True, slots=True)
class Waiting:
    """``number`` of what ``code`` names wait for somebody, in ``words``; at ``address`` it can be dealt with."""

    code: str
    number: int
    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Job:
    """What people call the jobs of a tracked task. Whoever holds ``sees`` is shown everybody's, others their own.

    ``page`` is the name of the page of one job, where it has one; ``pages``, of a page for all of them.
    """

    words: Promise
    sees: str = ""
    page: str = ""
    pages: str = ""

    def address(self, job_id: int) -> str:
        """Where more is told of one of them; empty, where nothing is."""
        return reverse(self.page, args=[job_id]) if self.page else reverse(self.pages) if self.pages else ""


@dataclass(frozen=True, slots=True)
class AboutStudent:
    """A button on a student's page, for whoever holds ``permission`` over them. ``to`` is the name of a URL, which has
    the student's public id.
    """

    title: Words
    to: str
    permission: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the start page that a room draws: ``template``, which calls ``shown`` what it shows."""

    template: str
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    """What a room's ``room.py`` holds as ``ROOM``. Its model admins register themselves in ``admin``, if it has one.

    Args:
        entries: lines of the sidebar by their heading: one of those above, or one of the room's own.
        pages: addresses below ``/office/``, in the namespace ``office``.
        beside: addresses at the root of a school, in the same namespace.
        outside: addresses at the root outside all schools.
        waiting: what waits for a person on a day, of what they can do something about.
        about_students: what it knows of a student, as buttons on their page.
        panels: what the start page tells a person on a day besides.
        jobs: tracked task → what people call its jobs.
        finds: models whose rows the search over everything looks through; each has a model admin here.
        homes: row scope of a role → name of the page where whoever holds it begins.
        followed: what a write touched besides (``Followed.what``) → the sentence for so many of it.
    """

    entries: Mapping[Heading, Sequence[Entry]] = field(default_factory=dict)
    pages: Sequence[URLPattern] = ()
    beside: Sequence[URLPattern] = ()
    outside: Sequence[URLPattern] = ()
    waiting: Callable[[User, dt.date], Iterable[Waiting]] = lambda _by, _day: ()
    about_students: Sequence[AboutStudent] = ()
    panels: Callable[[User, dt.date], Iterable[Panel]] = lambda _by, _day: ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    finds: Sequence[type[Model]] = ()
    homes: Mapping[str, str] = field(default_factory=dict)
    followed: Mapping[str, Callable[[int], str]] = field(default_factory=dict)


@cache
def rooms() -> tuple[Room, ...]:
    """Every room, as ``OFFICE_ROOMS`` names them, with its model admins registered. Asked when addresses are made."""
    return tuple(_opened(name) for name in settings.OFFICE_ROOMS)


def _opened(name: str) -> Room:
    if module_has_submodule(import_module(name), "admin"):
        import_module(f"{name}.admin")
    room: Room = import_module(f"{name}.room").ROOM
    return room
