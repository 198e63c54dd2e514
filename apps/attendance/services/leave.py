"""Leave: asked for, decided, and on every roll it touches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.selectors import keys_in_reach, permissions_of
from apps.accounts.models import User
from apps.attendance.errors import (
    AttachmentRefused,
    CodeRetired,
    CodeUnknown,
    LeaveAlreadyDecided,
    LeaveEndsBeforeItStarts,
    LeaveOverlaps,
    LeaveTooLong,
    LeaveUnknown,
)
from apps.attendance.events import LeaveDecided
from apps.attendance.models import AttendanceCode, DayState, Leave
from apps.attendance.selectors import CodeBook
from apps.attendance.services.following import apply_office
from apps.students.models import FamilyItem, Student
from apps.students.selectors import expect_open
from schoolops import clock, events, files
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.files.papers import MOST_MB, PaperRefused, checked_paper, media_type_of

MOST_DAYS = 366
State = Leave.State


@transaction.atomic
def request_leave(
    *,
    student: UUID,
    starts_on: dt.date,
    ends_on: dt.date,
    reason: str,
    code: str | None = None,
    attachment: bytes = b"",
    by: User,
) -> Leave:
    """Ask that a student may stay away from ``starts_on`` to ``ends_on``, both included. Nothing happens until decided.

    ``attachment``: a PDF, or a picture, which is drawn anew.

    Raises:
        PermissionMissing, OutOfReach, LeaveEndsBeforeItStarts, LeaveTooLong, LeaveOverlaps,
        CodeUnknown (also: a code that does not mean absent), CodeRetired, AttachmentRefused.
    """
    who = _student(student, by, "leave.request")
    if ends_on < starts_on:
        raise LeaveEndsBeforeItStarts
    if (ends_on - starts_on).days >= MOST_DAYS:
        raise LeaveTooLong(most=MOST_DAYS)
    leave = Leave(
        student=who,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
        code=_code(code, CodeBook()),
        requested_by=by,
    )
    if attachment:
        content, suffix = _checked(attachment)
        files.keep(leave.attachment, content, suffix=suffix)
    with explains({"leave_no_overlap": LeaveOverlaps}):
        leave.save(force_insert=True)
    after = {"student": who, "starts_on": starts_on, "ends_on": ends_on, "code": leave.code.code}
    trail.record(by, "attendance.leave-requested", leave, after=after, reason=reason)
    return leave


@transaction.atomic
def approve_leave(*, leave: UUID, note: str = "", by: User) -> tuple[Leave, tuple[dt.date, ...]]:
    """Let the student stay away: rolls taken already follow, those taken later begin with the leave's code.

    Returns:
        The leave, and the days of locked rolls, which stay as they are.

    Raises:
        PermissionMissing, OutOfReach, LeaveUnknown, LeaveAlreadyDecided.
    """
    found = _held(leave, by, "leave.decide")
    _decide(found, State.APPROVED, note, by, was=(State.REQUESTED,))
    return found, _follow(found, by)


@transaction.atomic
def enter_leave(
    *, students: Collection[UUID], starts_on: dt.date, ends_on: dt.date, reason: str, code: str | None = None, by: User
) -> tuple[list[Leave], tuple[dt.date, ...]]:
    """Leave of several students, as brothers and sisters: all of it or none. Approved where ``by`` may decide.

    Returns:
        The leave of each, and the days of locked rolls, which stay as they are.

    Raises:
        What ``request_leave`` and ``approve_leave`` raise.
    """
    found, locked = [], set[dt.date]()
    # Always in one order: of two who enter leave of the same children one waits for the other.
    for student in sorted(set(students)):
        leave = request_leave(student=student, starts_on=starts_on, ends_on=ends_on, reason=reason, code=code, by=by)
        if _way(leave.student, by) == "leave.decide":
            leave, days = approve_leave(leave=leave.sourced_id, by=by)
            locked |= set(days)
        found.append(leave)
    return found, tuple(sorted(locked))


@transaction.atomic
def refuse_leave(*, leave: UUID, note: str = "", by: User) -> Leave:
    """Say no. Raises PermissionMissing, OutOfReach, LeaveUnknown, LeaveAlreadyDecided."""
    found = _held(leave, by, "leave.decide")
    _decide(found, State.REFUSED, note, by, was=(State.REQUESTED,))
    return found


@transaction.atomic
def cancel_leave(*, leave: UUID, note: str = "", by: User) -> tuple[Leave, tuple[dt.date, ...]]:
    """Take leave back: who asked may while it is undecided, who decides may always. Unlocked rolls follow.

    Returns:
        The leave, and the days of locked rolls, which stay as they are.

    Raises:
        PermissionMissing, OutOfReach, LeaveUnknown, LeaveAlreadyDecided, NothingLeftToCount.
    """
    about = Student.objects.select_related("institution").filter(leaves__sourced_id=leave).first()
    way = _way(about, by)
    found, decides = _held(leave, by, way), way == "leave.decide"
    if not decides and found.requested_by_id != by.pk:
        # Another guardian's request.
        raise LeaveUnknown
    was = (State.REQUESTED, State.APPROVED) if decides else (State.REQUESTED,)
    approved = found.state == State.APPROVED
    _decide(found, State.CANCELLED, note, by, was=was)
    return found, _follow(found, by) if approved else ()


def _checked(content: bytes) -> tuple[bytes, str]:
    """What is kept of an attachment, and the suffix of its real kind. Raises ``AttachmentRefused``."""
    try:
        return checked_paper(content)
    except PaperRefused as refusal:
        raise AttachmentRefused(most=MOST_MB) from refusal


@transaction.atomic
def attach_to_leave(*, leave: UUID, content: bytes, by: User) -> None:
    """Let ``content`` be what came with one's own request, while nobody has decided it.

    Raises:
        PermissionMissing, OutOfReach, LeaveUnknown: also another's request. LeaveAlreadyDecided, AttachmentRefused.
    """
    found = _held(leave, by, "leave.request")
    if found.requested_by_id != by.pk:
        raise LeaveUnknown
    if found.state != State.REQUESTED:
        raise LeaveAlreadyDecided(state=found.state)
    kept, suffix = _checked(content)
    files.keep(found.attachment, kept, suffix=suffix)
    found.save(update_fields=["attachment"])
    trail.record(by, "attendance.leave-attached", found)


def attachment_of(leave: UUID, *, by: User) -> tuple[bytes, str]:
    """What came with a request, and its media type: for who decides, and for who sent it.

    Raises:
        PermissionMissing, OutOfReach, LeaveUnknown: also where nothing came with it.
    """
    access.require(by, _way(None, by))
    found = Leave.objects.select_related("student__institution").filter(sourced_id=leave).exclude(attachment="").first()
    if found is None:
        raise LeaveUnknown
    way = _way(found.student, by)
    if way == "leave.request" and found.requested_by_id != by.pk:
        raise LeaveUnknown
    access.require_row(by, way, "student", found.student, day=clock.today(found.student.institution.timezone))
    expect_open(found.student, FamilyItem.LEAVE, permission=way, by=by)
    with found.attachment.open("rb") as file:
        content = bytes(file.read())
    return content, media_type_of(str(found.attachment.name))


def _way(student: Student | None, by: User) -> str:
    """By which permission ``by`` has to do with this student's leave: as who decides, or else as who asks.

    Who decides at one campus may be a guardian at another.
    """
    held = permissions_of(by)
    if "leave.decide" not in held:
        return "leave.request"
    if "leave.request" not in held or student is None:
        return "leave.decide"
    day = clock.today(student.institution.timezone)
    reached = keys_in_reach(by, "leave.decide", "student", Student, [student.pk], day=day)
    return "leave.decide" if reached else "leave.request"


def _student(student: UUID, by: User, permission: str) -> Student:
    access.require(by, permission)
    found = Student.objects.select_for_update(no_key=True).filter(sourced_id=student).first()
    if found is None:
        raise OutOfReach
    access.require_row(by, permission, "student", found, day=clock.today(found.institution.timezone))
    expect_open(found, FamilyItem.LEAVE, permission=permission, by=by)
    who: Student = found
    return who


def _held(leave: UUID, by: User, permission: str) -> Leave:
    access.require(by, permission)
    student = Leave.objects.filter(sourced_id=leave).values_list("student__sourced_id", flat=True).first()
    if student is None:
        raise LeaveUnknown
    _student(student, by, permission)
    # Read again: the decision of somebody else may have come while we waited for the student.
    return Leave.objects.select_related("code").get(sourced_id=leave)


def _code(letter: str | None, codes: CodeBook) -> AttendanceCode:
    code = codes.chosen(letter) if letter is not None else codes.excused_absence()
    if code is None or code.state != DayState.ABSENT:
        raise CodeUnknown(given=letter or "for an excused absence")
    if code.retired:
        raise CodeRetired(given=code.code)
    return code


def _decide(leave: Leave, state: State, note: str, by: User, *, was: tuple[State, ...]) -> None:
    before = leave.state
    if before not in was:
        raise LeaveAlreadyDecided(state=before)
    leave.state, leave.decided_by, leave.decided_at, leave.decision_note = state, by, clock.now(), note
    leave.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    trail.record(by, f"attendance.leave-{state}", leave, before={"state": before}, after={"state": state}, reason=note)
    if state in {State.APPROVED, State.REFUSED}:
        events.publish(LeaveDecided(leave.pk))


def _follow(leave: Leave, by: User) -> tuple[dt.date, ...]:
    return apply_office(
        students=[leave.student_id],
        first=leave.starts_on,
        last=leave.ends_on,
        by=by,
        codes=CodeBook(),
        skip_locked=True,
    )
