"""The addresses that every list of the office has below it."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.shell import begun
from apps.office.shell.rooms import Job, Room
from apps.office.shell.saved import pages as saved

ROOM = Room(
    pages=(
        path("changes/", begun.changes, name="list-changes"),
        path("filters/<str:listed>/", saved.save, name="save-filter"),
        path("filters/<uuid:id>/rename/", saved.rename, name="rename-filter"),
        path("filters/<uuid:id>/remove/", saved.remove, name="remove-filter"),
    ),
    jobs={"apps.office.change_list": Job(_("Changing many rows of a list"), pages="office:list-changes")},
)
