"""The operators' plain admin on the public host: dead letters, what waits, paused queues, what operators did."""

from __future__ import annotations

import json
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.forms import ActionForm
from unfold.sites import UnfoldAdminSite
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from schoolops import privacy, problem
from schoolops.context import school_or_none
from schoolops.errors import SchoolOpsError
from schoolops.lists import DeclaredList
from schoolops.queues import registry
from schoolops.queues.desk import letters as desk
from schoolops.queues.desk import overview
from schoolops.queues.models import DeadLetter, Job, OperatorAction, Outcome, QueueState

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite as _Site

    _ModelForm = forms.ModelForm[DeadLetter]
    _ActionForm = forms.Form
else:
    _ModelForm, _Site, _ActionForm = forms.ModelForm, UnfoldAdminSite, ActionForm


def _item(title: str, link: str, *, here: bool) -> dict[str, Any]:
    return {"title": title, "link": link, "icon": "", "active": here, "has_permission": True}


def _readable(view: Any) -> Any:
    """``view``, whose refusals become pages instead of problem documents."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except SchoolOpsError as error:
            status, title = problem.status_of(error)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            context = {**operators.each_context(request), "title": title, "refusal": error}
            return TemplateResponse(request, "operators/refused.html", context, status=status)

    return inner


class OperatorSite(_Site):
    """For whoever has a login outside all schools. Never served at a school's address."""

    site_header = "SchoolOps operators"
    site_title = "SchoolOps operators"
    index_title = "How it is now"
    index_template = "operators/index.html"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        return context | {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": None,
            "sidebar_navigation": self._navigation(request) if self.has_permission(request) else [],
        }

    def _navigation(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Everything that is registered, under the name of its app; the start first."""
        start = reverse(f"{self.name}:index")
        groups = [{"title": "Today", "items": [_item("Start", start, here=request.path == start)]}]
        groups += [
            {
                "title": app["name"],
                "items": [
                    _item(model["name"], model["admin_url"], here=request.path.startswith(model["admin_url"]))
                    for model in app["models"]
                    if model["admin_url"]
                ],
            }
            for app in self.get_app_list(request)
        ]
        return groups

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {"state": overview.overview(), **(extra_context or {})})

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        return _readable(super().admin_view(view, cacheable))

    def has_permission(self, request: HttpRequest) -> bool:
        return school_or_none() is None and request.user.is_authenticated and bool(request.user.is_active)


operators = OperatorSite(name="operators")


class _OperatorAdmin(DeclaredList):
    """What every page shares: operators may look at everything; Django's log has no table here."""

    # What a row is called, one and many, and what a list says of itself: also where it is empty.
    one: ClassVar[str]
    many: ClassVar[str]
    about: ClassVar[str] = ""
    list_before_template = "operators/about.html"

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        opts: Any = self.opts
        opts.verbose_name, opts.verbose_name_plural = self.one, self.many

    def has_module_permission(self, request: HttpRequest) -> bool:
        return operators.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return operators.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Written by ``desk``, with the act."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Written by ``desk``, with the act."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing is deleted here."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        address = reverse("operators:queues_operatoraction_changelist")
        return HttpResponseRedirect(f"{address}?job_id={object_id}")


class LetterForm(_ModelForm):
    """The payload alone can be changed, and only into one that the task accepts."""

    why = forms.CharField(
        max_length=500,
        required=False,
        label="Why",
        help_text="Kept with what was changed.",
        widget=UnfoldAdminTextInputWidget(),
    )

    class Meta:
        model = DeadLetter
        fields = ("payload",)

    def clean_payload(self) -> Any:
        payload = self.cleaned_data["payload"]
        task = registry.find(self.instance.task)
        if task is None:
            raise ValidationError(f"This code knows no task {self.instance.task}, so its payload cannot be checked.")
        if not isinstance(payload, dict):
            raise ValidationError("A payload is a JSON object.")
        try:
            task.serialise(payload)
        except SchoolOpsError as refused:
            raise ValidationError(
                [refused.detail, *(f"{error.field}: {error.message}" for error in refused.errors)]
            ) from refused
        return payload


class ReasonForm(_ActionForm):
    """Discarding needs a reason."""

    reason = forms.CharField(max_length=500, required=False, label="Reason", widget=UnfoldAdminTextInputWidget())


class _Shaped:
    """What a job carries as its names and kinds: what they say is the school's, and read once it has let one in."""

    @admin.display(description="payload, without what it says")
    def shape(self, row: DeadLetter | Job) -> str:
        return json.dumps(privacy.shape(row.payload))


@admin.register(DeadLetter, site=operators)
class DeadLetterAdmin(_Shaped, _OperatorAdmin):
    one, many = "dead letter", "dead letters"
    about = "Jobs that came to nothing and wait for your decision: send each back into the ledger, or discard it."
    form = LetterForm
    action_form = ReasonForm
    list_display = ("id", "dead_at", "queue", "school", "task", "reason", "error_class", "first_line", "discarded_at")
    list_filter = (
        ("discarded_at", admin.EmptyFieldListFilter), "queue", "reason", "school", "task", "error_class",
    )  # fmt: skip
    search_fields = ("=id", "task", "error", "error_class")
    ordering = ("-id",)
    actions = ("send_back", "discard")
    list_per_page = 50
    show_full_result_count = False
    fields = (
        "id", "school", "queue", "task", "reason", "payload", "why", "error_class", "error", "shown_traceback", "tries",
        "meta", "attempts", "crashes", "created_at", "dead_at", "discarded_at", "discarded_by", "discard_reason",
    )  # fmt: skip
    readonly_fields = (*(name for name in fields if name not in {"payload", "why"}), "shape")
    formfield_overrides: ClassVar[Any] = {
        models.JSONField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 8, "cols": 90})}
    }

    def has_change_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        if not operators.has_permission(request):
            return False
        return obj is None or (obj.discarded_at is None and desk.reads_values(obj.school, request.user))

    def get_fields(self, request: HttpRequest, obj: DeadLetter | None = None) -> Any:
        if obj is None or desk.reads_values(obj.school, request.user):
            return self.fields
        return tuple("shape" if name == "payload" else name for name in self.fields if name != "why")

    @admin.display(description="error")
    def first_line(self, letter: DeadLetter) -> str:
        return letter.error.splitlines()[0][:120] if letter.error else ""

    @admin.display(description="traceback")
    def shown_traceback(self, letter: DeadLetter) -> SafeString:
        return format_html("<pre>{}</pre>", letter.traceback or "–")

    @admin.display(description="every try")
    def tries(self, letter: DeadLetter) -> SafeString:
        return format_html_join(
            "",
            "<details><summary>{} at {:%Y-%m-%d %H:%M:%S}, {} by {}: {}</summary><pre>{}</pre></details>",
            (
                (tried.number, tried.at, tried.outcome, tried.worker, tried.error_class, tried.traceback or tried.error)
                for tried in desk.attempts_of(letter.pk)
            ),
        )

    def save_model(self, request: HttpRequest, obj: DeadLetter, form: Any, change: Any) -> None:
        desk.edit_payload(
            obj.pk, payload=form.cleaned_data["payload"], by=_actor(request), why=form.cleaned_data["why"]
        )

    @admin.action(description="Send back into the ledger", permissions=["change"])
    def send_back(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        ids = list(chosen.values_list("pk", flat=True))
        revived = desk.retry(ids, by=_actor(request), why=request.POST.get("reason", ""))
        self.message_user(request, f"{revived} jobs went back into the ledger.", messages.SUCCESS)

    @admin.action(description="Discard, for the reason given", permissions=["change"])
    def discard(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        try:
            ids = list(chosen.values_list("pk", flat=True))
            discarded = desk.discard(ids, by=_actor(request), reason=request.POST.get("reason", ""))
        except desk.ReasonMissing as refused:
            self.message_user(request, f"{refused.detail} {refused.advice}", messages.ERROR)
        else:
            self.message_user(request, f"{discarded} letters were discarded.", messages.SUCCESS)


@admin.register(Job, site=operators)
class JobAdmin(_Shaped, _OperatorAdmin):
    one, many = "job", "jobs that wait or run"
    about = (
        "A job stands here until it is done, then its row is gone: with nothing to do this list is empty. What became "
        "of imports and other jobs that somebody follows stands for seven days under Jobs that were followed."
    )
    fields = (
        "id", "school", "queue", "task", "shape", "meta", "priority", "attempts", "crashes", "created_at", "run_at",
        "lease_until", "tracked",
    )  # fmt: skip
    readonly_fields = fields
    list_display = ("id", "created_at", "queue", "school", "task", "run_at", "attempts", "crashes", "lease_until")
    list_filter = ("queue",)
    search_fields = ("=id", "=school", "=task")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False


@admin.register(Outcome, site=operators)
class OutcomeAdmin(_OperatorAdmin):
    """What a job made and why it failed is the school's to read: here stands how far it came."""

    one, many = "job that was followed", "jobs that were followed"
    about = (
        "Imports, printed files and whatever else somebody waits for: how far each is and what became of it, kept for "
        "seven days. Other jobs leave nothing behind when they are done."
    )
    fields = ("job_id", "school", "queue", "task", "state", "done", "of", "updated_at", "expires_at")
    readonly_fields = fields
    list_display = ("job_id", "updated_at", "queue", "school", "task", "state", "done", "of")
    list_filter = ("queue", "state")
    search_fields = ("=job_id", "=school", "=task")
    ordering = ("-job_id",)
    list_per_page = 50
    show_full_result_count = False


@admin.register(QueueState, site=operators)
class QueueStateAdmin(_OperatorAdmin):
    """Paused queues; `manage.py queues pause` pauses one."""

    one, many = "paused queue", "paused queues"
    about = (
        "Queues that somebody paused by `manage.py queues pause`, with the reason; what comes waits in the ledger. "
        "None here means that all of them run: how much is in each stands on the start page."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(paused_at__isnull=False)

    list_display = ("queue", "paused_at", "paused_by", "reason")


@admin.register(OperatorAction, site=operators)
class OperatorActionAdmin(_OperatorAdmin):
    one, many = "act of an operator", "acts of operators"
    about = "What operators did to jobs, letters and queues, newest first. Nobody can change it."
    list_display = ("at", "by", "action", "job_id", "school", "shown_facts", "reason")
    list_filter = ("action", "school")
    asked_for = ("job_id",)
    search_fields = ("=job_id", "by")
    show_full_result_count = False

    @admin.display(description="facts")
    def shown_facts(self, action: OperatorAction) -> str:
        return json.dumps(action.facts, ensure_ascii=False) if action.facts else ""


def _actor(request: HttpRequest) -> Any:
    return request.user
