"""Every route × method of a school's API, and every page beside it, walked from the URLconf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

ALIAS = "api/v1/tenant/"
PLAIN = "api/v1/"
FILES = "static/"


@dataclass(frozen=True, slots=True)
class Address:
    """``GET api/v1/students/<uuid:id>``; ``view`` is DRF's class (a plain function has none), ``action`` its method."""

    method: str
    route: str
    view: type | None
    action: str

    def __str__(self) -> str:
        return f"{self.method} {self.route}"

    @property
    def is_alias(self) -> bool:
        return self.route.startswith(ALIAS)

    @property
    def plain(self) -> Address:
        """The same at its first path, where this is the alias."""
        return Address(self.method, self.route.replace(ALIAS, PLAIN, 1), self.view, self.action)


@cache
def addresses(urlconf: str = "config.urls") -> tuple[Address, ...]:
    """All of the API's."""
    found = [
        address
        for route, callback in _walk(get_resolver(urlconf).url_patterns, "")
        if route.startswith(PLAIN)
        for address in _methods(route, callback)
    ]
    return tuple(sorted(found, key=lambda each: (each.route, each.method)))


@cache
def pages(urlconf: str = "config.urls") -> tuple[str, ...]:
    """The routes of everything else that is served to browsers, static files left out."""
    walked = (route for route, _ in _walk(get_resolver(urlconf).url_patterns, ""))
    return tuple(sorted({route for route in walked if not route.startswith((PLAIN, FILES))}))


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route)
        else:
            yield route, each.callback


def _methods(route: str, callback: Any) -> Iterator[Address]:
    view = getattr(callback, "cls", None)
    actions: dict[str, str] | None = getattr(callback, "actions", None)
    if view is None:
        yield Address("GET", route, None, callback.__name__)
    elif actions is not None:
        for method, action in actions.items():
            if method != "head":
                yield Address(method.upper(), route, view, action)
    else:
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                yield Address(method.upper(), route, view, method)
