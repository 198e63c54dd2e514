"""Many rows of a list at once: ticked, told what is to change, looked at row by row, changed by one service in one act.

What a list allows stands in ``many_change`` of its admin. Looking is doing it and taking it back, so that what is shown
is what comes; whoever changed a row meanwhile is not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast
from zlib import crc32

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold import widgets

from apps.accounts.models import User
from apps.office.errors import ChangedSinceYouLooked, TooManyAtOnce
from apps.office.shell.fields import whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import render_page
from apps.office.shell.site import actor, in_full
from schoolops.errors import SchoolOpsError
from schoolops.resilience import heavy

Refused = Mapping[int, SchoolOpsError]
# In one transaction, and one list to read.
MOST = 500


@dataclass(frozen=True, slots=True)
class ManyChange:
    """What may be said of many rows of a list.

    ``fields`` are those of the model; ``beside`` is another thing that can be done with them, said by itself: name → a
    field of a form, made for who asks. Its first one says whether it is meant.
    ``write(rows, fields, reason, by)`` calls the service that takes N rows, and answers which of them it refused.
    """

    write: Callable[[Sequence[Any], Mapping[str, Any], str, User], Refused]
    fields: tuple[str, ...]
    beside: Mapping[str, Callable[[User], forms.Field]] = field(default_factory=dict)
    # What else of the rows, beyond their fields, is not to have changed since somebody looked: row (key) → its mark.
    stands: Callable[[Sequence[Any]], Mapping[int, Any]] | None = None


class _Leaves(DressedForm):
    """Every field may be left as it is; ``empties`` names those that are to hold nothing."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Stands in the trail beside each of them."),
    )

    def said(self) -> dict[str, Any]:
        """Field → what it is to hold, of those that are not left."""
        sent = {**self.cleaned_data}
        emptied = dict.fromkeys(sent.pop("empties", ()))
        del sent["reason"]
        return {name: value for name, value in sent.items() if value not in ("", None, [])} | emptied


def _left_alone(field: forms.Field) -> forms.Field:
    """``field`` that says nothing unless somebody fills it."""
    leave = ("", gettext_lazy("leave as it is"))
    if isinstance(field, forms.BooleanField):
        choices = [leave, ("1", gettext_lazy("Yes")), ("0", gettext_lazy("No"))]
        return forms.TypedChoiceField(
            label=field.label, choices=choices, coerce=lambda said: said == "1", empty_value=None, required=False
        )
    alone: Any = deepcopy(field)
    alone.required, alone.initial, alone.help_text = False, None, ""
    if isinstance(field, forms.ModelChoiceField):
        alone.empty_label = str(leave[1])
    elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.MultipleChoiceField):
        alone.choices = [leave, *((key, words) for key, words in list(alone.choices) if key != "")]
    return cast("forms.Field", alone)


