"""The office's addresses, all in the namespace ``office``: its own pages first, then the admin's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from apps.office.pages import door, start
from apps.office.site import office

PAGES: list[URLPattern] = [
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("", start.start, name="index"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("office/", ([*PAGES, *office.get_urls()], "admin", office.name))]
