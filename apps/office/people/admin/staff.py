"""Staff, whom they teach, and who stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy, ngettext

from apps.access import services as access
from apps.access.models import Role
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, CourseClass, Section
from apps.office.people.selectors.sections import open_sections
from apps.office.shell.acts import Act
from apps.office.shell.base import ServiceAdmin, adds, changes, removes
from apps.office.shell.fields import day_field
from apps.office.shell.forms import ActForm, ServiceForm
from apps.office.shell.many import ManyChange, Refused
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import actor, office
from apps.staff import services
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.selectors import staff_in_view
from apps.staff.services.assignments import AssignmentChange, Teaching, arrange_teaching


class AssignmentInline(ReadOnlyInline):
    """What somebody teaches, and taught."""

    model = TeachingAssignment
    sees = "staff.view"
    over = "staff"
    joined = ("section__grade_level", "course_class")
    fields = ("section", "course_class", "kind", "starts_on", "ends_on")
    show_change_link = True
    verbose_name_plural = gettext_lazy("teaches")


def _change_staff(rows: Sequence[StaffMember], said: Mapping[str, Any], reason: str, by: User) -> Refused:
    return services.change_staff([services.StaffChange(row, said) for row in rows], reason=reason, by=by).refused


def _change_teaching(rows: Sequence[TeachingAssignment], said: Mapping[str, Any], reason: str, by: User) -> Refused:
    changes = [AssignmentChange(row, said) for row in rows]
    return arrange_teaching(changes, reason=reason, by=by).refused


class TeachesForm(ActForm):
    """Which sections and classes somebody teaches, all from one day."""

    sections = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Sections"), queryset=Section.objects.none(), required=False
    )
    classes = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Classes"), queryset=CourseClass.objects.none(), required=False
    )
    kind = forms.ChoiceField(label=gettext_lazy("As"), choices=TeachingAssignment.Kind.choices)
    starts_on = day_field(label=gettext_lazy("From"))

    def prepared(self, row: StaffMember, by: User) -> None:
        today = access.today(by)
        running: dict[str, Any] = {"institution": row.institution, "year__ends_on__gte": today}
        chosen: Any = self.fields
        closed = {"year__state": AcademicYear.State.CLOSED}
        chosen["sections"].queryset = open_sections(by, today).filter(institution=row.institution)
        chosen["classes"].queryset = CourseClass.objects.filter(**running).exclude(**closed).order_by("title", "pk")
        chosen["starts_on"].initial = today

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not (self.cleaned_data.get("sections") or self.cleaned_data.get("classes")):
            raise forms.ValidationError(gettext("Tick at least one section or class."))
        return said


def _teaches(row: StaffMember, said: dict[str, Any], by: User) -> str:
    groups = [*said["sections"], *said["classes"]]
    wishes = [Teaching(row, group, said["starts_on"], kind=said["kind"]) for group in groups]
    arrange_teaching(wishes, by=by).all()
    number = len(groups)
    return ngettext("%(name)s teaches %(number)s more.", "%(name)s teaches %(number)s more.", number) % {
        "name": row,
        "number": number,
    }


class InvitationForm(ActForm):
    """In which role."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), initial="teacher")
    refusals: ClassVar[Any] = {"access:role-beyond-you": "role"}

    def prepared(self, row: StaffMember, by: User) -> None:
        offered = access.roles_within(by, Role.objects.exclude(code__in=("guardian", "student")).order_by("name"))
        role: Any = self.fields["role"]
        role.choices = [(each.code, each.name) for each in offered]
        role.help_text = gettext("A letter with a link to choose a password goes to %(email)s.") % {"email": row.email}


def _invite(row: StaffMember, said: dict[str, Any], by: User) -> str:
    access.begin_inviting_chosen(services.STAFF, roles={row.pk: said["role"]}, by=by)
    return gettext("The invitation is on its way to %(email)s.") % {"email": row.email}


class StaffForm(ServiceForm):
    """A member of staff."""

    refusals: ClassVar[Any] = {
        "staff:login-taken": "user",
        "staff:ends-before-start": "ends_on",
        "staff:teaches-before": "starts_on",
    }


