"""The forms by which students come, move and leave. Each ends in one call to a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.office.people.selectors.sections import open_sections
from apps.office.shell.fields import about, apart, day_field
from apps.students import selectors, services
from apps.students.models import Enrolment, Guardian, Sex, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to
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

    # What is said once it is done.
    done: ClassVar[Any] = ""

    def __init__(self, *arguments: Any, by: User, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.by = by
        self.fields["on"].initial = access.today(by)

    def told(self, student: Student) -> str:
        """What was done with whom, from when on."""
        said = self.cleaned_data
        return about(student, self.done, section=apart(said.get("section", "")), day=date_format(said["on"]))


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
    done = _("%(name)s moves to %(section)s on %(day)s.")

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
    done = _("%(name)s is no longer enrolled from %(day)s.")

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
    done = _("%(name)s is enrolled in %(section)s from %(day)s.")

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


class WhoItIs(forms.ChoiceField):
    """One of those who look the same; who they are is known once the other fields are read."""

    def valid_value(self, value: Any) -> bool:
        return True


class GuardianForm(forms.Form):
    """A grown-up by what is known of them; who is on the books already is not made a second time."""

    by: User
    guardian_given_name = forms.CharField(label=_("Guardian: given name"), max_length=100, required=False)
    guardian_family_name = forms.CharField(label=_("Guardian: family name"), max_length=100, required=False)
    guardian_phone = forms.CharField(label=_("Guardian: phone"), max_length=40, required=False)
    guardian_email = forms.EmailField(label=_("Guardian: e-mail"), max_length=254, required=False)
    guardian_relation = forms.ChoiceField(label=_("Guardian is"), choices=RELATIONS)
    guardian_is = WhoItIs(label=_("May be the same"), required=False, widget=forms.RadioSelect)

    OWN: ClassVar = ("given_name", "family_name", "phone", "email")

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.alike: dict[str, Guardian] = {}
        if not self.is_bound:
            del self.fields["guardian_is"]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        told = {name: said.get(f"guardian_{name}") or "" for name in self.OWN}
        found = selectors.guardians_like(
            given=told["given_name"], family=told["family_name"], phone=told["phone"], email=told["email"],
            by=self.by, day=access.today(self.by),
        )  # fmt: skip
        self.alike = {str(each.sourced_id): each for each in found}
        if not found:
            del self.fields["guardian_is"]
            return said
        choices = [*self._choices(), ("new", _("Somebody else: make a new record"))]
        self.fields["guardian_is"].choices = choices  # type: ignore[attr-defined]
        if said.get("guardian_is") not in dict(choices):
            self.add_error("guardian_is", _("Somebody like this is on the books. Say who it is."))
        return said

    def _choices(self) -> list[tuple[str, str]]:
        links = StudentGuardian.objects.filter(
            contacts_shown_to(self.by, access.today(self.by)), guardian__in=[each.pk for each in self.alike.values()]
        )
        children: dict[int, list[str]] = {}
        for link in links.select_related("student").order_by("student__name_key", "pk"):
            children.setdefault(link.guardian_id, []).append(link.student.full_name)
        return [
            (
                key,
                ", ".join(
                    filter(None, (each.full_name, each.phone, each.email, " + ".join(children.get(each.pk, ()))))
                ),
            )
            for key, each in self.alike.items()
        ]

    @property
    def chosen(self) -> Guardian | None:
        """Who it is, where that is somebody on the books."""
        return self.alike.get(self.cleaned_data.get("guardian_is", ""))

    def facts(self) -> dict[str, Any]:
        """What is said of somebody new."""
        return {name: self.cleaned_data[f"guardian_{name}"] for name in self.OWN}


class FamilyForm(GuardianForm):
    """A guardian of a student who is there: found or made, and linked."""

    emergency_contact = forms.BooleanField(label=_("Call in an emergency"), required=False, initial=True)
    lives_with = forms.BooleanField(label=_("Lives with the student"), required=False, initial=True)
    legal_guardian = forms.BooleanField(label=_("Legal guardian"), required=False, initial=True)

    def __init__(self, *arguments: Any, by: User, **more: Any) -> None:
        self.by = by
        super().__init__(*arguments, **more)

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if self.chosen_or_new == "new" and not said.get("guardian_given_name"):
            self.add_error(
                "guardian_given_name",
                _("Say the name of somebody new, or the phone number or e-mail of somebody on the books."),
            )
        return said

    @property
    def chosen_or_new(self) -> str:
        return "new" if "guardian_is" not in self.fields else self.cleaned_data.get("guardian_is", "")

    def carry_out(self, student: Student) -> Guardian:
        """Link them; the guardian. Raises what the services raise."""
        said = self.cleaned_data
        link = {name: said[name] for name in ("emergency_contact", "lives_with", "legal_guardian")}
        with transaction.atomic():
            guardian = self.chosen or services.add_guardian(fields=self.facts(), by=self.by)
            link["relation"] = said["guardian_relation"]
            services.link_guardian(student=student, guardian=guardian, fields=link, by=self.by)
        return guardian


class AdmitForm(GuardianForm, PlaceForm):
    """A new student, where they go, and who is to be called: one guardian, and those of a brother or sister.

    Args:
        sibling: of whom what is the same is filled in.
    """

    given_name = forms.CharField(label=_("Given name"), max_length=100)
    middle_name = forms.CharField(label=_("Middle name"), max_length=100, required=False)
    family_name = forms.CharField(
        label=_("Family name"), max_length=100, required=False, help_text=_("Empty for a name of one word.")
    )
    admission_number = forms.CharField(label=_("Admission number"), max_length=40)
    birth_date = day_field(label=_("Born on"), required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=SEXES)
    another_child = forms.BooleanField(label=_("It is another child"), required=False)
    family = forms.MultipleChoiceField(
        label=_("Guardians of the brother or sister"), required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = (
        "given_name", "middle_name", "family_name", "another_child", "admission_number", "birth_date", "sex", "section",
        "roll_number", "entry_kind", "on", "reason", "family", "guardian_given_name", "guardian_family_name",
        "guardian_phone", "guardian_email", "guardian_relation", "guardian_is",
    )  # fmt: skip

    def __init__(self, *arguments: Any, sibling: Student | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        links = self._links_of(sibling) if sibling is not None else []
        self.links = {str(link.guardian.sourced_id): link for link in links}
        if not self.is_bound:
            del self.fields["another_child"]
        if not links:
            del self.fields["family"]
        else:
            field: Any = self.fields["family"]
            field.choices = [
                (key, f"{link.guardian.full_name} ({link.get_relation_display()})") for key, link in self.links.items()
            ]
            field.initial = list(self.links)
        if sibling is not None:
            self.fields["family_name"].initial = sibling.family_name

    def _links_of(self, sibling: Student) -> list[StudentGuardian]:
        shown = contacts_shown_to(self.by, access.today(self.by))
        rows = StudentGuardian.objects.filter(shown, student=sibling, restriction_note="")
        return list(rows.select_related("guardian").order_by("contact_priority", "pk"))

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        found = selectors.students_like(
            given=said.get("given_name") or "", family=said.get("family_name") or "",
            birth_date=said.get("birth_date"), by=self.by, day=access.today(self.by),
        )  # fmt: skip
        if not found:
            del self.fields["another_child"]
        elif not said.get("another_child"):
            named = ", ".join(f"{each.full_name} ({each.admission_number}, {each.institution.name})" for each in found)
            words = _(
                "This child may be on the books already: %(names)s. Look there first, or tick that it is another."
            )
            self.add_error("another_child", words % {"names": named})
        return said

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
        gives = ("relation", "legal_guardian", "lives_with", "emergency_contact")
        shared = [self.links[key] for key in said.get("family", ())]
        family = [
            AdmittedGuardian(guardian=link.guardian, link={name: getattr(link, name) for name in gives})
            for link in shared
        ]
        if not said["guardian_given_name"] and self.chosen is None:
            return family
        known = self.chosen
        one = AdmittedGuardian(
            guardian=known, fields={} if known else self.facts(), link={"relation": said["guardian_relation"]}
        )
        return [*family, one]


class PlannedForm(ReasonedForm):
    """Another day for what is planned; or, by another button, none."""

    def __init__(self, *arguments: Any, planned_on: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["on"].initial = planned_on
        self.fields["on"].label = _("On")


class MergeForm(forms.Form):
    """Why two records are of one child."""

    reason = forms.CharField(label=_("Reason"), max_length=500)
