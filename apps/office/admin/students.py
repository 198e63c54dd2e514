"""Students, their guardians, and where they are enrolled."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.office.admin.base import LONGEST_SEARCH, Act, ReadOnlyInline, ServiceAdmin, adds, changes, removes
from apps.office.forms import ActForm, ServiceForm, dressed
from apps.office.site import actor, office
from apps.students import services
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian, holds_on
from apps.students.selectors import matching, today_for

CHANNELS = (("email", gettext_lazy("E-mail")), ("sms", gettext_lazy("SMS")), ("in-app", gettext_lazy("In the app")))
REASON = gettext_lazy("Needed for a day that has passed; kept in the audit trail.")
OPEN_YEARS = AcademicYear.objects.exclude(state=AcademicYear.State.CLOSED).select_related("institution")
OPEN_SECTIONS = Section.objects.exclude(year__state=AcademicYear.State.CLOSED).select_related("grade_level", "year")


class SectionToday(admin.SimpleListFilter):
    """Students by the section they belong to today."""

    title = gettext_lazy("section")
    parameter_name = "section"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        sections = office.rows_of(Section, request)
        if sections is None:
            return []
        running = sections.filter(year__state=AcademicYear.State.ACTIVE).order_by("grade_level__position", "name")
        return [(str(each.pk), str(each)) for each in running]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or ""
        if not wanted.isdecimal():
            return queryset
        day = access.today(actor(request))
        members = SectionMembership.objects.filter(section_id=int(wanted)).on(day)
        return queryset.filter(pk__in=members.values("student"))


class EnrolmentInline(ReadOnlyInline):
    """The student's enrolments, newest first."""

    model = Enrolment
    sees = "students.view"
    joined = ("year", "institution", "grade_level")
    fields = ("year", "institution", "grade_level", "entered_on", "entry_kind", "exited_on", "exit_kind", "primary")
    verbose_name_plural = gettext_lazy("enrolments")


class MembershipInline(ReadOnlyInline):
    """The sections the student belonged to."""

    model = SectionMembership
    sees = "students.view"
    joined = ("section__grade_level", "section__year")
    fields = ("section", "roll_number", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("sections")


class GuardianLinkInline(ReadOnlyInline):
    """Who is responsible, in the order in which they are called."""

    model = StudentGuardian
    sees = "guardians.view"
    joined = ("guardian",)
    fields = ("guardian", "relation", "contact_priority", "lives_with", "emergency_contact", "data_access")
    show_change_link = True
    verbose_name_plural = gettext_lazy("family")


class AdmissionForm(ServiceForm):
    """A student, and at admission the place they go to."""

    year = forms.ModelChoiceField(
        label=gettext_lazy("year"), queryset=OPEN_YEARS, widget=widgets.UnfoldAdminSelectWidget
    )
    grade_level = forms.ModelChoiceField(
        label=gettext_lazy("grade level"), queryset=GradeLevel.objects.all(), widget=widgets.UnfoldAdminSelectWidget
    )
    section = forms.ModelChoiceField(
        label=gettext_lazy("section"),
        queryset=OPEN_SECTIONS,
        required=False,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text=gettext_lazy("May come later."),
    )
    entered_on = forms.DateField(label=gettext_lazy("first day"))
    reason = forms.CharField(
        label=gettext_lazy("reason"), required=False, widget=widgets.UnfoldAdminTextInputWidget, help_text=REASON
    )
    refusals: ClassVar[Any] = {
        "students:admission-number-taken": "admission_number",
        "students:section-full": "section",
        "students:wrong-section": "section",
        "students:not-in-year": "entered_on",
        "students:past-day": "reason",
        "students:login-taken": "user",
    }

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if self.instance.pk:
            for name in PLACEMENT:
                self.fields.pop(name, None)
        elif "entered_on" in self.fields:
            dressed(self.fields["entered_on"])


PLACEMENT = ("year", "grade_level", "section", "entered_on", "reason")


def _admit(said: dict[str, Any], by: User) -> Student:
    reason = said.pop("reason", "")
    placement = services.Placement(**{name: said.pop(name) for name in PLACEMENT if name != "reason"})
    institution = said.pop("institution")
    student, _enrolment = services.admit_student(
        institution=institution, fields=said, placement=placement, reason=reason, by=by
    )
    return student


class MoveForm(ActForm):
    """Where to, and from when."""

    section = forms.ModelChoiceField(label=gettext_lazy("To section"), queryset=Section.objects.none())
    on = forms.DateField(label=gettext_lazy("First day there"))
    roll_number = forms.IntegerField(label=gettext_lazy("Roll number"), required=False, min_value=1, max_value=32767)
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=500, help_text=REASON)
    refusals: ClassVar[Any] = {
        "students:section-full": "section",
        "students:already-in-section": "section",
        "students:wrong-section": "section",
        "students:past-day": "reason",
        "students:roll-number-taken": "roll_number",
    }

    def prepared(self, row: Student, by: User) -> None:
        today = today_for(row)
        places = Enrolment.objects.filter(
            Q(exited_on__isnull=True) | Q(exited_on__gt=today), student=row, primary=True
        ).values_list("year", "grade_level")
        wanted = Q(pk__in=[])
        for year, level in places:
            wanted |= Q(year=year, grade_level=level)
        self.fields["section"].queryset = OPEN_SECTIONS.filter(wanted)  # type: ignore[attr-defined]
        self.initial["on"] = today


