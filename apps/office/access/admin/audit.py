"""The audit trail, to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from apps.access import selectors
from apps.office.shell.base import LONGEST_SEARCH, ServiceAdmin
from apps.office.shell.between import Between
from apps.office.shell.happened import happened
from apps.office.shell.site import actor, office
from apps.office.shell.trail import NOTHING, Facts, as_read, what_about
from schoolops.audit.models import AuditEntry


@admin.register(AuditEntry, site=office)
class AuditEntryAdmin(ServiceAdmin):
    """Who did what, newest first."""

    one, many = gettext_lazy("entry of the trail"), gettext_lazy("entries of the trail")
    none = gettext_lazy("Nothing was done here in this time. Whatever somebody changes is written down by itself.")
    listed_as = gettext_lazy("Audit trail")
    sees = "audit.view"
    over = "school"
    fields = ("at", "actor_name", "happened", "about", "shown_before", "shown_after", "reason", "request_id")
    readonly_fields = ("happened", "about", "shown_before", "shown_after")
    list_display = ("at", "actor_name", "happened", "about", "reason")
    list_filter = (("at", Between),)
    search_fields = ("action",)
    search_help_text = gettext_lazy("What happened (attendance.marked), or the id of somebody or something")

    def _holds(self, request: HttpRequest, code: str) -> bool:
        # Entries say nothing of a campus: the trail is for who may read all of it.
        return super()._holds(request, code) and selectors.reaches_everything(actor(request), code)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        # Whole words: the trail is long, and no index serves parts of them.
        word = search_term.strip()[:LONGEST_SEARCH]
        found = queryset if not word else queryset.filter(Q(action=word) | Q(object_id=word) | Q(actor_id=word))
        return found, False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed: Any = super().get_changelist_instance(request)
        rows = list(listed.result_list)
        about = what_about(rows, request)
        for row in rows:
            row.about = about[row.pk]
        listed.result_list = rows
        return listed

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            (row.line,) = as_read([row], request)
            row.about = what_about([row], request)[row.pk]
        return row

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, row: AuditEntry) -> str:
        return happened(row.action)

    @admin.display(description=gettext_lazy("what it is about"))
    def about(self, row: AuditEntry) -> str:
        return str(row.about)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("before"))
    def shown_before(self, row: AuditEntry) -> SafeString | str:
        return _told(row.line.before)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("after"))
    def shown_after(self, row: AuditEntry) -> SafeString | str:
        return _told(row.line.after)  # type: ignore[attr-defined]


def _told(facts: Facts) -> SafeString | str:
    return format_html_join("", "<div>{}: {}</div>", facts) or NOTHING
