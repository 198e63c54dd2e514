"""What operators see of schools, outside all of them: state, size and versions, and who of them is let in, and why.

It stands here rather than beside the queues: letting an operator in is a service of ``access``.
"""

from __future__ import annotations

import platform
from typing import Any, ClassVar

import django
from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import schoolops
from apps.access import services as access
from apps.accounts.models import User
from apps.office.shell.acts import Act, Once
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.forms import ActForm, ReasonForm
from apps.office.shell.permitted import ReadOnlyInline
from apps.staff.models import StaffMember
from apps.students.models import Student
from schoolops import clock
from schoolops.audit import trail
from schoolops.context import inside
from schoolops.queues.admin import operators
from schoolops.tenancy import lifecycle
from schoolops.tenancy.models import School, SchoolState, SupportGrant

# Its name stands in the place of a permission code: whoever is in here may do all of it.
OPERATE = "operate"
_SIZES = """
    SELECT n.nspname, sum(pg_total_relation_size(c.oid))
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
     WHERE n.nspname = ANY(%s) GROUP BY n.nspname
"""


def sizes_of(schemas: list[str]) -> dict[str, int]:
    """Schema → bytes on disk with indexes, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [schemas])
        return {schema: int(size) for schema, size in cursor.fetchall()}


class _Operated(ServiceAdmin):
    """A model admin of the operators' site: no codes of a school, whoever came in is an operator."""

    sees = OPERATE

    def _holds(self, request: HttpRequest, code: str) -> bool:
        return code in {OPERATE, "audit.view"} and operators.has_permission(request)

    def _require(self, request: HttpRequest, code: str) -> None:
        """The site has asked."""

    def _tells(self, request: HttpRequest, row: Any) -> bool:
        return self._holds(request, "audit.view")

    def page(self, request: HttpRequest, template: str, context: dict[str, Any], *, title: Any) -> HttpResponse:
        return TemplateResponse(request, template, {**operators.each_context(request), "title": title, **context})


class GrantInline(ReadOnlyInline):
    """Who was let into the school, why, and until when."""

    model = SupportGrant
    sees = OPERATE
    fields = ("operator", "reason", "starts_at", "ends_at", "revoked_at")
    verbose_name_plural = gettext_lazy("support")

    def _holds(self, request: HttpRequest, code: str) -> bool:
        return operators.has_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("-id")


