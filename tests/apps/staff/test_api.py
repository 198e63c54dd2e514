"""Staff, assignments and substitutions over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.access.selectors import roles_held
from apps.accounts.models import User
from apps.staff.errors import NotEmployed
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.services.assignments import Teaching, arrange_teaching, assign_teacher
from schoolops.audit.models import AuditEntry
from tests.apps.asking import Asking, asking
from tests.factories.people import LAST_DAY, SCHOOL_DAY, Campus, a_class, a_school_year, a_user

TOMORROW = SCHOOL_DAY + dt.timedelta(days=1)
NOBODY = "0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def id_of(user: User) -> str:
    return str(StaffMember.objects.get(user=user).sourced_id)


@pytest.fixture
def office(dave: User) -> Asking:
    return asking(dave)


@pytest.fixture
def fields(campus: Campus) -> dict[str, Any]:
    return {
        "institution_id": str(campus.institution.sourced_id),
        "staff_number": "T1",
        "given_name": "Mei",
        "family_name": "王",
        "starts_on": "2026-09-01",
    }


@pytest.fixture
def mei(office: Asking, fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = office.post("staff", fields).json()
    return made


@pytest.fixture
def in_7b(campus: Campus, mei: dict[str, Any]) -> dict[str, str]:
    return {
        "staff_id": mei["id"],
        "section_id": str(campus.sections["7 B"].sourced_id),
        "starts_on": SCHOOL_DAY.isoformat(),
    }


@pytest.mark.parametrize("path", ["staff", "assignments", "substitutions", "staff/{id}/assignments"])
def test_a_list_costs_the_same_for_one_row_and_fifty(
    campus: Campus, office: Asking, mei: dict[str, Any], query_count: Any, path: str
) -> None:
    spent = []
    for size in (1, 50):
        _fill(path, campus, StaffMember.objects.get(sourced_id=mei["id"]), size)
        with query_count() as counted:
            rows = office.rows(f"{path.format(id=mei['id'])}?limit=200")
        assert len(rows) >= size
        spent.append(counted.count)
    assert spent[0] == spent[1]


def _fill(path: str, campus: Campus, mei: StaffMember, size: int) -> None:
    if path == "staff":
        StaffMember.objects.bulk_create(
            StaffMember(institution=campus.institution, staff_number=f"N{size}-{number}", given_name="N")
            for number in range(size)
        )
    elif path == "substitutions":
        Substitution.objects.all().delete()
        Substitution.objects.bulk_create(
            Substitution(staff=mei, section=campus.section, day=SCHOOL_DAY + dt.timedelta(days=number))
            for number in range(size)
        )
    else:
        TeachingAssignment.objects.bulk_create(
            TeachingAssignment(staff=mei, course_class=a_class(campus), starts_on=SCHOOL_DAY) for _ in range(size)
        )


# --- people -----------------------------------------------------------------------------------------------------------
def test_a_member_of_staff_is_added_and_found_by_any_part_of_the_name(
    office: Asking, fields: dict[str, Any], bob: User
) -> None:
    answer = office.post("staff", fields)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert office.get(answer.headers["Location"].removeprefix("/api/v1/")).json() == answer.json()
    assert [row["given_name"] for row in office.rows("staff?q=王 mei")] == ["Mei"]
    assert office.rows("staff?q=mei&as_of=2026-08-31") == []
    assert code_of(office.post("staff", fields)) == (409, "staff:number-taken")
    entry = AuditEntry.objects.get(action="staff.added")
    assert (entry.actor_name, entry.object_id) == ("Dave", answer.json()["id"])


def test_two_people_who_change_the_same_record_do_not_overwrite_each_other(office: Asking, mei: dict[str, Any]) -> None:
    path = f"staff/{mei['id']}"
    changed = office.patch(path, {"job_title": "Head of maths", "version": 1})
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert code_of(office.patch(path, {"job_title": "Deputy"}, headers={"If-Match": '"1"'})) == (
        409,
        "staff:changed-meanwhile",
    )
    assert code_of(office.patch(path, {"job_title": "Deputy"})) == (422, "api:validation-failed")


def test_a_login_belongs_to_one_member_of_staff(office: Asking, mei: dict[str, Any], bob: User) -> None:
    answer = office.patch(f"staff/{mei['id']}", {"user_id": str(bob.sourced_id), "version": 1})
    assert code_of(answer) == (409, "staff:login-taken")
    new = a_user("mei", role="teacher")
    answer = office.patch(f"staff/{mei['id']}", {"user_id": str(new.sourced_id), "version": 1})
    assert answer.json()["user_id"] == str(new.sourced_id)


def test_what_somebody_teaches_ends_when_they_leave(
    campus: Campus, office: Asking, mei: dict[str, Any], in_7b: dict[str, str], query_count: Any
) -> None:
    now = office.post("assignments", in_7b).json()
    later = office.post(
        "assignments", {**in_7b, "section_id": str(campus.sections["7 C"].sourced_id), "starts_on": "2027-01-11"}
    ).json()
    for day in (SCHOOL_DAY, TOMORROW):
        office.post("substitutions", {"staff_id": mei["id"], "class_id": _a_class(campus), "day": day.isoformat()})
    answer = office.patch(f"staff/{mei['id']}", {"ends_on": TOMORROW.isoformat(), "version": 1})
    assert answer.json()["ends_on"] == TOMORROW.isoformat()
    assert [row["ends_on"] for row in office.rows(f"staff/{mei['id']}/assignments")] == [TOMORROW.isoformat()]
    assert office.get(f"assignments/{now['id']}").status_code == 200
    assert code_of(office.get(f"assignments/{later['id']}")) == (404, "access:out-of-reach")
    assert [row["day"] for row in office.rows("substitutions")] == [SCHOOL_DAY.isoformat()]
    entry = AuditEntry.objects.get(action="staff.teaching-ended")
    assert [each["starts_on"] for each in entry.before["assignments"]] == ["2027-01-11"]
    assert entry.after == {"assignments_ended": 1, "ends_on": TOMORROW.isoformat()}
    again = office.post("assignments", {**in_7b, "starts_on": TOMORROW.isoformat()})
    assert code_of(again) == (422, "staff:not-employed")
    assert office.rows(f"staff?q=mei&as_of={TOMORROW}") == []


def _a_class(campus: Campus) -> str:
    return str(a_class(campus).sourced_id)


def test_employment_cannot_begin_after_somebody_taught(
    office: Asking, mei: dict[str, Any], in_7b: dict[str, str]
) -> None:
    office.post("assignments", in_7b)
    path = f"staff/{mei['id']}"
    assert code_of(office.patch(path, {"starts_on": "2026-12-01", "version": 1})) == (409, "staff:teaches-before")
    answer = office.patch(path, {"ends_on": "2026-08-01", "version": 1})
    assert code_of(answer) == (422, "staff:ends-before-start")


def test_a_teacher_sees_colleagues_and_changes_none(
    mei: dict[str, Any], bob: User, carol: User, in_7b: dict[str, str]
) -> None:
    ask = asking(bob)
    assert "Mei" in [row["given_name"] for row in ask.rows("staff")]
    assert code_of(ask.patch(f"staff/{mei['id']}", {"job_title": "x", "version": 1})) == (
        403,
        "access:permission-missing",
    )
    assert code_of(ask.post("assignments", in_7b)) == (403, "access:permission-missing")
    for path in ("staff", "assignments", "substitutions", f"staff/{mei['id']}/assignments"):
        assert code_of(asking(carol).get(path)) == (403, "access:permission-missing")


def test_the_office_of_one_campus_neither_sees_nor_changes_the_staff_of_another(
    campus: Campus, mei: dict[str, Any], in_7b: dict[str, str]
) -> None:
    elsewhere = a_school_year(name="North")
    ask = asking(a_user("nina", role="registrar", institution=elsewhere.institution))
    assert ask.rows("staff") == []
    assert code_of(ask.get(f"staff/{mei['id']}")) == (404, "access:out-of-reach")
    assert code_of(ask.get(f"staff/{mei['id']}/assignments")) == (404, "access:out-of-reach")
    assert code_of(ask.post("assignments", in_7b)) == (404, "access:out-of-reach")
    theirs = {**in_7b, "section_id": str(elsewhere.section.sourced_id)}
    assert code_of(ask.post("assignments", theirs)) == (404, "access:out-of-reach")


# --- assignments ------------------------------------------------------------------------------------------------------
def test_an_assignment_is_made_once_and_ended_rather_than_removed(office: Asking, in_7b: dict[str, str]) -> None:
    made = office.post("assignments", in_7b)
    assert made.status_code == 201, made.content
    assert (made.json()["section_name"], made.json()["grade_level_name"]) == ("B", "Grade 7")
    assert (made.json()["class_id"], made.json()["ends_on"]) == (None, None)
    assert code_of(office.post("assignments", in_7b)) == (409, "staff:already-assigned")
    path = f"assignments/{made.json()['id']}"
    assert code_of(office.delete(path)) == (409, "staff:assignment-began")
    assert code_of(office.patch(path, {"ends_on": "2026-11-01"})) == (422, "staff:ends-before-start")
    assert office.patch(path, {"ends_on": "2026-12-01"}).json()["ends_on"] == "2026-12-01"
    assert office.patch(path, {"kind": "assistant"}).json()["kind"] == "assistant"
    section = in_7b["section_id"]
    assert len(office.rows(f"assignments?section_id={section}&as_of=2026-11-30&kind=assistant")) == 1
    assert office.rows(f"assignments?section_id={section}&as_of=2026-12-01") == []
    assert office.patch(path, {"ends_on": in_7b["starts_on"]}).status_code == 200
    assert office.delete(path).status_code == 204


def test_an_assignment_that_has_not_begun_is_removed(office: Asking, in_7b: dict[str, str]) -> None:
    made = office.post("assignments", {**in_7b, "starts_on": TOMORROW.isoformat()}).json()
    assert office.delete(f"assignments/{made['id']}").status_code == 204
    assert not TeachingAssignment.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"section_id": None}, "staff:section-or-class"),
        ({"starts_on": "2026-08-31"}, "staff:not-in-year"),
        ({"ends_on": "2027-07-18"}, "staff:not-in-year"),
        ({"starts_on": "2027-07-20"}, "staff:not-in-year"),
        ({"ends_on": "2026-10-01"}, "staff:ends-before-start"),
    ],
)
def test_an_assignment_lies_in_its_year(
    office: Asking, in_7b: dict[str, str], change: dict[str, Any], code: str
) -> None:
    assert code_of(office.post("assignments", {**in_7b, **change})) == (422, code)


def test_an_assignment_names_a_section_or_a_class_and_not_both(
    campus: Campus, office: Asking, in_7b: dict[str, str]
) -> None:
    answer = office.post("assignments", {**in_7b, "class_id": _a_class(campus)})
    assert code_of(answer) == (422, "staff:section-or-class")
    answer = office.post("assignments", {**in_7b, "staff_id": NOBODY})
    assert [each["field"] for each in answer.json()["errors"]] == ["staff_id"]


def test_an_assignment_ends_no_later_than_the_employment(
    office: Asking, mei: dict[str, Any], in_7b: dict[str, str]
) -> None:
    office.patch(f"staff/{mei['id']}", {"ends_on": "2027-03-01", "version": 1})
    assert code_of(office.post("assignments", {**in_7b, "ends_on": "2027-03-02"})) == (422, "staff:not-employed")
    made = office.post("assignments", in_7b).json()
    assert made["ends_on"] == "2027-03-01"
    assert code_of(office.patch(f"assignments/{made['id']}", {"ends_on": None})) == (422, "staff:not-employed")


def test_closing_a_year_ends_what_is_taught_in_it(
    campus: Campus, alice: User, office: Asking, in_7b: dict[str, str]
) -> None:
    made = office.post("assignments", in_7b).json()
    asking(alice).post(f"years/{campus.year.sourced_id}/close")
    after = LAST_DAY + dt.timedelta(days=1)
    assert office.get(f"assignments/{made['id']}").json()["ends_on"] == after.isoformat()
    answer = office.patch(f"assignments/{made['id']}", {"ends_on": TOMORROW.isoformat()})
    assert code_of(answer) == (409, "institutions:year-closed")


# --- substitutions ----------------------------------------------------------------------------------------------------
def test_somebody_stands_in_for_whoever_teaches_there(
    campus: Campus, office: Asking, mei: dict[str, Any], bob: User
) -> None:
    body = {
        "staff_id": mei["id"],
        "instead_of_id": id_of(bob),
        "section_id": str(campus.section.sourced_id),
        "day": SCHOOL_DAY.isoformat(),
        "reason": "Dentist",
    }
    made = office.post("substitutions", body)
    assert (made.status_code, made.json()["instead_of_id"]) == (201, id_of(bob))
    assert code_of(office.post("substitutions", body)) == (409, "staff:already-stands-in")
    assert [row["reason"] for row in office.rows(f"substitutions?day={SCHOOL_DAY}")] == ["Dentist"]
    assert office.rows(f"substitutions?day={TOMORROW}") == []
    for change, code in (
        ({"instead_of_id": mei["id"]}, "staff:stands-in-for-themselves"),
        ({"section_id": str(campus.sections["7 C"].sourced_id)}, "staff:not-their-group"),
        ({"day": "2026-08-01", "instead_of_id": None}, "staff:not-in-year"),
        ({"class_id": _a_class(campus)}, "staff:section-or-class"),
    ):
        assert code_of(office.post("substitutions", {**body, **change})) == (422, code)
    assert office.delete(f"substitutions/{made.json()['id']}").status_code == 204
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="staff.sub").order_by("pk")] == [
        "staff.substitution-added",
        "staff.substitution-removed",
    ]


def test_why_a_colleague_is_away_is_the_offices_to_know(
    campus: Campus, office: Asking, mei: dict[str, Any], bob: User
) -> None:
    day = {"section_id": str(campus.section.sourced_id), "day": SCHOOL_DAY.isoformat()}
    office.post("substitutions", {"staff_id": mei["id"], **day, "reason": "Operation"})
    assert "reason" in office.rows("substitutions")[0]
    assert "reason" not in asking(bob).rows("substitutions")[0]
    assert code_of(asking(bob).get("substitutions?fields=reason")) == (422, "api:validation-failed")


def test_nobody_stands_in_before_they_work_here(campus: Campus, office: Asking, fields: dict[str, Any]) -> None:
    new = office.post("staff", {**fields, "starts_on": TOMORROW.isoformat()}).json()
    body = {"staff_id": new["id"], "section_id": str(campus.section.sourced_id), "day": SCHOOL_DAY.isoformat()}
    assert code_of(office.post("substitutions", body)) == (422, "staff:not-employed")
    assert office.post("substitutions", {**body, "day": TOMORROW.isoformat()}).status_code == 201


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_nobody_can_mean_is_refused_by_its_field(office: Asking, in_7b: dict[str, str], day: str) -> None:
    refused = office.post(
        "substitutions", {"staff_id": in_7b["staff_id"], "section_id": in_7b["section_id"], "day": day}
    )
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["day"]
    assert office.get(f"substitutions?day={day}").status_code == 422


def test_many_assignments_are_one_after_the_other(campus: Campus, query_count: Any) -> None:
    """Somebody whose last day is known teaches until then, by file as by form."""
    dana, section = a_user("dana", role="administrator"), campus.section
    leaves_on = SCHOOL_DAY + dt.timedelta(days=60)
    members = [
        StaffMember.objects.create(institution=campus.institution, staff_number=f"M{n}", given_name=f"Mo{n}")
        for n in range(6)
    ]
    StaffMember.objects.update(ends_on=leaves_on)
    roles_held(dana)
    spent = []
    for few in (members[:1], members[1:]):
        with query_count() as counted:
            made = arrange_teaching([Teaching(each, section, SCHOOL_DAY) for each in few], by=dana).all()
        assert {each.ends_on for each in made} == {leaves_on}
        spent.append(counted.count)
    assert spent[0] == spent[1]
    with pytest.raises(NotEmployed):
        assign_teacher(staff=members[0], section=section, starts_on=leaves_on, by=dana)
