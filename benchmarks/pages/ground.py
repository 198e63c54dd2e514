"""A school to measure in: students in sections, a head and a teacher who ask, and every roll of the last days taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction

from apps.accounts.models import User
from apps.accounts.services import log_in
from apps.attendance.models import (
    AttendanceCode,
    AttendancePolicy,
    AttendanceRecord,
    AttendanceSession,
    DailyAttendance,
    DeskEntry,
)
from apps.examinations.models import Exam
from apps.institutions.models import CourseClass, Section
from apps.staff.models import TeachingAssignment
from apps.students.models import Student
from apps.timetable.models import Meeting, Period
from benchmarks.pages.callers import HOST, Caller
from schoolops import clock
from schoolops.cache.sessions import SessionStore
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School
from schoolops.tenancy.provisioning import create_school
from tests.factories import cards, exams, money, people

SECTION_SIZE = 50
LARGE = 60


@dataclass(slots=True)
class Place:
    """What to ask for: public ids, ISO days, and sections whose rolls nobody has taken."""

    section: str
    large: str
    course_class: str
    period: str
    student: str
    paper: str
    child: str
    day: str
    small: tuple[str, list[str]]
    fresh: list[tuple[str, list[str]]]
    classes: list[tuple[str, list[str]]]
    days: list[str]
    _used: int = field(default=0)
    _classes_used: int = field(default=0)
    _marked: int = field(default=0)
    # What a login sends.
    login: bytes = orjson.dumps({"login": "head", "password": people.PASSWORD})

    def next_roll(self) -> tuple[str, bytes]:
        """(address, body) of a roll of sixty that nobody has taken; another one each time."""
        each, number = divmod(self._used, len(self.days))
        self._used += 1
        section, students = self.fresh[each]
        return self.marked(section, students, self.days[number])

    def next_marking(self) -> tuple[str, bytes]:
        """The small section’s roll of a day marked again, one more absent or one less."""
        section, students = self.small
        address, body = self.marked(section, students, self.days[-1])
        said = orjson.loads(body) | {"version": self._marked}
        said["records"][-1]["code"] = "A" if self._marked % 2 else "P"
        self._marked += 1
        return address, orjson.dumps(said)

    def next_class_roll(self) -> tuple[str, bytes]:
        """The same of a class."""
        each, number = divmod(self._classes_used, len(self.days))
        self._classes_used += 1
        taught, students = self.classes[each]
        _, body = self.marked(taught, students, self.days[number])
        return f"/api/v1/classes/{taught}/roll/{self.days[number]}/{self.period}", body

    @staticmethod
    def marked(section: str, students: list[str], day: str) -> tuple[str, bytes]:
        """(address, body) of marking a roll for the first time, one in nine absent."""
        records = [
            {"student_id": student, "code": "A" if number % 9 == 0 else "P"} for number, student in enumerate(students)
        ]
        return f"/api/v1/sections/{section}/roll/{day}", orjson.dumps({"version": 0, "records": records})


@dataclass(frozen=True, slots=True)
class Ground:
    """The school, where to look in it, and who looks: by token, and the head also in a browser."""

    school: School
    place: Place
    head: Caller
    teacher: Caller
    office: Caller
    teacher_page: Caller
    desk: Caller
    bursar: Caller
    parent: Caller
    nobody: Caller
    host: str = HOST


@contextmanager
def prepared(students: int, days: int) -> Iterator[Ground]:
    """The school ``bench`` with ``students`` in sections of 50 and ``days`` of rolls; the clock stands still."""
    with outside_schools():
        call_command("migrate", verbosity=0)
    school = create_school(slug="bench", name="Bench School", domains=[HOST])
    with clock.frozen(people.SCHOOL_MOMENT):
        with inside(school), transaction.atomic():
            place = _filled(students, days)
        with outside_schools(), connections["admin"].cursor() as cursor:
            # As autovacuum would within a minute: without statistics both sides get plans that no school has.
            cursor.execute("ANALYZE")
        yield _grounds(school, place, get_wsgi_application(), HOST)


@contextmanager
def another(students: int, days: int, beside: Ground) -> Iterator[Ground]:
    """A second school of the same, ``beside`` the first."""
    host = f"other-{HOST}"
    school = create_school(slug="other", name="Other School", domains=[host])
    with inside(school), transaction.atomic():
        place = _filled(students, days)
    with outside_schools(), connections["admin"].cursor() as cursor:
        cursor.execute("ANALYZE")
    yield _grounds(school, place, beside.head.application, host)


def _grounds(school: School, place: Place, application: Any, host: str) -> Ground:
    with inside(school):
        names = ("head", "bob", "anton")
        tokens = {name: log_in(login=name, password=people.PASSWORD).access_token for name in names}
        head, bob, anton = (Caller(application, token=tokens[name]) for name in names)
        pages = [Caller(application, cookies=_session_of(name)) for name in ("head", "bob", "clerk", "carol")]
    return Ground(school, place, head, bob, *pages[:3], anton, pages[3], Caller(application), host)


def _session_of(name: str) -> str:
    user = User.objects.get(username=name)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "apps.accounts.backends.LoginBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}"


def _filled(students: int, days: int) -> Place:
    campus = people.a_school_year(sections=())
    # A roll of any day of the year so far can be marked for the first time.
    AttendancePolicy.objects.create(institution=campus.institution, edit_window_days=366)
    sections = [
        people.a_section(SECTION_SIZE, campus=campus, name=f"7 {letter}")
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: students // SECTION_SIZE]
    ]
    small, large = (people.a_section(size, campus=campus, name=name) for size, name in ((5, "8 A"), (LARGE, "8 B")))
    fresh = [people.a_section(LARGE, campus=campus, name=f"9 {letter}") for letter in "ABCD"]
    # Two sections have their daily rolls taken by nobody: of each of these there is a class.
    classes = [people.a_class(campus, students=people.students_in(section)) for section in fresh[2:]]
    taught = people.a_class(campus, students=people.students_in(large))
    period = Period.objects.create(
        institution=campus.institution, name="Period 1", position=1, starts_at=dt.time(8), ends_at=dt.time(8, 45)
    )
    Meeting.objects.create(
        course_class=taught, period=period, weekday=people.SCHOOL_DAY.isoweekday(), starts_on=people.FIRST_DAY
    )
    people.a_user("head", role="head")
    people.a_user("clerk", role="registrar")
    bob = people.a_teacher("bob", of=large)
    for group in (taught, small, *fresh, *classes):
        where = {"section": group} if isinstance(group, Section) else {"course_class": group}
        TeachingAssignment.objects.create(staff=bob.staff_member, starts_on=people.FIRST_DAY, **where)
    for number in range(days):
        _take_rolls([*sections, large], people.SCHOOL_DAY - dt.timedelta(days=number))
    _take_rolls([taught], people.SCHOOL_DAY, period)
    late = AttendanceCode.objects.get(code="L")
    DeskEntry.objects.bulk_create(
        DeskEntry(
            student=student, institution=campus.institution, day=people.SCHOOL_DAY, code=late, arrived_at=dt.time(9, 5),
            entered_at=clock.now(),
        )
        for student in people.students_in(sections[1])[:10]
    )  # fmt: skip
    before = [people.SCHOOL_DAY - dt.timedelta(days=number) for number in range(1, 60)]
    ids = {group.pk: [str(each.sourced_id) for each in people.students_in(group)] for group in (small, *fresh)}
    return Place(
        section=str(sections[0].sourced_id),
        large=str(large.sourced_id),
        course_class=str(taught.sourced_id),
        period=str(period.sourced_id),
        student=str(people.students_in(sections[0])[0].sourced_id),
        paper=str(_exams(campus, [large, *sections]).sourced_id),
        child=str(_family(campus, sections).sourced_id),
        day=people.SCHOOL_DAY.isoformat(),
        small=(str(small.sourced_id), ids[small.pk]),
        fresh=[(str(group.sourced_id), ids[group.pk]) for group in fresh],
        classes=[(str(each.sourced_id), ids[section.pk]) for each, section in zip(classes, fresh[2:], strict=True)],
        days=[day.isoformat() for day in before if day.isoweekday() < 6],
    )


def _exams(campus: people.Campus, sections: list[Section]) -> Exam:
    """A session with a paper of each section in six courses; the first one's marks are entered."""
    by = people.a_user("exams", role="administrator")
    session = exams.an_exam_session(campus, by=by, state="marking")
    papers = [
        exams.a_paper(
            session, section, exams.a_course(campus, title), by=by, day=people.SCHOOL_DAY - dt.timedelta(days=number)
        )
        for number, title in enumerate(("Biology", "English", "Physics", "Arabic", "History", "Art"))
        for section in sections
    ]
    scores = {each: f"{each.pk * 7 % 80}.5" for each in people.students_in(sections[0])}
    exams.enter(papers[0], scores, by=by)
    return papers[0]


