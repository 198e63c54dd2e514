"""Writes: rolls, locks, the desk, leave, codes and rules."""

from apps.attendance.services.codes import add_code, change_code, seed_codes, set_policy
from apps.attendance.services.days import (
    AT_ONCE,
    Days,
    Derived,
    check_days,
    days_that_differ,
    derive_days,
    derive_in_chunks,
    marks_of,
)
from apps.attendance.services.desk import Entry, enter_at_desk, remove_from_desk
from apps.attendance.services.leave import (
    approve_leave,
    attach_to_leave,
    attachment_of,
    cancel_leave,
    enter_leave,
    refuse_leave,
    request_leave,
)
from apps.attendance.services.locking import lock_roll, reopen_day, reopen_roll
from apps.attendance.services.marking import Mark, mark_and_read, mark_attendance
from apps.attendance.services.merging import move_desk_entries, move_leave, move_records, say_what_came_along
from apps.attendance.services.telling import DAYS_TOLD, remind_of_rolls, tell_of_day, tell_of_leave

__all__ = [
    "AT_ONCE",
    "DAYS_TOLD",
    "Days",
    "Derived",
    "Entry",
    "Mark",
    "add_code",
    "approve_leave",
    "attach_to_leave",
    "attachment_of",
    "cancel_leave",
    "change_code",
    "check_days",
    "days_that_differ",
    "derive_days",
    "derive_in_chunks",
    "enter_at_desk",
    "enter_leave",
    "lock_roll",
    "mark_and_read",
    "mark_attendance",
    "marks_of",
    "move_desk_entries",
    "move_leave",
    "move_records",
    "refuse_leave",
    "remind_of_rolls",
    "remove_from_desk",
    "reopen_day",
    "reopen_roll",
    "request_leave",
    "say_what_came_along",
    "seed_codes",
    "set_policy",
    "tell_of_day",
    "tell_of_leave",
]
