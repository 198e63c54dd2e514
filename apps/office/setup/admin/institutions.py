"""Campuses, years and terms, grade levels, sections, courses and classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from apps.accounts.models import User
from apps.institutions import services
from apps.institutions.models import (
    AcademicYear,
    CalendarDay,
    Course,
    CourseClass,
    GradeLevel,
    Institution,
    Section,
    Term,
)
from apps.institutions.selectors import sections_called
from apps.office.setup.pages.countries import WEEKDAYS, currencies, timezones
from apps.office.shell.acts import Act, does
from apps.office.shell.base import TOO_LARGE, ServiceAdmin, adds, changes, named, removes
from apps.office.shell.fields import about
from apps.office.shell.forms import PictureForm, ServiceForm
from apps.office.shell.many import ManyChange, each_alone
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import office
from apps.staff.models import TeachingAssignment
from apps.students.models import ClassEnrolment, SectionMembership


class CampusForm(ServiceForm):
    """A campus: timezone and currency from a list, weekdays by name, the colour by the browser's picker."""

    timezone = forms.ChoiceField(
        label=gettext_lazy("timezone"), choices=timezones, widget=widgets.UnfoldAdminSelectWidget
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("currency"), choices=currencies, widget=widgets.UnfoldAdminSelectWidget
    )
    weekend = forms.TypedMultipleChoiceField(
        label=gettext_lazy("days without school"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )
    brand_colour = forms.CharField(
        label=gettext_lazy("colour"),
        max_length=7,
        initial=Institution._meta.get_field("brand_colour").default,
        widget=widgets.UnfoldAdminColorInputWidget(attrs={"type": "color"}),
    )


class LogoForm(PictureForm):
    """A campus's logo."""

    refusals: ClassVar[Any] = {"institutions:logo-refused": "picture"}


def _set_logo(row: Institution, said: dict[str, Any], by: User) -> str:
    services.set_logo(institution=row, content=said["picture"].read(TOO_LARGE), by=by)
    return about(row, _("The logo of %(name)s is set."))


@admin.register(Institution, site=office)
class InstitutionAdmin(ServiceAdmin):
    """Name, logo, colour, time and money of a campus."""

    one, many = gettext_lazy("campus"), gettext_lazy("campuses")
    none = gettext_lazy("There is no campus yet. Everything else belongs to one: add it first.")
    sees, manages = "institutions.view", "institutions.manage"
    over = "everybody"
    form = CampusForm
    add = adds(services.add_institution)
    change = changes(services.change_institution, "institution")
    one_at_a_time = "A school has a few campuses, and no two in one place."
    fields = (
        "name", "code", "timezone", "currency", "locale", "weekend", "brand_colour", "address", "phone", "email",
    )  # fmt: skip
    list_display = ("name", "code", "timezone", "currency")
    search_fields = ("name", "code")
    acts = (
        Act("logo", gettext_lazy("Set the logo"), manages, _set_logo, LogoForm),
        Act(
            "no-logo",
            gettext_lazy("Remove the logo"),
            manages,
            does(services.remove_logo, "institution", gettext_lazy("The logo of %(name)s is gone.")),
            applies=lambda row: bool(row.logo),
        ),
    )


class TermInline(ReadOnlyInline):
    """The terms of a year."""

    model = Term
    sees = "institutions.view"
    over = "everybody"
    fields = ("name", "kind", "starts_on", "ends_on")
    show_change_link = True
    verbose_name_plural = gettext_lazy("terms")


@admin.register(AcademicYear, site=office)
class YearAdmin(ServiceAdmin):
    """School years, and which one runs."""

    one, many = gettext_lazy("year"), gettext_lazy("years")
    none = gettext_lazy("There is no year yet. Add this one, with its first and last day.")
    sees, manages = "institutions.view", "institutions.manage"
    over = "everybody"
    joined = ("institution",)
    only_at_first = ("institution",)
    add = adds(services.plan_year, "institution")
    change = changes(services.change_year, "year")
    one_at_a_time = "Their days follow one another."
    remove = removes(services.remove_year, "year")
    fields = ("institution", "name", "starts_on", "ends_on")
    list_display = ("name", "institution", "starts_on", "ends_on", "state")
    list_filter = ("state",)
    inlines = (TermInline,)
    acts = (
        Act(
            "activate",
            gettext_lazy("Let this year run"),
            manages,
            does(services.activate_year, "year", gettext_lazy("%(name)s is the year that runs.")),
            applies=lambda row: row.state == AcademicYear.State.PLANNED,
            explanation=gettext_lazy("Rolls, rosters and lists follow the year that runs."),
        ),
        Act(
            "close",
            gettext_lazy("Close this year"),
            manages,
            does(services.close_year, "year", gettext_lazy("%(name)s is closed.")),
            applies=lambda row: row.state == AcademicYear.State.ACTIVE,
            explanation=gettext_lazy("Enrolments, assignments and the timetable of the year end with it."),
        ),
    )


@admin.register(Term, site=office)
class TermAdmin(ServiceAdmin):
    """Parts of a year."""

    one, many = gettext_lazy("term"), gettext_lazy("terms")
    none = gettext_lazy("The years have no terms yet. Add them: bills, exams and report cards go by term.")
    sees, manages = "institutions.view", "institutions.manage"
    over = "everybody"
    joined = ("year", "parent")
    only_at_first = ("year",)
    add = adds(services.add_term, "year")
    change = changes(services.change_term, "term")
    one_at_a_time = "Their days follow one another."
    remove = removes(services.remove_term, "term")
    fields = ("year", "name", "kind", "parent", "starts_on", "ends_on", "posting_opens_on", "posting_closes_on")
    list_display = ("name", "year", "kind", "starts_on", "ends_on")
    list_filter = ("year",)


@admin.register(CalendarDay, site=office)
class CalendarDayAdmin(ServiceAdmin):
    """What is special about a day; stretches of days are set on the calendar's own page."""

    one, many = gettext_lazy("day of the calendar"), gettext_lazy("days of the calendar")
    none = gettext_lazy("Every day but the weekend is a school day. Holidays and closures are entered on the calendar.")
    begins_at = "office:calendar"
    sees = "institutions.view"
    over = "everybody"
    joined = ("institution",)
    fields = ("institution", "day", "kind", "title", "starts_at", "ends_at")
    list_display = ("day", "kind", "title", "institution")
    list_filter = ("kind",)
    ordering = ("-day",)


@admin.register(GradeLevel, site=office)
class GradeLevelAdmin(ServiceAdmin):
    """Grade 1 … Grade 12, in order."""

    one, many = gettext_lazy("grade level"), gettext_lazy("grade levels")
    none = gettext_lazy("There are no grade levels yet. Add them from the lowest to the highest.")
    sees, manages = "institutions.view", "institutions.manage"
    over = "everybody"
    joined = ("next_level",)
    add = adds(services.add_grade_level)
    change = changes(services.change_grade_level, "level")
    one_at_a_time = "Each leads to the next."
    remove = removes(services.remove_grade_level, "level")
    fields = ("name", "code", "position", "next_level")
    list_display = ("name", "code", "position", "next_level")


class MemberInline(ReadOnlyInline):
    """Who belongs to a section, and who did."""

    model = SectionMembership
    sees = "students.view"
    scope = ("student", "student")
    joined = ("student",)
    fields = ("student", "roll_number", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("students")


class TeacherInline(ReadOnlyInline):
    """Who teaches a section or class."""

    model = TeachingAssignment
    sees = "staff.view"
    over = "everybody"
    joined = ("staff",)
    fields = ("staff", "kind", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("teachers")


@each_alone
def _change_sections(row: Section, said: Mapping[str, Any], reason: str, by: User) -> None:
    services.change_section(section=row, fields=said, reason=reason, by=by)


@each_alone
def _change_courses(row: Course, said: Mapping[str, Any], reason: str, by: User) -> None:
    services.change_course(course=row, fields=said, reason=reason, by=by)


@each_alone
def _change_classes(row: CourseClass, said: Mapping[str, Any], reason: str, by: User) -> None:
    services.change_class(course_class=row, fields=said, reason=reason, by=by)


@admin.register(Section, site=office)
class SectionAdmin(ServiceAdmin):
    """Homeroom groups."""

    one, many = gettext_lazy("section"), gettext_lazy("sections")
    none = gettext_lazy("There are no sections yet. Add one for each group that has a roll.")
    sees, manages = "sections.view", "sections.manage"
    scope = ("section", "")
    joined = ("grade_level", "year", "institution")
    only_at_first = ("year",)
    add = adds(services.add_section, "year", "grade_level")
    change = changes(services.change_section, "section")
    remove = removes(services.remove_section, "section")
    many_change = ManyChange(_change_sections, ("room", "capacity"))
    fields = ("year", "grade_level", "name", "room", "capacity")
    list_display = ("__str__", "year", "institution", "room", "capacity")
    list_filter = ("year", "grade_level")
    finds = sections_called
    search_fields = ("name",)
    inlines = (MemberInline, TeacherInline)


@admin.register(Course, site=office)
class CourseAdmin(ServiceAdmin):
    """Subjects taught."""

    one, many = gettext_lazy("course"), gettext_lazy("courses")
    none = gettext_lazy("There are no courses yet. Add what is taught, such as Mathematics 7.")
    sees, manages = "sections.view", "sections.manage"
    over = "everybody"
    joined = ("institution", "grade_level")
    only_at_first = ("institution",)
    add = adds(services.add_course, "institution")
    change = changes(services.change_course, "course")
    remove = removes(services.remove_course, "course")
    many_change = ManyChange(_change_courses, ("grade_level", "subject", "subject_code"))
    fields = ("institution", "code", "title", "grade_level", "subject", "subject_code")
    list_display = ("title", "code", "grade_level", "institution")
    list_filter = ("grade_level",)
    search_fields = ("title", "code", "subject")


class PupilInline(ReadOnlyInline):
    """Who is taught in a class, besides the section it is taught to as a whole."""

    model = ClassEnrolment
    sees = "students.view"
    scope = ("student", "student")
    joined = ("student",)
    fields = ("student", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("students")


class ClassForm(ServiceForm):
    """A class; without terms it runs the whole year."""

    # Not called `terms`: Django's admin refuses that name, for its table has a model of ours.
    runs_in = forms.ModelMultipleChoiceField(
        label=gettext_lazy("terms"),
        queryset=Term.objects.select_related("year"),
        required=False,
        help_text=gettext_lazy("None: the whole year."),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        row: Any = self.instance
        if row.pk and "runs_in" in self.fields:
            self.fields["runs_in"].queryset = Term.objects.filter(year=row.year_id)  # type: ignore[attr-defined]
            self.initial["runs_in"] = list(row.terms.values_list("pk", flat=True))


def _add_class(said: dict[str, Any], by: User) -> CourseClass:
    own = {name: said.pop(name) for name in ("course", "year")}
    return services.add_class(**own, terms=said.pop("runs_in"), fields=said, by=by)


def _change_class(row: CourseClass, said: dict[str, Any], version: int | None, by: User) -> None:  # noqa: ARG001
    services.change_class(course_class=row, terms=said.pop("runs_in", None), fields=said, by=by)


@admin.register(CourseClass, site=office)
class ClassAdmin(ServiceAdmin):
    """Taught groups of a course."""

    one, many = gettext_lazy("class"), gettext_lazy("classes")
    none = gettext_lazy("There are no classes yet. Add one for each course that a group is taught.")
    sees, manages = "sections.view", "sections.manage"
    scope = ("class", "")
    joined = ("course", "year", "section__grade_level", "institution")
    only_at_first = ("year",)
    form = ClassForm
    add = _add_class
    change = _change_class
    remove = removes(services.remove_class, "course_class")
    many_change = ManyChange(_change_classes, ("section", "room"))
    fields = ("year", "course", "code", "title", "section", "room", "runs_in")
    list_display = ("title", "code", "course", "section", "year", "room")
    list_filter = ("year",)
    search_fields = ("title", "code")
    inlines = (PupilInline, TeacherInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_readonly_fields(request, obj)
        return names if self.has_change_permission(request, obj) else (*names, "runs_in")

    @admin.display(description=gettext_lazy("terms"))
    def runs_in(self, row: CourseClass) -> str:
        """For who may only read: the field of the form, in words."""
        return named(row.terms.all()) or _("the whole year")
