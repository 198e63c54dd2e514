"""One search over everybody and every section that the reader may open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.office.shell.pages import office_page, render_page
from apps.office.shell.rooms import rooms
from apps.office.shell.site import office
from apps.students.models import Student
from schoolops.resilience.patience import short_statements

# Enough to see that there are more, and to narrow the words.
MOST_OF_A_KIND = 8
SHORTEST = 2


def _address(row: Any) -> str:
    if isinstance(row, Student):
        return reverse("office:student", args=(row.sourced_id,))
    return reverse(f"office:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


def _beside(row: Any) -> str:
    """What tells two of the same name apart."""
    for name in ("section_name", "staff_number", "phone", "year", "code"):
        if value := getattr(row, name, ""):
            return str(value)
    return ""


def _found(request: HttpRequest, words: str) -> Iterator[dict[str, Any]]:
    """One query for each kind that the reader may see at all. Raises ``ListTakesTooLong``."""
    for model in (model for room in rooms() for model in room.finds):
        admin = office.admin_of(model)
        if admin is None or not admin.has_view_permission(request):
            continue
        rows, _repeated = admin.get_search_results(request, admin.get_queryset(request), words)
        first = list(rows[: MOST_OF_A_KIND + 1])
        yield {
            "title": model._meta.verbose_name_plural,
            "rows": [
                {"name": str(row), "address": _address(row), "beside": _beside(row)} for row in first[:MOST_OF_A_KIND]
            ],
            "more": len(first) > MOST_OF_A_KIND,
            "list": reverse(f"office:{model._meta.app_label}_{model._meta.model_name}_changelist"),
        }


@office_page()
def find(request: HttpRequest) -> HttpResponse:
    """Students, guardians, staff, sections and classes whose name or number holds the words."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    groups = []
    if len(words) >= SHORTEST:
        with short_statements():
            groups = [group for group in _found(request, words) if group["rows"]]
    context = {"words": words, "groups": groups, "shortest": SHORTEST}
    return render_page(request, "office/start/find.html", context, title=_("Find"))
