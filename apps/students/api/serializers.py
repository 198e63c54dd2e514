"""What the API of students takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.accounts.models import User
from apps.institutions.models import AcademicYear, CourseClass, GradeLevel, Institution, Section
from apps.students.models import Enrolment, Guardian, Sex, Student, StudentGuardian
from apps.students.services.merging_guardians import CHOSEN
from schoolops.api.fields import Day, Email, RowId
from schoolops.rows import LONGEST_NOTE, RowStatus

YEARS = AcademicYear.objects.select_related("institution")
SECTIONS = Section.objects.select_related("grade_level")
CLASSES = CourseClass.objects.select_related("institution", "year")
REASON = "Needed for a day that has passed; kept in the audit trail."


class StudentFields(serializers.Serializer[object]):
    """What may be said of a student."""

    admission_number = serializers.CharField(max_length=40)
    given_name = serializers.CharField(max_length=100)
    middle_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    family_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    preferred_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    birth_date = Day(allow_null=True, required=False)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False)
    email = Email(allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    address = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True, required=False)
    medical_note = serializers.CharField(
        max_length=LONGEST_NOTE,
        allow_blank=True,
        required=False,
        help_text="Only with the permission students.view_medical.",
    )


class GuardianLinkFields(serializers.Serializer[object]):
    """What a guardian is to a student, and may see of them."""

    relation = serializers.ChoiceField(choices=StudentGuardian.Relation.choices, required=False)
    legal_guardian = serializers.BooleanField(required=False)
    lives_with = serializers.BooleanField(required=False)
    emergency_contact = serializers.BooleanField(required=False)
    contact_priority = serializers.IntegerField(
        min_value=1, max_value=99, required=False, help_text="1 is called first."
    )
    data_access = serializers.BooleanField(required=False)
    restriction_note = serializers.CharField(
        max_length=LONGEST_NOTE,
        allow_blank=True,
        required=False,
        help_text="Not blank: no access at all. Only with the permission students.view_custody.",
    )
    receives_invoices = serializers.BooleanField(required=False)
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=["email", "sms", "in-app"]), required=False, max_length=3
    )


class GuardianFields(serializers.Serializer[object]):
    """How a guardian is called and reached."""

    given_name = serializers.CharField(max_length=100)
    family_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    email = Email(allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    address = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True, required=False)
    language = serializers.CharField(max_length=12, allow_blank=True, required=False)


class AdmittedGuardianIn(serializers.Serializer[object]):
    """A guardian to link: one on the books by `guardian_id`, or a new one by `guardian`."""

    guardian_id = RowId(Guardian, required=False)
    guardian = GuardianFields(required=False)
    link = GuardianLinkFields(required=False)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if ("guardian_id" in attrs) == ("guardian" in attrs):
            raise serializers.ValidationError("Send either `guardian_id` or `guardian`.", code="one_of_two")
        return attrs


class PlacementIn(serializers.Serializer[object]):
    """Where a student goes."""

    year_id = RowId(YEARS, source="year")
    grade_level_id = RowId(GradeLevel, source="grade_level")
    section_id = RowId(SECTIONS, source="section", required=False, allow_null=True)
    entered_on = Day()
    entry_kind = serializers.ChoiceField(choices=Enrolment.Entry.choices, required=False)
    roll_number = serializers.IntegerField(min_value=1, max_value=32767, required=False, allow_null=True)


class CorrectionIn(serializers.Serializer[object]):
    """Why the past is corrected."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="", help_text=REASON)


class AdmissionIn(StudentFields, CorrectionIn):
    """A new student with their first enrolment, and guardians in the order in which they are to be called."""

    institution_id = RowId(Institution, source="institution")
    enrolment = PlacementIn()
    guardians = AdmittedGuardianIn(many=True, max_length=20, required=False, default=list)  # type: ignore[call-arg] # DRF's list takes it


class StudentIn(StudentFields):
    """What is to change; the version that was read goes into If-Match or here."""

    user_id = RowId(User, source="user", required=False, allow_null=True, help_text="Their login.")
    version = serializers.IntegerField(required=False, min_value=1)


class ReEnrolIn(PlacementIn, CorrectionIn):
    """The student's next enrolment."""


class MoveIn(CorrectionIn):
    """The section a student moves to, and from when."""

    section_id = RowId(SECTIONS, source="section")
    starts_on = Day(help_text="The first day in the new section.")
    roll_number = serializers.IntegerField(min_value=1, max_value=32767, required=False, allow_null=True)


