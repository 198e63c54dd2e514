"""What was said of a student, of a roll and of a day, page by page and only to whom it concerns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.services import Entry
from apps.institutions.models import CalendarDay
from apps.students.models import Student
from schoolops import clock
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_section, students_in
from tests.factories.rolls import some_periods, take

Api = Callable[[User], Any]
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def amina(campus: Campus) -> Student:
    return students_in(campus.section)[0]


def take_days(campus: Campus, by: User, *days: dt.date, absent: Student | None = None) -> None:
    for day in days:
        with clock.frozen(dt.datetime.combine(day, dt.time(12), dt.UTC)):
            take(campus.section, {absent: "A"} if absent else {}, by=by, day=day)


def test_a_students_history_is_newest_first_in_pages(api: Api, campus: Campus, amina: Student, alice: User) -> None:
    days = [SCHOOL_DAY - number * ONE_DAY for number in range(3)]
    take_days(campus, alice, *days, absent=amina)
    period, *_ = some_periods(campus)
    take(campus.section, by=alice, period=period)
    app, address = api(alice), f"students/{amina.sourced_id}/attendance"
    first = app.get(address, limit=3).json()
    second = app.get(address, limit=3, cursor=first["next"]).json()
    seen = [(each["day"], each["period"], each["code"]) for each in first["results"] + second["results"]]
    assert seen == [
        (str(days[0]), "Period 1", "P"),
        (str(days[0]), None, "A"),
        (str(days[1]), None, "A"),
        (str(days[2]), None, "A"),
    ]
    assert second["next"] is None
    assert len(app.get(address, state="absent", since=days[1]).json()["results"]) == 2


def test_a_guardian_reads_their_childs_and_no_others(
    api: Api, campus: Campus, amina: Student, alice: User, carol: User
) -> None:
    take_days(campus, alice, SCHOOL_DAY, absent=amina)
    app = api(carol)
    assert len(app.get(f"students/{amina.sourced_id}/attendance").json()["results"]) == 1
    other = app.get(f"students/{students_in(campus.section)[1].sourced_id}/attendance")
    assert (other.status_code, other.json()["code"]) == (404, "access:out-of-reach")


def test_absence_is_summed_up_by_month(api: Api, campus: Campus, amina: Student, alice: User) -> None:
    october = dt.date(2026, 10, 30)
    take_days(campus, alice, october, SCHOOL_DAY - 2 * ONE_DAY, SCHOOL_DAY - ONE_DAY, absent=amina)
    take(campus.section, {amina: "L"}, by=alice)
    app, address = api(alice), f"students/{amina.sourced_id}/attendance-summary"
    assert app.get(address).json()["results"] == [
        {
            "month": month, "days": days, "present": present, "half": 0, "absent": absent, "excused": 0,
            "late": present, "minutes_missed": absent * 420,
        }
        for month, days, present, absent in (("2026-10", 1, 0, 1), ("2026-11", 3, 1, 2))
    ]  # fmt: skip
    assert [each["month"] for each in app.get(address, since="2026-11-01").json()["results"]] == ["2026-11"]
    assert [each["days"] for each in app.get(address, until="2026-11-02").json()["results"]] == [1, 1]


def test_the_absentees_of_a_day(api: Api, campus: Campus, amina: Student, alice: User, carol: User) -> None:
    second = students_in(campus.section)[1]
    take(campus.section, {amina: "A", second: "E"}, by=alice)
    app = api(alice)
    rows = app.get("absentees", day=SCHOOL_DAY).json()["results"]
    assert {each["student_id"] for each in rows} == {str(amina.sourced_id), str(second.sourced_id)}
    assert {each["section"] for each in rows} == {"Grade 7 B"}
    assert len(app.get("absentees", excused="false").json()["results"]) == 1
    assert app.get("absentees", section_id=campus.sections["7 C"].sourced_id).json()["results"] == []
    assert [each["student_id"] for each in api(carol).get("absentees").json()["results"]] == [str(amina.sourced_id)]


def test_a_rolls_history_says_who_said_what(api: Api, campus: Campus, amina: Student, alice: User, dave: User) -> None:
    sheet = take(campus.section, by=alice)
    services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    take(campus.section, {students_in(campus.section)[1]: "A"}, by=alice, version=1)
    rows = api(alice).get(f"rolls/{sheet.sourced_id}/history").json()["results"]
    assert len(rows) == 14
    assert [(each["by"], each["version"], each["after"]["code"]) for each in rows[:2]] == [
        ("Alice", 2, "A"),
        ("Dave", 1, "S"),
    ]


@pytest.mark.parametrize("what", ["history", "roll-history", "absentees", "desk", "leaves"])
def test_every_list_takes_as_many_queries_for_1_row_as_for_50(
    api: Api, campus: Campus, alice: User, dave: User, query_count: Any, what: str
) -> None:
    section = a_section(50, campus=campus, name="8 A")
    students = students_in(section)
    sheet = take(section, dict.fromkeys(students, "A"), by=alice)
    for period in some_periods(campus, 12) if what == "history" else ():
        take(section, by=alice, period=period)
    for student in students if what == "desk" else ():
        services.enter_at_desk(student=student.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    for student in students if what == "leaves" else ():
        services.request_leave(
            student=student.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="x", by=dave
        )
    address = {
        "history": f"students/{students[0].sourced_id}/attendance",
        "roll-history": f"rolls/{sheet.sourced_id}/history",
    }.get(what, what)
    app = api(dave)
    app.get(address)
    with query_count() as one:
        assert len(app.get(address, limit=1).json()["results"]) == 1
    with query_count(one.count):
        assert len(app.get(address, limit=50).json()["results"]) == (13 if what == "history" else 50)


def test_a_list_goes_home_as_a_file(api: Api, campus: Campus, amina: Student, alice: User) -> None:
    take(campus.section, {amina: "A"}, by=alice)
    lines = b"".join(api(alice).get("absentees", **{"as": "csv"}).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("student_id,given_name")
    assert len(lines) == 2


def test_a_day_without_school_has_no_absentees(api: Api, campus: Campus, alice: User) -> None:
    campus.institution.calendar.create(day=SCHOOL_DAY, kind=CalendarDay.Kind.HOLIDAY, title="Founders’ day")
    with clock.frozen(SCHOOL_MOMENT):
        assert api(alice).get("absentees").json() == {"results": [], "next": None}
