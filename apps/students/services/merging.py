"""Two records of one child become one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Model, Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.students import errors
from apps.students.events import StudentsMerged
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student, StudentGuardian
from apps.students.selectors import today_for
from apps.students.services import custody
from apps.students.services.placing import end_class_enrolments, end_memberships
from schoolops import clock, events
from schoolops.audit import trail


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of one kind moved to the kept record, and how many stayed because they clash with what it has."""

    moved: int
    left: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A guardian who may do less than before: the fields of the link in which it gives less."""

    link: StudentGuardian
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What became of two records.

    ``by_kind``: what moved and what stayed on the duplicate, such as ``{"enrolments": Moved(1, 0)}``. ``filled``:
    fields that only the duplicate had. ``joined``: fields that now say what both said. ``kept_apart``: fields in which
    the duplicate says what the kept record does not. ``closed``: guardians who may do less than before.
    """

    kept: Student
    duplicate: Student
    by_kind: dict[str, Moved]
    filled: tuple[str, ...]
    joined: tuple[str, ...]
    kept_apart: tuple[str, ...]
    closed: tuple[Closed, ...]


Mover = Callable[[Student, Student], Moved]
_movers: dict[str, Mover] = {}
# What tells where a child was, and when: rows of a ``student``.
_history: list[type[Model]] = [Enrolment, ClassEnrolment]


def moves_on_merge(kind: str, *, of: type[Model]) -> Callable[[Mover], Mover]:
    """Register what carries rows of ``kind`` from a duplicate to the record that is kept: ``f(duplicate, kept)``.

    For apps above this one. It runs in the merge's transaction, with both students' rows locked. ``of``: the model of
    these rows, which has a ``student``; whoever could not read them of one record does not read them of the other.
    """

    def register(mover: Mover) -> Mover:
        _movers[kind] = mover
        _history.append(of)
        return mover

    return register


def has_history(student: Student) -> bool:
    """Whether any row tells where this child was: an enrolment, a place in a class, or what apps above count."""
    return any(model._default_manager.filter(student=student).exists() for model in dict.fromkeys(_history))


@transaction.atomic
def merge_students(*, keep: Student, duplicate: Student, reason: str = "", by: User) -> MergeOutcome:
    """Let ``keep`` have everything ``duplicate`` has, where it does not clash; the duplicate stays for its history.

    What clashes stays on the duplicate: its past is not rewritten, and what of it is still open ends today. Nobody
    sees more than before: a guardian or login of one record alone stays open only where the other adds nothing, neither
    what is private nor where the child was; what either record withholds stays withheld, and what can hurt is joined.

    Raises:
        PermissionMissing, OutOfReach, CannotMergeWithItself, StudentMerged.
    """
    if keep.pk == duplicate.pk:
        raise errors.CannotMergeWithItself
    # Not their keys: whoever has the roll or paper that a mover waits for, and wrote of these students, commits.
    locked = Student.objects.select_for_update(no_key=True).filter(pk__in=[keep.pk, duplicate.pk]).order_by("pk")
    rows = {student.pk: student for student in locked}
    keep, duplicate = rows[keep.pk], rows[duplicate.pk]
    if keep.merged_into_id is not None or duplicate.merged_into_id is not None:
        raise errors.StudentMerged
    today = today_for(keep)
    for each in (keep, duplicate):
        access.require_row(by, "students.merge", "student", each, day=today)
    links = _Links(keep, duplicate)
    # Asked before anything moves: what each of the two said, and to whom.
    filled, apart = _fill_gaps(duplicate, keep, shown_to_others=links.some_see_only_the_kept)
    places = {
        "enrolments": _enrolments(duplicate, keep, today),
        "class_enrolments": _class_enrolments(duplicate, keep, today),
    }
    others = {kind: mover(duplicate, keep) for kind, mover in _movers.items()}
    # Places that clash are read by nobody any more. What else stays on the duplicate counts for the child.
    brought = any(place.moved for place in places.values()) or any(
        other.moved or other.left for other in others.values()
    )
    guardians = links.come_together(brought=brought)
    _whose_login(duplicate, keep, filled, apart, kept_tells=links.kept_tells, brought=brought)
    note = custody.joined(keep.medical_note, duplicate.medical_note)
    changed = {"medical_note": note} if note != keep.medical_note else {}
    outcome = MergeOutcome(
        keep,
        duplicate,
        {**places, "guardians": guardians, **others},
        filled=tuple(filled),
        joined=tuple(changed),
        kept_apart=tuple(apart),
        closed=tuple(links.closed),
    )
    keep.medical_note = note
    duplicate.merged_into, duplicate.status = keep, "tobedeleted"
    duplicate.version += 1
    duplicate.save(update_fields=["merged_into", "status", "version", "user"])
    keep.version += 1
    keep.save(update_fields=[*filled, *changed, "user", "version"])
    # Whatever had been merged into the duplicate leads to the one that is kept.
    Student.objects.filter(merged_into=duplicate).update(merged_into=keep)
    _tell(outcome, reason=reason, by=by)
    events.publish(StudentsMerged(keep.pk, duplicate.pk))
    return outcome


