"""The pages of a list on which many of its rows are changed at once, or by a worker where they are more."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold import widgets

from apps.office.errors import TooManyAtOnce
from apps.office.models import ListChange
from apps.office.shell import at_length
from apps.office.shell.fields import about, whole_number
from apps.office.shell.forms import add_refusal
from apps.office.shell.many import Act, Leaves, ManyChange, Seen, left_alone, marked
from apps.office.shell.pages import render_page
from apps.office.shell.site import actor, in_full
from schoolops.errors import SchoolOpsError
from schoolops.resilience import heavy

# In one transaction, and one list to read.
MOST = 500
# Of more rows, so many are looked at on a page; a worker changes all of them.
LOOKED_AT = 200
PER_PAGE = 50
OUTCOMES = {
    at_length.REFUSED: gettext_lazy("Left out"),
    at_length.GONE: gettext_lazy("No longer there, or not yours"),
    at_length.CHANGED: gettext_lazy("Changed"),
    at_length.SAME: gettext_lazy("Was so already"),
}


class ChangesMany:
    """A model admin whose rows can be changed many at once, where it says ``many_change``."""

    many_change: ClassVar[ManyChange | None] = None
    # Of a list whose rows can be changed, and not many at once: why.
    one_at_a_time: ClassVar[str] = ""

    def may_change_many(self, request: HttpRequest) -> bool:
        admin: Any = self
        return self.many_change is not None and admin._holds(request, admin.manages)  # noqa: SLF001 - of this very admin

    def get_urls(self) -> list[URLPattern]:
        above: Any = super()
        urls: list[URLPattern] = above.get_urls()
        if self.many_change is None:
            return urls
        admin: Any = self
        name, behind = f"{admin.opts.app_label}_{admin.opts.model_name}_many", admin.admin_site.admin_view
        return [
            path("many/", behind(self.many_view), name=name),
            path("many/<uuid:change>/", behind(self.at_length_view), name=f"{name}_at_length"),
            *urls,
        ]

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
            if len(marks) > MOST:
                shown = admin.get_changelist_instance(request).queryset.order_by("pk")
                begun = at_length.begin(admin=admin, rows=shown, by=actor(request))
                return HttpResponseRedirect(at_length.address_of(begun))
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
            return HttpResponseRedirect(back)
        if not marks:
            messages.error(request, _("Tick the rows that are to change first."))
            return HttpResponseRedirect(back)
        asked, applies = "step" in request.POST, request.POST.get("step") == "apply"
        form = self.form_of_many(request, asked=asked)
        rows = list(admin.get_queryset(request).filter(pk__in=marks).order_by(*admin.get_ordering(request), "pk"))
        seen = self._seen(request, form, rows, marks, does=applies) if asked else None
        if applies and seen is not None:
            return self._tell(request, seen, back)
        context = {
            "count": len(rows), "gone": len(marks) - len(rows),
            "names": [str(row) for row in rows[:50]], "more": max(len(rows) - 50, 0),
            "rows": ",".join(f"{pk}.{mark}" for pk, mark in marked(admin, rows, marks).items()),
        }  # fmt: skip
        return self._ask(request, form, seen, back, context)

    def at_length_view(self, request: HttpRequest, change: UUID) -> HttpResponse:
        """The same of more rows than one request changes; once it is confirmed, how far a worker is with it."""
        admin, by = cast("Any", self), actor(request)
        admin._require(request, admin.manages)  # noqa: SLF001 - of this very admin
        mine = ListChange.objects.filter(user=by, listed=admin.opts.label)
        found = mine.filter(sourced_id=change).first()
        if found is None:
            raise Http404
        back = reverse(f"{admin.admin_site.name}:{admin.opts.app_label}_{admin.opts.model_name}_changelist")
        if found.state != ListChange.State.DRAFT:
            return self._how_far(request, found, back)
        asked = request.method == "POST"
        form = self.form_of_many(request, asked=asked)
        part = Paginator([*found.waiting], LOOKED_AT).get_page(request.POST.get("page"))
        marks = {int(pk): found.waiting[pk] for pk in part}
        rows = list(admin.get_queryset(request).filter(pk__in=marks).order_by("pk"))
        seen = self._seen(request, form, rows, marks, does=False) if asked else None
        if seen is not None and request.POST.get("step") == "apply":
            at_length.confirm(change=found, sent={name: request.POST.getlist(name) for name in form.fields})
            return HttpResponseRedirect(at_length.address_of(found))
        context = {
            "count": len(found.waiting), "names": [str(row) for row in rows[:50]],
            "more": max(len(found.waiting) - 50, 0), "part": part,
        }  # fmt: skip
        return self._ask(request, form, seen, back, context)

    def _seen(
        self, request: HttpRequest, form: Leaves, rows: list[Any], marks: dict[int, str], *, does: bool
    ) -> Seen | None:
        """What becomes of ``rows``, looked at or done; ``None``: the form says why nothing does."""
        if (said := self.said_of_many(form)) is None:
            return None
        act = Act(self, rows, marks, said, form.cleaned_data.get("reason", ""), actor(request))
        try:
            with heavy.working():
                return act.done() if does else act.looked_at()
        except SchoolOpsError as error:
            add_refusal(form, error)
            return None

    def _ask(
        self, request: HttpRequest, form: Leaves, seen: Seen | None, back: str, about: dict[str, Any]
    ) -> HttpResponse:
        admin: Any = self
        title = _("Change many: %(list)s") % {"list": admin.opts.verbose_name_plural}
        status = 422 if form.errors else 200
        context = {"form": form, "seen": seen, "back": back, **about}
        return render_page(request, "office/shell/many.html", context, title=title, status=status)

    def _how_far(self, request: HttpRequest, change: ListChange, back: str) -> HttpResponse:
        admin, counted = cast("Any", self), at_length.counts(change)
        asked = request.GET.get("outcome", "")
        became = {
            int(pk): (code, each)
            for pk, each in change.outcomes.items()
            if asked in {"", code := each if isinstance(each, str) else at_length.REFUSED}
        }
        order = [*OUTCOMES]
        page = Paginator(sorted(became, key=lambda pk: (order.index(became[pk][0]), pk)), PER_PAGE).get_page(
            request.GET.get("page")
        )
        names = {row.pk: str(row) for row in admin.get_queryset(request).filter(pk__in=[*page])}
        context = {
            "back": back, "asked": asked, "page": page,
            "running": change.state != ListChange.State.DONE,
            "done": len(change.outcomes), "of": len(change.outcomes) + len(change.waiting),
            "numbers": [(code, words, counted[code]) for code, words in OUTCOMES.items() if counted[code]],
            "rows": [
                (called := names.get(pk, "–"), OUTCOMES[became[pk][0]], at_length.in_words(became[pk][1], called))
                for pk in page
            ],
        }  # fmt: skip
        title = _("Change many: %(list)s") % {"list": admin.opts.verbose_name_plural}
        return render_page(request, "office/shell/at_length.html", context, title=title)

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
        if len(found) > MOST and "all" not in request.POST:
            raise TooManyAtOnce(most=MOST)
        return found

    def said_of_many(self, form: Leaves) -> dict[str, Any] | None:
        """What ``form`` says of many rows; ``None``: it says why it says nothing."""
        change = self.many_change
        if change is None or not form.is_valid():
            return None
        said = form.said()
        # The first of what is beside says whether that is meant.
        if change.beside and next(iter(change.beside)) not in said:
            said = {name: value for name, value in said.items() if name not in change.beside}
        if not said:
            form.add_error(None, _("Say what is to change."))
        elif {*said} & {*change.fields} and {*said} & {*change.beside}:
            form.add_error(None, _("That is two things: do one after the other."))
        elif not form.cleaned_data.get("reason") and any(said[name] in change.asks_why for name in said):
            form.add_error("reason", forms.Field.default_error_messages["required"])
        return None if form.errors else said

    def form_of_many(self, request: HttpRequest, *, asked: bool) -> Leaves:
        """What may be said of many rows by who asks."""
        admin: Any = self
        change = self.many_change
        assert change is not None  # noqa: S101 - narrows the type; without there is no such address
        declared = admin.form.declared_fields
        also: dict[str, forms.Field] = {}
        empties = []
        for name in change.fields:
            of = admin.opts.get_field(name)
            field = declared.get(name) or admin.formfield_for_dbfield(of, request)
            also[name] = alone = left_alone(field)
            if isinstance(alone, forms.IntegerField):
                # What the column cannot hold, as in the form of one row.
                alone.validators.extend(of.validators)
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
        form = Leaves(request.POST if asked else None, also=also)
        form.order_fields([*also, "reason"])
        return form

    def _tell(self, request: HttpRequest, seen: Seen, back: str) -> HttpResponse:
        admin: Any = self
        count, words = len(seen.changed), _("%(name)s is changed.")
        if count == 1:
            name = str(seen.changed[0][0])
        else:
            name = capfirst(str(admin.opts.verbose_name_plural))
            words = ngettext("%(name)s: %(count)d is changed.", "%(name)s: %(count)d are changed.", count)
        messages.success(request, about(name, words, count=count))
        for row, why in seen.left_out[:20]:
            messages.warning(request, f"{row}: {why}")
        return HttpResponseRedirect(back)
