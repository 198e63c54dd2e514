"""The office's addresses, all in the namespace ``office``: its own pages first, then the admin's."""

from __future__ import annotations

import datetime as dt

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from apps.office.pages import door, roll, start
from apps.office.site import office


class DayConverter:
    """``2026-11-04`` in an address; what is no day is no such page."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


class GroupConverter(StringConverter):
    """What a roll is of."""

    regex = "section|class"


register_converter(DayConverter, "day")
register_converter(GroupConverter, "group")

PAGES: list[URLPattern] = [
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("", start.start, name="index"),
]

# The teacher's page, at an address that can be said aloud.
ROLL: list[URLPattern] = [
    path("", roll.classes, name="roll"),
    path("<group:kind>/<uuid:group>/<day:day>/", roll.sheet, name="roll-of-day"),
    path("<group:kind>/<uuid:group>/<day:day>/<uuid:period>/", roll.sheet, name="roll-of-period"),
]

_OFFICE: list[URLPattern | URLResolver] = [
    path("office/", include([*PAGES, *office.get_urls()])),
    path("roll/", include(ROLL)),
]

urlpatterns: list[URLPattern | URLResolver] = [path("", (_OFFICE, "admin", office.name))]