def _tell(outcome: MergeOutcome, *, reason: str, by: User) -> None:
    facts: dict[str, Any] = {kind: {"moved": each.moved, "left": each.left} for kind, each in outcome.by_kind.items()}
    said = {
        "duplicate": outcome.duplicate,
        **facts,
        "filled": outcome.filled,
        "joined": outcome.joined,
        "kept_apart": outcome.kept_apart,
        "closed": [{"guardian": each.link.guardian, "fields": each.fields} for each in outcome.closed],
    }
    trail.record(by, "students.merged", outcome.kept, after=said, reason=reason)
    trail.record(by, "students.merged-into", outcome.duplicate, after={"kept": outcome.kept, **facts}, reason=reason)


# What a record may take over from another. The medical note is joined, and what is not here is never taken over.
CARRIED = ("middle_name", "family_name", "preferred_name", "birth_date", "email", "phone", "address")


def _fill_gaps(duplicate: Student, keep: Student, *, shown_to_others: bool) -> tuple[list[str], list[str]]:
    """(what is taken over from the duplicate, what stays there): nothing that somebody would see who did not before."""
    filled, apart = [], []
    for name in CARRIED:
        theirs = getattr(duplicate, name)
        if not theirs or theirs == getattr(keep, name):
            continue
        if getattr(keep, name) or shown_to_others:
            apart.append(name)
        else:
            filled.append(name)
    for name in filled:
        setattr(keep, name, getattr(duplicate, name))
    if duplicate.photo:
        apart.append("photo")
    return filled, apart


def _whose_login(
    duplicate: Student, keep: Student, filled: list[str], apart: list[str], *, kept_tells: bool, brought: bool
) -> None:
    """A login sees its student: where that is more than before, it is let go, and a person decides whose it is."""
    login = duplicate.user_id
    if login is not None:
        duplicate.user_id = None
        # Unique: the duplicate must let go before the kept record, or whoever decides it, takes hold.
        Student.objects.filter(pk=duplicate.pk).update(user=None)
    if keep.user_id is not None:
        if brought:
            keep.user_id = None
        if brought or login is not None:
            apart.append("user")
    elif login is not None:
        keep.user_id = None if kept_tells else login
        (apart if kept_tells else filled).append("user")


def tells_more(one: Student, *, than: Student) -> bool:
    """Whether ``one`` says of the child what the other does not: of what is private, and of how they are called."""
    told = ("given_name", *CARRIED, "medical_note", "photo")
    return any(getattr(one, name) and getattr(one, name) != getattr(than, name) for name in told)