class WithdrawForm(ActForm):
    """When, how and why somebody leaves."""

    on = forms.DateField(label=gettext_lazy("First day no longer here"))
    exit_kind = forms.ChoiceField(label=gettext_lazy("How they leave"), choices=Enrolment.Exit.choices)
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=500, help_text=REASON)
    refusals: ClassVar[Any] = {"students:past-day": "reason", "students:not-enrolled": "on"}

    def prepared(self, row: Student, by: User) -> None:
        self.initial["on"] = today_for(row)


class EnrolForm(ActForm):
    """The next enrolment of somebody who is on the books."""

    year = forms.ModelChoiceField(label=gettext_lazy("Year"), queryset=OPEN_YEARS)
    grade_level = forms.ModelChoiceField(label=gettext_lazy("Grade level"), queryset=GradeLevel.objects.all())
    section = forms.ModelChoiceField(label=gettext_lazy("Section"), queryset=OPEN_SECTIONS, required=False)
    entered_on = forms.DateField(label=gettext_lazy("First day"))
    entry_kind = forms.ChoiceField(label=gettext_lazy("How they come"), choices=Enrolment.Entry.choices)
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=500, help_text=REASON)
    refusals: ClassVar[Any] = {
        "students:past-day": "reason",
        "students:section-full": "section",
        "students:wrong-section": "section",
        "students:not-in-year": "entered_on",
        "students:already-enrolled": "entered_on",
    }

    def prepared(self, row: Student, by: User) -> None:
        self.initial.update({"entered_on": today_for(row), "entry_kind": Enrolment.Entry.RETURNED})


class PhotoForm(ActForm):
    """A picture from the computer."""

    picture = forms.FileField(label=gettext_lazy("Picture"), help_text=gettext_lazy("JPEG, PNG or WebP, 1 MB at most."))
    refusals: ClassVar[Any] = {"students:photo-refused": "picture"}


def _move(row: Student, said: dict[str, Any], by: User) -> str:
    services.move_section(student=row, by=by, **said)
    return _("%(name)s belongs to %(section)s from %(day)s on.") % {
        "name": row, "section": said["section"], "day": said["on"],
    }  # fmt: skip


def _withdraw(row: Student, said: dict[str, Any], by: User) -> str:
    services.withdraw_student(student=row, by=by, **said)
    return _("%(name)s is enrolled until before %(day)s.") % {"name": row, "day": said["on"]}


