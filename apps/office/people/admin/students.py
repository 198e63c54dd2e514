"""Students, their guardians, and where they are enrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from unfold import widgets

from apps.access import services as access
from apps.accounts.models import User
from apps.family import services as family
from apps.family.models import ContactRequest
from apps.institutions.models import AcademicYear, Section
from apps.office.people.pages.placing import EXITS, SectionChoice
from apps.office.people.selectors.sections import open_sections
from apps.office.shell.acts import Act, Once, does
from apps.office.shell.addresses import link_to
from apps.office.shell.base import TOO_LARGE, ServiceAdmin, adds, changes, removes
from apps.office.shell.fields import about, day_field, whole_number
from apps.office.shell.forms import PictureForm, ServiceForm
from apps.office.shell.many import ManyChange, Refused, each_alone
from apps.office.shell.permitted import Permitted, ReadOnlyInline
from apps.office.shell.site import actor, office
from apps.office.shell.words import said
from apps.students import services
from apps.students.errors import NotEnrolled
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to, guardians_matching, guardians_shown_to, matching
from apps.students.services import changing, guardians
from apps.students.services.books import put_on_books
from apps.students.services.placing import SectionPlace


def _places(rows: Sequence[Student]) -> Mapping[int, Any]:
    """The latest place of each in a section: every move makes one."""
    held = SectionMembership.objects.filter(student__in=rows).order_by()
    return dict(held.values_list("student").annotate(Max("pk")))


def _change_students(rows: Sequence[Student], said: Mapping[str, Any], reason: str, by: User) -> Refused:
    if "section" in said:
        starts_on = said.get("on") or access.today(by)
        places = [SectionPlace(row, said["section"], starts_on) for row in rows]
        return put_on_books(places, reason=reason, by=by).refused
    changes = [changing.StudentChange(row, said) for row in rows]
    return changing.change_students(changes, reason=reason, by=by).refused


def _section(by: User) -> forms.Field:
    rows = open_sections(by, access.today(by))
    return SectionChoice(
        label=gettext_lazy("Move to section"), queryset=rows, required=False, empty_label=_("leave where they are")
    )


def _from(by: User) -> forms.Field:
    return day_field(label=gettext_lazy("Moves from"), initial=access.today(by), required=False)


def _change_links(rows: Sequence[StudentGuardian], said: Mapping[str, Any], reason: str, by: User) -> Refused:
    return guardians.change_guardian_links([(row, said) for row in rows], reason=reason, by=by).refused


def _change_guardians(rows: Sequence[Guardian], said: Mapping[str, Any], reason: str, by: User) -> Refused:
    changes = [guardians.GuardianChange(row, said) for row in rows]
    return guardians.change_guardians(changes, reason=reason, by=by).refused


CHANNELS = (("email", gettext_lazy("E-mail")), ("sms", gettext_lazy("SMS")), ("in-app", gettext_lazy("In the app")))


class SectionToday(admin.SimpleListFilter):
    """Students by the section they belong to today."""

    title = gettext_lazy("section")
    parameter_name = "section"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        sections = office.rows_of(Section, request)
        if sections is None:
            return []
        running = sections.filter(year__state=AcademicYear.State.ACTIVE).order_by("grade_level__position", "name")
        named = running.values_list("pk", "grade_level__name", "name")
        return [(str(key), f"{level} {name}") for key, level, name in named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        section = whole_number(self.value() or "")
        if section is None:
            return queryset
        day = access.today(actor(request))
        members = SectionMembership.objects.filter(section_id=section).on(day)
        return queryset.filter(pk__in=members.values("student"))


class EnrolmentInline(ReadOnlyInline):
    """The student's enrolments, newest first."""

    model = Enrolment
    sees = "students.view"
    scope = ("student", "student")
    joined = ("year", "institution", "grade_level")
    fields = ("year", "institution", "grade_level", "entered_on", "entry_kind", "exited_on", "exit_kind", "primary")
    verbose_name_plural = gettext_lazy("enrolments")


