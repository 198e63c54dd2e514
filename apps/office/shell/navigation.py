"""The navigation in the school's words: every room's entries under their headings, for who is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.access import selectors
from apps.accounts.models import User
from apps.office.shell.rooms import Entry, Heading, rooms

# Where somebody begins for whose role no room has a home.
HOME = "office:index"


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


def entries_for(user: User) -> Iterator[tuple[Heading, list[Entry]]]:
    """What ``user`` may open, heading by heading."""
    for heading, entries in navigation():
        if shown := [entry for entry in entries if entry.is_for(user)]:
            yield heading, shown


def sidebar(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """The same in the words of the sidebar's template. The entry with the longest matching address is where we are.

    The start is where it says and nowhere below: a page that belongs to no entry is marked at none.
    """
    shown = [(heading, [(entry, reverse(entry.to)) for entry in entries]) for heading, entries in entries_for(user)]
    start = reverse(HOME)
    places = {place: address for _, entries in shown for entry, address in entries for place in (address, *entry.below)}
    found = (each for each in places if request.path.startswith(each) and (each != start or request.path == start))
    here = places.get(max(found, key=len, default=""), "")
    return [
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
                for entry, address in entries
            ],
        }
        for heading, entries in shown
    ]


def home_of(user: User) -> str:
    """The address where ``user`` begins."""
    scopes = [held.scope for held in selectors.roles_held(user)]
    if selectors.EVERYTHING in scopes:
        return reverse(HOME)
    homes = {scope: home for room in rooms() for scope, home in room.homes.items()}
    return reverse(next((homes[scope] for scope in scopes if scope in homes), HOME))