class WithdrawIn(CorrectionIn):
    """When and why a student leaves."""

    exited_on = Day(help_text="The first day no longer enrolled.")
    exit_kind = serializers.ChoiceField(choices=Enrolment.Exit.choices, default=Enrolment.Exit.WITHDREW)


class MergeIn(CorrectionIn):
    """The other record of the same child; it stays for its history."""

    duplicate_id = RowId(Student)


class BulkRowIn(serializers.Serializer[object]):
    """One line of a bulk enrolment."""

    student_id = serializers.UUIDField()
    grade_level_id = serializers.UUIDField()
    section_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    roll_number = serializers.IntegerField(min_value=1, max_value=32767, required=False, allow_null=True, default=None)


class BulkEnrolmentIn(CorrectionIn):
    """Many enrolments into one year from one day: all or none."""

    year_id = RowId(YEARS, source="year")
    entered_on = Day()
    entry_kind = serializers.ChoiceField(choices=Enrolment.Entry.choices, default=Enrolment.Entry.PROMOTED)
    records = serializers.ListField(child=BulkRowIn(), min_length=1, max_length=1000)


class BulkEnrolmentOut(serializers.Serializer[object]):
    """The enrolments that were made, in the order of the records."""

    ids = serializers.ListField(child=serializers.UUIDField())


class ClassPlacesIn(CorrectionIn):
    """Students who join a class: all or none."""

    student_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)
    starts_on = Day()


class ClassPlaceEndIn(CorrectionIn):
    """When a student leaves a class."""

    ends_on = Day(help_text="The first day no longer taught there.")


class ClassPlaceOut(serializers.Serializer[object]):
    """A student's place in a class."""

    id = serializers.UUIDField()
    student_id = serializers.UUIDField()
    class_id = serializers.UUIDField()
    starts_on = Day()
    ends_on = Day(allow_null=True, help_text="The first day no longer so; null: open.")


class ClassPlacesOut(serializers.Serializer[object]):
    """The places that were made."""

    ids = serializers.ListField(child=serializers.UUIDField())


class StudentOut(serializers.Serializer[object]):
    """A student, with the section of `as_of` (today unless said)."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RowStatus.choices)
    date_last_modified = serializers.DateTimeField()
    institution_id = serializers.UUIDField()
    admission_number = serializers.CharField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    family_name = serializers.CharField()
    preferred_name = serializers.CharField()
    birth_date = Day(allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices)
    section_id = serializers.UUIDField(allow_null=True)
    section_name = serializers.CharField(allow_null=True)
    grade_level_name = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()


class StudentDetailOut(StudentOut):
    """One student, with how to reach them; `medical_note` only for whoever may see it."""

    email = serializers.CharField()
    phone = serializers.CharField()
    address = serializers.CharField()
    user_id = serializers.UUIDField(allow_null=True)
    photo = serializers.CharField(allow_null=True, help_text="The address of the photo.")
    medical_note = serializers.CharField(required=False)


class StudentEnrolmentOut(serializers.Serializer[object]):
    """An enrolment: `exited_on` is the first day no longer enrolled."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RowStatus.choices)
    date_last_modified = serializers.DateTimeField()
    student_id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    year_id = serializers.UUIDField()
    year_name = serializers.CharField()
    grade_level_id = serializers.UUIDField()
    grade_level_name = serializers.CharField()
    entered_on = Day()
    entry_kind = serializers.ChoiceField(choices=Enrolment.Entry.choices)
    exited_on = Day(allow_null=True)
    exit_kind = serializers.CharField()
    primary = serializers.BooleanField()


class MembershipOut(serializers.Serializer[object]):
    """A student's time in a section: `ends_on` is the first day no longer in it."""

    id = serializers.UUIDField()
    section_id = serializers.UUIDField()
    starts_on = Day()
    ends_on = Day(allow_null=True)
    roll_number = serializers.IntegerField(allow_null=True)


class RosterOut(serializers.Serializer[object]):
    """A student on a section's roster."""

    id = serializers.UUIDField()
    admission_number = serializers.CharField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    family_name = serializers.CharField()
    preferred_name = serializers.CharField()
    roll_number = serializers.IntegerField(allow_null=True)