def _family(campus: people.Campus, sections: list[Section]) -> Student:
    """A guardian of two children; everybody is billed, some have paid; the elder's marks of three papers are public."""
    anton, head = people.a_user("anton", role="accountant"), User.objects.get(username="exams")
    money.a_chart(campus.institution)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    children = people.students_in(sections[0])[:2]
    for student in (*children, *people.students_in(sections[1])):
        money.a_payment(student, "300", by=anton)
    people.a_guardian("carol", of=children)
    session = exams.an_exam_session(campus, by=head, name="Finals")
    titles = ("Biology", "English", "Physics")
    papers = [
        exams.a_paper(
            session, sections[0], exams.a_course(campus, title), by=head,
            day=people.SCHOOL_DAY - dt.timedelta(days=60 + number),
        )
        for number, title in enumerate(titles)
    ]  # fmt: skip
    session.state = "marking"
    session.save()
    for paper in papers:
        exams.enter(paper, dict.fromkeys(people.students_in(sections[0]), "61.5"), by=head)
    cards.computed(session, by=head)
    return children[0]


def _take_rolls(groups: list[Section] | list[CourseClass], day: dt.date, period: Period | None = None) -> None:
    """Every group's roll of ``day``, one in seven absent."""
    codes = {code.code: code for code in AttendanceCode.objects.filter(code__in="PA")}
    moment = clock.now()
    for group in groups:
        section, taught = (group, None) if isinstance(group, Section) else (None, group)
        sheet = AttendanceSession.objects.create(
            institution_id=group.institution_id,
            section=section,
            course_class=taught,
            period=period,
            day=day,
            state="submitted",
            version=1,
            taken_at=moment,
        )
        members = (
            people.students_in(group)
            if isinstance(group, Section)
            else [each.student for each in group.enrolments.select_related("student")]
        )
        said = [(each, codes["A" if (each.pk + day.toordinal()) % 7 == 0 else "P"]) for each in members]
        common = {"institution_id": group.institution_id, "section": section, "day": day}
        AttendanceRecord.objects.bulk_create(
            AttendanceRecord(
                session=sheet, student=student, teacher_code=code, state=code.state, excused=code.excused,
                changed_at=moment, **common,
            )
            for student, code in said
        )  # fmt: skip
        if section is not None:
            DailyAttendance.objects.bulk_create(
                DailyAttendance(student=student, state=code.state, excused=code.excused, **common)
                for student, code in said
            )
