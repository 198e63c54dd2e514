"""Files in and out, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.exchange.selectors import VIEW
from apps.office.rosters import pages
from apps.office.shell.rooms import PEOPLE, Entry, Job, Room

ROOM = Room(
    entries={PEOPLE: (Entry(_("Rosters in and out"), "office:rosters", "sync_alt", ("imports.view",)),)},
    pages=(
        path("imports/", pages.rosters, name="rosters"),
        path("imports/roster.zip", pages.bundle, name="roster-bundle"),
        path("imports/templates/<str:kind>.<str:form>", pages.template, name="roster-template"),
        path("imports/<uuid:id>/", pages.roster, name="roster"),
        path("imports/<uuid:id>/errors.<str:form>", pages.errors, name="roster-errors"),
        path("imports/<uuid:id>/mapping/", pages.map_headers, name="roster-mapping"),
        path("imports/<uuid:id>/take/", pages.take, name="roster-take"),
        path("imports/<uuid:id>/confirm/", pages.confirm, name="roster-confirm"),
        path("imports/<uuid:id>/go-on/", pages.go_on, name="roster-go-on"),
        path("imports/<uuid:id>/undo/", pages.undo, name="roster-undo"),
    ),
    jobs={
        "apps.exchange.read_import": Job(_("Reading a file"), VIEW),
        "apps.exchange.apply_import": Job(_("Applying an import"), VIEW),
        "apps.exchange.undo_import": Job(_("Taking an import back"), VIEW),
    },
)
