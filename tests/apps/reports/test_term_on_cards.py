"""The result of a term on a report card: what a gradebook and exams come to, and only while all of it is public."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from apps.accounts.models import User
from apps.examinations import services as examinations
from apps.examinations.models import ExamSession, Gradebook
from apps.reports import selectors, services
from apps.reports.errors import CardsBeforeTermResults
from apps.reports.models import CardLayout, ReportCard
from apps.students.models import Student
from schoolops import clock
from schoolops.pdf import isolated
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser

ONE_DAY, ONE_HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def child(campus: Campus) -> Student:
    """Carol's child in 7 B."""
    return people.students_in(campus.section)[0]


def sat(campus: Campus, child: Student, name: str, score: str, by: User, *, days: int) -> ExamSession:
    """A session with a paper in mathematics of 80, in which the child has this; computed, and public by now."""
    session = exams.an_exam_session(campus, by=by, name=name)
    day = SCHOOL_DAY - days * ONE_DAY
    paper = exams.a_paper(session, campus.section, exams.a_course(campus), by=by, day=day)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    exams.enter(paper, {child: score}, by=by)
    return cards.computed(session, by=by)


@pytest.fixture
def session(campus: Campus, child: Student, alice: User) -> ExamSession:
    """The finals: 40 of 80."""
    return sat(campus, child, "Finals", "40", alice, days=1)


@pytest.fixture
def book(campus: Campus, child: Student, alice: User) -> Gradebook:
    """Mathematics of the term, in which the child has 9 of 10; not published."""
    made = examinations.open_gradebook(
        term=campus.terms[0], section=campus.section, course=exams.a_course(campus), by=alice
    )
    examinations.set_gradebook(
        gradebook=made.sourced_id, categories=[examinations.CategorySaid(name="Homework")],
        assessments=[examinations.AssessmentSaid(name="One", category="Homework", max_marks=Decimal(10))],
        expected_version=None, by=alice,
    )  # fmt: skip
    cell = examinations.Typed(child.sourced_id, made.assessments.get().sourced_id, "9")
    examinations.enter_assessments(gradebook=made.sourced_id, typed=[cell], seen_version=0, by=alice)
    return made


def publish_book(book: Gradebook, by: User, at: dt.datetime | None) -> None:
    examinations.publish_gradebook(gradebook=book.sourced_id, published_at=at, expected_version=None, by=by)


def block_of(card: ReportCard) -> Any:
    return next((each for each in card.data["blocks"] if each["kind"] == CardLayout.Block.TERM), None)


def card_of(child: Student) -> ReportCard:
    found: ReportCard = ReportCard.objects.get(student=child)
    return found


def text_of(card: ReportCard) -> str:
    reader = PdfReader(io.BytesIO(services.print_card(card)))
    return "\n".join(page.extract_text() for page in reader.pages)


def test_a_card_says_what_coursework_and_exams_of_the_term_come_to(
    campus: Campus, session: ExamSession, book: Gradebook, child: Student, alice: User
) -> None:
    # What is not published is on none.
    services.draft_cards(session=session, section=campus.section, by=alice)
    assert block_of(card_of(child)) is None
    publish_book(book, alice, clock.now())
    examinations.set_result_policy(values={"coursework": Decimal(100)}, expected_version=None, by=alice)
    services.draft_cards(session=session, section=campus.section, by=alice)
    card = card_of(child)
    # 40 % of 90 and 60 % of 50, by the policy as it was published.
    assert block_of(card)["rows"] == [["Mathematics", "90.00 %", "50.00 %", "66.00 %", "C"]]
    assert "66.00 %" in text_of(card)
    # Who has no mark in any gradebook has no such block.
    assert block_of(ReportCard.objects.exclude(student=child)[0]) is None
    services.set_layout(grade_level=None, values={"blocks": ["marks"]}, by=alice)
    services.draft_cards(session=session, section=campus.section, by=alice)
    assert block_of(card_of(child)) is None
    assert card_of(child).says_books == []


def test_on_a_card_from_the_right_each_number_keeps_its_direction(
    campus: Campus, session: ExamSession, book: Gradebook, child: Student, alice: User
) -> None:
    publish_book(book, alice, clock.now())
    services.set_layout(grade_level=None, values={"blocks": ["marks", "term"], "language": "ar"}, by=alice)
    services.draft_cards(session=session, section=campus.section, by=alice)
    card = card_of(child)
    assert all(cell == isolated(cell, rtl=True) for row in block_of(card)["rows"] for cell in row)
    assert "66.00 %" in text_of(card)


def test_cards_are_not_public_before_all_that_they_say_is(
    campus: Campus, session: ExamSession, book: Gradebook, child: Student, alice: User, carol: User
) -> None:
    other = sat(campus, child, "Mid-terms", "80", alice, days=2)
    later = clock.now() + ONE_HOUR
    publish_book(book, alice, later)
    ExamSession.objects.filter(pk=other.pk).update(results_published_at=later)
    cards.read_cards(session, campus.section, by=alice)
    card = card_of(child)
    # 40 % of 90, and 60 % of the mean of 50 and 100.
    assert [block_of(card)["rows"][0][3], card.says_books, card.says_sessions] == ["81.00 %", [book.pk], [other.pk]]
    where = {"session": session, "section": campus.section, "by": alice}
    for moment in (later, None):
        publish_book(book, alice, moment)
        with pytest.raises(CardsBeforeTermResults, match="Mathematics"):
            services.ask_to_publish(**where, published_at=clock.now())
    publish_book(book, alice, clock.now())
    with pytest.raises(CardsBeforeTermResults, match="Mid-terms"):
        services.ask_to_publish(**where, published_at=clock.now())
    services.ask_to_publish(**where, published_at=later)
    cards.publish(session, campus.section, by=alice, at=later)
    with clock.frozen(later):
        assert len(selectors.cards_followed(child.sourced_id, by=carol)) == 1


def test_who_withdraws_a_gradebook_withdraws_the_cards_that_say_it(
    campus: Campus, session: ExamSession, book: Gradebook, child: Student, alice: User, carol: User
) -> None:
    publish_book(book, alice, clock.now())
    cards.read_cards(session, campus.section, by=alice)
    cards.publish(session, campus.section, by=alice)
    card = card_of(child)
    before = services.print_card(card)
    assert len(selectors.cards_followed(child.sourced_id, by=carol)) == 1
    publish_book(book, alice, None)
    assert selectors.cards_followed(child.sourced_id, by=carol) == []
    assert selectors.verified(card.code) is None
    address = f"students/{child.sourced_id}/report-cards/{card.sourced_id}"
    assert asking(carol).get(address).status_code == 404
    # It is the same card once it is public again.
    publish_book(book, alice, clock.now())
    assert asking(carol).get(address).content == before


def test_a_layout_with_it_is_looked_at_before_it_is_kept(
    campus: Campus, alice: User, in_oak: School, client_for: Callable[..., Client]
) -> None:
    browser = Browser(client_for(in_oak), alice)
    said = {"language": "en", "signatures": "", "place-marks": "1", "place-term": "2", "what": "preview"}
    answer = browser.post("/office/exams/cards/layout/", said)
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert "Result of the term" in text
    assert "82.00 %" in text
