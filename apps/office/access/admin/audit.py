"""The audit trail, to be read."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter

from apps.access import selectors
from apps.office.shell.base import LONGEST_SEARCH, ServiceAdmin
from apps.office.shell.site import actor, office
from schoolops.audit.models import AuditEntry


@admin.register(AuditEntry, site=office)
class AuditEntryAdmin(ServiceAdmin):
    """Who did what, newest first."""

    one, many = gettext_lazy("entry of the trail"), gettext_lazy("entries of the trail")
    listed_as = gettext_lazy("Audit trail")
    sees = "audit.view"
    over = "school"
    fields = (
        "at", "actor_name", "action", "object_type", "object_id", "shown_before", "shown_after", "reason", "request_id",
    )  # fmt: skip
    readonly_fields = ("shown_before", "shown_after")
    list_display = ("at", "actor_name", "action", "object_type", "object_id", "reason")
    list_filter = (("at", RangeDateTimeFilter),)
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

    @admin.display(description=gettext_lazy("before"))
    def shown_before(self, row: AuditEntry) -> SafeString | str:
        return _pretty(row.before)

    @admin.display(description=gettext_lazy("after"))
    def shown_after(self, row: AuditEntry) -> SafeString | str:
        return _pretty(row.after)


def _pretty(facts: Any) -> SafeString | str:
    return format_html("<pre>{}</pre>", json.dumps(facts, ensure_ascii=False, indent=2)) if facts else "–"