class LetInForm(ActForm):
    """Why, and for how long."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=480, initial=60)
    refusals: ClassVar[Any] = {
        "access:support-too-long": "minutes",
        "access:support-needs-a-reason": "reason",
    }


class EndForm(ActForm):
    """Whose access ends."""

    operator = forms.CharField(label=gettext_lazy("Operator"), max_length=150)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)
    refusals: ClassVar[Any] = {"access:no-support-grant": "operator"}

    def prepared(self, row: Any, by: User) -> None:
        let_in = list(_inside(row).order_by("-id").values_list("operator", flat=True))
        self.initial["operator"] = by.username if by.username in let_in else next(iter(let_in), "")


def _suspend(row: School, said: dict[str, Any], by: User) -> str:
    lifecycle.suspend_school(slug=row.slug, reason=said["reason"])
    trail.record(by, "tenancy.suspended", row, reason=said["reason"])
    return _("%(school)s is suspended: everybody there is told so.") % {"school": row.name}


def _resume(row: School, said: dict[str, Any], by: User) -> str:  # noqa: ARG001
    lifecycle.resume_school(slug=row.slug)
    trail.record(by, "tenancy.resumed", row)
    return _("%(school)s is open again.") % {"school": row.name}


def _let_in(row: School, said: dict[str, Any], by: User) -> Once:
    let = access.grant_support(slug=row.slug, operator=by.username, reason=said["reason"], minutes=said["minutes"])
    return Once(
        gettext_lazy("Support is let in"),
        {
            gettext_lazy("Link, good once, until %(time)s UTC") % {"time": f"{let.link_until:%H:%M}"}: let.link,
            gettext_lazy("Refresh token"): let.refresh_token,
            gettext_lazy("Exchanged at"): f"{let.address}/api/v1/auth/refresh",
            gettext_lazy("Login"): let.username,
            gettext_lazy("Until"): f"{let.ends_at:%Y-%m-%d %H:%M} UTC",
        },
        way=(gettext_lazy("Open the school's office"), let.link),
    )


def _inside(row: School) -> QuerySet[SupportGrant]:
    """Who is in the school as support now."""
    open_ones: QuerySet[SupportGrant] = row.support_grants.filter(revoked_at__isnull=True, ends_at__gt=clock.now())
    return open_ones


def _show_out(row: School, said: dict[str, Any], by: User) -> str:  # noqa: ARG001 - an act's signature
    ended = access.revoke_support(slug=row.slug, operator=said["operator"], reason=said["reason"])
    return _("Ended, with %(logins)d logins.") % {"logins": ended}


@admin.register(School, site=operators)
class SchoolAdmin(_Operated):
    """Every school: state, size on disk, support. Making and deleting one needs the provisioning login: commands do."""

    one, many = gettext_lazy("school"), gettext_lazy("schools")
    fields = (
        "name", "slug", "state", "state_reason", "created_at", "deleted_at", "addresses", "size", "people", "versions",
    )  # fmt: skip
    readonly_fields = ("addresses", "size", "people", "versions")
    list_display = ("name", "slug", "state", "created_at", "size")
    list_filter = ("state",)
    search_fields = ("name", "slug")
    ordering = ("name",)
    list_per_page = 25
    inlines = (GrantInline,)
    acts = (
        Act(
            "support",
            gettext_lazy("Let me in for support"),
            OPERATE,
            _let_in,
            LetInForm,
            applies=lambda row: row.state == SchoolState.ACTIVE,
            explanation=gettext_lazy("The school reads in its own trail who came in, why, and until when."),
        ),
        Act(
            "support-end",
            gettext_lazy("End support"),
            OPERATE,
            _show_out,
            EndForm,
            applies=lambda row: _inside(row).exists(),
        ),
        Act(
            "suspend",
            gettext_lazy("Suspend"),
            OPERATE,
            _suspend,
            ReasonForm,
            applies=lambda row: row.state == SchoolState.ACTIVE,
            explanation=gettext_lazy("Everybody at the school is told that it is suspended; nothing is lost."),
        ),
        Act(
            "resume",
            gettext_lazy("Resume"),
            OPERATE,
            _resume,
            applies=lambda row: row.state == SchoolState.SUSPENDED,
        ),
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        rows = list(listed.result_list)
        sizes = sizes_of([row.schema_name for row in rows])
        for row in rows:
            row.bytes_on_disk = sizes.get(row.schema_name, 0)
        listed.result_list = rows
        return listed

    @admin.display(description=gettext_lazy("size"))
    def size(self, row: Any) -> str:
        known = getattr(row, "bytes_on_disk", None)
        return filesizeformat(sizes_of([row.schema_name]).get(row.schema_name, 0) if known is None else known)

    @admin.display(description=gettext_lazy("addresses"))
    def addresses(self, row: School) -> str:
        return ", ".join(row.domains.order_by("pk").values_list("domain", flat=True))

    @admin.display(description=gettext_lazy("people"))
    def people(self, row: School) -> str:
        if row.state not in {SchoolState.ACTIVE, SchoolState.SUSPENDED}:
            return "–"
        with inside(row):
            counted = {
                "students": Student.objects.filter(merged_into__isnull=True).count(),
                "staff": StaffMember.objects.count(),
                "logins": User.objects.filter(is_active=True).count(),
            }
        return _("%(students)d students, %(staff)d staff, %(logins)d logins") % counted

    @admin.display(description=gettext_lazy("versions"))
    def versions(self, row: School) -> SafeString:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            (postgres,) = cursor.fetchone()
        told = (
            ("SchoolOps", schoolops.__version__),
            ("Django", django.get_version()),
            ("Python", platform.python_version()),
            ("PostgreSQL", postgres),
        )
        return format_html_join("", "<div>{} {}</div>", told)


@admin.register(SupportGrant, site=operators)
class SupportGrantAdmin(_Operated):
    """Every time somebody was let into a school."""

    one, many = gettext_lazy("support grant"), gettext_lazy("support grants")
    joined = ("school",)
    fields = ("school", "operator", "reason", "starts_at", "ends_at", "revoked_at")
    list_display = ("school", "operator", "reason", "starts_at", "ends_at", "revoked_at", "open_now")
    search_fields = ("operator", "school__slug", "school__name")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("open now"), boolean=True)
    def open_now(self, row: SupportGrant) -> bool:
        return row.revoked_at is None and row.ends_at > clock.now()
