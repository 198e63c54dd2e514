"""What operators see of schools, outside all of them: state, size and versions, and who of them is let in, and why.

It stands here rather than beside the queues: letting an operator in is a service of ``access``.
"""

from __future__ import annotations

import platform
import re
import shlex
from typing import Any, ClassVar

import django
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import schoolops
from apps.access import services as access
from apps.accounts.models import User
from apps.office.shell.acts import Act, Once, Words, show_once
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.fields import about, posted
from apps.office.shell.forms import ActForm, DressedForm, ReasonForm, add_refusal
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import actor
from apps.staff.models import StaffMember
from apps.students.models import Student
from schoolops import clock
from schoolops.audit import trail
from schoolops.context import inside
from schoolops.errors import SchoolOpsError
from schoolops.queues.admin import operators
from schoolops.tenancy import lifecycle
from schoolops.tenancy.founders import FirstLogin, first_login
from schoolops.tenancy.models import School, SchoolState, SupportGrant
from schoolops.tenancy.provisioning import create_school

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
    words = _("Support at %(name)s has ended, with %(logins)d logins.")
    return about(row.name, words, logins=ended)


class MakeForm(DressedForm):
    """A new school, and who is let in first."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    slug = forms.CharField(label=gettext_lazy("Short name"), max_length=40, help_text=gettext_lazy("As in oak-hill."))
    domain = forms.CharField(
        label=gettext_lazy("Address"), max_length=253, help_text=gettext_lazy("A host name, as in oak.example.org.")
    )
    administrator = forms.CharField(label=gettext_lazy("Username of its first administrator"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("E-mail of the administrator"), max_length=254, required=False)
    by_mail = forms.BooleanField(
        label=gettext_lazy("Mail the link there; otherwise it is shown once, to be printed or handed over"),
        required=False,
    )
    refusals: ClassVar[Any] = {
        "tenancy:slug-invalid": "slug",
        "tenancy:school-exists": "slug",
        "tenancy:school-elsewhere": "slug",
        "tenancy:domain-taken": "domain",
    }

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("by_mail") and not said.get("email"):
            self.add_error("email", _("Where does the link go?"))
        return said

    def clean_domain(self) -> str:
        domain = str(self.cleaned_data["domain"]).strip().lower().rstrip(".")
        if not _HOST.fullmatch(domain) or domain in settings.PUBLIC_HOSTS:
            raise forms.ValidationError(_("This is no host name that a school can answer at."))
        return domain

    def carry_out(self, by: User) -> tuple[School, FirstLogin]:
        """Make it, or finish what was interrupted. Raises what the services raise."""
        said = self.cleaned_data
        # Made before, and its first login refused: the same form goes on from there.
        standing = School.objects.filter(slug=said["slug"], state=SchoolState.ACTIVE, domains__domain=said["domain"])
        school: School | None = standing.first()
        if school is None:
            school = create_school(slug=said["slug"], name=said["name"], domains=[said["domain"]])
            trail.record(by, "tenancy.created", school, after={"domain": said["domain"]})
        with inside(school):
            who = {"username": said["administrator"], "email": said["email"]}
            return school, first_login(**who, by_mail=said["by_mail"])

    def as_command(self) -> str:
        """The same for who makes schools at a terminal."""
        said = self.cleaned_data
        parts = [
            *("create_school", said["slug"], "--name", said["name"], "--domain", said["domain"]),
            *("--administrator", said["administrator"]),
            *(("--email", said["email"]) if said["email"] else ()),
            *(("--mail",) if said["by_mail"] else ()),
        ]
        return f"manage.py {shlex.join(parts)}"


_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@admin.register(School, site=operators)
class SchoolAdmin(_Operated):
    """Every school: state, size on disk, support. Deleting one is a command's: what it takes away cannot be given back.

    Making one needs the provisioning login. Where the web processes have none, as production advises, the page says
    the command.
    """

    one, many = gettext_lazy("school"), gettext_lazy("schools")
    fields = (
        "name", "slug", "cell", "state", "state_reason", "created_at", "deleted_at", "addresses", "size", "people",
        "versions",
    )  # fmt: skip
    readonly_fields = ("cell", "addresses", "size", "people", "versions")
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return operators.has_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A school with its first login. In no transaction: a schema is not made in one."""
        form, by = MakeForm(posted(request)), actor(request)
        back = reverse("operators:tenancy_school_changelist")
        made = "admin" in settings.DATABASES
        if form.is_valid() and not made:
            facts: dict[Words, str] = {gettext_lazy("Run this where the provisioning login is"): form.as_command()}
            return show_once(request, Once(gettext_lazy("The command that makes it"), facts), back=back, page=self.page)
        if form.is_valid():
            try:
                school, first = form.carry_out(by)
            except SchoolOpsError as error:
                add_refusal(form, error, on=form.refusals)
            else:
                return self._made(request, school, first, back=back)
        context = {"form": form, "back": back, "action": _("Make the school"), "made": made}
        page = self.page(request, "office/operators/make.html", context, title=_("Make a school"))
        page.status_code = 422 if form.errors else 200
        return page

    def _made(self, request: HttpRequest, school: School, first: FirstLogin, *, back: str) -> HttpResponse:
        if not first.link:
            said = _("%(school)s is made. Its administrator's link is on its way to %(address)s.")
            if not first.mailed_to:
                said = _("%(school)s stands already, and its administrator has set a password.")
            messages.success(request, said % {"school": school.name, "address": first.mailed_to})
            return HttpResponseRedirect(back)
        facts: dict[Words, str] = {
            gettext_lazy("%(name)s sets a password, once, until %(until)s UTC")
            % {"name": first.username, "until": first.until}: first.link,
            gettext_lazy("Address"): school.domains.order_by("pk").values_list("domain", flat=True)[0],
            gettext_lazy("Next"): _("After the first login the office leads through its first steps."),
        }
        return show_once(
            request, Once(_("%(school)s is made") % {"school": school.name}, facts), back=back, page=self.page
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        rows = list(listed.result_list)
        sizes = sizes_of([row.schema_name for row in rows])
        for row in rows:
            row.bytes_on_disk = sizes.get(row.schema_name, 0)
        listed.result_list = rows
        return listed

    def get_list_display(self, request: HttpRequest) -> Any:
        """Where it stands is a column once there is more than one server."""
        name, *rest = self.list_display
        return [name, "cell", *rest] if settings.OTHER_CELLS else [name, *rest]

    @admin.display(description=gettext_lazy("cell"), ordering="database")
    def cell(self, row: School) -> str:
        return row.database

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
