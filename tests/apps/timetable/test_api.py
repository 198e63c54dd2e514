"""Periods and meetings over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.accounts.models import User
from apps.timetable.models import Meeting, Period
from schoolops.audit.models import AuditEntry
from tests.apps.asking import Asking, asking
from tests.factories.people import LAST_DAY, SCHOOL_DAY, Campus, a_class, a_school_year, a_teacher, a_user
from tests.factories.rolls import some_periods, take

TOMORROW = SCHOOL_DAY + dt.timedelta(days=1)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def office(dave: User) -> Asking:
    return asking(dave)


@pytest.fixture
def periods(campus: Campus) -> list[Period]:
    return some_periods(campus)


@pytest.fixture
def maths(campus: Campus, periods: list[Period]) -> dict[str, Any]:
    """Mathematics, Wednesdays in period 1 since the school day."""
    return {
        "class_id": str(a_class(campus).sourced_id),
        "period_id": str(periods[0].sourced_id),
        "weekday": SCHOOL_DAY.isoweekday(),
        "starts_on": SCHOOL_DAY.isoformat(),
    }


@pytest.mark.parametrize("path", ["periods", "meetings"])
def test_a_list_costs_the_same_for_one_row_and_fifty(
    campus: Campus, office: Asking, query_count: Any, path: str
) -> None:
    spent = []
    for size in (1, 50):
        Meeting.objects.all().delete()
        Period.objects.all().delete()
        for period in some_periods(campus, min(size, 15)):
            Meeting.objects.bulk_create(
                Meeting(course_class=a_class(campus), period=period, weekday=weekday, starts_on=SCHOOL_DAY)
                for weekday in range(1, 5 if size > 1 else 2)
            )
        if size > 1:
            Period.objects.bulk_create(
                Period(
                    institution=campus.institution,
                    name=f"Late {number}",
                    position=number,
                    starts_at=dt.time(23, 0),
                    ends_at=dt.time(23, 30),
                )
                for number in range(100, 140)
            )
        with query_count() as counted:
            rows = office.rows(f"{path}?limit=200")
        assert len(rows) >= size
        spent.append(counted.count)
    assert spent[0] == spent[1]


# --- periods ----------------------------------------------------------------------------------------------------------
def test_a_period_is_added_changed_and_removed(campus: Campus, office: Asking, periods: list[Period]) -> None:
    fields = {
        "institution_id": str(campus.institution.sourced_id),
        "name": "Lunch club",
        "position": 9,
        "starts_at": "12:30",
        "ends_at": "13:15",
    }
    made = office.post("periods", fields)
    assert made.status_code == 201, made.content
    assert made.json()["starts_at"] == "12:30:00"
    assert code_of(office.post("periods", {**fields, "position": 10})) == (409, "timetable:period-taken")
    assert code_of(office.post("periods", {**fields, "name": "Other"})) == (409, "timetable:period-taken")
    path = f"periods/{made.json()['id']}"
    assert code_of(office.patch(path, {"ends_at": "12:30"})) == (422, "timetable:period-ends-before-start")
    assert office.patch(path, {"ends_at": "13:00"}).json()["ends_at"] == "13:00:00"
    assert [row["name"] for row in office.rows("periods")] == ["Period 1", "Period 2", "Period 3", "Lunch club"]
    assert office.delete(path).status_code == 204
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="timetable.").order_by("pk")] == [
        "timetable.period-added",
        "timetable.period-changed",
        "timetable.period-removed",
    ]


def test_a_period_in_which_something_meets_or_was_marked_is_kept(
    campus: Campus, office: Asking, alice: User, periods: list[Period], maths: dict[str, Any]
) -> None:
    office.post("meetings", maths)
    take(campus.section, by=alice, period=periods[1])
    for period in periods[:2]:
        assert code_of(office.delete(f"periods/{period.sourced_id}")) == (409, "institutions:in-use")
    assert office.delete(f"periods/{periods[2].sourced_id}").status_code == 204


def test_everybody_sees_the_periods_and_the_office_changes_them(
    campus: Campus, periods: list[Period], bob: User, carol: User
) -> None:
    for user in (bob, carol):
        assert len(asking(user).rows("periods")) == 3
        answer = asking(user).patch(f"periods/{periods[0].sourced_id}", {"name": "Mine"})
        assert code_of(answer) == (403, "access:permission-missing")
    elsewhere = a_school_year(name="North")
    nina = asking(a_user("nina", role="registrar", institution=elsewhere.institution))
    answer = nina.patch(f"periods/{periods[0].sourced_id}", {"name": "Mine"})
    assert code_of(answer) == (404, "access:out-of-reach")


# --- meetings ---------------------------------------------------------------------------------------------------------
def test_a_class_meets_in_a_period_of_a_weekday(office: Asking, maths: dict[str, Any]) -> None:
    made = office.post("meetings", {**maths, "room": "12"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["period_name"], row["starts_at"], row["class_title"], row["ends_on"]) == (
        "Period 1",
        "08:00:00",
        "Mathematics",
        None,
    )
    assert code_of(office.post("meetings", maths)) == (409, "timetable:meets-already")
    other = office.post("meetings", {**maths, "weekday": 5})
    assert other.status_code == 201
    assert [each["id"] for each in office.rows(f"meetings?day={SCHOOL_DAY}")] == [row["id"]]
    assert [each["id"] for each in office.rows("meetings?weekday=5")] == [other.json()["id"]]
    assert office.rows("meetings?day=2026-10-28") == []


def test_a_meeting_is_in_its_year_and_in_a_period_of_its_campus(office: Asking, maths: dict[str, Any]) -> None:
    (elsewhere,) = some_periods(a_school_year(name="North"), 1)
    for change, code in (
        ({"period_id": str(elsewhere.sourced_id)}, "timetable:period-elsewhere"),
        ({"starts_on": "2026-08-31"}, "timetable:not-in-year"),
        ({"ends_on": "2027-07-18"}, "timetable:not-in-year"),
        ({"ends_on": "2026-11-03"}, "timetable:meeting-ends-before-start"),
        ({"weekday": 8}, "api:validation-failed"),
    ):
        assert code_of(office.post("meetings", {**maths, **change})) == (422, code)


def test_what_was_met_stays_and_another_begins(office: Asking, maths: dict[str, Any], periods: list[Period]) -> None:
    path = f"meetings/{office.post('meetings', maths).json()['id']}"
    assert office.patch(path, {"room": "Lab"}).json()["room"] == "Lab"
    for change in ({"weekday": 1}, {"period_id": str(periods[1].sourced_id)}, {"starts_on": "2026-11-11"}):
        assert code_of(office.patch(path, change)) == (409, "timetable:meeting-began")
    assert code_of(office.delete(path)) == (409, "timetable:meeting-began")
    assert office.patch(path, {"ends_on": TOMORROW.isoformat()}).json()["ends_on"] == TOMORROW.isoformat()
    assert office.post("meetings", {**maths, "starts_on": TOMORROW.isoformat()}).status_code == 201


def test_a_meeting_that_has_not_begun_can_become_any_other(
    office: Asking, maths: dict[str, Any], periods: list[Period]
) -> None:
    made = office.post("meetings", {**maths, "starts_on": TOMORROW.isoformat()}).json()
    path = f"meetings/{made['id']}"
    change = {"weekday": 1, "period_id": str(periods[1].sourced_id), "starts_on": "2026-11-09"}
    assert office.patch(path, change).json() | change == office.get(path).json()
    assert office.delete(path).status_code == 204
    assert not Meeting.objects.exists()


def test_a_teacher_sees_when_their_classes_meet_and_nobody_elses(
    campus: Campus, office: Asking, maths: dict[str, Any], periods: list[Period]
) -> None:
    mine = a_class(campus, title="Physics")
    made = office.post("meetings", {**maths, "class_id": str(mine.sourced_id)}).json()
    other = office.post("meetings", maths).json()
    ask = asking(a_teacher("mei", of=mine))
    assert [row["class_title"] for row in ask.rows("meetings")] == ["Physics"]
    assert ask.get(f"meetings/{made['id']}").status_code == 200
    assert ask.get(f"meetings/{other['id']}").status_code == 404
    assert code_of(ask.patch(f"meetings/{made['id']}", {"room": "1"})) == (403, "access:permission-missing")


def test_closing_a_year_ends_what_meets_in_it(
    campus: Campus, alice: User, office: Asking, maths: dict[str, Any]
) -> None:
    made = office.post("meetings", maths).json()
    asking(alice).post(f"years/{campus.year.sourced_id}/close")
    after = LAST_DAY + dt.timedelta(days=1)
    assert office.get(f"meetings/{made['id']}").json()["ends_on"] == after.isoformat()
    assert code_of(office.patch(f"meetings/{made['id']}", {"room": "1"})) == (409, "institutions:year-closed")