class ChangesMany:
    """A model admin whose rows can be changed many at once, where it says ``many_change``."""

    many_change: ClassVar[ManyChange | None] = None

    def may_change_many(self, request: HttpRequest) -> bool:
        admin: Any = self
        return self.many_change is not None and admin.has_change_permission(request)

    def get_urls(self) -> list[URLPattern]:
        above: Any = super()
        urls: list[URLPattern] = above.get_urls()
        if self.many_change is None:
            return urls
        admin: Any = self
        name = f"{admin.opts.app_label}_{admin.opts.model_name}_many"
        return [path("many/", admin.admin_site.admin_view(self.many_view), name=name), *urls]

    def many_view(self, request: HttpRequest) -> HttpResponse:
        """Asks what is to change of the rows that were ticked, shows what would become of each, and does it."""
        admin, change = cast("Any", self), self.many_change
        if change is None:
            raise Http404
        admin._require(request, admin.manages)  # noqa: SLF001 - of this very admin
        back = reverse(f"{admin.admin_site.name}:{admin.opts.app_label}_{admin.opts.model_name}_changelist")
        if query := request.GET.urlencode():
            back = f"{back}?{query}"
        if request.method != "POST":
            return HttpResponseRedirect(back)
        try:
            marks = self._marks(request)
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
            return HttpResponseRedirect(back)
        if not marks:
            messages.error(request, _("Tick the rows that are to change first."))
            return HttpResponseRedirect(back)
        asked = "step" in request.POST
        form = self._form(request, asked=asked)
        rows = list(admin.get_queryset(request).filter(pk__in=marks).order_by(*admin.get_ordering(request), "pk"))
        seen: _Seen | None = None
        if asked and form.is_valid():
            said = self._meant(form.said())
            if not said:
                form.add_error(None, _("Say what is to change."))
            elif {*said} & {*change.fields} and {*said} & {*change.beside}:
                form.add_error(None, _("That is two things: do one after the other."))
            else:
                act = _Act(admin, rows, marks, said, form.cleaned_data["reason"], actor(request))
                try:
                    with heavy.working():
                        seen = act.done() if request.POST["step"] == "apply" else act.looked_at()
                except SchoolOpsError as error:
                    add_refusal(form, error)
                else:
                    if request.POST["step"] == "apply":
                        return self._tell(request, seen, back)
        context = {
            "form": form, "back": back, "seen": seen, "count": len(rows), "gone": len(marks) - len(rows),
            "names": [str(row) for row in rows[:50]], "more": max(len(rows) - 50, 0),
            "rows": ",".join(f"{pk}.{mark}" for pk, mark in _marked(admin, rows, marks).items()),
        }  # fmt: skip
        title = _("Change many: %(list)s") % {"list": admin.opts.verbose_name_plural}
        status = 422 if form.errors else 200
        return render_page(request, "office/shell/many.html", context, title=title, status=status)

    def _marks(self, request: HttpRequest) -> dict[int, str]:
        """Row → which state of it somebody looked at; ``""`` where they are about to. Raises ``TooManyAtOnce``."""
        admin: Any = self
        if sent := request.POST.get("rows"):
            pairs = (each.partition(".") for each in sent.split(","))
            found = {number: mark for pk, _dot, mark in pairs if (number := whole_number(pk)) is not None}
        elif "all" in request.POST:
            rows = admin.get_changelist_instance(request).queryset.order_by()
            found = dict.fromkeys(rows.values_list("pk", flat=True)[: MOST + 1], "")
        else:
            numbers = map(whole_number, request.POST.getlist("row"))
            found = dict.fromkeys((number for number in numbers if number is not None), "")
        if len(found) > MOST:
            raise TooManyAtOnce(most=MOST)
        return found

    def _meant(self, said: dict[str, Any]) -> dict[str, Any]:
        change = self.many_change
        beside = [] if change is None else [*change.beside]
        if beside and beside[0] not in said:
            return {name: value for name, value in said.items() if name not in beside}
        return said

    def _form(self, request: HttpRequest, *, asked: bool) -> _Leaves:
        admin: Any = self
        change = self.many_change
        assert change is not None  # noqa: S101 - narrows the type; without there is no such address
        declared = admin.form.declared_fields
        also: dict[str, forms.Field] = {}
        empties = []
        for name in change.fields:
            of = admin.opts.get_field(name)
            field = declared.get(name) or admin.formfield_for_dbfield(of, request)
            also[name] = _left_alone(field)
            if (of.null or (of.blank and not of.choices)) and name not in declared:
                empties.append((name, field.label))
        also |= {name: make(actor(request)) for name, make in change.beside.items()}
        if empties:
            also["empties"] = forms.MultipleChoiceField(
                label=gettext_lazy("Empty these"),
                choices=empties,
                required=False,
                widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
            )
        form = _Leaves(request.POST if asked else None, also=also)
        form.order_fields([*also, "reason"])
        return form

    @staticmethod
    def _tell(request: HttpRequest, seen: _Seen, back: str) -> HttpResponse:
        count = len(seen.changed)
        messages.success(request, ngettext("%(count)s is changed.", "%(count)s are changed.", count) % {"count": count})
        for row, why in seen.refused[:20]:
            messages.warning(request, f"{row}: {why}")
        return HttpResponseRedirect(back)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What becomes of the rows: what those that change held, those that are so already, the others with why."""

    changed: list[tuple[Any, str]]
    same: list[Any]
    refused: list[tuple[Any, str]]


class _Act:
    """One change of many rows, to look at or to do."""

    def __init__(
        self, admin: Any, rows: Sequence[Any], marks: Mapping[int, str], said: Mapping[str, Any], reason: str, by: User
    ) -> None:
        self.admin, self.by, self.reason = admin, by, reason
        self.change: ManyChange = admin.many_change
        empty = {name: _nothing(admin.opts.get_field(name)) for name, value in said.items() if value is None}
        self.said = {**said, **empty}
        there = _marked(admin, rows, {})
        self.meanwhile = [row for row in rows if marks[row.pk] not in {"", there[row.pk]}]
        of_model = [name for name in self.said if name in self.change.fields]
        whole = len(of_model) == len(self.said)
        rest = [row for row in rows if row not in self.meanwhile]
        self.same = [row for row in rest if whole and all(getattr(row, name) == self.said[name] for name in of_model)]
        self.rows = [row for row in rest if row not in self.same]
        self.was = {row.pk: self._held(row, of_model) for row in self.rows}

    def _held(self, row: Any, names: Sequence[str]) -> str:
        shown = (getattr(row, f"get_{name}_display", lambda name=name: getattr(row, name))() for name in names)
        return ", ".join(_in_words(each) for each in shown)

    @transaction.atomic
    def done(self) -> _Seen:
        """Do it, and say what became of each row."""
        refused = self.change.write(self.rows, self.said, self.reason, self.by) if self.rows else {}
        changed = [(row, self.was[row.pk]) for number, row in enumerate(self.rows) if number not in refused]
        left = [(row, in_full(ChangedSinceYouLooked())) for row in self.meanwhile]
        left += [(self.rows[number], in_full(why)) for number, why in sorted(refused.items())]
        return _Seen(changed, self.same, left)

    @transaction.atomic
    def looked_at(self) -> _Seen:
        """What doing it would come to; nothing stays of it."""
        seen = self.done()
        transaction.set_rollback(True)
        return seen


def _nothing(field: Any) -> Any:
    return None if field.null else field.get_default()


def _in_words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _marked(admin: Any, rows: Sequence[Any], marks: Mapping[int, str]) -> dict[int, str]:
    """Row → which state of it was looked at: the one that is known, or what it is now."""
    change: ManyChange = admin.many_change
    beside = None if change.stands is None else change.stands(rows)
    more = {row.pk: "" if beside is None else f"s{beside.get(row.pk, 0)}" for row in rows}
    return {row.pk: marks.get(row.pk) or _state(row, change.fields) + more[row.pk] for row in rows}


def _state(row: Any, names: Sequence[str]) -> str:
    version = getattr(row, "version", None)
    return str(version) if version is not None else f"c{crc32(repr([getattr(row, name) for name in names]).encode())}"