class MembershipInline(ReadOnlyInline):
    """The sections the student belonged to."""

    model = SectionMembership
    sees = "students.view"
    scope = ("student", "student")
    joined = ("section__grade_level", "section__year")
    fields = ("section", "roll_number", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("sections")


class _ShownContacts(Permitted):
    """Links as whoever asks may know of them: who is barred from a student is nobody to call for most of them."""

    def within(self, request: HttpRequest, rows: QuerySet[Any], code: str) -> QuerySet[Any]:
        by = actor(request)
        reached: QuerySet[Any] = super().within(request, rows, code)
        return reached.filter(contacts_shown_to(by, access.today(by)))


class GuardianLinkInline(_ShownContacts, ReadOnlyInline):
    """Who is responsible, in the order in which they are called."""

    model = StudentGuardian
    sees = "guardians.view"
    scope = ("student", "student")
    joined = ("guardian",)
    fields = ("guardian", "relation", "contact_priority", "lives_with", "emergency_contact", "data_access")
    show_change_link = True
    verbose_name_plural = gettext_lazy("family")


class StudentForm(ServiceForm):
    """What the books say of a student."""

    refusals: ClassVar[Any] = {"students:login-taken": "user"}


class PhotoForm(PictureForm):
    """A student's photo."""

    refusals: ClassVar[Any] = {"students:photo-refused": "picture"}


def _set_photo(row: Student, said: dict[str, Any], by: User) -> str:
    services.set_photo(student=row, content=said["picture"].read(TOO_LARGE), by=by)
    return about(row, _("The photo of %(name)s is set."))


@admin.register(Student, site=office)
class StudentAdmin(ServiceAdmin):
    """Students on the books, without records that were merged into another. Its list leads to the student's page."""

    one, many = gettext_lazy("student"), gettext_lazy("students")
    none = gettext_lazy("There are no students yet. Admit one, or bring in a file of all.")
    begins_at = "office:rosters"
    sees, manages = "students.view", "students.manage"
    scope = ("student", "")
    joined = ("institution",)
    only_at_first = ("institution",)
    form = StudentForm
    change = changes(services.change_student, "student", versioned=True)
    list_display = ("full_name", "admission_number", "section_today", "birth_date", "details")
    list_display_links = None
    list_filter = (SectionToday,)
    many_change = ManyChange(
        _change_students,
        ("sex", "family_name", "email", "phone", "address"),
        {"section": _section, "on": _from},
        _places,
    )
    finds = matching
    search_fields = ("searched",)
    search_help_text = gettext_lazy("Name or admission number")
    inlines = (GuardianLinkInline, EnrolmentInline, MembershipInline)
    own = (
        "institution", "admission_number", "given_name", "middle_name", "family_name", "preferred_name", "birth_date",
        "sex", "email", "phone", "address",
    )  # fmt: skip
    acts = (
        Act("photo", gettext_lazy("Set the photo"), manages, _set_photo, PhotoForm),
        Act(
            "no-photo",
            gettext_lazy("Remove the photo"),
            manages,
            does(services.remove_photo, "student", gettext_lazy("The photo of %(name)s is gone.")),
            applies=lambda row: bool(row.photo),
        ),
    )

    change_list_template = "office/people/student_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may = {"may_admit": self._holds(request, self.manages)}
        return super().changelist_view(request, {**(extra_context or {}), **may})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        held = SectionMembership.objects.on(access.today(actor(request))).filter(student=OuterRef("pk"))
        name = held.order_by("-starts_on", "-id").annotate(
            full=Concat(F("section__grade_level__name"), Value(" "), F("section__name"))
        )
        kept = super().get_queryset(request).filter(merged_into__isnull=True)
        rows: QuerySet[Any] = kept.annotate(section_name=Subquery(name.values("full")[:1]))
        return rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        seen = obj is not None and self._holds_over(request, "students.view_medical", obj)
        return (*self.own, "medical_note") if seen else self.own

    def ways_from(self, request: HttpRequest, row: Student) -> list[dict[str, Any]]:
        # Admitting, moving and withdrawing stand on pages of their own, and these on the student's.
        page = {"title": _("The student’s page"), "address": reverse("office:student", args=(row.sourced_id,))}
        return [page, *super().ways_from(request, row)]

    @admin.display(description=gettext_lazy("name"), ordering="name_key")
    def full_name(self, row: Student) -> SafeString:
        return link_to("office:student", row.sourced_id, row.full_name)

    @admin.display(description=gettext_lazy("details"))
    def details(self, row: Student) -> SafeString:
        heard = said(gettext_noop("Details of %(name)s")) % {"name": row}
        return link_to(self._name("change"), row.pk, said(gettext_noop("Details")), heard=heard)

    @admin.display(description=gettext_lazy("section today"))
    def section_today(self, row: Any) -> str:
        return row.section_name or "–"


class StudentsInline(_ShownContacts, ReadOnlyInline):
    """Of whom somebody is a guardian."""

    model = StudentGuardian
    sees = "guardians.view"
    scope = ("student", "student")
    joined = ("student",)
    fields = ("student", "relation", "contact_priority", "lives_with", "emergency_contact", "data_access")
    show_change_link = True
    verbose_name_plural = gettext_lazy("students")


def _see_as(row: Guardian, _said: dict[str, Any], by: User) -> Once:
    address = reverse("family:see-as", args=[family.begin_seeing_as(guardian=row, by=by)])
    title = _("See the family’s pages as %(name)s") % {"name": row.full_name}
    return Once(title, {_("Until"): _("a quarter of an hour from now")}, (_("To the pages"), address))


@admin.register(Guardian, site=office)
class GuardianAdmin(ServiceAdmin):
    """Grown-ups responsible for students, with a login of their own or none."""

    one, many = gettext_lazy("guardian"), gettext_lazy("guardians")
    none = gettext_lazy("There are no guardians yet. They are added on a child’s page, or come with a file.")
    begins_at = "office:rosters"
    sees, manages = "guardians.view", "guardians.manage"
    over = "student"
    add = adds(services.add_guardian)
    change = changes(services.change_guardian, "guardian", versioned=True)
    fields = ("given_name", "family_name", "email", "phone", "address", "language")
    list_display = ("full_name", "phone", "email")
    many_change = ManyChange(_change_guardians, ("language", "phone", "address"))
    finds = guardians_matching
    search_fields = ("searched",)
    inlines = (StudentsInline,)
    joined = ("user",)
    acts = (
        Act(
            "see-as",
            gettext_lazy("See the family’s pages as this guardian"),
            "family.see_as",
            _see_as,
            applies=lambda row: row.user_id is not None,
            explanation=gettext_lazy("For a quarter of an hour, and only to look. The family reads that you did."),
        ),
    )

    def ways_from(self, request: HttpRequest, row: Guardian) -> list[dict[str, Any]]:
        merge = {
            "title": _("Merge with another record"),
            "address": reverse("office:guardian-merge", args=[row.sourced_id]),
        }
        ways = super().ways_from(request, row)
        return [*ways, merge] if self._holds(request, self.manages) else ways

    def within(self, request: HttpRequest, rows: QuerySet[Any], code: str) -> QuerySet[Any]:
        by = actor(request)
        if not self._holds(request, code):
            return rows.none()
        return rows.filter(guardians_shown_to(by, code, access.today(by)), merged_into=None)

    def _tells(self, request: HttpRequest, row: Any) -> bool:
        return self._holds_over(request, "audit.view", row)

    @admin.display(description=gettext_lazy("name"), ordering="name_key")
    def full_name(self, row: Guardian) -> str:
        return row.full_name


def _accept(row: ContactRequest, _said: dict[str, Any], by: User) -> str:
    family.accept_contacts(wish=row.sourced_id, by=by)
    return about(row.guardian, _("The contacts of %(name)s are changed."))


def _refuse(row: ContactRequest, _said: dict[str, Any], by: User) -> str:
    family.refuse_contacts(wish=row.sourced_id, by=by)
    return about(row.guardian, _("The contacts of %(name)s stay as they are."))


def _undecided(row: ContactRequest) -> bool:
    return row.state == ContactRequest.State.REQUESTED


@admin.register(ContactRequest, site=office)
class ContactRequestAdmin(ServiceAdmin):
    """What guardians ask to be corrected of how they are reached."""

    one, many = gettext_lazy("correction asked for"), gettext_lazy("corrections asked for")
    none = gettext_lazy("No family asks for a correction. It stands here when one does.")
    sees = manages = "guardians.manage"
    over = "student"
    joined = ("guardian", "decided_by")
    list_display = ("guardian", "phone", "email", "state", "asked_at")
    list_filter = ("state",)
    ordering = ("-id",)
    search_fields = ("guardian__searched",)
    fields = ("guardian", "phone", "email", "state", "asked_at", "decided_by", "decided_at")
    acts = (
        Act("accept", gettext_lazy("Accept"), manages, _accept, applies=_undecided),
        Act("refuse", gettext_lazy("Refuse"), manages, _refuse, applies=_undecided),
    )

    def within(self, request: HttpRequest, rows: QuerySet[Any], code: str) -> QuerySet[Any]:
        by = actor(request)
        if not self._holds(request, code):
            return rows.none()
        shown = guardians_shown_to(by, code, access.today(by))
        return rows if shown == Q() else rows.filter(guardian__in=Guardian.objects.filter(shown).values("pk"))


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

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if self.instance.pk and "contact_priority" in self.fields:
            # Only who comes to the others can be put after them.
            self.fields["contact_priority"].required = True


def _link(said: dict[str, Any], by: User) -> StudentGuardian:
    student, guardian = said.pop("student"), said.pop("guardian")
    if said.get("contact_priority") is None:
        said.pop("contact_priority", None)
    return services.link_guardian(student=student, guardian=guardian, fields=said, by=by)


@admin.register(StudentGuardian, site=office)
class GuardianLinkAdmin(_ShownContacts, ServiceAdmin):
    """Access is this explicit link: given here, or taken away."""

    one, many = gettext_lazy("link of a guardian"), gettext_lazy("links of guardians")
    none = gettext_lazy("No guardian belongs to a child yet. Add one on the child’s page.")
    begins_at = "office:students_student_changelist"
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
    search_fields = ("student__searched", "guardian__family_name", "guardian__given_name")
    many_change = ManyChange(
        _change_links,
        (
            "relation", "legal_guardian", "lives_with", "emergency_contact", "data_access", "receives_invoices",
            "channels",
        ),
    )  # fmt: skip
    own = (
        "student", "guardian", "relation", "contact_priority", "legal_guardian", "lives_with", "emergency_contact",
        "data_access", "receives_invoices", "channels",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        code = "students.view_custody"
        seen = self._holds_over_all(request, code) if obj is None else self._holds_over(request, code, obj)
        return (*self.own, "restriction_note") if seen else self.own

    def _holds_over_all(self, request: HttpRequest, code: str) -> bool:
        """Whether whoever asks holds ``code`` over every student they could link: which one it is, nobody knows yet."""
        if not self._holds(request, code):
            return False
        students = office.admin_of(Student)
        linkable = students.within(request, Student.objects.all(), self.manages)
        seen = students.within(request, Student.objects.all(), code)
        return not linkable.exclude(pk__in=seen.values("pk")).exists()


@each_alone
def _end_enrolments(row: Enrolment, said: Mapping[str, Any], reason: str, by: User) -> None:
    on = said["on"]
    # It is this enrolment that was ticked, and none of another year.
    if not (row.primary and row.entered_on <= on <= row.until):
        raise NotEnrolled(day=on)
    kind = said.get("exit_kind") or Enrolment.Exit.WITHDREW
    ended = services.withdraw_student(student=row.student, on=on, exit_kind=kind, reason=reason, by=by)
    # On the day that one ends another may begin: it was not ticked, and stays.
    if ended.pk != row.pk:
        raise NotEnrolled(day=on)


def _last(by: User) -> forms.Field:  # noqa: ARG001 - as each of these is asked for
    return day_field(
        label=gettext_lazy("Leaves on"), required=False, help_text=gettext_lazy("The first day they are not enrolled.")
    )


def _exit(by: User) -> forms.Field:  # noqa: ARG001
    return forms.ChoiceField(label=gettext_lazy("How they leave"), choices=EXITS, required=False)


def _exits(rows: Sequence[Enrolment]) -> Mapping[int, Any]:
    return {row.pk: row.exited_on or "" for row in rows}


@admin.register(Enrolment, site=office)
class EnrolmentAdmin(ServiceAdmin):
    """Who was enrolled where and when. What changes an enrolment stands on the student's page."""

    one, many = gettext_lazy("enrolment"), gettext_lazy("enrolments")
    none = gettext_lazy("Nobody is in a section yet. Admit somebody, or bring in a file.")
    begins_at = "office:rosters"
    sees, manages = "students.view", "students.manage"
    scope = ("student", "student")
    joined = ("student", "year", "institution", "grade_level")
    many_change = ManyChange(_end_enrolments, (), {"on": _last, "exit_kind": _exit}, _exits)
    fields = ("student", "institution", "year", "grade_level", "entered_on", "entry_kind", "exited_on", "exit_kind")
    list_display = ("student", "year", "grade_level", "entered_on", "exited_on", "exit_kind")
    list_filter = ("year", "grade_level", "exit_kind")
    search_fields = ("student__searched",)
