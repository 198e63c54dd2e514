"""Two records of one child become one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from apps.access import services as access
from apps.accounts.models import User
from apps.students import errors
from apps.students.events import GuardianLinksChanged, StudentsMerged
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student, StudentGuardian
from apps.students.selectors import today_for
from apps.students.services.placing import end_class_enrolments, end_memberships
from schoolops import events
from schoolops.audit import trail


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of one kind moved to the kept record, and how many stayed because they clash with what it has."""

    moved: int
    left: int


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """``by_kind``: what moved and what stayed on the duplicate, such as ``{"enrolments": Moved(1, 0)}``."""

    kept: Student
    duplicate: Student
    by_kind: dict[str, Moved]

    @property
    def left_behind(self) -> dict[str, int]:
        """The kinds of which something stayed."""
        return {kind: each.left for kind, each in self.by_kind.items() if each.left}


Mover = Callable[[Student, Student], Moved]
_movers: dict[str, Mover] = {}


def moves_on_merge(kind: str) -> Callable[[Mover], Mover]:
    """Register what carries rows of ``kind`` from a duplicate to the record that is kept: ``f(duplicate, kept)``.

    For apps above this one. It runs in the merge's transaction, with both students' rows locked.
    """

    def register(mover: Mover) -> Mover:
        _movers[kind] = mover
        return mover

    return register


@transaction.atomic
def merge_students(*, keep: Student, duplicate: Student, reason: str = "", by: User) -> MergeOutcome:
    """Let ``keep`` have everything ``duplicate`` has, where it does not clash; the duplicate stays for its history.

    What clashes stays on the duplicate: its past is not rewritten, and what of it is still open ends today.

    Raises:
        PermissionMissing, OutOfReach, CannotMergeWithItself, StudentMerged.
    """
    if keep.pk == duplicate.pk:
        raise errors.CannotMergeWithItself
    rows = {
        each.pk: each
        for each in Student.objects.select_for_update().filter(pk__in=[keep.pk, duplicate.pk]).order_by("pk")
    }
    keep, duplicate = rows[keep.pk], rows[duplicate.pk]
    if keep.merged_into_id is not None or duplicate.merged_into_id is not None:
        raise errors.StudentMerged
    today = today_for(keep)
    for each in (keep, duplicate):
        access.require_row(by, "students.merge", "student", each, day=today)
    outcome = MergeOutcome(
        keep,
        duplicate,
        {
            "enrolments": _enrolments(duplicate, keep, today),
            "class_enrolments": _class_enrolments(duplicate, keep, today),
            "guardians": _guardians(duplicate, keep),
            **{kind: mover(duplicate, keep) for kind, mover in _movers.items()},
        },
    )
    filled = _fill_gaps(duplicate, keep)
    duplicate.merged_into, duplicate.status = keep, "tobedeleted"
    duplicate.version += 1
    duplicate.save(update_fields=["merged_into", "status", "version", "user"])
    keep.version += 1
    keep.save(update_fields=[*filled, "version"])
    # Whatever had been merged into the duplicate leads to the one that is kept.
    Student.objects.filter(merged_into=duplicate).update(merged_into=keep)
    facts = {kind: {"moved": each.moved, "left": each.left} for kind, each in outcome.by_kind.items()}
    trail.record(by, "students.merged", keep, after={"duplicate": duplicate, **facts, "filled": filled}, reason=reason)
    trail.record(by, "students.merged-into", duplicate, after={"kept": keep, **facts}, reason=reason)
    events.publish(StudentsMerged(keep.pk, duplicate.pk))
    return outcome


def _fill_gaps(duplicate: Student, keep: Student) -> list[str]:
    """Take over what only the duplicate knows. Its login too: a child has one."""
    filled = [
        name
        for name in (
            "middle_name",
            "family_name",
            "preferred_name",
            "birth_date",
            "email",
            "phone",
            "address",
            "medical_note",
        )
        if not getattr(keep, name) and getattr(duplicate, name)
    ]
    for name in filled:
        setattr(keep, name, getattr(duplicate, name))
    if keep.user_id is None and duplicate.user_id is not None:
        keep.user_id, duplicate.user_id = duplicate.user_id, None
        # Unique: the duplicate must let go before the kept record takes hold.
        Student.objects.filter(pk=duplicate.pk).update(user=None)
        filled.append("user")
    return filled


