"""A school to measure in: students in sections, a head to ask, and every roll of the last days taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import transaction

from apps.accounts.services import log_in
from apps.attendance.models import AttendanceCode, AttendanceRecord, AttendanceSession, DailyAttendance
from apps.institutions.models import Section
from benchmarks.api.__main__ import HOST, Caller
from schoolops import clock
from schoolops.context import inside, outside_schools
from schoolops.tenancy.provisioning import create_school
from tests.factories import people

SECTION_SIZE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """What to ask for: public ids, an ISO day, and two more sections whose rolls nobody has taken."""

    section: str
    student: str
    day: str
    marks: dict[int, tuple[str, list[str]]]

    def mark(self, size: int) -> tuple[str, bytes]:
        """(address, body) of marking the roll of ``size`` students for the first time."""
        section, students = self.marks[size]
        records = [
            {"student_id": student, "code": "A" if number % 9 == 0 else "P"} for number, student in enumerate(students)
        ]
        return f"/api/v1/sections/{section}/roll/{self.day}", orjson.dumps({"version": 0, "records": records})


@contextmanager
def prepared(students: int, days: int) -> Iterator[tuple[Caller, Place]]:
    """The school ``bench`` with ``students`` in sections of 50 and ``days`` of rolls; the clock stands still."""
    with outside_schools():
        call_command("migrate", verbosity=0)
    school = create_school(slug="bench", name="Bench School", domains=[HOST])
    with clock.frozen(people.SCHOOL_MOMENT):
        with inside(school), transaction.atomic():
            campus = people.a_school_year(sections=())
            sections = [
                people.a_section(SECTION_SIZE, campus=campus, name=f"7 {letter}")
                for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: students // SECTION_SIZE]
            ]
            small, large = (
                people.a_section(size, campus=campus, name=name) for size, name in ((5, "8 A"), (60, "8 B"))
            )
            people.a_user("head", role="head")
            for number in range(days):
                _take_rolls(sections, people.SCHOOL_DAY - dt.timedelta(days=number))
            place = Place(
                section=str(sections[0].sourced_id),
                student=str(people.students_in(sections[0])[0].sourced_id),
                day=people.SCHOOL_DAY.isoformat(),
                marks={
                    size: (str(section.sourced_id), [str(each.sourced_id) for each in people.students_in(section)])
                    for size, section in ((5, small), (60, large))
                },
            )
        with inside(school):
            token = log_in(login="head", password=people.PASSWORD).access_token
        yield Caller(get_wsgi_application(), token), place


def _take_rolls(sections: list[Section], day: dt.date) -> None:
    """Every section's roll of ``day``, one in seven absent."""
    codes = {code.code: code for code in AttendanceCode.objects.filter(code__in="PA")}
    moment = clock.now()
    for section in sections:
        sheet = AttendanceSession.objects.create(
            institution_id=section.institution_id,
            section=section,
            day=day,
            state="submitted",
            version=1,
            taken_at=moment,
        )
        said = [
            (each, codes["A" if (each.pk + day.toordinal()) % 7 == 0 else "P"]) for each in people.students_in(section)
        ]
        common = {"institution_id": section.institution_id, "section": section, "day": day}
        AttendanceRecord.objects.bulk_create(
            AttendanceRecord(
                session=sheet, student=student, teacher_code=code, state=code.state, excused=code.excused,
                changed_at=moment, **common,
            )
            for student, code in said
        )  # fmt: skip
        DailyAttendance.objects.bulk_create(
            DailyAttendance(student=student, state=code.state, excused=code.excused, **common) for student, code in said
        )
