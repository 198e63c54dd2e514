"""Taking a child onto the books, and changing what the books say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.students import errors
from apps.students.events import StudentChanged
from apps.students.models import Enrolment, Guardian, Student
from apps.students.selectors import today_for
from apps.students.services.books import put_on_books
from apps.students.services.changing import StudentChange, change_students
from apps.students.services.guardians import Linking, add_guardians, link_guardians
from apps.students.services.placing import Admission, Placement, locked
from schoolops import events, files
from schoolops.audit import trail
from schoolops.pictures import LARGEST, PictureRefused, checked_picture
from schoolops.resilience import heavy


@dataclass(frozen=True, slots=True)
class AdmittedGuardian:
    """A guardian named at admission: one on the books already, or the fields of a new one; and the link's fields."""

    guardian: Guardian | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    link: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def admit_student(
    *,
    institution: Institution,
    fields: Mapping[str, Any],
    placement: Placement,
    guardians: Sequence[AdmittedGuardian] = (),
    reason: str = "",
    by: User,
) -> tuple[Student, Enrolment]:
    """Take a new student onto the books: student, enrolment, section and guardians, all or nothing.

    Args:
        fields: the student's own, such as ``given_name`` and ``admission_number``.
        guardians: in the order in which they are to be called, unless their links say a ``contact_priority``.

    Raises:
        PermissionMissing, OutOfReach, PastDay, NotInYear, YearIsClosed, WrongSection, SectionFull, RollNumberTaken,
        AdmissionNumberTaken, LoginTaken, GuardianAlreadyLinked, ContactPriorityTaken.
    """
    access.require_at(by, "students.manage", institution)
    if placement.year.institution_id != institution.pk:
        access.require_at(by, "students.manage", placement.year.institution)
    if guardians:
        access.require(by, "guardians.manage")
    if "medical_note" in fields:
        access.require_at(by, "students.view_medical", institution)
    student = Student(institution=institution, **fields)
    enrolment: Enrolment = put_on_books([Admission(student, fields, placement)], reason=reason, by=by).only()
    if guardians:
        added = iter(add_guardians([each.fields for each in guardians if each.guardian is None], by=by).whole())
        wishes = [Linking(student, each.guardian or next(added), each.link) for each in guardians]
        link_guardians(wishes, by=by).whole()
    return student, enrolment


def change_student(*, student: Student, fields: Mapping[str, Any], expected_version: int | None, by: User) -> Student:
    """Change what the books say of a student.

    Args:
        expected_version: the version that was read; ``None`` overwrites whatever is there.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, ChangedMeanwhile, AdmissionNumberTaken, LoginTaken.
    """
    changed: Student = change_students([StudentChange(student, fields, expected_version)], by=by).only()
    return changed


@transaction.atomic
def set_photo(*, student: Student, content: bytes, by: User) -> Student:
    """Keep ``content`` as the student's photo: re-drawn, so that nothing but the picture is stored.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PhotoRefused.
    """
    student = locked(student)
    access.require_row(by, "students.manage", "student", student, day=today_for(student))
    try:
        with heavy.working():
            picture = checked_picture(content)
    except PictureRefused as refusal:
        raise errors.PhotoRefused(why=str(refusal), limit=LARGEST // 2**20) from refusal
    files.keep(student.photo, picture.content, suffix=picture.suffix)
    student.version += 1
    student.save(update_fields=["photo", "version"])
    trail.record(by, "students.photo-set", student, after={"sha256": picture.sha256})
    events.publish(StudentChanged(student.pk))
    return student


@transaction.atomic
def remove_photo(*, student: Student, by: User) -> None:
    """Forget the student's photo. Raises ``PermissionMissing``, ``OutOfReach``, ``StudentMerged``, ``NoPhoto``."""
    student = locked(student)
    access.require_row(by, "students.manage", "student", student, day=today_for(student))
    if not student.photo:
        raise errors.NoPhoto
    files.forget(student.photo)
    student.version += 1
    student.save(update_fields=["photo", "version"])
    trail.record(by, "students.photo-removed", student)
    events.publish(StudentChanged(student.pk))
