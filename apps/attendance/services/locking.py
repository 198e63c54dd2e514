"""Locking a roll with a reason, and re-opening it with another one, for a while."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import AlreadyLocked, NotLocked, ReopeningTooLong, RollUnknown
from apps.attendance.models import AttendanceSession
from apps.attendance.selectors import Place, SessionKey
from schoolops import clock
from schoolops.audit import trail

LONGEST_REOPENING = dt.timedelta(hours=72)


@transaction.atomic
def lock_roll(*, roll: UUID, reason: str, by: User) -> AttendanceSession:
    """Let nobody change a roll until it is re-opened.

    Raises:
        PermissionMissing, OutOfReach, RollUnknown, AlreadyLocked.
    """
    sheet, _ = _held(roll, by)
    if sheet.state == AttendanceSession.State.LOCKED:
        raise AlreadyLocked
    before = {"state": sheet.state}
    sheet.state, sheet.locked_at, sheet.locked_reason = AttendanceSession.State.LOCKED, clock.now(), reason
    sheet.reopened_until, sheet.reopened_reason = None, ""
    sheet.save(update_fields=["state", "locked_at", "locked_reason", "reopened_until", "reopened_reason"])
    trail.record(by, "attendance.locked", sheet, before=before, after={"state": sheet.state}, reason=reason)
    return sheet


@transaction.atomic
def reopen_roll(*, roll: UUID, reason: str, lasting: dt.timedelta, by: User) -> AttendanceSession:
    """Let a locked roll be changed for a while. It locks itself again when that is over.

    Raises:
        PermissionMissing, OutOfReach, RollUnknown, YearIsClosed, NotLocked, ReopeningTooLong.
    """
    sheet, place = _held(roll, by)
    selectors.must_run(place.year)
    return _reopen(sheet, place, reason=reason, lasting=lasting, by=by)


@transaction.atomic
def reopen_day(*, session: SessionKey, reason: str, lasting: dt.timedelta, by: User) -> AttendanceSession:
    """As ``reopen_roll``, also for a roll that nobody took while its edit window was open.

    Raises:
        PermissionMissing, OutOfReach, PeriodUnknown, YearIsClosed, YearNotBegun, DayInTheFuture, OutsideYear,
        NotInstructional, PeriodNotHeld, NotLocked, ReopeningTooLong.
    """
    access.require(by, "attendance.lock")
    place = selectors.place_of(session)
    access.require_row(by, "attendance.lock", place.kind, place.group, day=session.day)
    selectors.must_be_a_day_for_rolls(place)
    # The students are held against a second person who opens, or a teacher who takes, the same roll.
    selectors.roster_for_update(place)
    sheet = selectors.sheet_for_update(place) or place.blank()
    return _reopen(sheet, place, reason=reason, lasting=lasting, by=by)


def _held(roll: UUID, by: User) -> tuple[AttendanceSession, Place]:
    access.require(by, "attendance.lock")
    sheet = AttendanceSession.objects.select_for_update(no_key=True).filter(sourced_id=roll).first()
    if sheet is None:
        raise RollUnknown
    place = selectors.place_of_roll(sheet)
    access.require_row(by, "attendance.lock", place.kind, place.group, day=place.day)
    return sheet, place


def _reopen(
    sheet: AttendanceSession, place: Place, *, reason: str, lasting: dt.timedelta, by: User
) -> AttendanceSession:
    now = clock.now()
    state = sheet.state_at(now, first_open_day=place.first_open_day)
    if state != AttendanceSession.State.LOCKED:
        raise NotLocked
    if not dt.timedelta(minutes=1) <= lasting <= LONGEST_REOPENING:
        raise ReopeningTooLong(most=int(LONGEST_REOPENING.total_seconds() // 3600))
    before = {"state": state.value, "locked_because": selectors.why_locked(sheet)}
    sheet.state, sheet.reopened_until, sheet.reopened_reason = AttendanceSession.State.REOPENED, now + lasting, reason
    sheet.save()
    after = {"state": sheet.state, "until": sheet.reopened_until}
    trail.record(by, "attendance.reopened", sheet, before=before, after=after, reason=reason)
    return sheet
