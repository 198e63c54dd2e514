"""What of attendance waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import ngettext

from apps.access.selectors import asked_reach, permissions_of
from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.attendance.selectors import rolls_not_taken
from apps.institutions.selectors import previous_school_day
from apps.office.shell.rooms import Waiting
from apps.students.selectors import of_students_asked, of_students_in_reach
from schoolops.tenancy.compiled import by_shape


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:
    """Leave to decide, and the rolls of the school day before that nobody took."""
    held = permissions_of(by)
    if "leave.decide" in held:
        number = _requested(by, day)
        words = ngettext("%d request for leave to decide", "%d requests for leave to decide", number) % number
        yield Waiting("leave-to-decide", number, words, reverse("office:attendance_leave_changelist"))
    if "attendance.mark" in held and (before := previous_school_day(day)) is not None:
        number = len(rolls_not_taken(before, by=by))
        words = ngettext("%d roll of the last day is missing", "%d rolls of the last day are missing", number) % number
        yield Waiting("rolls-late", number, words, f"{reverse('office:rolls')}?day={before.isoformat()}")


def _requested(by: User, day: dt.date) -> int:
    reach = asked_reach(by, "leave.decide", "student", day=day)
    if reach is None:
        return _leave(of_students_in_reach(by, "leave.decide", day)).count()
    compiled = by_shape(("waiting.leave", reach.shape), lambda: _leave(of_students_asked(reach)).values_list("pk"))
    return len(compiled.all(**reach.values))


def _leave(reached: Q) -> QuerySet[Leave]:
    return Leave.objects.filter(reached, state=Leave.State.REQUESTED).order_by()
