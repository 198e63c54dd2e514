"""A transcript: what is published of a student over years, campuses and records that became one."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from pypdf import PdfReader

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import ExamSession, Gradebook
from apps.institutions.models import AcademicYear, Term
from apps.reports.services import print_transcript
from apps.students.models import Enrolment, SectionMembership, Student
from apps.students.services import merge_students
from schoolops import clock
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser

ONE_DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=364)


@pytest.fixture
def child(campus: Campus) -> Student:
    """Carol's child in 7 B."""
    return people.students_in(campus.section)[0]


@pytest.fixture
def browse(in_oak: School, client_for: Callable[..., Client]) -> Callable[[User], Browser]:
    """Somebody's browser at Oak's office."""
    return lambda user: Browser(client_for(in_oak), user)


def an_earlier_year(
    campus: Campus, child: Student, *, level: int = 7, days: tuple[int, int | None] = (0, None)
) -> Campus:
    """The year before at a campus, with a section in which the child was on those of its days."""
    starts, ends = campus.year.starts_on - YEAR, campus.year.starts_on - ONE_DAY
    year = AcademicYear.objects.create(
        institution=campus.institution, name=f"{starts.year}/{ends.year % 100:02}", starts_on=starts, ends_on=ends
    )
    term = Term.objects.create(year=year, name="Whole year", starts_on=starts, ends_on=ends)
    earlier = Campus(campus.institution, year, [term], {})
    section = people.another_section(earlier, f"{level} A")
    first, last = (None if each is None else starts + each * ONE_DAY for each in days)
    enrolment = Enrolment.objects.create(
        student=child, institution=campus.institution, year=year, grade_level=section.grade_level, entered_on=first,
        exited_on=last, exit_kind=Enrolment.Exit.TRANSFERRED_OUT if last else "",
    )  # fmt: skip
    SectionMembership.objects.create(
        enrolment=enrolment, student=child, section=section, starts_on=first, ends_on=last, roll_number=1
    )
    return earlier


def published(
    campus: Campus, child: Student, score: str, *, by: User, day: dt.date, title: str = "Mathematics"
) -> ExamSession:
    """A session of a campus's first term, in which the child has this of 80 in one paper, public by now."""
    session = exams.an_exam_session(campus, by=by, name=f"{title} {day}")
    paper = exams.a_paper(session, campus.section, exams.a_course(campus, title), by=by, day=day)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    exams.enter(paper, {child: score}, by=by)
    return cards.computed(session, by=by)


def a_book(campus: Campus, child: Student, score: str, *, by: User, section: Any = None) -> Gradebook:
    """A gradebook of mathematics in the first term, public by now, in which the child has this of 10."""
    course = exams.a_course(campus)
    book = services.open_gradebook(term=campus.terms[0], section=section or campus.section, course=course, by=by)
    services.set_gradebook(
        gradebook=book.sourced_id, categories=[services.CategorySaid(name="Homework")],
        assessments=[services.AssessmentSaid(name="One", category="Homework", max_marks=Decimal(10))],
        expected_version=None, by=by,
    )  # fmt: skip
    cell = services.Typed(child.sourced_id, book.assessments.get().sourced_id, score)
    services.enter_assessments(gradebook=book.sourced_id, typed=[cell], seen_version=0, by=by)
    services.publish_gradebook(gradebook=book.sourced_id, published_at=clock.now(), expected_version=None, by=by)
    return book


def read(child: Student, by: User) -> Any:
    return selectors.transcript_followed(child.sourced_id, by=by)["years"]


def told(child: Student, by: User) -> list[Any]:
    """Campus, year, grade levels, and of each term what courses come to."""
    said = ("course", "group", "percent", "grade")
    return [
        (
            year["institution"],
            year["year"],
            [each["grade_level"] for each in year["enrolments"]],
            [tuple(each[name] for name in said) for term in year["terms"] for each in term["courses"]],
        )
        for year in read(child, by)
    ]


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


