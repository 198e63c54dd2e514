"""Two records of one guardian become one: the other is found, what becomes of both is looked at, and one is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import services as access
from apps.office.shell.fields import id_of, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, office
from apps.office.shell.words import FIELDS
from apps.students import services
from apps.students.models import Guardian
from apps.students.selectors import guardians_like, guardians_matching
from apps.students.services.merging_guardians import CARRIED, CHOSEN
from schoolops.errors import SchoolOpsError

SHOWN = 10
KINDS = {
    "children": gettext_lazy("children"),
    "payers": gettext_lazy("shares of bills"),
    "bills": gettext_lazy("bills"),
    "payments": gettext_lazy("payments"),
    "card_payments": gettext_lazy("card payments"),
    "messages": gettext_lazy("messages"),
    "contact_requests": gettext_lazy("corrections asked for"),
}


class MergeGuardiansForm(DressedForm):
    """In which fields the other record is right, and why the two are one."""

    take = forms.MultipleChoiceField(label=gettext_lazy("Take the other record’s"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)

    def __init__(self, *arguments: Any, differs: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        field: Any = self.fields["take"]
        field.choices = differs
        if not differs:
            del self.fields["take"]


def _words(name: str) -> str:
    return str(_("Login")) if name == "user" else capfirst(str(FIELDS.get(name, name.replace("_", " "))))


@office_page(permission="guardians.manage", over="student")
def merge_guardians(request: HttpRequest, guardian: UUID) -> HttpResponse:
    """See the module."""
    user = actor(request)
    reached: QuerySet[Any] | None = office.rows_of(Guardian, request)
    rows = Guardian.objects.none() if reached is None else reached.select_related("user")
    kept = rows.filter(sourced_id=guardian).first()
    if kept is None:
        raise Http404
    back = reverse("office:students_guardian_change", args=[kept.pk])
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    context: dict[str, Any] = {"q": words, "back": back}
    other, status = id_of(request.GET.get("other", "")), 200
    if other is None:
        context["found"] = _may_be_one(kept, words, rows, request)
    else:
        duplicate = rows.filter(sourced_id=other).first()
        if duplicate is None:
            raise Http404
        form = MergeGuardiansForm(posted(request), differs=_differs(kept, duplicate))
        pair = {"keep": kept, "duplicate": duplicate, "by": user}
        try:
            if request.method == "POST" and form.is_valid():
                services.merge_guardians(**pair, **form.cleaned_data)
                messages.success(request, _("The two records are one: %(name)s.") % {"name": kept.full_name})
                return HttpResponseRedirect(back)
            looked = services.look_at_merging_guardians(**pair)
            context |= _looked(looked)
        except SchoolOpsError as error:
            if form.is_bound:
                add_refusal(form, error)
            else:
                context["refused"] = in_full(error)
            status = 422
        turned = f"{reverse('office:guardian-merge', args=[other])}?other={kept.sourced_id}"
        context |= {"other": duplicate, "form": form, "lines": _compared(kept, duplicate), "turned": turned}
    title = _("%(name)s: merge with another record") % {"name": kept.full_name}
    return render_page(request, "office/people/merge_guardians.html", context, title=title, status=status)


def _may_be_one(kept: Guardian, words: str, rows: QuerySet[Any], request: HttpRequest) -> list[Guardian]:
    """Other records that are found by ``words``, else those that look alike."""
    by = actor(request)
    if words:
        return list(rows.filter(guardians_matching(words)).exclude(pk=kept.pk)[:SHOWN])
    said = {"given": kept.given_name, "family": kept.family_name, "phone": kept.phone, "email": kept.email}
    return [each for each in guardians_like(**said, by=by, day=access.today(by)) if each.pk != kept.pk]


def _differs(kept: Guardian, other: Guardian) -> list[tuple[str, str]]:
    """Fields in which both say something, and not the same: the choice, and what it would be."""
    found = [(name, getattr(kept, name), getattr(other, name)) for name in CHOSEN]
    return [(name, f"{_words(name)}: {theirs}") for name, ours, theirs in found if ours and theirs and ours != theirs]


def _compared(kept: Guardian, other: Guardian) -> list[tuple[str, str, str, bool]]:
    """(what, what the kept record says, what the other says, whether they differ)."""
    lines = [(_words(name), getattr(kept, name), getattr(other, name)) for name in (*CARRIED, "user")]
    return [(title, str(one or "–"), str(two or "–"), one != two) for title, one, two in lines]


def _looked(done: services.GuardiansMerged) -> dict[str, Any]:
    moves = [(KINDS.get(kind, kind), each.moved, each.left) for kind, each in done.by_kind.items()]
    return {
        "moves": [line for line in moves if line[1] or line[2]],
        "closed": [(each.link.student, ", ".join(map(_words, each.fields))) for each in done.closed],
    }