@admin.register(StaffMember, site=office)
class StaffMemberAdmin(ServiceAdmin):
    """The people who work at the school."""

    one, many = gettext_lazy("member of staff"), gettext_lazy("staff")
    none = gettext_lazy("Nobody works here yet. Add people one by one, or bring in a file of all.")
    begins_at = "office:rosters"
    sees, manages = "staff.view", "staff.manage"
    over = "staff"
    joined = ("institution", "user")
    only_at_first = ("institution",)
    autocomplete_fields = ("user",)
    form = StaffForm
    add = adds(services.add_staff_member, "institution")
    change = changes(services.change_staff_member, "member", versioned=True)
    fields = (
        "institution", "staff_number", "given_name", "family_name", "job_title", "email", "phone", "starts_on",
        "ends_on", "user",
    )  # fmt: skip
    list_display = ("full_name", "staff_number", "job_title", "institution", "ends_on")
    list_filter = ("institution",)
    search_fields = ("searched",)
    acts = (
        Act("teaches", gettext_lazy("Teaches"), manages, _teaches, TeachesForm),
        Act(
            "invite",
            gettext_lazy("Invite to log in"),
            "accounts.manage",
            _invite,
            InvitationForm,
            applies=lambda row: row.user_id is None and bool(row.email),
        ),
    )
    many_change = ManyChange(_change_staff, ("job_title", "starts_on", "ends_on", "phone"))
    inlines = (AssignmentInline,)

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        return rows.filter(staff_in_view(actor(request)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Whoever may not see logins cannot choose one.
        hidden = () if self._holds(request, "accounts.view") else ("user",)
        return (*super().get_readonly_fields(request, obj), *hidden)

    @admin.display(description=gettext_lazy("name"), ordering="name_key")
    def full_name(self, row: StaffMember) -> str:
        return row.full_name


class AssignmentForm(ServiceForm):
    """Who teaches what, from when."""

    refusals: ClassVar[Any] = {
        "staff:section-or-class": "section",
        "staff:ends-before-start": "ends_on",
        "staff:not-in-year": "starts_on",
        "staff:not-employed": "starts_on",
        "staff:already-assigned": "staff",
    }


def _assign(said: dict[str, Any], by: User) -> TeachingAssignment:
    return services.assign_teacher(**said, by=by)


@admin.register(TeachingAssignment, site=office)
class AssignmentAdmin(ServiceAdmin):
    """Who teaches which section or class, from when to when."""

    one, many = gettext_lazy("assignment"), gettext_lazy("assignments")
    none = gettext_lazy("Nobody teaches anything yet. Say who teaches which section or class.")
    sees, manages = "staff.view", "staff.manage"
    over = "staff"
    joined = ("staff", "section__grade_level", "course_class")
    only_at_first = ("staff", "section", "course_class", "starts_on")
    autocomplete_fields = ("staff", "section", "course_class")
    form = AssignmentForm
    add = _assign
    change = changes(services.change_assignment, "assignment")
    remove = removes(services.remove_assignment, "assignment")
    fields = ("staff", "section", "course_class", "kind", "starts_on", "ends_on")
    list_display = ("staff", "section", "course_class", "kind", "starts_on", "ends_on")
    list_filter = ("kind",)
    many_change = ManyChange(_change_teaching, ("kind", "ends_on"))
    search_fields = ("staff__family_name", "staff__given_name")

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        return rows.filter(staff__in=StaffMember.objects.filter(staff_in_view(actor(request))).values("pk"))


class SubstitutionForm(ServiceForm):
    """Who stands in, where, and on which day."""

    refusals: ClassVar[Any] = {
        "staff:section-or-class": "section",
        "staff:already-stands-in": "staff",
        "staff:stands-in-for-themselves": "instead_of",
        "staff:not-their-group": "instead_of",
        "staff:not-employed": "day",
        "staff:not-in-year": "day",
    }


def _stand_in(said: dict[str, Any], by: User) -> Substitution:
    return services.add_substitution(**said, by=by)


@admin.register(Substitution, site=office)
class SubstitutionAdmin(ServiceAdmin):
    """Who stands in for whom, for a day."""

    one, many = gettext_lazy("substitution"), gettext_lazy("substitutions")
    none = gettext_lazy(
        "Nobody stands in for anybody. Add it when a teacher is away; whoever stands in takes the roll."
    )
    sees, manages = "staff.view", "staff.manage"
    over = "staff"
    joined = ("staff", "instead_of", "section__grade_level", "course_class")
    autocomplete_fields = ("staff", "instead_of", "section", "course_class")
    form = SubstitutionForm
    add = _stand_in
    remove = removes(services.remove_substitution, "substitution")
    fields = ("staff", "section", "course_class", "day", "instead_of", "reason")
    list_display = ("day", "staff", "section", "course_class", "instead_of")
    ordering = ("-day", "-id")
    search_fields = ("staff__family_name", "staff__given_name")

    reached = AssignmentAdmin.reached

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Why a colleague is away can be about their health: the office's to know.
        told = self._holds(request, self.manages)
        return self.fields if told else tuple(name for name in self.fields if name != "reason")
