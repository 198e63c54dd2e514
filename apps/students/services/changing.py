"""What the books say of students, and when their places end: changed for one and for a thousand by the same rules."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import AcademicYear
from apps.institutions.selectors import Todays
from apps.students import errors
from apps.students.events import ClassRostersChanged, StudentChanged
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.services.books import publish_moved
from apps.students.services.held import (
    DEFERRED,
    EXPLAINED,
    MANAGE,
    Result,
    admitted_as,
    give_login,
    hold,
    logged_in_as,
    reached,
    refuse_login,
)
from apps.students.services.placing import refuse_the_past
from schoolops import clock, events
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import fold
from schoolops.holders import NOBODYS

MEDICAL = "students.view_medical"


@dataclass(frozen=True, slots=True)
class StudentChange:
    """What the books are to say of a student; ``expected_version`` is the one that was read, ``None`` any."""

    student: Student
    fields: Mapping[str, Any]
    expected_version: int | None = None


@transaction.atomic
def change_students(changes: Sequence[StudentChange], *, reason: str = "", by: User) -> Result:
    """Do those of ``changes`` that can be done, and say of the others why not; each student once.

    The students are held in the order of keys. Refused row by row: OutOfReach, UserUnknown (a login out of reach),
    StudentMerged, ChangedMeanwhile, AdmissionNumberTaken, LoginTaken; PermissionMissing, for a medical note.

    Raises:
        PermissionMissing; and for all of them LoginTaken or AdmissionNumberTaken by what is written this moment.
    """
    held = hold({change.student.pk for change in changes})
    over = {MANAGE: reached(held, MANAGE, by=by)}
    # Whoever may not read a medical note would overwrite one blindly.
    noted = {change.student.pk for change in changes if "medical_note" in change.fields}
    over[MEDICAL] = set(access_rows.keys_in_reach(by, MEDICAL, "student", Student, noted))
    numbers = admitted_as(each.fields["admission_number"] for each in changes if "admission_number" in each.fields)
    logins = logged_in_as(Student, [change.fields for change in changes])
    result = Result([None] * len(changes))
    accepted: list[tuple[Student, Mapping[str, Any]]] = []
    for number, each in enumerate(changes):
        student = held[each.student.pk]
        try:
            if student.merged_into_id is not None:
                raise errors.StudentMerged
            for permission in (MANAGE, MEDICAL) if "medical_note" in each.fields else (MANAGE,):
                access.require(by, permission)
                if student.pk not in over[permission]:
                    access.refuse(permission, "row", OutOfReach(), kind="student")
            access.require_login(by, MANAGE, each.fields.get("user"))
            if each.expected_version not in {None, student.version}:
                raise errors.ChangedMeanwhile(version=student.version)
            number_said = str(each.fields.get("admission_number", student.admission_number))
            was, key = ((student.institution_id, fold(said)) for said in (student.admission_number, number_said))
            if key != was and numbers.another_has(key, student):
                raise errors.AdmissionNumberTaken(number=number_said)
            refuse_login(logins, student, each.fields)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        numbers.give(student, was, key)
        give_login(logins, student, each.fields, was=student.user_id)
        result.rows[number] = student
        accepted.append((student, each.fields))
    with explains(EXPLAINED):
        numbers.let_go(Student, admission_number=NOBODYS)
        logins.let_go(Student, user=None)
        rows = bulk.changed(accepted, by=by, action="students.changed", reason=reason)
    for row in rows:
        events.publish(StudentChanged(row.pk))
    return result


Place = SectionMembership | ClassEnrolment


@dataclass(frozen=True, slots=True)
class Ending:
    """The place ends on ``ends_on``; without, when the enrolment does. One that ends before it began was on no day."""

    place: Place
    ends_on: dt.date | None


@transaction.atomic
def end_places(  # noqa: PLR0915 - the rules of one ending, in the order they are told
    endings: Sequence[Ending], *, reason: str = "", by: User
) -> Result:
    """Let places in sections and classes end earlier or later, and say of the others why not; each place once.

    Locks and statements as of ``books.put_on_books``. Refused row by row: OutOfReach, PastDay, YearIsClosed,
    NotEnrolled and NotInClass (it is gone), AlreadyEnrolled and AlreadyInClass (another one holds then).

    Raises:
        PermissionMissing.
    """
    access.require(by, MANAGE)
    at = access_rows.institutions_of(by, MANAGE)
    students = hold({each.place.student_id for each in endings})
    enrolments: dict[int, list[Enrolment]] = defaultdict(list)
    for row in Enrolment.objects.filter(student__in=students, primary=True).select_related("year"):
        enrolments[row.student_id].append(row)
    members = SectionMembership.objects.filter(student__in=students).select_related("section__year")
    classes = {each.place.course_class_id for each in endings if isinstance(each.place, ClassEnrolment)}
    taught = ClassEnrolment.objects.filter(student__in=students, course_class__in=classes)
    theirs: dict[int, list[Place]] = defaultdict(list)
    for place in (*members, *(taught.select_related("course_class__year") if classes else ())):
        theirs[place.student_id].append(place)
    today = Todays()
    result = Result([None] * len(endings))
    written: list[Place] = []
    entries: list[Any] = []
    moved: dict[int, dt.date] = {}
    left: dict[int, list[int]] = defaultdict(list)
    for number, ending in enumerate(endings):
        student_id = ending.place.student_id
        try:
            place = _found(ending, theirs[student_id])
            group = place.section if isinstance(place, SectionMembership) else place.course_class
            if at is not None and group.institution_id not in at:
                access.refuse(MANAGE, "institution", OutOfReach())
            ends_on = _end_of(place, group.year, ending.ends_on, enrolments[student_id])
            if ends_on is not None:
                refuse_the_past(ends_on, today=today[group.institution_id], reason=reason)
            _refuse_another(place, ends_on or group.year.over_on, theirs[student_id])
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        before, place.ends_on = place.ends_on, ends_on
        said: dict[str, Any]
        if isinstance(place, SectionMembership):
            day = first_day_apart(place, before, ends_on)
            moved[student_id] = min(day, moved.get(student_id, day))
            action, said = "students.left-section", {"section_id": place.section_id, "section": group}
        else:
            place.status = "tobedeleted" if ends_on == place.starts_on else place.status
            place.date_last_modified = clock.now()
            left[place.course_class_id].append(student_id)
            action, said = "students.left-class", {"class": group, "title": place.course_class.title}
        result.rows[number] = place
        written.append(place)
        entries.append(
            trail.entry_of(
                by,
                action,
                students[student_id],
                before={"ends_on": before},
                after={**said, "on": ends_on},
                reason=reason,
            )
        )
    _write_ends(written)
    trail.record_many(entries)
    if left:
        events.publish(ClassRostersChanged.of(left))
    publish_moved(moved)
    return result


def _found(ending: Ending, theirs: Sequence[Place]) -> Place:
    """The place as it is now, held by its student."""
    for place in theirs:
        if place == ending.place:
            return place
    day = ending.ends_on or ending.place.starts_on
    raise errors.NotEnrolled(day=day) if isinstance(ending.place, SectionMembership) else errors.NotInClass(day=day)


def _end_of(place: Place, year: AcademicYear, day: dt.date | None, enrolments: Sequence[Enrolment]) -> dt.date | None:
    """``day``, but not before the place begins nor after the enrolment ends. Raises ``YearIsClosed``."""
    if year.state == AcademicYear.State.CLOSED:
        raise errors.YearIsClosed(year=year.name)
    held = next(
        (enrolment for enrolment in enrolments if enrolment.year_id == year.pk and enrolment.holds(place.starts_on)),
        None,
    )
    if day is None or day >= (year.over_on if held is None else held.until):
        return None if held is None else held.exited_on
    return max(day, place.starts_on)


def _refuse_another(place: Place, until: dt.date, theirs: Sequence[Place]) -> None:
    for their in theirs:
        if their == place or max(their.starts_on, place.starts_on) >= min(their.until, until):
            continue
        if isinstance(place, ClassEnrolment):
            if isinstance(their, ClassEnrolment) and their.course_class_id == place.course_class_id:
                raise errors.AlreadyInClass
        elif isinstance(their, SectionMembership) and their.enrolment_id == place.enrolment_id:
            raise errors.AlreadyEnrolled


_ENDS: Mapping[Any, Sequence[str]] = {
    SectionMembership: ("ends_on",),
    ClassEnrolment: ("ends_on", "status", "date_last_modified"),
}


def _write_ends(written: Sequence[Place]) -> None:
    with explains(EXPLAINED, deferred=DEFERRED):
        for model, names in _ENDS.items():
            if rows := [each for each in written if isinstance(each, model)]:
                model.objects.bulk_update(rows, names, batch_size=bulk.BATCH)


def first_day_apart(place: SectionMembership, before: dt.date | None, after: dt.date | None) -> dt.date:
    """From which day on it makes a difference that a place ends on ``after`` rather than on ``before``."""
    return min((day for day in (before, after) if day is not None), default=place.starts_on)
