"""What waits for somebody in the office: facts with a code and a number; the page finds the words and the way there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import OneTimeLink, User
from apps.attendance import selectors as attendance
from apps.attendance.models import Leave
from apps.institutions.models import Section
from apps.office.setup.selectors import enrolled_on, nobody_to_call, readiness
from apps.staff.models import TeachingAssignment
from apps.students.models import Enrolment, SectionMembership, Student
from schoolops import clock
from schoolops.rows import RowStatus

# An invitation that nobody followed for as long will not be followed.
INVITED_FOR = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Attention:
    """``number`` of what ``code`` names; ``day`` where it is about one."""

    code: str
    number: int
    day: dt.date | None = None


def what_needs_attention(by: User, day: dt.date, *, before: dt.date | None) -> tuple[Attention, ...]:
    """Everything that waits and that ``by`` can do something about.

    Args:
        before: the school day before ``day``, whose missing rolls are late; None: do not look.
    """
    return tuple(each for each in _looked_at(by, day, before) if each.number)


def _looked_at(by: User, day: dt.date, before: dt.date | None) -> Iterator[Attention]:
    held = access_rows.permissions_of(by)
    if "leave.decide" in held:
        yield Attention("leave-to-decide", _leave_to_decide(by, day))
    if before is not None and "attendance.mark" in held:
        yield Attention("rolls-late", len(attendance.rolls_not_taken(before, by=by)), before)
    if access_rows.reaches_everything(by, "students.manage"):
        yield Attention("without-section", _without_section(day))
    if access_rows.reaches_everything(by, "guardians.manage"):
        yield Attention("without-contact", _without_contact(day))
    if access_rows.reaches_everything(by, "staff.manage"):
        yield Attention("section-without-teacher", _sections_without_teacher(day))
    if access_rows.reaches_everything(by, "accounts.view"):
        yield Attention("invited-never-came", _invited_who_never_came())
    if access_rows.reaches_everything(by, "institutions.manage"):
        yield Attention("set-up-incomplete", sum(not line.done for line in readiness(day, by=by)))


def _leave_to_decide(by: User, day: dt.date) -> int:
    reach = access.within_reach(by, "leave.decide", "student", day=day)
    waiting = Leave.objects.filter(state=Leave.State.REQUESTED)
    if reach != Q():
        waiting = waiting.filter(student__in=Student.objects.filter(reach).values("pk"))
    return waiting.count()


def _without_section(day: dt.date) -> int:
    placed = SectionMembership.objects.on(day).filter(enrolment=OuterRef("pk"))
    return Enrolment.objects.filter(enrolled_on(day), ~Exists(placed)).count()


def _without_contact(day: dt.date) -> int:
    return Enrolment.objects.filter(enrolled_on(day), nobody_to_call()).count()


def _sections_without_teacher(day: dt.date) -> int:
    taught = TeachingAssignment.objects.on(day).filter(section=OuterRef("pk"))
    there = SectionMembership.objects.on(day).filter(section=OuterRef("pk"))
    return Section.objects.filter(~Exists(taught), Exists(there), status=RowStatus.ACTIVE).count()


def _invited_who_never_came() -> int:
    invited = OneTimeLink.objects.filter(
        user=OuterRef("pk"), purpose=OneTimeLink.Purpose.INVITE, created_at__lt=clock.now() - INVITED_FOR
    )
    lately = OneTimeLink.objects.filter(
        user=OuterRef("pk"), purpose=OneTimeLink.Purpose.INVITE, created_at__gte=clock.now() - INVITED_FOR
    )
    never = User.objects.filter(is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return never.filter(Exists(invited), ~Exists(lately)).count()
