"""Why a roll, a code, a desk entry or leave is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schoolops.errors import Conflict, Invalid, NotFound, PreconditionFailed


class PeriodUnknown(NotFound):
    """This campus has no such period."""

    code = "attendance:period-unknown"
    remedy = "GET /api/v1/periods lists the periods of a campus."


class RollUnknown(NotFound):
    """There is no such roll."""

    code = "attendance:roll-unknown"


class DayInTheFuture(Invalid):
    """{day} has not begun: it is {today} in {timezone}."""

    code = "attendance:day-in-the-future"
    remedy = "Mark the roll on the day itself. Absence that is known before goes to the office, as leave."


class OutsideYear(Invalid):
    """{day} is outside {year}, which runs from {starts_on} to {ends_on}."""

    code = "attendance:outside-year"
    remedy = "Choose the section or class of the year this day belongs to."


class NotInstructional(Conflict):
    """There is no school on {day}: {why}."""

    code = "attendance:not-instructional"
    remedy = "If there was school after all, the office marks the day as instructional in the calendar."


class PeriodNotHeld(Conflict):
    """{period} is not held on {day}: the school day runs from {starts_at} to {ends_at}."""

    code = "attendance:period-not-held"
    remedy = "If the day ran longer after all, the office changes its times in the calendar."


class YearNotBegun(Conflict):
    """The academic year {year} is planned: no rolls are taken in it yet."""

    code = "attendance:year-not-begun"
    remedy = "The office activates the year when the one before is closed."


class EditWindowOver(Conflict):
    """Rolls can be changed for {window} days; that of {day} could be until {until}."""

    code = "attendance:edit-window-over"
    remedy = "Somebody who may lock and re-open rolls can re-open it, with a reason."


class AttendanceDayLocked(Conflict):
    """This roll of {day} is locked: {reason}."""

    code = "attendance:day-locked"
    remedy = "Somebody who may lock and re-open rolls can re-open it, with a reason."


class RollChangedMeanwhile(PreconditionFailed):
    """This roll has changed since you read it: it is at version {version}, you sent {expected}."""

    code = "attendance:changed-meanwhile"
    remedy = "Read the roll again, put your marks beside what changed, and send it with the present version."

    def __init__(self, *, version: int, expected: int, members: Mapping[str, Any]) -> None:
        super().__init__(version=version, expected=expected)
        self.members = {"version": version, **members}


class MarksRefused(Invalid):
    """Some marks cannot be accepted; nothing was recorded."""

    code = "attendance:marks-refused"
    remedy = "Correct the records named in `errors`; a roll names every student on it exactly once."


class AlreadyLocked(Conflict):
    """This roll is locked already."""

    code = "attendance:already-locked"


class NotLocked(Conflict):
    """This roll is open, so it need not be re-opened."""

    code = "attendance:not-locked"


class ReopeningTooLong(Invalid):
    """A roll is re-opened for at least one minute and at most {most} hours."""

    code = "attendance:reopening-too-long"


class CodeUnknown(Invalid):
    """There is no attendance code {given}."""

    code = "attendance:code-unknown"
    remedy = "GET /api/v1/attendance-codes lists them."


class CodeNotFound(NotFound):
    """There is no such attendance code."""

    code = "attendance:code-not-found"


class CodeRetired(Invalid):
    """{given} is no longer in use."""

    code = "attendance:code-retired"
    remedy = "GET /api/v1/attendance-codes lists the codes in use."


class CodeTaken(Conflict):
    """There is a code {given} already."""

    code = "attendance:code-taken"
    field = "code"
    remedy = "A retired code keeps its letter, because old rolls name it. Choose another letter."


class CodeInUse(Conflict):
    """Records name the code {given}, so its letter and what it counts as stay."""

    code = "attendance:code-in-use"
    remedy = "Retire it and add another code."


class DefaultCodeNeeded(Conflict):
    """The default code is one that teachers can choose and that is in use."""

    code = "attendance:default-code-needed"
    remedy = "Make another code the default first."


class PolicyRefused(Invalid):
    """These rules contradict each other."""

    code = "attendance:policy-refused"
    remedy = "0 < half_from_share < absent_from_share ≤ 1, and the day ends after it starts."


class TimesRefused(Invalid):
    """These times cannot be: who is absent neither arrives nor leaves, and nobody leaves before arriving."""

    code = "attendance:times-refused"


class DeskEntryEmpty(Invalid):
    """A desk entry says when the student came, when they left, or a code."""

    code = "attendance:desk-entry-empty"
    remedy = "Send `code`; it may be left out where the school has a code for being late or leaving early."


class DeskEntryUnknown(NotFound):
    """There is no such desk entry."""

    code = "attendance:desk-entry-unknown"


class NotEnrolledThatDay(Invalid):
    """{student} is on no roll on {day}."""

    code = "attendance:not-enrolled-that-day"
    remedy = "Their enrolments show from when to when they are on a roll."


class NothingLeftToCount(Conflict):
    """The roll of {day} would say nothing of this student: no teacher has marked them there."""

    code = "attendance:nothing-left-to-count"
    remedy = "Enter the code that is right at the desk; it takes the place of this one."


class LeaveUnknown(NotFound):
    """There is no such leave."""

    code = "attendance:leave-unknown"


class LeaveOverlaps(Conflict):
    """There is leave, asked for or approved, in these days already."""

    code = "attendance:leave-overlaps"
    remedy = "Cancel the other leave first, or choose other days."


class LeaveEndsBeforeItStarts(Invalid):
    """Leave ends on the day it starts, or later."""

    code = "attendance:leave-ends-before-it-starts"


class LeaveTooLong(Invalid):
    """Leave lasts at most {most} days."""

    code = "attendance:leave-too-long"
    remedy = "A student who stays away longer is withdrawn and re-enrolled."


class LeaveAlreadyDecided(Conflict):
    """This leave is {state} already."""

    code = "attendance:leave-already-decided"


class CodeChangedMeanwhile(PreconditionFailed):
    """This code has changed since you read it: it is at version {version}."""

    code = "attendance:code-changed-meanwhile"
    remedy = "Read it again and send your change with the present version."


class PolicyChangedMeanwhile(PreconditionFailed):
    """These rules have changed since you read them: they are at version {version}."""

    code = "attendance:policy-changed-meanwhile"
    remedy = "Read them again and send your change with the present version."


class AttachmentRefused(Invalid):
    """This file cannot be kept with a request for leave."""

    code = "attendance:attachment-refused"
    remedy = "Send a PDF, or a picture as JPEG, PNG or WebP, of {most} MB at most."
    field = "attachment"
