"""Students over HTTP: who sees whom, and what they may do."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import User
from apps.institutions.models import CourseClass
from apps.students.models import Guardian, SectionMembership, Student, StudentGuardian
from schoolops.audit.models import AuditEntry
from tests.apps.asking import asking
from tests.factories.people import (
    SCHOOL_DAY,
    Campus,
    a_class,
    a_guardian,
    a_school_year,
    a_user,
    admission,
    some_students,
    students_in,
)

NEXT_WEEK = SCHOOL_DAY + dt.timedelta(days=7)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def student(campus: Campus) -> Student:
    return students_in(campus.section)[0]


# --- the list ---------------------------------------------------------------------------------------------------------
def test_the_head_sees_everybody_a_page_at_a_time_and_nobody_twice(campus: Campus, alice: User) -> None:
    ask, seen, cursor = asking(alice), [], ""
    while cursor is not None:
        page = ask.get(f"students?limit=4&cursor={cursor}").json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == Student.objects.count() == 15


def test_a_teacher_sees_their_section_a_guardian_two_and_a_student_one(
    campus: Campus, bob: User, carol: User, student: Student
) -> None:
    own = a_user("sam", role="student")
    Student.objects.filter(pk=student.pk).update(user=own)
    assert {len(asking(user).rows("students")) for user in (bob,)} == {12}
    assert len(asking(carol).rows("students")) == 2
    assert [row["id"] for row in asking(own).rows("students")] == [str(student.sourced_id)]
    stranger = students_in(campus.sections["7 C"])[1]
    for user in (bob, carol, own):
        assert code_of(asking(user).get(f"students/{stranger.sourced_id}")) == (404, "access:out-of-reach")


def test_a_restriction_or_missing_data_access_takes_the_child_out_of_sight(campus: Campus, student: Student) -> None:
    restricted = a_guardian(of=[student], restriction_note="Order of the court.")
    cut_off = a_guardian(of=[student], data_access=False)
    for user in (restricted, cut_off):
        assert asking(user).rows("students") == []
        assert asking(user).rows("sections") == []


@pytest.mark.parametrize("path", ["students", "guardians", "students?q=a&fields=id,given_name", "students?as=csv"])
def test_a_list_costs_the_same_for_one_row_and_fifty(campus: Campus, alice: User, query_count: Any, path: str) -> None:
    ask, spent = asking(alice), []
    for size in (1, 50):
        some_students(size, section=campus.sections["7 C"])
        Guardian.objects.bulk_create(Guardian(given_name=f"G{number}") for number in range(size))
        with query_count() as counted:
            answer = ask.get(path)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200, content
        spent.append(counted.count)
    assert spent[0] == spent[1]


def test_it_is_filtered_by_section_as_of_a_day(campus: Campus, alice: User, dave: User, student: Student) -> None:
    there = campus.sections["7 C"].sourced_id
    body = {"section_id": str(there), "starts_on": NEXT_WEEK.isoformat()}
    assert asking(dave).post(f"students/{student.sourced_id}/move-section", body).status_code == 200
    counts = [len(asking(alice).rows(f"students?section_id={there}&as_of={day}")) for day in (SCHOOL_DAY, NEXT_WEEK)]
    assert counts == [3, 4]
    moved = next(
        row for row in asking(alice).rows(f"students?as_of={NEXT_WEEK}") if row["id"] == str(student.sourced_id)
    )
    assert (moved["section_name"], moved["grade_level_name"]) == ("C", "Grade 7")


def test_it_is_filtered_by_level_year_institution_status_and_enrolment(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    elsewhere = a_school_year(sections=("8 A",))
    some_students(2, section=elsewhere.section)
    some_students(1, institution=elsewhere.institution)
    for query, size in (
        (f"grade_level_id={campus.levels[7].sourced_id}", 15),
        (f"year_id={elsewhere.year.sourced_id}", 2),
        (f"institution_id={elsewhere.institution.sourced_id}", 3),
        ("enrolled=false", 1),
        ("enrolled=true", 17),
        ("status=tobedeleted", 0),
    ):
        assert len(ask.rows(f"students?{query}")) == size, query
    assert code_of(ask.get("students?section=1")) == (422, "api:validation-failed")


def test_search_finds_any_part_of_a_name_in_any_script_and_no_wildcards(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    Student.objects.filter(pk=students_in(campus.section)[0].pk).update(given_name="Ольга", family_name="100%_sure")
    assert [row["given_name"] for row in ask.rows("students?q=льг")] == ["Ольга"]
    assert [row["given_name"] for row in ask.rows("students?q=SURE%20ЛЬГА")] == ["Ольга"]  # noqa: RUF001
    assert len(ask.rows("students?q=0%25_s")) == 1
    assert ask.rows("students?q=%25%25%25") == []


# --- one student ------------------------------------------------------------------------------------------------------
def test_admitting_answers_with_the_student_and_their_address(campus: Campus, dave: User) -> None:
    ask = asking(dave)
    guardians = [{"guardian": {"given_name": "Ana"}, "link": {"relation": "mother", "channels": ["sms"]}}]
    answer = ask.post("students", admission(campus, guardians=guardians))
    assert answer.status_code == 201, answer.content
    row = ask.get(answer.headers["Location"].removeprefix("/api/v1/")).json()
    assert (row["section_name"], row["version"]) == ("B", 1)
    (link,) = ask.rows(f"students/{row['id']}/guardians")
    assert (link["given_name"], link["relation"], link["contact_priority"]) == ("Ana", "mother", 1)
    assert code_of(ask.post("students", admission(campus))) == (409, "students:admission-number-taken")


def test_a_change_needs_the_version_that_was_read(campus: Campus, dave: User, student: Student) -> None:
    ask, path = asking(dave), f"students/{student.sourced_id}"
    read = ask.get(path)
    assert read.headers["ETag"] == '"1"'
    assert code_of(ask.patch(path, {"given_name": "Mina"})) == (422, "api:validation-failed")
    changed = ask.patch(path, {"given_name": "Mina"}, headers={"If-Match": '"1"'})
    assert (changed.json()["given_name"], changed.headers["ETag"]) == ("Mina", '"2"')
    assert code_of(ask.patch(path, {"given_name": "Nina", "version": 1})) == (409, "students:changed-meanwhile")


def test_a_medical_note_is_absent_for_whoever_may_not_see_it(
    campus: Campus, dave: User, bob: User, student: Student
) -> None:
    path = f"students/{student.sourced_id}"
    asking(dave).patch(path, {"medical_note": "Peanuts", "version": 1})
    assert asking(dave).get(path).json()["medical_note"] == "Peanuts"
    assert "medical_note" not in asking(bob).get(path).json()
    assert not AuditEntry.objects.filter(after__icontains="Peanuts").exists()
    assert AuditEntry.objects.filter(action="students.changed", after__medical_note__isnull=False).exists()


def test_a_custody_restriction_is_absent_for_whoever_may_not_see_it(
    campus: Campus, dave: User, bob: User, student: Student
) -> None:
    a_guardian(of=[student], restriction_note="Order of the court.")
    a_guardian(of=[student])
    path = f"students/{student.sourced_id}/guardians"
    assert [each["restriction_note"] for each in asking(dave).rows(path)] == ["Order of the court.", ""]
    (seen,) = asking(bob).rows(path)
    assert "restriction_note" not in seen
    clerk = a_user("clerk")
    role = Role.objects.create(code="clerk", name="Clerk")
    for permission in ("students.view", "guardians.view", "guardians.manage"):
        RolePermission.objects.create(role=role, permission=permission)
    RoleAssignment.objects.create(user=clerk, role=role)
    link = asking(dave).rows(path)[0]["id"]
    answer = asking(clerk).patch(f"{path}/{link}", {"restriction_note": ""})
    assert code_of(answer) == (404, "access:out-of-reach")
    answer = asking(clerk).patch(f"{path}/{seen['id']}", {"restriction_note": "Mine."})
    assert code_of(answer) == (403, "access:permission-missing")


def test_guardians_change_places_and_keep_their_numbers(campus: Campus, dave: User, student: Student) -> None:
    ask, path = asking(dave), f"students/{student.sourced_id}/guardians"
    for name in ("Ana", "Ben"):
        guardian = ask.post("guardians", {"given_name": name}).json()
        assert ask.post(path, {"guardian_id": guardian["id"]}).status_code == 201
    again = ask.post(path, {"guardian_id": guardian["id"]})
    assert code_of(again) == (409, "students:guardian-already-linked")
    first, second = ask.rows(path)
    ask.patch(f"{path}/{second['id']}", {"contact_priority": 1})
    assert [row["given_name"] for row in ask.rows(path)] == ["Ben", "Ana"]
    assert ask.delete(f"{path}/{first['id']}").status_code == 204
    assert StudentGuardian.objects.filter(student=student).count() == 1
    changed = ask.patch(f"guardians/{guardian['id']}", {"phone": "1"}, headers={"If-Match": '"1"'})
    assert changed.json()["version"] == 2


def test_a_login_belongs_to_one_person(campus: Campus, dave: User, carol: User, student: Student) -> None:
    ask, login = asking(dave), str(carol.sourced_id)
    taken = ask.post("guardians", {"given_name": "Ana", "user_id": login})
    assert code_of(taken) == (409, "students:login-taken")
    own = str(a_user("sam", role="student").sourced_id)
    changed = ask.patch(f"students/{student.sourced_id}", {"user_id": own, "version": 1})
    assert changed.json()["user_id"] == own
    other = students_in(campus.section)[1]
    assert code_of(ask.patch(f"students/{other.sourced_id}", {"user_id": own, "version": 1})) == (
        409,
        "students:login-taken",
    )


def test_a_teacher_sees_the_guardians_of_their_students_only(campus: Campus, bob: User, student: Student) -> None:
    a_guardian(of=[student])
    a_guardian(of=[students_in(campus.sections["7 C"])[0]])
    assert len(asking(bob).rows("guardians")) == 1


def test_leaving_coming_back_and_the_history_of_it(campus: Campus, dave: User, student: Student) -> None:
    ask, path = asking(dave), f"students/{student.sourced_id}"
    left = ask.post(f"{path}/withdraw", {"exited_on": SCHOOL_DAY.isoformat(), "exit_kind": "transferred-out"})
    assert left.json()["exited_on"] == SCHOOL_DAY.isoformat()
    assert code_of(ask.post(f"{path}/withdraw", {"exited_on": SCHOOL_DAY.isoformat()})) == (
        409,
        "students:not-enrolled",
    )
    back = {**admission(campus)["enrolment"], "entered_on": NEXT_WEEK.isoformat()}
    made = ask.post(f"{path}/re-enrol", back)
    assert made.status_code == 201, made.content
    assert ask.get(made.headers["Location"].removeprefix("/api/v1/")).json()["entry_kind"] == "returned"
    assert [row["exit_kind"] for row in ask.rows(f"{path}/enrolments")] == ["", "transferred-out"]


def test_the_past_needs_a_reason_which_the_head_reads_later(
    campus: Campus, dave: User, alice: User, student: Student
) -> None:
    ask, path = asking(dave), f"students/{student.sourced_id}"
    body = {"exited_on": "2026-11-02"}
    assert code_of(ask.post(f"{path}/withdraw", body)) == (422, "students:past-day")
    assert ask.post(f"{path}/withdraw", {**body, "reason": "The letter came late."}).status_code == 200
    line = asking(alice).rows(f"{path}/audit")[0]
    assert (line["action"], line["actor_name"], line["reason"]) == (
        "students.withdrawn",
        "Dave",
        "The letter came late.",
    )
    assert code_of(ask.get(f"{path}/audit")) == (403, "access:permission-missing")


def test_many_enrolments_name_the_rows_that_are_wrong(campus: Campus, dave: User, student: Student) -> None:
    fresh = some_students(2, institution=campus.institution)
    level, section = str(campus.levels[7].sourced_id), str(campus.sections["7 C"].sourced_id)
    rows = [{"student_id": str(each.sourced_id), "grade_level_id": level, "section_id": section} for each in fresh]
    body = {"year_id": str(campus.year.sourced_id), "entered_on": SCHOOL_DAY.isoformat()}
    wrong = {"student_id": str(student.sourced_id), "grade_level_id": level}
    answer = asking(dave).post("enrolments/bulk", {**body, "records": [*rows, wrong]})
    assert code_of(answer) == (422, "students:rows-refused")
    assert answer.json()["errors"][0]["field"] == "records.2.student_id"
    nobody = {"student_id": "0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b", "grade_level_id": level}
    answer = asking(dave).post("enrolments/bulk", {**body, "records": [nobody]})
    assert answer.json()["errors"][0] == {
        "field": "records.0.student_id",
        "code": "unknown_id",
        "message": "There is nothing here by that id.",
    }
    answer = asking(dave).post("enrolments/bulk", {**body, "records": rows})
    assert (answer.status_code, len(answer.json()["ids"])) == (201, 2)


def test_a_duplicate_is_merged_and_gone_from_the_list(campus: Campus, dave: User, student: Student) -> None:
    ask = asking(dave)
    (other,) = some_students(1, institution=campus.institution)
    answer = ask.post(f"students/{student.sourced_id}/merge", {"duplicate_id": str(other.sourced_id)})
    assert answer.json()["moved"]["enrolments"] == {"moved": 0, "left": 0}
    assert str(other.sourced_id) not in {row["id"] for row in ask.rows("students")}
    assert ask.get(f"students/{other.sourced_id}").status_code == 404


def test_a_roster_is_as_of_a_day_and_a_guardian_sees_only_their_own_on_it(
    campus: Campus, bob: User, carol: User, query_count: Any
) -> None:
    path = f"sections/{campus.section.sourced_id}/students"
    assert [row["roll_number"] for row in asking(bob).rows(path)] == list(range(1, 13))
    assert len(asking(carol).rows(path)) == 1
    assert asking(bob).get(f"sections/{campus.sections['7 C'].sourced_id}/students").status_code == 404
    ask, spent = asking(bob), []
    for size in (0, 50):
        some_students(size, section=campus.section)
        with query_count() as counted:
            ask.rows(path)
        spent.append(counted.count)
    assert spent[0] == spent[1]


def test_a_roster_is_paged_by_roll_number_with_the_unnumbered_last(campus: Campus, bob: User) -> None:
    SectionMembership.objects.filter(section=campus.section, roll_number__in=[1, 5]).update(roll_number=None)
    ask, seen, cursor = asking(bob), [], ""
    while cursor is not None:
        path = f"sections/{campus.section.sourced_id}/students?limit=5&fields=roll_number&cursor={cursor}"
        page = ask.get(path).json()
        seen += [row["roll_number"] for row in page["results"]]
        cursor = page["next"]
    assert seen == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12, None, None]


def test_a_class_taught_to_a_whole_section_lists_its_students(campus: Campus, bob: User, alice: User) -> None:
    maths = a_class(campus, students=students_in(campus.section)[:2])
    CourseClass.objects.filter(pk=maths.pk).update(section=campus.section)
    assert len(asking(alice).rows(f"classes/{maths.sourced_id}/students")) == 12
    assert asking(bob).get(f"classes/{maths.sourced_id}/students").status_code == 404


def test_students_join_and_leave_a_class(campus: Campus, dave: User, student: Student) -> None:
    ask, maths = asking(dave), a_class(campus)
    path = f"classes/{maths.sourced_id}/students"
    body = {"student_ids": [str(student.sourced_id)], "starts_on": SCHOOL_DAY.isoformat()}
    assert ask.post(path, body).status_code == 201
    assert code_of(ask.post(path, body)) == (422, "students:rows-refused")
    assert [row["id"] for row in ask.rows(path)] == [str(student.sourced_id)]
    left = ask.post(f"{path}/{student.sourced_id}/leave", {"ends_on": NEXT_WEEK.isoformat()})
    assert left.json()["ends_on"] == NEXT_WEEK.isoformat()
    assert ask.rows(f"{path}?as_of={NEXT_WEEK}") == []


def test_a_photo_is_for_whoever_sees_the_student(
    campus: Campus, dave: User, bob: User, student: Student, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    written = io.BytesIO()
    Image.new("RGB", (30, 40), "teal").save(written, format="WEBP")
    path = f"students/{student.sourced_id}/photo"
    assert code_of(asking(dave).get(path)) == (404, "students:no-photo")
    assert code_of(asking(dave).put(path, b"GIF89a", content_type="image/gif")) == (422, "students:photo-refused")
    large = io.BytesIO()
    Image.effect_noise((4032, 3024), 90).save(large, format="JPEG", quality=80)
    assert 5 * 2**20 < len(large.getvalue()) < 8 * 2**20
    for headers in ({}, {"Idempotency-Key": "a-phone-that-asks-twice"}):
        answer = asking(dave).put(path, large.getvalue(), content_type="image/jpeg", headers=headers)
        assert answer.status_code == 204, answer.content
    assert asking(dave).put(path, written.getvalue(), content_type="image/webp").status_code == 204
    shown = asking(bob).get(path)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert b"".join(shown.streaming_content)
    stranger = a_guardian(of=[])
    assert code_of(asking(stranger).get(path)) == (404, "access:out-of-reach")
    assert asking(dave).delete(path).status_code == 204
