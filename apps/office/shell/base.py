"""``ServiceAdmin``: a list and a form over rows that services write.

Saving calls the service that the admin names; what it refuses comes back on the form. Who sees what is decided by our
permission codes and row scopes. Django's log is not written: services write the audit trail, and ``history`` shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.access import selectors
from apps.accounts.models import User
from apps.institutions.models import Institution, Term
from apps.office.shell import navigation
from apps.office.shell.acts import ActsOnRows, Fields, Words
from apps.office.shell.campus import ByCampus, is_alike, naming
from apps.office.shell.fields import FoundSelect
from apps.office.shell.forms import DAYS_AND_TIMES, ServiceForm
from apps.office.shell.listing import Listed
from apps.office.shell.many_pages import ChangesMany
from apps.office.shell.site import actor, in_full, office, somebody
from apps.office.shell.trail import as_read
from apps.office.shell.words import speak
from schoolops import pictures
from schoolops.audit import trail
from schoolops.errors import SchoolOpsError
from schoolops.folding import holding
from schoolops.privacy import refuse_private

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator

Adds = Callable[[Fields, User], Model]
Changes = Callable[[Any, Fields, int | None, User], Any]
Removes = Callable[[Any, User], Any]
# A list says how many rows there are up to here; whoever needs what lies beyond searches or filters.
MOST_COUNTED = 5_000
LONGEST_SEARCH = 100
_UNUSED = ("/urlify.js", "/prepopulate.js", "/xregexp.min.js", "/xregexp.js")
# Bytes read of a picture that was sent: one more than any service accepts, so that it can say so.
TOO_LARGE = pictures.LARGEST + 1


def adds(service: Callable[..., Any], *takes: str) -> Adds:
    """``service(<takes>…, fields=…, by=…)``: those named are arguments of their own, the rest are fields."""

    def call(said: Fields, by: User) -> Model:
        own = {name: said.pop(name) for name in takes}
        made: Model = service(**own, fields=said, by=by)
        return made

    return call


def changes(service: Callable[..., Any], row: str, *, versioned: bool = False) -> Changes:
    """``service(<row>=…, fields=…, by=…)``, with ``expected_version`` where rows have versions."""

    def call(held: Any, said: Fields, version: int | None, by: User) -> Any:
        seen = {"expected_version": version} if versioned else {}
        return service(**{row: held}, fields=said, **seen, by=by)

    return call


def removes(service: Callable[..., Any], row: str) -> Removes:
    """``service(<row>=…, by=…)``."""
    return lambda held, by: service(**{row: held}, by=by)


class BoundedPaginator(_Paginator):
    """Counts no further than ``MOST_COUNTED``: a table of a million rows must not be counted for one page of it."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class ServiceAdmin(ChangesMany, ActsOnRows):
    """See the module. ``sees`` and ``manages`` are permission codes."""

    manages: ClassVar[str] = ""
    # Called with what the form said. None: the office does not do that here.
    add: ClassVar[Adds | None] = None
    change: ClassVar[Changes | None] = None
    remove: ClassVar[Removes | None] = None
    # Set when it is added, and never again.
    only_at_first: ClassVar[tuple[str, ...]] = ()

    form = ServiceForm
    formfield_overrides = DAYS_AND_TIMES
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    # None at all: with an empty list Django still offers to delete what is selected, past every service.
    actions = None
    save_as_continue = False
    change_list_template = "office/shell/list.html"
    change_form_template = "office/shell/change_form.html"
    object_history_template = "office/shell/history.html"

    # What a row is called, one and many.
    one: ClassVar[Words] = ""
    many: ClassVar[Words] = ""
    # What columns are called, of which no other model has one of the name.
    words: ClassVar[Mapping[str, Words]] = {}
    # How rows are found by what is typed, where not by every word in the `search_fields` together.
    finds: ClassVar[Callable[[str], Q] | None] = None
    # What the list of them is called, where that is another word.
    listed_as: ClassVar[Words] = ""
    # What its list says while it is empty: that it is, and what to do next. The line of the sidebar where that is done,
    # if not here.
    none: ClassVar[Words] = ""
    begins_at: ClassVar[str] = ""

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        filters = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        own = getattr(self, "own", ())
        named = (self.list_display, filters, self.search_fields, self.ordering or (), self.fields or (), own)
        # A private column stands on one row's page, where `get_fields` has asked over that row.
        refuse_private(type(self).__qualname__, [name for names in named for name in names])
        # The models speak the developers' English; the office speaks the reader's language.
        opts: Any = self.opts
        opts.verbose_name, opts.verbose_name_plural = self.one, self.many
        for field in opts.fields:
            speak(field, self.words)

    @property
    def media(self) -> Any:
        """Django's scripts without those that fill in a slug from a title, which no form of ours has."""
        whole: Any = super().media
        return forms.Media(css=whole._css, js=[each for each in whole._js if not str(each).endswith(_UNUSED)])  # noqa: SLF001

    # --- who may ------------------------------------------------------------------------------------------------------
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._holds(request, self.sees)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._holds(request, self.sees)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return type(self).add is not None and self._holds(request, self.manages)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return type(self).change is not None and self._holds(request, self.manages)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return type(self).remove is not None and self._holds(request, self.manages)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        # Not there and not theirs look alike: a page that says so.
        raise Http404

    # --- which rows ---------------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.reached(request, super().get_queryset(request).select_related(*self.joined))

    def get_list_filter(self, request: HttpRequest) -> Any:
        fields: Any = {field.name: field for field in self.opts.concrete_fields}
        # Asked as Django's are: `declared_parameters` knows them by their columns.
        return [
            (each, ByCampus) if isinstance(each, str) and is_alike(fields.get(each)) else each
            for each in super().get_list_filter(request)
        ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        said, finds = search_term[:LONGEST_SEARCH], type(self).finds
        found = finds(said) if finds else holding(said, *self.search_fields) if self.search_fields else Q()
        return queryset.filter(found), False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        # Nobody may choose what they could not open.
        reached = office.rows_of(db_field.remote_field.model, request)
        if reached is not None and "queryset" not in more:
            more["queryset"] = reached
        if db_field.name in self.get_autocomplete_fields(request):
            more.setdefault("widget", FoundSelect(db_field, self.admin_site))
        field: Any = super().formfield_for_foreignkey(db_field, request, **more)
        if field is not None and is_alike(db_field):
            field.label_from_instance = naming()
            if db_field.remote_field.model is Term:
                field.queryset = field.queryset.select_related("year")
        for switch in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            setattr(getattr(field, "widget", None), switch, False)
        return field

    # --- the form -----------------------------------------------------------------------------------------------------
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = self.only_at_first if obj is not None else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **more: Any) -> Any:  # noqa: FBT001, FBT002 - Django's
        made = super().get_form(request, obj, change=change, **more)
        return type(made.__name__, (made,), {"refusal": getattr(request, "refusal", None)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        if obj is None or not hasattr(obj, "version") or not self.has_change_permission(request, obj):
            return sets
        shown = {name for _title, options in sets for name in options["fields"]}
        return sets if "seen_version" in shown else [*sets, (None, {"fields": ("seen_version",)})]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except SchoolOpsError as refusal:
            # Rolled back. The form is shown again, with what was typed and why it was refused.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        said = {name: value for name, value in form.cleaned_data.items() if name != "seen_version"}
        add, changed_by = type(self).add, type(self).change
        if not change and add is not None:
            obj.__dict__.update(add(said, actor(request)).__dict__)
        elif change and changed_by is not None:
            changed = {name: said[name] for name in form.changed_data if name in said}
            if changed:
                changed_by(obj, changed, form.cleaned_data.get("seen_version"), actor(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """The service has written everything; inlines are read-only."""

    def render_change_form(self, request: HttpRequest, context: Any, *arguments: Any, **more: Any) -> Any:
        row = context.get("original")
        context["acts"] = [] if row is None else self.ways_from(request, row)
        context["show_history"] = row is not None and self._tells(request, row)
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *arguments, **more)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        title = capfirst(str(self.listed_as or self.many))
        by = somebody(request)
        begins = navigation.entry_to(self.begins_at, by) if self.begins_at and isinstance(by, User) else None
        none = self.none
        if self.scope is not None and isinstance(by, User) and not selectors.reaches_everything(by, self.sees):
            none = _("There is nothing here for you yet: you see what belongs to your sections, classes and campuses.")
        said = {"title": title, "none": none, "begins": begins}
        return super().changelist_view(request, {**said, **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[Listed]:
        return Listed

    # --- removing -----------------------------------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # The service says what stands in the way; collecting it here would read half the school.
        return [str(obj) for obj in objs], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        if (remove := type(self).remove) is not None:
            remove(obj, actor(request))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
            return HttpResponseRedirect(reverse(self._name("change"), args=(unquote(object_id),)))

    # --- the trail ----------------------------------------------------------------------------------------------------
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Written by the service."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Written by the service."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Written by the service."""

    def _tells(self, request: HttpRequest, row: Any) -> bool:
        """Whether whoever asks may read what was done to ``row``: with no row scope, over its campus or the school."""
        if not self._holds(request, "audit.view"):
            return False
        if self.scope is not None:
            return self._holds_over(request, "audit.view", row)
        at = selectors.institutions_of(actor(request), "audit.view")
        return at is None or (row.pk if isinstance(row, Institution) else getattr(row, "institution_id", None)) in at

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the trail says of one row, newest first."""
        self._require(request, "audit.view")
        row = self.get_object(request, unquote(object_id))
        if row is None or not self._tells(request, row):
            raise Http404
        entries = trail.trail_of(row)[:200]
        context = {"lines": as_read(entries, request), "row": row, "back": self._address(row, "change")}
        return self.page(request, "office/shell/history.html", context, title=_("History of %(row)s") % {"row": row})


def named(rows: Iterable[Any]) -> str:
    """Names of rows in one cell."""
    return ", ".join(str(row) for row in rows)
