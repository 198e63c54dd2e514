"""Students and their guardians, and the dated facts of where they are enrolled.

All ranges are half-open, ``[from, to)``: the second day is the first on which it is no longer so, as OneRoster's
``endDate``. An open end is ``None``: the row's year ends it, as ``institutions.models.not_over`` says for all of them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.institutions.models import (
    AcademicYear,
    CourseClass,
    GradeLevel,
    Institution,
    Section,
    days,
    holds_on,
    not_over,
)
from schoolops import folding, twins
from schoolops.context import current_school
from schoolops.privacy import Fate, Held, Kept, Person, Privacy
from schoolops.rows import LONGEST_NOTE, ROSTERED, PublicRow, Rostered, RosteredQuerySet, called


class Sex(models.TextChoices):
    """OneRoster's values."""

    MALE = "male"
    FEMALE = "female"
    UNSPECIFIED = "unspecified"
    OTHER = "other"


def photo_path(student: Student, filename: str) -> str:
    """Where a student's photo is stored, below the school's own folder."""
    return f"{current_school().schema_name}/photos/{student.sourced_id}/{filename}"


class PeopleQuerySet(RosteredQuerySet):
    """Vocabulary of students and guardians."""

    def kept(self) -> PeopleQuerySet:
        """Without the records that were merged into another."""
        return self.filter(merged_into__isnull=True)


