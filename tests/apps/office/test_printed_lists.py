"""Lists on paper, read back: the right names, in every script, for whoever may take them away."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from pypdf import PdfReader

from apps.accounts.models import User
from apps.institutions.models import Section
from apps.reports import selectors
from apps.reports.services import printing
from apps.students.models import Guardian, Student
from schoolops.audit.models import AuditEntry
from schoolops.pdf import unbroken
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


def read(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def _print(office: Office, user: User, kind: str, *sections: Section) -> Any:
    return office(user).get(f"/office/lists/{kind}.pdf", {"section": [str(each.sourced_id) for each in sections]})


def test_a_class_list_has_every_student_under_the_schools_name_and_day(
    office: Office, alice: User, campus: Campus
) -> None:
    answer = _print(office, alice, "class", campus.section)
    assert answer["Content-Type"] == "application/pdf"
    (page,) = read(answer.content)
    for part in ("Oak", "Wednesday, 4 November 2026", "Class list – Grade 7 B", "Page 1 of 1", "Amina Hassan"):
        assert part in page, part
    assert sum(each.admission_number in page for each in people.students_in(campus.section)) == 12


def test_without_a_choice_it_is_every_section_in_reach(office: Office, alice: User, bob: User, campus: Campus) -> None:
    assert len(read(_print(office, alice, "sign-in").content)) == 2
    assert len(read(_print(office, bob, "sign-in").content)) == 1
    nobody = read(_print(office, bob, "class", campus.sections["7 C"]).content)
    assert "No students are on these lists" in nobody[0]


def test_an_emergency_list_says_whom_to_call_and_to_whom_not_to_give_the_student(
    office: Office, dave: User, bob: User, carol: User, campus: Campus
) -> None:
    student = people.students_in(campus.section)[0]
    Student.objects.filter(pk=student.pk).update(medical_note="Peanuts")
    Guardian.objects.update(phone="+44 20 7946 0000")
    people.a_guardian("uncle", of=[student], restriction_note="Court order 17")
    (office_page,) = read(_print(office, dave, "emergency", campus.section).content)
    for part in ("Carol Rivera", unbroken("+44 20 7946 0000"), "Peanuts", "NOT TO Uncle Rivera", "Court order"):
        assert part in office_page, part
    (teachers,) = read(_print(office, bob, "emergency", campus.section).content)
    assert "Carol Rivera" in teachers
    for part in ("Peanuts", "Uncle", "Court"):
        assert part not in teachers, part


def test_who_may_not_take_lists_away_gets_none(office: Office, carol: User, campus: Campus) -> None:
    support = people.a_user("sam", role="support")
    for kind in ("class", "emergency", "sign-in"):
        assert _print(office, support, kind).status_code == 403
        assert _print(office, carol, kind).status_code == 403
    assert office(support).get("/office/lists/").status_code == 403


@pytest.mark.parametrize("path", ["nonsense.pdf", "class.pdf?section=x", "class.pdf?day=never"])
def test_an_address_that_means_nothing_is_not_found(office: Office, alice: User, campus: Campus, path: str) -> None:
    assert office(alice).get(f"/office/lists/{path}").status_code == 404


def test_lists_cost_the_same_for_any_number_of_students(
    campus: Campus, dave: User, query_count: Callable[..., Any]
) -> None:
    def read() -> None:
        selectors.with_contacts(selectors.rosters(dave, SCHOOL_DAY), by=dave, day=SCHOOL_DAY)

    read()
    with query_count(5):
        read()
    for section in ("8 A", "8 B"):
        people.a_section(30, campus=campus, name=section)
    with query_count(5):
        read()


def test_a_list_that_is_too_long_is_refused(
    office: Office, alice: User, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "MOST_STUDENTS", 14)
    answer = _print(office, alice, "class")
    assert answer.status_code == 422
    assert "at most 14 are printed at once" in answer.content.decode()
    assert _print(office, alice, "class", campus.section).status_code == 200


def test_a_printed_list_is_one_line_in_the_log(
    office: Office, alice: User, campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    assert _print(office, alice, "class").status_code == 200
    assert {record.name for record in caplog.records} == {"schoolops.access"}


def test_the_trail_says_who_took_which_list_of_how_many(office: Office, alice: User, campus: Campus) -> None:
    _print(office, alice, "emergency")
    entries = AuditEntry.objects.filter(action="office.list-printed").order_by("pk")
    assert {entry.object_id: entry.after["students"] for entry in entries} == {
        str(section.sourced_id): len(people.students_in(section)) for section in campus.sections.values()
    }
    assert {(entry.actor_name, entry.after["list"], entry.after["day"]) for entry in entries} == {
        (alice.audit_name, "emergency", SCHOOL_DAY.isoformat())
    }


def test_a_list_that_was_refused_is_in_no_trail(office: Office, carol: User, campus: Campus) -> None:
    assert _print(office, carol, "class", campus.section).status_code == 403
    assert not AuditEntry.objects.filter(action="office.list-printed").exists()


def test_a_guardians_line_keeps_name_relation_and_phone_in_order_in_both_languages(
    office: Office, dave: User, campus: Campus
) -> None:
    student = people.students_in(campus.section)[0]
    people.a_guardian("jr", of=[student])
    Guardian.objects.update(given_name="محمد علي", family_name="آل الشيخ (Jr.)", phone="+966 55 123 4567")
    for language in ("en", "ar"):
        dave.language = language
        dave.save(update_fields=["language"])
        words = PdfReader(io.BytesIO(_print(office, dave, "emergency", campus.section).content))
        text = "".join(page.extract_text() for page in words.pages)
        # pypdf sees a gap after the plus where the number begins a line.
        assert "+966551234567" in "".join(text.split()), language
