"""A child's lessons and exams as a calendar that a program reads under a secret address."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.selectors import language_of
from apps.examinations import selectors as exams
from apps.family.errors import FeedUnknown
from apps.family.models import CalendarFeed
from apps.family.selectors import Child, child_of, children_of, lessons_of
from apps.students.models import FamilyItem
from schoolops import clock
from schoolops.audit import trail

# A phone reads it anew every few hours.
DAYS_AHEAD = 28


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def begin_feed(*, student: UUID, by: User) -> str:
    """A new secret under which ``by``'s calendar of a child is read; the one before reads nothing any more.

    Raises:
        PermissionMissing; OutOfReach: not their child, or its timetable is not open to them.
    """
    child = child_of(by, student, FamilyItem.TIMETABLE).student
    secret = secrets.token_urlsafe(32)
    said = {"digest": _digest(secret), "created_at": clock.now()}
    CalendarFeed.objects.update_or_create(user=by, student=child, defaults=said)
    trail.record(by, "family.feed-begun", child)
    return secret


@transaction.atomic
def end_feed(*, student: UUID, by: User) -> None:
    """Nothing is read any more under the address that ``by`` has of this child's calendar.

    Raises:
        PermissionMissing; OutOfReach: not their child.
    """
    child = child_of(by, student).student
    number, _of = CalendarFeed.objects.filter(user=by, student=child).delete()
    if number:
        trail.record(by, "family.feed-ended", child)


def read_feed(secret: str) -> bytes:
    """The calendar (RFC 5545) behind a secret, as far as whose it is may see the child by now.

    Raises:
        FeedUnknown: there is none, or nothing of the child is open to them any more.
    """
    feed = CalendarFeed.objects.select_related("user", "student").filter(digest=_digest(secret)).first()
    if feed is None or not feed.holds or not feed.user.may_log_in(clock.now()):
        raise FeedUnknown
    of = feed.student.merged_into_id or feed.student_id
    for child in children_of(feed.user):
        if child.student.pk == of and {FamilyItem.TIMETABLE, FamilyItem.EXAMS} & child.items:
            # A program asks for no language, or for its maker's.
            with translation.override(language_of(feed.user)):
                return _calendar(child, feed.user)
    raise FeedUnknown


def _calendar(child: Child, by: User) -> bytes:
    from icalendar import Calendar, Event

    made = Calendar()
    made.add("prodid", "-//SchoolOps//family//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", child.name)

    def event(uid: str, title: str, room: str, day: dt.date, times: tuple[dt.time, dt.time], zone: str) -> None:
        each = Event()
        each.add("uid", f"{uid}@schoolops")
        each.add("dtstamp", clock.now())
        each.add("summary", title)
        if room:
            each.add("location", room)
        # In UTC: a program needs no table of our zones, and a clock that jumps moves no lesson.
        for name, time in zip(("dtstart", "dtend"), times, strict=True):
            each.add(name, dt.datetime.combine(day, time, ZoneInfo(zone)).astimezone(dt.UTC))
        made.add_component(each)

    if FamilyItem.TIMETABLE in child.items:
        days = [child.today + dt.timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
        for day, lessons in lessons_of(child, days).items():
            for lesson in lessons:
                times = (lesson.starts_at, lesson.ends_at)
                event(f"{lesson.id}-{day:%Y%m%d}", lesson.title, lesson.room, day, times, lesson.timezone)
    if FamilyItem.EXAMS in child.items:
        papers = exams.exams_followed(child.student.sourced_id, by=by).filter(day__gte=child.today)
        for paper in papers.select_related("course", "session", "institution").order_by("day", "starts_at", "pk"):
            title = _("Exam: %(course)s") % {"course": " ".join(filter(None, (paper.course.title, paper.title)))}
            times = (paper.starts_at, paper.ends_at)
            event(str(paper.sourced_id), title, paper.room, paper.day, times, paper.institution.timezone)
    return bytes(made.to_ical())