class ClassRosterOut(serializers.Serializer[object]):
    """A student on a class's roster."""

    id = serializers.UUIDField()
    admission_number = serializers.CharField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    family_name = serializers.CharField()
    preferred_name = serializers.CharField()


class GuardianIn(GuardianFields):
    """A guardian to add or change."""

    user_id = RowId(User, source="user", required=False, allow_null=True, help_text="Their login.")
    version = serializers.IntegerField(required=False, min_value=1)


class GuardianOut(serializers.Serializer[object]):
    """A guardian."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RowStatus.choices)
    date_last_modified = serializers.DateTimeField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    address = serializers.CharField()
    language = serializers.CharField()
    user_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField()


class GuardianLinkIn(GuardianLinkFields):
    """A guardian to link to this student."""

    guardian_id = RowId(Guardian, source="guardian")


class GuardianLinkOut(serializers.Serializer[object]):
    """A student's guardian; `restriction_note` only for whoever may see it."""

    id = serializers.UUIDField()
    guardian_id = serializers.UUIDField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    relation = serializers.ChoiceField(choices=StudentGuardian.Relation.choices)
    legal_guardian = serializers.BooleanField()
    lives_with = serializers.BooleanField()
    emergency_contact = serializers.BooleanField()
    contact_priority = serializers.IntegerField()
    data_access = serializers.BooleanField()
    receives_invoices = serializers.BooleanField()
    channels = serializers.ListField(child=serializers.CharField())
    restriction_note = serializers.CharField(required=False)


class MergedKindOut(serializers.Serializer[object]):
    """How much of one kind moved, and how much stayed because it clashes."""

    moved = serializers.IntegerField()
    left = serializers.IntegerField()


class ClosedGuardianOut(serializers.Serializer[object]):
    """A guardian whose link gives less than before, for a person to look at."""

    link_id = serializers.UUIDField(help_text="The link of the kept record.")
    guardian_id = serializers.UUIDField()
    name = serializers.CharField()
    less_in = serializers.ListField(child=serializers.CharField(), help_text="The fields of the link that give less.")


class StudentMergeOut(serializers.Serializer[object]):
    """What became of everything the duplicate had."""

    id = serializers.UUIDField(help_text="The record that is kept.")
    duplicate_id = serializers.UUIDField()
    moved = serializers.DictField(child=MergedKindOut())
    filled = serializers.ListField(child=serializers.CharField(), help_text="Fields that only the duplicate had.")
    joined = serializers.ListField(child=serializers.CharField(), help_text="Fields that now say what both said.")
    kept_apart = serializers.ListField(
        child=serializers.CharField(),
        help_text="Fields in which the duplicate says what the kept record does not: they stay with the duplicate.",
    )
    closed = ClosedGuardianOut(many=True, help_text="Guardians who could not see both records, or not as much.")


class GuardianMergeIn(CorrectionIn):
    """The other record of the same guardian; it stays for its history."""

    duplicate_id = serializers.UUIDField()
    take = serializers.ListField(
        child=serializers.ChoiceField(choices=CHOSEN),
        default=list,
        max_length=20,
        help_text="Fields in which the other record is right: `email`, `phone`; `user` for its login.",
    )
    look = serializers.BooleanField(default=False, help_text="Say what would become of them, and do nothing.")


class ClosedLinkOut(serializers.Serializer[object]):
    """A child of whom the guardian may do less than by one of the two records before."""

    student_id = serializers.UUIDField()
    name = serializers.CharField()
    less_in = serializers.ListField(child=serializers.CharField(), help_text="The fields of the link that give less.")


class GuardianMergeOut(serializers.Serializer[object]):
    """What became of everything the duplicate had."""

    id = serializers.UUIDField(help_text="The record that is kept.")
    duplicate_id = serializers.UUIDField()
    moved = serializers.DictField(child=MergedKindOut())
    filled = serializers.ListField(child=serializers.CharField(), help_text="Fields taken over from the duplicate.")
    kept_apart = serializers.ListField(
        child=serializers.CharField(), help_text="Fields in which the duplicate says something else."
    )
    closed = ClosedLinkOut(many=True)


class StudentAuditOut(serializers.Serializer[object]):
    """One line of the trail."""

    at = serializers.DateTimeField()
    actor_id = serializers.CharField()
    actor_name = serializers.CharField()
    action = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField()
    request_id = serializers.CharField()