class Student(Rostered):
    """A child on the school's books. Needs no login, no e-mail and no second name."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="students")
    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="student")
    admission_number = models.CharField(max_length=40)
    admission_number_twin = twins.count()
    given_name = models.CharField(max_length=100)
    middle_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    preferred_name = models.CharField(max_length=100, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=11, choices=Sex.choices, default=Sex.UNSPECIFIED)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.TextField(max_length=LONGEST_NOTE, blank=True)
    photo = models.FileField(upload_to=photo_path, max_length=300, blank=True)
    medical_note = models.TextField(
        max_length=LONGEST_NOTE, blank=True, help_text="Shown only to those who may see it."
    )
    version = models.PositiveIntegerField(default=1)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="merged_from"
    )
    name_key = folding.stored(folding.NameKey("family_name", "given_name"))
    searched = folding.stored(
        folding.Searched("given_name", "middle_name", "family_name", "preferred_name", "admission_number")
    )

    objects: ClassVar[Any] = PeopleQuerySet.as_manager()
    privacy: ClassVar[Privacy] = Privacy(
        public=ROSTERED
        | {
            "institution", "user", "admission_number", "given_name", "middle_name", "family_name", "preferred_name",
            "sex", "version", "merged_into", "name_key", "searched", "admission_number_twin",
        },
        personal=frozenset({"birth_date", "email", "phone", "address", "photo"}),
        private={"medical_note": "students.view_medical"},
    )  # fmt: skip

    held: ClassVar[Held] = {"user": Fate.SAME, "merged_into": Fate.SAME}
    person: ClassVar[Person] = Person(
        kind="student",
        number="admission_number",
        identity={
            "admission_number": lambda student: f"~{student.sourced_id}", "given_name": "~", "middle_name": "",
            "family_name": "", "birth_date": None, "sex": Sex.UNSPECIFIED,
        },
        blanks={"preferred_name": "", "email": "", "phone": "", "address": "", "photo": "", "medical_note": ""},
    )  # fmt: skip

    class Meta:
        ordering = ("name_key", "id")
        constraints = (
            twins.once("admission_number", within=("institution",), name="student_admission_number"),
            models.CheckConstraint(condition=~Q(given_name=""), name="student_has_a_name"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="student_not_merged_into_itself"
            ),
        )

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.given_name, self.middle_name, self.family_name) if part)


class Guardian(Rostered):
    """A grown-up responsible for a student. Has a login of their own, or none."""

    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="guardian")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.TextField(max_length=LONGEST_NOTE, blank=True)
    language = models.CharField(max_length=12, blank=True)
    version = models.PositiveIntegerField(default=1)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="merged_from"
    )
    name_key = folding.stored(folding.NameKey("family_name", "given_name"))
    searched = folding.stored(folding.Searched("given_name", "family_name", "email", folding.Digits("phone")))

    objects: ClassVar[Any] = PeopleQuerySet.as_manager()
    privacy: ClassVar[Privacy] = Privacy(
        public=ROSTERED | {"user", "given_name", "family_name", "language", "version", "name_key", "merged_into"},
        personal=frozenset({"email", "phone", "address", "searched"}),
    )

    held: ClassVar[Held] = {"user": Fate.SAME, "merged_into": Fate.SAME}
    person: ClassVar[Person] = Person(
        kind="guardian",
        number="",
        identity={"given_name": "~", "family_name": ""},
        blanks={"email": "", "phone": "", "address": "", "language": ""},
    )

    class Meta:
        ordering = ("name_key", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="guardian_not_merged_into_itself"
            ),
        )

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class StudentGuardian(PublicRow):
    """Access is this explicit link: ``data_access`` given and no restriction, never a surname or a household."""

    class Relation(models.TextChoices):
        MOTHER = "mother"
        FATHER = "father"
        GRANDPARENT = "grandparent"
        STEP_PARENT = "step-parent"
        FOSTER_PARENT = "foster-parent"
        GUARDIAN = "guardian"
        OTHER = "other"

    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="guardian_links")
    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, db_index=False, related_name="student_links")
    relation = models.CharField(max_length=13, choices=Relation.choices, default=Relation.GUARDIAN)
    legal_guardian = models.BooleanField(default=True)
    lives_with = models.BooleanField(default=True)
    emergency_contact = models.BooleanField(default=True)
    contact_priority = models.PositiveSmallIntegerField()
    data_access = models.BooleanField(default=True)
    # A court order, for instance. Not blank: no access, whatever `data_access` says.
    restriction_note = models.TextField(max_length=LONGEST_NOTE, blank=True)
    receives_invoices = models.BooleanField(default=False)
    channels = ArrayField(models.CharField(max_length=8), default=list, help_text="email, sms, in-app")

    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset(
            {
                "id", "sourced_id", "student", "guardian", "relation", "legal_guardian", "lives_with",
                "emergency_contact", "contact_priority", "data_access", "receives_invoices", "channels",
            }
        ),
        private={"restriction_note": "students.view_custody"},
    )  # fmt: skip

    held: ClassVar[Held] = {"student": Fate.GOES, "guardian": Fate.GOES}

    class Meta:
        ordering = ("contact_priority",)
        constraints = (
            models.UniqueConstraint(fields=("student", "guardian"), name="guardian_linked_once"),
            models.UniqueConstraint(
                fields=("student", "contact_priority"),
                name="guardian_priority_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(contact_priority__gte=1), name="guardian_priority_from_one"),
        )

    def __str__(self) -> str:
        return called(self.guardian, self.student)

    @property
    def may_see(self) -> bool:
        return self.data_access and not self.restriction_note


def _days_enrolled() -> Func:
    over = ExpressionWrapper(F("year_ends_on") + Value(1), output_field=models.DateField())
    # What begins after its year is refused by a trigger; until that speaks it is an empty range, not an error.
    until = Greatest("entered_on", Coalesce("exited_on", over))
    return Func(F("entered_on"), until, Value("[)"), function="daterange", output_field=DateRangeField())


class EnrolmentQuerySet(RosteredQuerySet):
    """Vocabulary of enrolments, which hold during ``[entered_on, exited_on)``, or to the end of their year."""

    def on(self, day: Any) -> EnrolmentQuerySet:
        """Those that make somebody a student on ``day``."""
        return self.filter(holds_on(day, "year_ends_on", starts="entered_on", ends="exited_on"), primary=True)

    def not_over(self, day: dt.date) -> EnrolmentQuerySet:
        """Those that do on ``day`` or later, and on some day at all."""
        ends = not_over(day, "year_ends_on", ends="exited_on")
        return self.filter(ends, primary=True).exclude(exited_on=F("entered_on"))


class Enrolment(Rostered):
    """A dated fact: this student, this institution, this year, this grade level, ``[entered_on, exited_on)``.

    Without an exit it ends with its year, so that next year's stands beside it before the year is closed.
    """

    class Entry(models.TextChoices):
        NEW = "new"
        PROMOTED = "promoted"
        RETAINED = "retained"
        TRANSFERRED_IN = "transferred-in"
        RETURNED = "returned"

    class Exit(models.TextChoices):
        WITHDREW = "withdrew"
        TRANSFERRED_OUT = "transferred-out"
        GRADUATED = "graduated"
        EXPELLED = "expelled"
        DIED = "died"
        YEAR_ENDED = "year-ended"
        OTHER = "other"

    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="enrolments")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="enrolments")
    year = models.ForeignKey(AcademicYear, on_delete=models.PROTECT, db_index=False, related_name="enrolments")
    grade_level = models.ForeignKey(GradeLevel, on_delete=models.PROTECT, db_index=False, related_name="enrolments")
    entered_on = models.DateField()
    entry_kind = models.CharField(max_length=14, choices=Entry.choices, default=Entry.NEW)
    exited_on = models.DateField(null=True, blank=True)
    exit_kind = models.CharField(max_length=15, choices=Exit.choices, blank=True)
    primary = models.BooleanField(default=True)
    # Repeated from the year, so that the database can see where an enrolment without an exit ends. Filled by a trigger,
    # held equal by a composite foreign key: whoever changes the year's last day changes it here, checks included.
    year_ends_on = models.DateField(editable=False)

    objects: ClassVar[Any] = EnrolmentQuerySet.as_manager()

    held: ClassVar[Held] = {"student": Kept(law="enrolment", since=("exited_on", "year_ends_on"))}

    class Meta:
        ordering = ("-entered_on", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(exited_on__isnull=True, exit_kind="")
                | (Q(exited_on__gte=F("entered_on")) & ~Q(exit_kind="")),
                name="enrolment_exit_after_entry",
            ),
            # The target of memberships' composite foreign key.
            models.UniqueConstraint(fields=("id", "student"), name="enrolment_id_student"),
            ExclusionConstraint(
                name="enrolment_no_overlap",
                expressions=[
                    ("student", RangeOperators.EQUAL),
                    (_days_enrolled(), RangeOperators.OVERLAPS),
                ],
                condition=Q(primary=True),
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.year)

    @property
    def until(self) -> dt.date:
        """The first day it no longer holds."""
        return self.exited_on or self.year.over_on

    def holds(self, day: dt.date) -> bool:
        return self.entered_on <= day < self.until


class MembershipQuerySet(QuerySet[Any]):
    """Rows that hold during ``[starts_on, ends_on)``, or from ``starts_on`` to the end of the section's year."""

    def on(self, day: Any) -> MembershipQuerySet:
        """Those that hold on ``day``."""
        return self.filter(holds_on(day, "section__year__ends_on"))

    def not_over(self, day: dt.date) -> MembershipQuerySet:
        """Those that hold on ``day`` or later, and on some day at all."""
        return self.filter(not_over(day, "section__year__ends_on")).exclude(ends_on=F("starts_on"))