# --- over years -------------------------------------------------------------------------------------------------------
def test_a_term_has_its_courses_and_sessions(campus: Campus, child: Student, alice: User, carol: User) -> None:
    published(campus, child, "40", by=alice, day=SCHOOL_DAY - ONE_DAY)
    published(campus, child, "72", by=alice, day=SCHOOL_DAY - 2 * ONE_DAY, title="Physics")
    a_book(campus, child, "9", by=alice)
    ((year),) = read(child, carol)
    (term,) = year["terms"]
    assert [(each["course"], each["coursework"], each["exams"], each["percent"]) for each in term["courses"]] == [
        # 40 % of 90 and 60 % of 50.
        ("Mathematics", Decimal("90.00"), Decimal("50.00"), Decimal("66.00")),
        ("Physics", None, Decimal("90.00"), Decimal("90.00")),
    ]
    assert [each["percent"] for each in term["sessions"]] == [Decimal("50.00"), Decimal("90.00")]
    assert term["percent"] == Decimal("70.00")


def test_a_year_that_was_repeated_stands_twice(campus: Campus, child: Student, alice: User, carol: User) -> None:
    earlier = an_earlier_year(campus, child)
    published(earlier, child, "16", by=alice, day=earlier.year.starts_on + 30 * ONE_DAY)
    published(campus, child, "72", by=alice, day=SCHOOL_DAY - ONE_DAY)
    name = campus.institution.name
    assert told(child, carol) == [
        (name, "2025/26", ["Grade 7"], [("Mathematics", "", Decimal("20.00"), "F")]),
        (name, "2026/27", ["Grade 7"], [("Mathematics", "", Decimal("90.00"), "A*")]),
    ]


def test_who_comes_from_another_campus_in_the_middle_of_a_year_brings_their_results(
    campus: Campus, child: Student, alice: User, carol: User
) -> None:
    far = people.a_school_year(name="Far", sections=())
    before = an_earlier_year(far, child, level=6, days=(0, 100))
    after = an_earlier_year(campus, child, level=6, days=(100, None))
    published(before, child, "40", by=alice, day=before.year.starts_on + 30 * ONE_DAY)
    published(after, child, "60", by=alice, day=after.year.starts_on + 200 * ONE_DAY)
    years = read(child, carol)
    assert [(year["institution"], year["terms"][0]["percent"]) for year in years] == [
        ("Far", Decimal("50.00")), (campus.institution.name, Decimal("75.00")),
    ]  # fmt: skip
    (stay,) = years[0]["enrolments"]
    assert stay["exited_on"] == years[1]["enrolments"][0]["entered_on"]


def test_who_changed_sections_has_both_gradebooks_and_each_says_whose(
    campus: Campus, child: Student, alice: User, carol: User
) -> None:
    a_book(campus, child, "8", by=alice)
    SectionMembership.objects.filter(student=child).update(section=campus.sections["7 C"], roll_number=None)
    a_book(campus, child, "6", by=alice, section=campus.sections["7 C"])
    ((_campus, _year, _levels, courses),) = told(child, carol)
    assert [(group, percent) for _course, group, percent, _grade in courses] == [
        (str(campus.sections["7 B"]), Decimal("80.00")), (str(campus.sections["7 C"]), Decimal("60.00")),
    ]  # fmt: skip
    text = text_of(print_transcript(student=child.sourced_id, by=carol))
    assert f"Mathematics ({campus.sections['7 C']})" in text


def test_of_two_records_that_became_one_both_are_there_and_the_kept_ones_mark_counts(
    campus: Campus, child: Student, alice: User, erin: User
) -> None:
    duplicate = people.some_students(1, institution=campus.institution)[0]
    earlier = an_earlier_year(campus, duplicate, level=6)
    published(earlier, duplicate, "40", by=alice, day=earlier.year.starts_on + 30 * ONE_DAY)
    book = a_book(earlier, duplicate, "7", by=alice)
    session = published(campus, child, "60", by=alice, day=SCHOOL_DAY - ONE_DAY)
    merge_students(keep=child, duplicate=duplicate, by=erin)
    services.compute_results(ExamSession.objects.exclude(pk=session.pk).get().pk)
    # Carol saw one of the two, and sees what both come to once somebody says so.
    years = read(child, alice)
    assert [year["year"] for year in years] == ["2025/26", "2026/27"]
    assert [each["grade_level"] for each in years[0]["enrolments"]] == ["Grade 6"]
    (course,) = years[0]["terms"][0]["courses"]
    # 40 % of 70 and 60 % of 50.
    assert (course["coursework"], course["percent"], course["group"]) == (
        Decimal("70.00"), Decimal("58.00"), str(book.section),
    )  # fmt: skip


