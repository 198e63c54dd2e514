"""The forms by which students come, move and leave. Each ends in one call to a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.office.people.selectors.sections import open_sections
from apps.office.shell.fields import day_field
from apps.students import services
from apps.students.models import Enrolment, Sex, Student, StudentGuardian
from apps.students.services import AdmittedGuardian, Placement

EXITS = (
    (Enrolment.Exit.WITHDREW, _("Withdrew")),
    (Enrolment.Exit.TRANSFERRED_OUT, _("Went to another school")),
    (Enrolment.Exit.GRADUATED, _("Graduated")),
    (Enrolment.Exit.EXPELLED, _("Expelled")),
    (Enrolment.Exit.DIED, _("Died")),
    (Enrolment.Exit.OTHER, _("Another reason")),
)
ENTRIES = (
    (Enrolment.Entry.NEW, _("New")),
    (Enrolment.Entry.TRANSFERRED_IN, _("From another school")),
    (Enrolment.Entry.RETURNED, _("Came back")),
    (Enrolment.Entry.PROMOTED, _("Promoted")),
    (Enrolment.Entry.RETAINED, _("Repeats the grade")),
)
SEXES = (
    (Sex.UNSPECIFIED, _("Not said")),
    (Sex.FEMALE, _("Female")),
    (Sex.MALE, _("Male")),
    (Sex.OTHER, _("Other")),
)
RELATIONS = (
    (StudentGuardian.Relation.MOTHER, _("Mother")),
    (StudentGuardian.Relation.FATHER, _("Father")),
    (StudentGuardian.Relation.GRANDPARENT, _("Grandparent")),
    (StudentGuardian.Relation.STEP_PARENT, _("Step-parent")),
    (StudentGuardian.Relation.FOSTER_PARENT, _("Foster parent")),
    (StudentGuardian.Relation.GUARDIAN, _("Guardian")),
    (StudentGuardian.Relation.OTHER, _("Other")),
)


if TYPE_CHECKING:
    _ModelChoiceField = forms.ModelChoiceField[Section]
else:
    _ModelChoiceField = forms.ModelChoiceField


class SectionChoice(_ModelChoiceField):
    """A section, with its year and campus."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} – {obj.year.name}, {obj.institution.name}"


class ReasonedForm(forms.Form):
    """A change from a day on; of a day that has passed only with a reason."""

    on = day_field(label=_("From"))
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500, help_text=_("Needed for a day that has passed.")
    )

    def __init__(self, *arguments: Any, by: User, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.by = by
        self.fields["on"].initial = access.today(by)


class SectionForm(ReasonedForm):
    """The same, into a section of a year that is not over."""

    section = SectionChoice(label=_("Section"), queryset=Section.objects.none())
    roll_number = forms.IntegerField(label=_("Roll number"), required=False, min_value=1, max_value=999)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["section"].queryset = open_sections(self.by, access.today(self.by))  # type: ignore[attr-defined]


class MoveForm(SectionForm):
    """To another section."""

    field_order = ("section", "roll_number", "on", "reason")

    def carry_out(self, student: Student) -> None:
        """Call the service. Raises what it raises."""
        said = self.cleaned_data
        services.move_section(
            student=student,
            section=said["section"],
            on=said["on"],
            roll_number=said["roll_number"],
            reason=said["reason"],
            by=self.by,
        )


class WithdrawForm(ReasonedForm):
    """The first day on which the student is no longer enrolled, and why."""

    exit_kind = forms.ChoiceField(label=_("Why"), choices=EXITS)
    field_order = ("on", "exit_kind", "reason")

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["on"].label = _("First day no longer enrolled")

    def carry_out(self, student: Student) -> None:
        """Call the service. Raises what it raises."""
        said = self.cleaned_data
        services.withdraw_student(
            student=student, on=said["on"], exit_kind=said["exit_kind"], reason=said["reason"], by=self.by
        )


class PlaceForm(SectionForm):
    """Into a section, whose year and grade level are the enrolment's."""

    entry_kind = forms.ChoiceField(label=_("Comes as"), choices=ENTRIES, initial=Enrolment.Entry.NEW)
    field_order: Any = ("section", "roll_number", "entry_kind", "on", "reason")

    def placement(self) -> Placement:
        """Where the student goes."""
        said = self.cleaned_data
        return Placement(
            year=said["section"].year,
            grade_level=said["section"].grade_level,
            section=said["section"],
            entered_on=said["on"],
            entry_kind=said["entry_kind"],
            roll_number=said["roll_number"],
        )

    def carry_out(self, student: Student) -> None:
        """Call the service. Raises what it raises."""
        services.re_enrol_student(
            student=student, placement=self.placement(), reason=self.cleaned_data["reason"], by=self.by
        )


class AdmitForm(PlaceForm):
    """A new student, where they go, and one guardian to call."""

    given_name = forms.CharField(label=_("Given name"), max_length=100)
    middle_name = forms.CharField(label=_("Middle name"), max_length=100, required=False)
    family_name = forms.CharField(
        label=_("Family name"), max_length=100, required=False, help_text=_("Empty for a name of one word.")
    )
    admission_number = forms.CharField(label=_("Admission number"), max_length=40)
    birth_date = day_field(label=_("Born on"), required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=SEXES)
    guardian_given_name = forms.CharField(label=_("Guardian: given name"), max_length=100, required=False)
    guardian_family_name = forms.CharField(label=_("Guardian: family name"), max_length=100, required=False)
    guardian_phone = forms.CharField(label=_("Guardian: phone"), max_length=40, required=False)
    guardian_relation = forms.ChoiceField(label=_("Guardian is"), choices=RELATIONS)
    field_order = (
        "given_name", "middle_name", "family_name", "admission_number", "birth_date", "sex", "section", "roll_number",
        "entry_kind", "on", "reason", "guardian_given_name", "guardian_family_name", "guardian_phone",
        "guardian_relation",
    )  # fmt: skip

    def admit(self) -> Student:
        """The new student. Raises what ``admit_student`` raises."""
        said = self.cleaned_data
        own = ("given_name", "middle_name", "family_name", "admission_number", "birth_date", "sex")
        student, _enrolment = services.admit_student(
            institution=said["section"].institution,
            fields={name: said[name] for name in own},
            placement=self.placement(),
            guardians=self._guardians(),
            reason=said["reason"],
            by=self.by,
        )
        return student

    def _guardians(self) -> list[AdmittedGuardian]:
        said = self.cleaned_data
        if not said["guardian_given_name"]:
            return []
        fields = {name: said[f"guardian_{name}"] for name in ("given_name", "family_name", "phone")}
        return [AdmittedGuardian(fields=fields, link={"relation": said["guardian_relation"]})]
