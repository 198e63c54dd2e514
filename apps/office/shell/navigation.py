"""The navigation in the school's words: every room's entries under their headings, for who is logged in."""

from __future__ import annotations

from functools import cache, lru_cache

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from apps.access import selectors
from apps.access.permissions import GUARDIAN, STUDENT
from apps.accounts.models import User
from apps.office.shell.rooms import Entry, Heading, rooms

# Where somebody begins for whose role no room has a home.
HOME = "office:index"
# Where families do.
FAMILY = "family:home"


@cache
def navigation() -> tuple[tuple[Heading, tuple[Entry, ...]], ...]:
    """All headings with all their entries, in order."""
    found: dict[Heading, list[Entry]] = {}
    for room in rooms():
        for heading, entries in room.entries.items():
            found.setdefault(heading, []).extend(entries)
    return tuple(
        (heading, tuple(sorted(found[heading], key=lambda entry: entry.place)))
        for heading in sorted(found, key=lambda heading: heading.place)
    )


def entry_to(to: str, user: User) -> Entry | None:
    """The entry that leads to the page called ``to``, if ``user`` may open it."""
    found = (entry for _, entries in navigation() for entry in entries if entry.to == to and entry.is_for(user))
    return next(found, None)


_address = cache(reverse)


def menu(request: HttpRequest, user: User) -> SafeString:
    """What ``user`` may open, heading by heading, as HTML. The entry with the longest matching address is where we are.

    The start is where it says and nowhere below: a page that belongs to no entry is marked at none.
    """
    shown = tuple(
        (number, tuple(place for place, entry in enumerate(entries) if entry.is_for(user)))
        for number, (_, entries) in enumerate(navigation())
    )
    start = _address(HOME)
    places = {
        place: address
        for number, numbers in shown
        for entry in map(navigation()[number][1].__getitem__, numbers)
        for address in (_address(entry.to),)
        for place in (address, *entry.below)
    }
    found = (each for each in places if request.path.startswith(each) and (each != start or request.path == start))
    return _menu(get_language(), shown, places.get(max(found, key=len, default=""), ""))


@lru_cache(maxsize=512)
def _menu(_language: str, shown: tuple[tuple[int, tuple[int, ...]], ...], here: str) -> SafeString:
    """For who sees these headings and entries, by number: they differ by role, not by person."""
    groups = [
        {
            "title": heading.title,
            "items": [
                {
                    "title": entry.title,
                    "icon": entry.icon,
                    "link": address,
                    "active": address == here,
                    "has_permission": True,
                }
                for entry in map(entries.__getitem__, numbers)
                for address in (_address(entry.to),)
            ],
        }
        for number, numbers in shown
        if numbers
        for heading, entries in (navigation()[number],)
    ]
    return render_to_string("office/shell/_menu.html", {"groups": groups})


def home_of(user: User) -> str:
    """The address where ``user`` begins."""
    # Who works here begins with their work.
    scopes = sorted((held.scope for held in selectors.roles_held(user)), key=(GUARDIAN, STUDENT).__contains__)
    if selectors.EVERYTHING in scopes:
        return reverse(HOME)
    homes = {scope: home for room in rooms() for scope, home in room.homes.items()}
    homes |= dict.fromkeys((GUARDIAN, STUDENT), FAMILY)
    return reverse(next((homes[scope] for scope in scopes if scope in homes), HOME))