class _Links:
    """The links of two records that become one, and who may see less afterwards."""

    def __init__(self, keep: Student, duplicate: Student) -> None:
        self._keep, self._duplicate = keep, duplicate
        rows = StudentGuardian.objects.filter(student__in=(keep, duplicate)).select_related("guardian__user")
        links: list[StudentGuardian] = list(rows.order_by("contact_priority"))
        self._kept = {link.guardian_id: link for link in links if link.student_id == keep.pk}
        self._theirs = {link.guardian_id: link for link in links if link.student_id == duplicate.pk}
        self._kept_from = custody.kept_from([keep, duplicate])
        # Whether the kept record tells what the other does not, of what is private and of where the child was.
        self.kept_tells = tells_more(keep, than=duplicate) or has_history(keep)
        self.closed: list[Closed] = []

    @property
    def some_see_only_the_kept(self) -> bool:
        """Whether somebody sees the kept record who does not see the other: a guardian, or the login of the student."""
        return self._keep.user_id is not None or any(
            link.may_see and key not in self._theirs and not self._is_closed(link) for key, link in self._kept.items()
        )

    def _is_closed(self, link: StudentGuardian) -> bool:
        """Whether a link of the kept record alone is closed: the other keeps the child, or a note, from this person."""
        return custody.among(link.guardian, self._kept_from[self._duplicate.pk]) or self._reads_the_note(link)

    def _reads_the_note(self, link: StudentGuardian) -> bool:
        """Whether a medical note of the duplicate, which is joined, would be shown to who could not read it before."""
        note, user = self._duplicate.medical_note, link.guardian.user
        if user is None or custody.joined(self._keep.medical_note, note) == self._keep.medical_note:
            return False
        return Student.privacy.private["medical_note"] in access_rows.permissions_of(user)

    def come_together(self, *, brought: bool) -> Moved:
        """Links of the duplicate alone move, the others are joined with the kept record's.

        ``brought``: whether the kept record now tells where the duplicate was.
        """
        moving = [each for key, each in self._theirs.items() if key not in self._kept]
        staying = [each for key, each in self._theirs.items() if key in self._kept]
        for key, link in self._kept.items():
            other = self._theirs.get(key)
            less = {} if other is None else custody.strictest(link, other)
            if other is None and link.data_access and (brought or self._is_closed(link)):
                less = {"data_access": False}
            self._lessen(link, less)
        free = max((each.contact_priority for each in self._kept.values()), default=0)
        for place, link in enumerate(moving, start=free + 1):
            link.student, link.contact_priority = self._keep, place
            unseen = self.kept_tells or custody.among(link.guardian, self._kept_from[self._keep.pk])
            self._lessen(link, {"data_access": False} if link.data_access and unseen else {})
        StudentGuardian.objects.bulk_update(
            [*self._kept.values(), *moving],
            ["student", "contact_priority", "restriction_note", "channels", *custody.GIVES],
        )
        # What stays on the duplicate gives nobody a second way to look.
        StudentGuardian.objects.filter(pk__in=[each.pk for each in staying]).update(data_access=False)
        return Moved(len(moving), len(staying))

    def _lessen(self, link: StudentGuardian, less: dict[str, Any]) -> None:
        for name, value in less.items():
            setattr(link, name, value)
        if less:
            self.closed.append(Closed(link, tuple(sorted(less))))


def _enrolments(duplicate: Student, keep: Student, today: dt.date) -> Moved:
    had = [
        (enrolment.entered_on, enrolment.until)
        for enrolment in Enrolment.objects.filter(student=keep, primary=True).select_related("year")
    ]
    theirs: list[Enrolment] = list(Enrolment.objects.filter(student=duplicate).select_related("year"))
    clash = [
        their.pk
        for their in theirs
        if their.primary and any(clock.meet((their.entered_on, their.until), other) for other in had)
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
        their
        for their in theirs
        if any(clock.meet((their.starts_on, their.ends_on), other) for other in had.get(their.course_class_id, []))
    ]
    moved = (
        ClassEnrolment.objects.filter(student=duplicate)
        .exclude(pk__in=[each.pk for each in clash])
        .update(student=keep)
    )
    for year_id in {each.course_class.year_id for each in clash}:
        end_class_enrolments([duplicate.pk], year_id=year_id, on=today)
    return Moved(moved, len(clash))