def _overlap(one: tuple[dt.date, dt.date | None], other: tuple[dt.date, dt.date | None]) -> bool:
    last = dt.date.max
    return max(one[0], other[0]) < min(one[1] or last, other[1] or last)


def _enrolments(duplicate: Student, keep: Student, today: dt.date) -> Moved:
    had = [
        (each.entered_on, each.until)
        for each in Enrolment.objects.filter(student=keep, primary=True).select_related("year")
    ]
    theirs: list[Enrolment] = list(Enrolment.objects.filter(student=duplicate).select_related("year"))
    clash = [
        each.pk
        for each in theirs
        if each.primary and any(_overlap((each.entered_on, each.until), other) for other in had)
    ]
    # Memberships follow by ON UPDATE CASCADE of their composite foreign key.
    moved = Enrolment.objects.filter(student=duplicate).exclude(pk__in=clash).update(student=keep)
    _end_what_stays(clash, today)
    return Moved(moved, len(clash))


def _end_what_stays(stays: list[int], today: dt.date) -> None:
    keys = list(Enrolment.objects.not_over(today).filter(pk__in=stays).values_list("pk", flat=True))
    end_memberships(
        SectionMembership.objects.filter(enrolment__in=keys).filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today)),
        today,
    )
    held = Enrolment.objects.filter(pk__in=keys)
    held.filter(entered_on__gt=today).update(exited_on=F("entered_on"), exit_kind=Enrolment.Exit.OTHER)
    held.filter(entered_on__lte=today).update(exited_on=today, exit_kind=Enrolment.Exit.OTHER)


def _class_enrolments(duplicate: Student, keep: Student, today: dt.date) -> Moved:
    had: dict[int, list[tuple[dt.date, dt.date | None]]] = {}
    for class_id, starts_on, ends_on in ClassEnrolment.objects.filter(student=keep).values_list(
        "course_class_id", "starts_on", "ends_on"
    ):
        had.setdefault(class_id, []).append((starts_on, ends_on))
    theirs: list[ClassEnrolment] = list(ClassEnrolment.objects.filter(student=duplicate).select_related("course_class"))
    clash = [
        each
        for each in theirs
        if any(_overlap((each.starts_on, each.ends_on), other) for other in had.get(each.course_class_id, []))
    ]
    moved = (
        ClassEnrolment.objects.filter(student=duplicate)
        .exclude(pk__in=[each.pk for each in clash])
        .update(student=keep)
    )
    for year_id in {each.course_class.year_id for each in clash}:
        end_class_enrolments([duplicate.pk], year_id=year_id, on=today)
    return Moved(moved, len(clash))


def _guardians(duplicate: Student, keep: Student) -> Moved:
    had = list(StudentGuardian.objects.filter(student=keep).values_list("guardian_id", "contact_priority"))
    known = {guardian_id for guardian_id, _ in had}
    theirs: list[StudentGuardian] = list(StudentGuardian.objects.filter(student=duplicate).order_by("contact_priority"))
    free = max((priority for _, priority in had), default=0)
    moving = [each for each in theirs if each.guardian_id not in known]
    for place, link in enumerate(moving, start=free + 1):
        link.student, link.contact_priority = keep, place
    StudentGuardian.objects.bulk_update(moving, ["student", "contact_priority"])
    staying = [each for each in theirs if each.guardian_id in known]
    # The kept record's link counts. The duplicate's gives nobody a second way to look.
    StudentGuardian.objects.filter(pk__in=[each.pk for each in staying]).update(data_access=False)
    for link in theirs:
        events.publish(GuardianLinksChanged(keep.pk, link.guardian_id))
    return Moved(len(moving), len(staying))