def test_what_is_not_public_by_now_is_nowhere_on_it(campus: Campus, child: Student, alice: User, carol: User) -> None:
    nothing = text_of(print_transcript(student=child.sourced_id, by=carol))
    assert "Nothing is published yet." in nothing
    session = published(campus, child, "60", by=alice, day=SCHOOL_DAY - ONE_DAY)
    for moment in (clock.now() + ONE_DAY, None):
        ExamSession.objects.filter(pk=session.pk).update(results_published_at=moment)
        assert read(child, carol) == []
        # The head sees there what the family does.
        assert text_of(print_transcript(student=child.sourced_id, by=alice)) == nothing


def test_many_years_cost_as_many_statements_as_one(
    campus: Campus, child: Student, alice: User, query_count: Callable[..., Any]
) -> None:
    published(campus, child, "60", by=alice, day=SCHOOL_DAY - ONE_DAY)
    a_book(campus, child, "7", by=alice)
    counts = []
    for year in range(3):
        with query_count() as counted:
            read(child, alice)
        counts.append(counted.count)
        campus = an_earlier_year(campus, child, level=6 - year)
        published(campus, child, "40", by=alice, day=campus.year.starts_on + 30 * ONE_DAY)
        a_book(campus, child, "7", by=alice)
    assert len(set(counts)) == 1


# --- paper ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "ar"])
def test_on_paper_it_is_tagged_and_numbers_and_codes_keep_their_direction(
    campus: Campus, child: Student, alice: User, carol: User, language: str
) -> None:
    published(campus, child, "72", by=alice, day=SCHOOL_DAY - ONE_DAY, title="الرياضيات B+")
    with translation.override(language):
        one, two = (print_transcript(student=child.sourced_id, by=carol) for _ in range(2))
    assert one == two
    root: Any = PdfReader(io.BytesIO(one)).trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == (language, True)
    text = text_of(one)
    for run in (child.admission_number, "2026/27", "72 / 80", "90.00 %", "A*", "B+", child.full_name):
        assert run in text, run
    assert ("Transcript" in text) == (language == "en")


def test_it_is_asked_for_by_the_api_and_from_the_students_page(
    browse: Callable[[User], Browser], campus: Campus, child: Student, alice: User, bob: User, carol: User
) -> None:
    published(campus, child, "72", by=alice, day=SCHOOL_DAY - ONE_DAY)
    answer = asking(carol).get(f"students/{child.sourced_id}/transcript")
    assert answer.json()["years"][0]["terms"][0]["courses"][0]["percent"] == "90.00"
    assert answer.content == asking(alice).get(f"students/{child.sourced_id}/transcript").content
    for browser in (browse(alice), browse(bob)):
        address = f"/office/exams/transcripts/{child.sourced_id}.pdf"
        assert address in browser.get(f"/office/student/{child.sourced_id}/").content.decode()
        paper = browser.get(address)
        assert (paper.status_code, paper["Content-Type"]) == (200, "application/pdf")
    stranger = people.students_in(campus.sections["7 C"])[0]
    assert browse(bob).get(f"/office/exams/transcripts/{stranger.sourced_id}.pdf").status_code == 404


def test_who_does_not_follow_exams_is_not_shown_the_way(
    browse: Callable[[User], Browser], campus: Campus, child: Student
) -> None:
    accountant = browse(people.a_user("ivy", role="accountant"))
    assert "transcripts/" not in accountant.get(f"/office/student/{child.sourced_id}/").content.decode()
    assert accountant.get(f"/office/exams/transcripts/{child.sourced_id}.pdf").status_code == 403