class ClassEnrolmentQuerySet(RosteredQuerySet):
    """The same of places in classes."""

    def on(self, day: Any) -> ClassEnrolmentQuerySet:
        """Those that hold on ``day``."""
        return self.filter(holds_on(day, "course_class__year__ends_on"))

    def not_over(self, day: dt.date) -> ClassEnrolmentQuerySet:
        """Those that hold on ``day`` or later, and on some day at all."""
        return self.filter(not_over(day, "course_class__year__ends_on")).exclude(ends_on=F("starts_on"))


class SectionMembership(PublicRow):
    """During ``[starts_on, ends_on)`` this enrolment belongs to this section. Moving ends one and begins another."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, db_index=False, related_name="memberships")
    # Repeated from the enrolment (checked by a composite foreign key) so that a roster is one index scan.
    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="memberships")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, db_index=False, related_name="memberships")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    roll_number = models.PositiveSmallIntegerField(null=True, blank=True)

    objects: ClassVar[Any] = MembershipQuerySet.as_manager()

    held: ClassVar[Held] = {"student": Kept(law="enrolment", since=("ends_on", "enrolment__year_ends_on"))}

    class Meta:
        ordering = ("roll_number", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="membership_ends_after_start"
            ),
            ExclusionConstraint(
                name="membership_one_section",
                expressions=[
                    ("enrolment", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="membership_roll_number",
                expressions=[
                    ("section", RangeOperators.EQUAL),
                    ("roll_number", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
                condition=Q(roll_number__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.section, self.starts_on)

    @property
    def until(self) -> dt.date:
        """The first day it no longer holds."""
        return self.ends_on or self.section.year.over_on

    def holds(self, day: dt.date) -> bool:
        return self.starts_on <= day < self.until


class ClassEnrolment(Rostered):
    """During ``[starts_on, ends_on)`` this student is taught in this class."""

    course_class = models.ForeignKey(CourseClass, on_delete=models.PROTECT, db_index=False, related_name="enrolments")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="class_enrolments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = ClassEnrolmentQuerySet.as_manager()

    held: ClassVar[Held] = {"student": Kept(law="enrolment", since=("ends_on", "course_class__year__ends_on"))}

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="class_enrolment_ends_after_start",
            ),
            ExclusionConstraint(
                name="class_enrolment_no_overlap",
                expressions=[
                    ("course_class", RangeOperators.EQUAL),
                    ("student", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.course_class, self.starts_on)

    @property
    def until(self) -> dt.date:
        """The first day it no longer holds."""
        return self.ends_on or self.course_class.year.over_on


class FamilyItem(models.TextChoices):
    """What a school shows families of their children, or lets them ask for."""

    ATTENDANCE = "attendance", _("Attendance")
    TIMETABLE = "timetable", _("Timetable")
    EXAMS = "exams", _("Exams")
    MARKS = "marks", _("Marks")
    CARDS = "cards", _("Report cards")
    BILLS = "bills", _("Bills")
    LEAVE = "leave", _("Leave")
    TRAIL = "trail", _("Who looked")


class FamilyOpening(models.Model):
    """What of a grade level is closed to families; without a row everything is open that their role may see."""

    grade_level = models.OneToOneField(GradeLevel, on_delete=models.CASCADE, related_name="family_opening")
    closed = ArrayField(models.CharField(max_length=10, choices=FamilyItem.choices), default=list)

    def __str__(self) -> str:
        return called(self.grade_level)
