"""A child's lessons and exams as a calendar that a program reads under a secret address."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from apps.accounts.models import User
from apps.examinations import selectors as exams
from apps.family.errors import FeedUnknown
from apps.family.models import CalendarFeed
from apps.family.selectors import Child, children_of, lessons_of
from apps.students.models import FamilyItem, Student
from schoolops import clock
from schoolops.audit import trail

# A phone reads it anew every few hours.
DAYS_AHEAD = 28


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def begin_feed(*, student: Student, by: User) -> str:
    """A new secret under which ``by``'s calendar of a child is read; the one before reads nothing any more."""
    secret = secrets.token_urlsafe(32)
    said = {"digest": _digest(secret), "created_at": clock.now()}
    CalendarFeed.objects.update_or_create(user=by, student=student, defaults=said)
    trail.record(by, "family.feed-begun", student)
    return secret


@transaction.atomic
def end_feed(*, student: Student, by: User) -> None:
    """Nothing is read any more under the address that ``by`` has of this child's calendar."""
    number, _of = CalendarFeed.objects.filter(user=by, student=student).delete()
    if number:
        trail.record(by, "family.feed-ended", student)


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
            return _calendar(child, feed.user)
    raise FeedUnknown


def _calendar(child: Child, by: User) -> bytes:
    zone = ZoneInfo(child.student.institution.timezone)
    made = Calendar()
    made.add("prodid", "-//SchoolOps//family//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", child.name)

    def event(uid: str, title: str, room: str, day: dt.date, times: tuple[dt.time, dt.time]) -> None:
        each = Event()
        each.add("uid", f"{uid}@schoolops")
        each.add("dtstamp", clock.now())
        each.add("summary", title)
        if room:
            each.add("location", room)
        # In UTC: a program needs no table of our zones, and a clock that jumps moves no lesson.
        for name, time in zip(("dtstart", "dtend"), times, strict=True):
            each.add(name, dt.datetime.combine(day, time, zone).astimezone(dt.UTC))
        made.add_component(each)

    if FamilyItem.TIMETABLE in child.items:
        days = [child.today + dt.timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
        for day, lessons in lessons_of(child, days).items():
            for lesson in lessons:
                times = (lesson.starts_at, lesson.ends_at)
                event(f"{lesson.id}-{day:%Y%m%d}", lesson.title, lesson.room, day, times)
    if FamilyItem.EXAMS in child.items:
        papers = exams.exams_followed(child.student.sourced_id, by=by).filter(day__gte=child.today)
        for paper in papers.select_related("course", "session").order_by("day", "starts_at", "pk"):
            title = _("Exam: %(course)s") % {"course": " ".join(filter(None, (paper.course.title, paper.title)))}
            event(str(paper.sourced_id), title, paper.room, paper.day, (paper.starts_at, paper.ends_at))
    return bytes(made.to_ical())
