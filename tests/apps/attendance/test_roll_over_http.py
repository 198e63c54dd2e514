"""A teacher's app reads a roll, marks it and reads it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, AttendanceSession, DeskEntry
from apps.students.models import SectionMembership
from schoolops import clock
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_section, a_user, students_in
from tests.factories.rolls import some_periods, take

Api = Callable[[User], Any]


@pytest.fixture
def address(campus: Campus) -> str:
    return f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY}"


def body_of(roll: dict[str, Any], **codes: str) -> dict[str, Any]:
    """The roll as it was read, sent back, with other codes for some students by id."""
    records = [
        {"student_id": each["student_id"], "code": codes.get(each["student_id"], each["code"])}
        for each in roll["records"]
    ]
    return {"version": roll["version"], "records": records}


def test_before_it_is_taken_it_suggests_that_everybody_is_there(api: Api, alice: User, address: str) -> None:
    answer = api(alice).get(address)
    roll = answer.json()
    assert (answer.status_code, answer["ETag"]) == (200, '"0"')
    assert (roll["id"], roll["version"], roll["state"], roll["taken_by"]) == (None, 0, "open", None)
    assert [each["roll_number"] for each in roll["records"]] == list(range(1, 13))
    assert {each["code"] for each in roll["records"]} == {"P"}


def test_it_is_marked_and_read_back(api: Api, alice: User, address: str) -> None:
    app = api(alice)
    absent = app.get(address).json()["records"][3]["student_id"]
    marked = app.put(address, body_of(app.get(address).json(), **{absent: "A"}))
    assert (marked.status_code, marked["ETag"]) == (200, '"1"')
    roll = app.get(address).json()
    assert roll == marked.json()
    assert (roll["state"], roll["taken_by"]["name"]) == ("submitted", "Alice")
    assert [each["student_id"] for each in roll["records"] if each["state"] == "absent"] == [absent]


def test_a_stale_version_is_409_and_says_who_and_what(api: Api, alice: User, dave: User, address: str) -> None:
    app = api(alice)
    read = app.get(address).json()
    absent = read["records"][0]["student_id"]
    assert api(dave).put(address, body_of(read, **{absent: "A"})).status_code == 200
    problem = app.put(address, body_of(read))
    assert (problem.status_code, problem.json()["code"]) == (409, "attendance:changed-meanwhile")
    assert (problem.json()["version"], problem.json()["changed_by"]["name"]) == (1, "Dave")
    assert [each["after"]["code"] for each in problem.json()["changes"] if each["student_id"] == absent] == ["A"]


def test_a_version_that_no_roll_had_yet_is_409_too(api: Api, alice: User, address: str) -> None:
    app = api(alice)
    problem = app.put(address, {**body_of(app.get(address).json()), "version": 3})
    assert (problem.status_code, problem.json()["code"]) == (409, "attendance:changed-meanwhile")
    assert (problem.json()["version"], problem.json()["changed_by"], problem.json()["changes"]) == (0, None, [])


def test_if_match_does_as_well_as_the_bodys_version(api: Api, alice: User, address: str) -> None:
    app = api(alice)
    body = body_of(app.get(address).json())
    del body["version"]
    assert app.put(address, body, **{"if-match": '"0"'}).status_code == 200
    assert app.put(address, body, **{"if-match": '"0"'}).status_code == 409
    assert app.put(address, body, **{"if-match": '"1"'}).status_code == 200
    assert app.put(address, body, **{"if-match": "yesterday"}).status_code == 422


def test_what_is_wrong_with_a_record_is_said_at_its_place(api: Api, alice: User, address: str) -> None:
    app = api(alice)
    body = body_of(app.get(address).json())
    body["records"][2]["code"] = "Z"
    refused = app.put(address, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "attendance:marks-refused")
    assert [each["field"] for each in refused.json()["errors"]] == ["records.2.code"]
    body["records"][2] = {"student_id": "7"}
    fields = {each["field"] for each in app.put(address, body).json()["errors"]}
    assert fields == {"records.2.student_id", "records.2.code"}


def test_a_day_that_is_none_is_refused(api: Api, alice: User, campus: Campus) -> None:
    answer = api(alice).get(f"sections/{campus.section.sourced_id}/roll/tomorrow")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "day")


def test_reading_takes_as_many_queries_for_60_as_for_5(api: Api, alice: User, campus: Campus, query_count: Any) -> None:
    app = api(alice)
    app.get(f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY}")  # Oak's address is looked up once.
    for taken in (False, True):
        counts = []
        for name, size in (("8 A", 5), ("8 B", 60)):
            section = campus.sections.get(name) or a_section(size, campus=campus, name=name)
            if taken:
                take(section, {students_in(section)[0]: "A"}, by=alice)
            with query_count() as counted:
                roll = app.get(f"sections/{section.sourced_id}/roll/{SCHOOL_DAY}").json()
            assert len(roll["records"]) == size
            counts.append(counted.count)
        assert counts[0] == counts[1]


def test_a_class_has_a_roll_in_its_period(api: Api, alice: User, campus: Campus) -> None:
    period, *_ = some_periods(campus)
    taught = a_class(campus, students=students_in(campus.section)[:3])
    app, address = api(alice), f"classes/{taught.sourced_id}/roll/{SCHOOL_DAY}/{period.sourced_id}"
    read = app.get(address).json()
    assert len(read["records"]) == 3
    marked = app.put(address, body_of(read)).json()
    assert (marked["class_id"], marked["section_id"]) == (str(taught.sourced_id), None)
    assert marked["period_id"] == str(period.sourced_id)


def test_a_guardian_sees_their_own_child_in_it_and_marks_nothing(
    api: Api, carol: User, alice: User, address: str
) -> None:
    everybody = api(alice).get(address).json()
    answer = api(carol).get(address)
    assert answer.status_code in {200, 404}
    assert len(answer.json().get("records", [])) <= 1
    assert api(carol).put(address, body_of(everybody)).json()["code"] == "access:permission-missing"


def test_who_may_not_mark_is_told_which_permission_is_missing(api: Api, campus: Campus, address: str) -> None:
    refused = api(a_user("amir", role="accountant")).put(address, {"records": []})
    assert (refused.status_code, refused.json()["code"]) == (403, "access:permission-missing")
    assert "attendance.mark" in refused.json()["detail"]


def test_what_marking_answers_is_the_roll_as_it_is_read(
    api: Api, alice: User, bob: User, campus: Campus, address: str
) -> None:
    """With the office's word on one, another who left, and one whom nobody on the roll's day reaches any more."""
    first, second, third, *_ = students_in(campus.section)
    late = AttendanceCode.objects.get(code="L")
    DeskEntry.objects.create(
        student=first, institution=campus.institution, day=SCHOOL_DAY, code=late, arrived_at="09:10",
        entered_at=clock.now(),
    )  # fmt: skip
    for app in (api(alice), api(bob)):
        read = app.get(address).json()
        marked = app.put(address, body_of(read, **{str(second.sourced_id): "A"}))
        assert marked.status_code == 200, marked.content
        assert marked.json() == app.get(address).json()
    SectionMembership.objects.filter(student=third).update(ends_on=SCHOOL_DAY)
    assert [each["on_roster"] for each in api(alice).get(address).json()["records"]].count(False) == 1
    marked = api(alice).put(
        address,
        {
            "version": 2,
            "records": [each for each in body_of(read)["records"] if each["student_id"] != str(third.sourced_id)],
        },
    )
    assert str(third.sourced_id) not in {each["student_id"] for each in marked.json()["records"]}
    assert marked.json() == api(alice).get(address).json()


def test_a_permission_taken_away_counts_with_the_next_request(api: Api, alice: User, bob: User, address: str) -> None:
    app = api(bob)
    read = app.get(address).json()
    assert app.put(address, body_of(read)).status_code == 200
    RolePermission.objects.filter(role__code="teacher", permission="attendance.mark").delete()
    refused = app.put(address, {**body_of(read), "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "access:permission-missing")
    assert app.get(address).json()["version"] == 1


def test_who_may_mark_and_not_look_is_answered_what_they_marked(api: Api, campus: Campus, address: str) -> None:
    user = a_user("marker", role="")
    role = Role.objects.create(code="marker", name="Marker", scope="everything")
    RolePermission.objects.create(role=role, permission="attendance.mark")
    RoleAssignment.objects.create(user=user, role=role)
    records = [{"student_id": each.sourced_id, "code": "P"} for each in students_in(campus.section)]
    answer = api(user).put(address, {"version": 0, "records": records})
    assert (answer.status_code, answer.json()["version"], len(answer.json()["records"])) == (200, 1, len(records))
    assert api(user).get(address).status_code == 403
    assert AttendanceSession.objects.get().version == 1


def test_who_may_re_open_and_not_look_is_told_nobodys_attendance(api: Api, campus: Campus, alice: User) -> None:
    past = f"sections/{campus.section.sourced_id}/roll/2026-10-01"
    user = a_user("opener", role="")
    role = Role.objects.create(code="opener", name="Opener", scope="everything")
    RolePermission.objects.create(role=role, permission="attendance.lock")
    RoleAssignment.objects.create(user=user, role=role)
    assert api(user).get(past).status_code == 403
    answer = api(user).post(f"{past}/reopen", {"reason": "Forgotten"})
    assert (answer.status_code, answer.json()["state"], answer["ETag"]) == (200, "reopened", '"0"')
    assert "records" not in answer.json()
    read = api(alice).get(past).json()
    assert {name: read[name] for name in answer.json()} == answer.json()
