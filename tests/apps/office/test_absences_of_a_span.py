"""Absences of any span of days: on the page, as a sheet, as CSV, on paper, for whoever reaches the students."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from pypdf import PdfReader

from apps.access.models import RolePermission
from apps.accounts.models import User
from apps.reports.services import absences as on_paper
from apps.students.models import Student
from schoolops.audit.models import AuditEntry
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

Office = Callable[..., Any]
MONDAY = SCHOOL_DAY - dt.timedelta(days=2)
ADDRESS = "/office/absences/"
SPAN = {"first": MONDAY.isoformat(), "last": SCHOOL_DAY.isoformat()}


@pytest.fixture
@kept
def away(campus: Campus, alice: User) -> list[Student]:
    """One of 7 B is absent on Monday, and with one of 7 C on Wednesday."""
    one, other = people.students_in(campus.section)[0], people.students_in(campus.sections["7 C"])[0]
    rolls.take(campus.section, {one: "A"}, by=alice, day=MONDAY)
    rolls.take(campus.section, {one: "A"}, by=alice)
    rolls.take(campus.sections["7 C"], {other: "A"}, by=alice)
    return [one, other]


def _content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_page_begins_with_this_month_and_shows_any_span(office: Office, dave: User, away: list[Student]) -> None:
    browser = office(dave)
    page = browser.get(ADDRESS).content.decode()
    assert "1 Nov 2026 – 4 Nov 2026: 3 absences" in page
    assert page.count(str(away[0].sourced_id)) == 2
    page = browser.get(ADDRESS, {"first": MONDAY.isoformat(), "last": MONDAY.isoformat()}).content.decode()
    assert "1 absence<" in page
    assert str(away[1].sourced_id) not in page
    assert (
        "Nobody was absent in these days."
        in browser.get(ADDRESS, {"first": "2026-10-01", "last": "2026-10-31"}).content.decode()
    )


def test_a_sheet_has_a_line_for_each_day_missed(office: Office, dave: User, away: list[Student]) -> None:
    answer = office(dave).get(ADDRESS, {**SPAN, "as": "xlsx"})
    assert 'filename="absences-2026-11-02-2026-11-04.xlsx"' in answer["Content-Disposition"]
    head, *lines = load_workbook(io.BytesIO(_content(answer))).active.iter_rows(values_only=True)
    assert head[:5] == ("Day", "Campus", "Section", "Admission number", "Name")
    assert [(line[0], line[2], line[4], line[5]) for line in lines] == [
        ("2026-11-02", "Grade 7 B", away[0].full_name, "The day"),
        ("2026-11-04", "Grade 7 B", away[0].full_name, "The day"),
        ("2026-11-04", "Grade 7 C", away[1].full_name, "The day"),
    ]


def test_the_same_as_csv_and_on_paper(office: Office, dave: User, away: list[Student]) -> None:
    browser = office(dave)
    lines = list(csv.reader(io.StringIO(_content(browser.get(ADDRESS, {**SPAN, "as": "csv"})).decode("utf-8-sig"))))
    assert [line[4] for line in lines[1:]] == [away[0].full_name, away[0].full_name, away[1].full_name]
    answer = browser.get(ADDRESS, {**SPAN, "as": "pdf"})
    assert answer["Content-Type"] == "application/pdf"
    (page,) = [each.extract_text() for each in PdfReader(io.BytesIO(_content(answer))).pages]
    for part in ("Absences", "Oak", away[1].full_name, away[1].admission_number):
        assert part in page, part


def test_a_teacher_takes_away_their_own_students_alone(office: Office, bob: User, away: list[Student]) -> None:
    text = _content(office(bob).get(ADDRESS, {**SPAN, "as": "csv"})).decode()
    assert away[0].admission_number in text
    assert away[1].admission_number not in text


def test_who_may_not_take_lists_away_reads_and_takes_none(office: Office, dave: User, away: list[Student]) -> None:
    RolePermission.objects.filter(role__code="registrar", permission="exports.run").delete()
    browser = office(dave)
    page = browser.get(ADDRESS, SPAN).content.decode()
    assert str(away[0].sourced_id) in page
    assert 'value="xlsx"' not in page
    for kind in ("xlsx", "csv", "pdf"):
        assert browser.get(ADDRESS, {**SPAN, "as": kind}).status_code == 403, kind
    assert not AuditEntry.objects.filter(action="office.list-printed").exists()


def test_the_trail_says_who_took_which_absences(
    office: Office, dave: User, away: list[Student], campus: Campus
) -> None:
    for kind in ("xlsx", "pdf"):
        _content(office(dave).get(ADDRESS, {**SPAN, "as": kind}))
    entries = AuditEntry.objects.filter(action="office.list-printed")
    assert {(each.actor_name, each.after["list"], each.after["students"]) for each in entries} == {
        (dave.audit_name, "absences", 1)
    }
    assert {each.object_id for each in entries} == {str(each.sourced_id) for each in campus.sections.values()}


@pytest.mark.parametrize(
    "span",
    [("2026-11-04", "2026-11-02"), ("2025-01-01", "2026-11-04"), ("gestern", "2026-11-04"), ("9999-12-31", "1-1-1")],
)
def test_what_is_no_span_is_said_at_its_field(office: Office, dave: User, span: tuple[str, str]) -> None:
    answer = office(dave).get(ADDRESS, {"first": span[0], "last": span[1], "as": "xlsx"})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()


def test_what_is_too_long_for_paper_says_what_to_do(
    office: Office, dave: User, away: list[Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_paper, "LONG", 2)
    answer = office(dave).get(ADDRESS, {**SPAN, "as": "pdf"})
    assert answer.status_code == 422
    assert "at most 2 are printed at once" in answer.content.decode()


def test_no_more_queries_for_more_absences(office: Office, dave: User, away: list[Student], campus: Campus) -> None:
    browser = office(dave)
    browser.get(ADDRESS, SPAN)
    with CaptureQueriesContext(connection) as few:
        browser.get(ADDRESS, SPAN)
    rolls.take(campus.section, dict.fromkeys(people.students_in(campus.section), "A"), by=dave, version=1)
    with CaptureQueriesContext(connection) as many:
        browser.get(ADDRESS, SPAN)
    assert len(few) == len(many)