def _enrol(row: Student, said: dict[str, Any], by: User) -> str:
    reason = said.pop("reason")
    services.re_enrol_student(student=row, placement=services.Placement(**said), reason=reason, by=by)
    return _("%(name)s is enrolled from %(day)s on.") % {"name": row, "day": said["entered_on"]}


def _set_photo(row: Student, said: dict[str, Any], by: User) -> str:
    services.set_photo(student=row, content=said["picture"].read(), by=by)
    return _("The photo is set.")


def _remove_photo(row: Student, said: dict[str, Any], by: User) -> str:  # noqa: ARG001 - an act's signature
    services.remove_photo(student=row, by=by)
    return _("The photo is gone.")


@admin.register(Student, site=office)
class StudentAdmin(ServiceAdmin):
    """Students on the books, without records that were merged into another."""

    one, many = gettext_lazy("student"), gettext_lazy("students")
    sees, manages = "students.view", "students.manage"
    scope = ("student", "")
    joined = ("institution",)
    only_at_first = ("institution",)
    form = AdmissionForm
    add = _admit
    change = changes(services.change_student, "student", versioned=True)
    list_display = ("full_name", "admission_number", "section_today", "birth_date")
    list_filter = (SectionToday,)
    search_fields = ("given_name",)
    search_help_text = gettext_lazy("Name or admission number")
    inlines = (GuardianLinkInline, EnrolmentInline, MembershipInline)
    own = (
        "institution", "admission_number", "given_name", "middle_name", "family_name", "preferred_name", "birth_date",
        "sex", "email", "phone", "address",
    )  # fmt: skip
    acts = (
        Act("move", gettext_lazy("Move to another section"), manages, _move, MoveForm),
        Act("withdraw", gettext_lazy("Withdraw"), manages, _withdraw, WithdrawForm),
        Act("enrol", gettext_lazy("Enrol again"), manages, _enrol, EnrolForm),
        Act("photo", gettext_lazy("Set the photo"), manages, _set_photo, PhotoForm),
        Act("no-photo", gettext_lazy("Remove the photo"), manages, _remove_photo, applies=lambda row: bool(row.photo)),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        held = SectionMembership.objects.filter(holds_on(access.today(actor(request))), student=OuterRef("pk"))
        name = held.order_by("-starts_on", "-id").annotate(
            full=Concat(F("section__grade_level__name"), Value(" "), F("section__name"))
        )
        kept = super().get_queryset(request).filter(merged_into__isnull=True)
        rows: QuerySet[Any] = kept.annotate(section_name=Subquery(name.values("full")[:1]))
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        medical = ("medical_note",) if self._holds(request, "students.view_medical") else ()
        sets: list[Any] = [(None, {"fields": (*self.own, *medical)})]
        if obj is None:
            sets.append((_("Enrolment"), {"fields": PLACEMENT}))
        elif self.has_change_permission(request, obj):
            sets.append((None, {"fields": ("seen_version",)}))
        return sets

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        # The index student_search serves this, and no list of columns joined by OR.
        return queryset.filter(matching(search_term[:LONGEST_SEARCH])), False

    @admin.display(description=gettext_lazy("name"), ordering="family_name")
    def full_name(self, row: Student) -> str:
        return row.full_name

    @admin.display(description=gettext_lazy("section today"))
    def section_today(self, row: Any) -> str:
        return row.section_name or "–"


class StudentsInline(ReadOnlyInline):
    """Of whom somebody is a guardian."""

    model = StudentGuardian
    sees = "guardians.view"
    scope = ("student", "student")
    joined = ("student",)
    fields = ("student", "relation", "contact_priority", "lives_with", "emergency_contact", "data_access")
    show_change_link = True
    verbose_name_plural = gettext_lazy("students")


@admin.register(Guardian, site=office)
class GuardianAdmin(ServiceAdmin):
    """Grown-ups responsible for students, with a login of their own or none."""

    one, many = gettext_lazy("guardian"), gettext_lazy("guardians")
    sees, manages = "guardians.view", "guardians.manage"
    add = adds(services.add_guardian)
    change = changes(services.change_guardian, "guardian", versioned=True)
    fields = ("given_name", "family_name", "email", "phone", "address", "language")
    list_display = ("full_name", "phone", "email")
    search_fields = ("given_name", "family_name", "phone", "email")
    inlines = (StudentsInline,)

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        by = actor(request)
        if not self._holds(request, self.sees):
            return rows.none()
        reach = access.within_reach(by, self.sees, "student", day=access.today(by))
        if reach == Q():
            return rows
        links = StudentGuardian.objects.filter(student__in=Student.objects.filter(reach).values("pk"))
        return rows.filter(pk__in=links.values("guardian"))

    @admin.display(description=gettext_lazy("name"), ordering="family_name")
    def full_name(self, row: Guardian) -> str:
        return row.full_name


class LinkForm(ServiceForm):
    """What a guardian is to a student, and may see of them."""

    channels = forms.MultipleChoiceField(
        label=gettext_lazy("told by"),
        choices=CHANNELS,
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )
    contact_priority = forms.IntegerField(
        label=gettext_lazy("called in this order"),
        required=False,
        min_value=1,
        max_value=99,
        help_text=gettext_lazy("1 is called first. Empty: after those that are there."),
        widget=widgets.UnfoldAdminIntegerFieldWidget,
    )
    refusals: ClassVar[Any] = {
        "students:guardian-already-linked": "guardian",
        "students:contact-priority-taken": "contact_priority",
    }


def _link(said: dict[str, Any], by: User) -> StudentGuardian:
    student, guardian = said.pop("student"), said.pop("guardian")
    if said.get("contact_priority") is None:
        said.pop("contact_priority", None)
    return services.link_guardian(student=student, guardian=guardian, fields=said, by=by)


@admin.register(StudentGuardian, site=office)
class GuardianLinkAdmin(ServiceAdmin):
    """Access is this explicit link: given here, or taken away."""

    one, many = gettext_lazy("link of a guardian"), gettext_lazy("links of guardians")
    sees, manages = "guardians.view", "guardians.manage"
    scope = ("student", "student")
    joined = ("student", "guardian")
    only_at_first = ("student", "guardian")
    autocomplete_fields = ("student", "guardian")
    form = LinkForm
    add = _link
    change = changes(services.change_guardian_link, "link")
    remove = removes(services.unlink_guardian, "link")
    list_display = ("guardian", "student", "relation", "contact_priority", "data_access")
    list_filter = ("relation", "data_access")
    search_fields = ("student__family_name", "student__given_name", "guardian__family_name", "guardian__given_name")
    own = (
        "student", "guardian", "relation", "contact_priority", "legal_guardian", "lives_with", "emergency_contact",
        "data_access", "receives_invoices", "channels",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        custody = ("restriction_note",) if self._holds(request, "students.view_custody") else ()
        return (*self.own, *custody)


@admin.register(Enrolment, site=office)
class EnrolmentAdmin(ServiceAdmin):
    """Who was enrolled where and when. What changes an enrolment stands on the student's page."""

    one, many = gettext_lazy("enrolment"), gettext_lazy("enrolments")
    sees = "students.view"
    scope = ("student", "student")
    joined = ("student", "year", "institution", "grade_level")
    fields = ("student", "institution", "year", "grade_level", "entered_on", "entry_kind", "exited_on", "exit_kind")
    list_display = ("student", "year", "grade_level", "entered_on", "exited_on", "exit_kind")
    list_filter = ("year", "grade_level", "exit_kind")
    search_fields = ("student__family_name", "student__given_name", "=student__admission_number")
