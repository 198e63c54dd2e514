"""Campuses, years and teaching over HTTP."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from apps.accounts.models import User
from apps.institutions.models import CalendarDay, CourseClassTerm, Institution, Section, Term
from apps.institutions.selectors import day_facts
from apps.students.models import Enrolment
from schoolops.context import nowhere
from tests.apps.asking import asking
from tests.factories.people import SCHOOL_DAY, Campus, a_class, another_section


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def picture(size: tuple[int, int] = (64, 64), kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "navy").save(written, format=kind, **options)
    return written.getvalue()


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


LISTS = ("institutions", "years", "terms", "calendar-days", "grade-levels", "sections", "courses", "classes")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_the_same_for_one_row_and_fifty(campus: Campus, alice: User, query_count: Any, path: str) -> None:
    ask = asking(alice)
    spent = []
    for size in (1, 50):
        _fill(path, campus, size)
        with query_count() as counted:
            rows = ask.rows(f"{path}?limit=200")
        assert len(rows) >= size
        spent.append(counted.count)
    assert spent[0] == spent[1]


def _fill(path: str, campus: Campus, size: int) -> None:
    existing = Institution.objects.count()
    if path == "institutions":
        Institution.objects.bulk_create(
            Institution(name=f"I{number}", code=f"I{number}") for number in range(existing, existing + size)
        )
    elif path == "terms":
        have = Term.objects.count()
        Term.objects.bulk_create(
            Term(year=campus.year, kind="gradingPeriod", name=f"T{number}", starts_on=day, ends_on=day)
            for number in range(have, have + size)
            for day in [campus.year.starts_on + dt.timedelta(days=number)]
        )
    elif path == "years":
        campus.institution.years.bulk_create(
            campus.institution.years.model(
                institution=campus.institution,
                name=f"Y{year}",
                starts_on=dt.date(year, 1, 1),
                ends_on=dt.date(year, 6, 1),
            )
            for year in range(1900 if size > 1 else 1890, 1900 + size if size > 1 else 1891)
        )
    elif path == "calendar-days":
        campus.institution.calendar.all().delete()
        campus.institution.calendar.bulk_create(
            campus.institution.calendar.model(
                institution=campus.institution, day=SCHOOL_DAY + dt.timedelta(days=number), kind="holiday"
            )
            for number in range(size)
        )
    elif path == "grade-levels":
        for number in range(100 + size, 100 + 2 * size):
            another_section(campus, f"{number} A")
    elif path == "sections":
        for number in range(size):
            another_section(campus, f"7 S{size}-{number}")
    else:
        for _ in range(size):
            a_class(campus)


def test_a_campus_says_which_of_its_fields_is_wrong_and_what_it_accepts(campus: Campus, alice: User) -> None:
    answer = asking(alice).patch(
        f"institutions/{campus.institution.sourced_id}",
        {"timezone": "Mars/Olympus", "currency": "XXX", "locale": "English", "brand_colour": "blue", "weekend": [0]},
    )
    assert code_of(answer) == (422, "institutions:fields-refused")
    assert [each["field"] for each in answer.json()["errors"]] == [
        "timezone",
        "currency",
        "locale",
        "brand_colour",
        "weekend",
    ]
    assert "Asia/Kolkata" in answer.json()["errors"][0]["message"]


def test_a_campus_is_added_with_its_address(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    fields = {"name": "North", "code": "N", "timezone": "Asia/Kolkata", "currency": "INR", "locale": "hi"}
    answer = ask.post("institutions", fields)
    assert answer.status_code == 201, answer.content
    assert ask.get(answer.headers["Location"].removeprefix("/api/v1/")).json()["currency"] == "INR"
    assert code_of(ask.post("institutions", fields)) == (409, "institutions:code-taken")


def test_a_teacher_sees_campuses_and_changes_none(campus: Campus, bob: User) -> None:
    ask = asking(bob)
    assert [row["name"] for row in ask.rows("institutions")] == ["Oak Campus"]
    answer = ask.patch(f"institutions/{campus.institution.sourced_id}", {"name": "Bob's"})
    assert code_of(answer) == (403, "access:permission-missing")


def test_a_logo_is_judged_by_its_content_and_shown_to_everybody(campus: Campus, alice: User, tmp_path: Path) -> None:
    ask, path = asking(alice), f"institutions/{campus.institution.sourced_id}/logo"
    for wrong in (b"<svg onload=alert(1)>", picture()[:40], b"", picture((4001, 4001)), b"\0" * (1024 * 1024 + 1)):
        assert code_of(ask.put(path, wrong, content_type="image/png")) == (422, "institutions:logo-refused")
    secret = b"GPS 51.5, -0.1"
    assert ask.put(path, picture(kind="JPEG", comment=secret), content_type="image/jpeg").status_code == 204
    with nowhere():
        shown = Client(headers={"host": "oak.localhost"}).get(f"/api/v1/{path}")
    content = b"".join(shown.streaming_content)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert (shown.headers["X-Content-Type-Options"], "sandbox" in shown.headers["Content-Security-Policy"]) == (
        "nosniff",
        True,
    )
    assert secret not in content
    stored = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each.relative_to(tmp_path).parts[0] for each in stored] == ["school_oak"]
    assert ask.delete(path).status_code == 204
    assert code_of(ask.get(path)) == (404, "institutions:no-logo")


def test_a_year_goes_from_planned_to_active_to_closed(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    place = {"institution_id": str(campus.institution.sourced_id)}
    fields = {**place, "name": "2027/28", "starts_on": "2027-09-01", "ends_on": "2028-07-14"}
    answer = ask.post("years", {**fields, "starts_on": "2027-07-01"})
    assert code_of(answer) == (409, "institutions:years-overlap")
    year = ask.post("years", fields).json()
    assert year["state"] == "planned"
    assert code_of(ask.post(f"years/{year['id']}/activate")) == (409, "institutions:year-already-active")
    assert ask.post(f"years/{campus.year.sourced_id}/close").json()["state"] == "closed"
    assert ask.post(f"years/{year['id']}/activate").json()["state"] == "active"
    assert code_of(ask.post(f"years/{year['id']}/activate")) == (409, "institutions:year-not-planned")
    answer = ask.patch(f"years/{campus.year.sourced_id}", {"name": "Old"})
    assert code_of(answer) == (409, "institutions:year-closed")


def test_closing_a_year_ends_what_is_open_in_it(campus: Campus, alice: User) -> None:
    asking(alice).post(f"years/{campus.year.sourced_id}/close")
    ends = {*Enrolment.objects.values_list("exited_on", "exit_kind")}
    assert ends == {(campus.year.ends_on + dt.timedelta(days=1), "year-ended")}


def test_a_year_keeps_its_students_and_terms_inside(campus: Campus, alice: User) -> None:
    ask, path = asking(alice), f"years/{campus.year.sourced_id}"
    assert code_of(ask.patch(path, {"ends_on": "2026-12-01"})) == (422, "institutions:term-outside-year")
    Term.objects.filter(year=campus.year).delete()
    assert code_of(ask.patch(path, {"starts_on": "2026-10-01"})) == (409, "institutions:year-holds-enrolments")
    assert ask.patch(path, {"starts_on": "2026-08-15"}).status_code == 200


def test_terms_stay_inside_their_year_and_beside_each_other(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    fields = {
        "year_id": str(campus.year.sourced_id),
        "name": "Extra",
        "starts_on": "2026-09-10",
        "ends_on": "2026-09-20",
    }
    assert code_of(ask.post("terms", fields)) == (409, "institutions:terms-overlap")
    assert code_of(ask.post("terms", {**fields, "ends_on": "2027-12-01"})) == (422, "institutions:term-outside-year")
    made = ask.post("terms", {**fields, "kind": "gradingPeriod"})
    assert made.status_code == 201
    path = f"terms/{made.json()['id']}"
    assert ask.patch(path, {"name": "Weeks 2 and 3"}).json()["name"] == "Weeks 2 and 3"
    assert ask.delete(path).status_code == 204


def test_days_of_a_closed_year_are_neither_set_nor_cleared(campus: Campus, alice: User) -> None:
    ask, institution = asking(alice), str(campus.institution.sourced_id)
    last, after = campus.year.ends_on, campus.year.ends_on + dt.timedelta(days=1)
    fields = {"institution_id": institution, "kind": "holiday", "title": "Half-term"}
    assert ask.put("calendar-days", {**fields, "starts_on": str(last), "ends_on": str(last)}).json()["days"] == 1
    ask.post(f"years/{campus.year.sourced_id}/close")
    # One day of it is enough, by whichever end the stretch reaches into it.
    answer = ask.put("calendar-days", {**fields, "starts_on": str(last), "ends_on": str(after)})
    assert code_of(answer) == (409, "institutions:year-closed")
    answer = ask.delete(f"calendar-days?institution_id={institution}&from={last}&to={after}")
    assert code_of(answer) == (409, "institutions:year-closed")
    assert CalendarDay.objects.filter(day=last, title="Half-term").exists()
    assert ask.put("calendar-days", {**fields, "starts_on": str(after), "ends_on": str(after)}).json()["days"] == 1


def test_a_stretch_of_days_is_set_and_cleared_at_once(campus: Campus, alice: User, query_count: Any) -> None:
    ask = asking(alice)
    fields = {"institution_id": str(campus.institution.sourced_id), "kind": "holiday", "title": "Half-term"}
    spent = []
    for ends_on in ("2026-11-02", "2026-11-30"):
        with query_count() as counted:
            answer = ask.put("calendar-days", {**fields, "starts_on": "2026-11-02", "ends_on": ends_on})
        spent.append(counted.count)
    assert answer.json() == {"days": 29}
    assert spent[0] == spent[1]
    assert day_facts(campus.institution, SCHOOL_DAY).why == "holiday"
    place = f"institution_id={campus.institution.sourced_id}"
    assert ask.delete(f"calendar-days?{place}&from=2026-11-01&to=2026-11-20").json() == {"days": 19}
    assert day_facts(campus.institution, SCHOOL_DAY).instructional
    assert len(ask.rows(f"calendar-days?{place}&from=2026-11-25")) == 6
    answer = ask.put("calendar-days", {**fields, "starts_on": "2026-11-02", "ends_on": "2030-01-01"})
    assert code_of(answer) == (422, "institutions:range-too-long")
    answer = ask.put(
        "calendar-days", {**fields, "kind": "timing-change", "starts_on": "2026-11-02", "ends_on": "2026-11-02"}
    )
    assert code_of(answer) == (422, "institutions:fields-refused")


def test_today_says_what_it_is(campus: Campus, bob: User) -> None:
    today = asking(bob).get("today").json()
    assert (today["day"], today["instructional"], today["why"]) == ("2026-11-04", True, "")
    assert today["year"]["name"] == "2026/27"
    assert today["term"]["name"] == "Autumn"


def test_the_school_says_its_name_without_a_login(campus: Campus) -> None:
    with nowhere():
        answer = Client(headers={"host": "oak.localhost"}).get("/api/v1/school").json()
    assert answer["name"] == "Oak School"
    assert answer["institutions"][0]["logo"] is None


def test_a_teacher_sees_their_section_and_nobody_elses(campus: Campus, bob: User, alice: User) -> None:
    assert {row["name"] for row in asking(alice).rows("sections")} == {"B", "C"}
    ask = asking(bob)
    assert [row["name"] for row in ask.rows("sections")] == ["B"]
    other = ask.get(f"sections/{campus.sections['7 C'].sourced_id}")
    assert other.status_code == 404
    assert ask.rows("sections?as_of=2020-01-01") == []


def test_sections_are_found_by_level_and_name(campus: Campus, alice: User) -> None:
    assert [row["name"] for row in asking(alice).rows("sections?q=7%20c")] == ["C"]


def test_a_section_is_added_changed_and_kept_when_it_has_students(campus: Campus, dave: User) -> None:
    ask = asking(dave)
    level = str(campus.levels[7].sourced_id)
    made = ask.post("sections", {"year_id": str(campus.year.sourced_id), "grade_level_id": level, "name": "D"})
    assert made.status_code == 201, made.content
    again = ask.post("sections", {"year_id": str(campus.year.sourced_id), "grade_level_id": level, "name": "D"})
    assert code_of(again) == (409, "institutions:name-taken")
    path = f"sections/{made.json()['id']}"
    assert ask.patch(path, {"room": "12", "capacity": 30}).json()["capacity"] == 30
    assert ask.delete(path).status_code == 204
    kept = f"sections/{campus.section.sourced_id}"
    assert code_of(ask.delete(kept)) == (409, "institutions:in-use")
    another_section(campus, "8 A")
    answer = ask.patch(kept, {"grade_level_id": str(campus.levels[8].sourced_id)})
    assert code_of(answer) == (409, "institutions:section-holds-students")


def test_a_class_runs_in_its_terms(campus: Campus, dave: User) -> None:
    ask = asking(dave)
    place = str(campus.institution.sourced_id)
    course = ask.post("courses", {"institution_id": place, "code": "MA7", "title": "Mathematics 7"}).json()
    fields = {
        "course_id": course["id"],
        "year_id": str(campus.year.sourced_id),
        "section_id": str(campus.section.sourced_id),
        "code": "MA7B",
        "title": "Mathematics 7 B",
        "term_ids": [str(campus.terms[0].sourced_id)],
    }
    made = ask.post("classes", fields).json()
    assert made["term_ids"] == fields["term_ids"]
    both = [str(term.sourced_id) for term in campus.terms]
    assert ask.patch(f"classes/{made['id']}", {"term_ids": both}).json()["term_ids"] == both
    assert CourseClassTerm.objects.count() == 2
    assert code_of(ask.delete(f"courses/{course['id']}")) == (409, "institutions:in-use")


def test_the_level_after_comes_later(campus: Campus, alice: User) -> None:
    ask = asking(alice)
    eight = ask.post("grade-levels", {"name": "Grade 8", "code": "08", "position": 8}).json()
    path = f"grade-levels/{campus.levels[7].sourced_id}"
    assert ask.patch(path, {"next_level_id": eight["id"]}).json()["next_level_id"] == eight["id"]
    answer = ask.patch(f"grade-levels/{eight['id']}", {"next_level_id": str(campus.levels[7].sourced_id)})
    assert code_of(answer) == (422, "institutions:levels-in-circle")
    assert code_of(ask.patch(path, {"position": 9})) == (422, "institutions:levels-in-circle")


def test_an_unknown_id_is_refused_by_its_field(campus: Campus, dave: User) -> None:
    nobody = "0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b"
    answer = asking(dave).post("sections", {"year_id": nobody, "grade_level_id": nobody, "name": "D"})
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("year_id", "unknown_id"),
        ("grade_level_id", "unknown_id"),
    ]
    assert not Section.objects.filter(name="D").exists()
