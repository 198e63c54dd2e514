"""Doors that are looked at as soon as it is known at which school: whoever finds one full is told when to come.

A refusal must cost next to nothing, for of three hundred who log in at eight each is refused once or twice: so before a
session, a count, a form or a body is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase

from schoolops import problem
from schoolops.ratelimit.addresses import address_of
from schoolops.resilience.appointments import COOKIE
from schoolops.resilience.bulkhead import Bulkhead, Busy

_doors: Final[dict[tuple[str, str], Callable[[], Bulkhead]]] = {}


def stands_before(method: str, path: str, room: Callable[[], Bulkhead]) -> None:
    """Let nobody on to ``path`` while ``room`` has no place for them. What is done there asks it once more."""
    _doors[method, path] = room


def doors() -> frozenset[tuple[str, str]]:
    """(method, path) of all of them."""
    return frozenset(_doors)


class DoorMiddleware:
    """Stands within the school, and outside of whatever asks for more than its name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        room = _doors.get((request.method or "", request.path_info))
        if room is None:
            return self.get_response(request)
        try:
            room().expect_room(whom=address_of(request), appointment=request.COOKIES.get(COOKIE, ""))
        except Busy as full:
            # No view is looked for, and the access line names one all the same.
            request.fixed_route = request.path_info  # type: ignore[attr-defined]
            answer = problem.answer(request, full)
            answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
            return answer
        return self.get_response(request)
