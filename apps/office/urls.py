"""The office's addresses, all in the namespace ``office``: every room's pages first, then the admin's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from apps.office.shell.rooms import rooms
from apps.office.shell.site import office

_OFFICE: list[URLPattern | URLResolver] = [
    path("office/", include([*(page for room in rooms() for page in room.pages), *office.get_urls()])),
    *(page for room in rooms() for page in room.beside),
]

urlpatterns: list[URLPattern | URLResolver] = [path("", (_OFFICE, "admin", office.name))]

OUTSIDE: list[URLPattern] = [page for room in rooms() for page in room.outside]
