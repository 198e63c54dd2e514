"""The office's addresses, all in the namespace ``office``: its own pages first, then the admin's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from apps.office import admin  # noqa: F401 - registers every model admin before the site's addresses are made
from apps.office.pages import door, people, roles, start
from apps.office.site import office

PAGES: list[URLPattern] = [
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("", start.start, name="index"),
    path("logins/new/", people.let_in, name="let-in"),
    path("roles/", roles.roles, name="roles"),
    path("roles/new/", roles.new_role, name="new-role"),
    path("roles/<uuid:id>/", roles.role, name="role"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("office/", ([*PAGES, *office.get_urls()], "admin", office.name))]
