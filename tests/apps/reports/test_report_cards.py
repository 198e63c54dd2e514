"""Report cards: drafted, proof-read, published for good, amended with a reason; printed, and verified by their code."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pypdf import PdfReader

from apps.accounts.models import User
from apps.examinations import services as examinations
from apps.examinations.errors import SessionInUse
from apps.examinations.models import ExamSession
from apps.institutions.models import Course
from apps.reports import selectors, services, tasks
from apps.reports.errors import (
    BlocksRefused,
    CardBeingAmended,
    CardNotPublished,
    CardsBeforeResults,
    CardsNotProofRead,
    NoCardsToPublish,
    NoResultsYet,
)
from apps.reports.models import CardLayout, ReportCard
from apps.students.models import Student
from schoolops import clock
from schoolops.pdf import isolated
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.factories import cards, exams, people
from tests.factories.jobs import waiting_jobs, work_off
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser, Talk
from tests.support.kept import kept

BEFORE = SCHOOL_DAY - dt.timedelta(days=1)
ONE_HOUR = dt.timedelta(hours=1)
FIRST_MARKS = ["80", "61,5", "absent"]


@pytest.fixture
@kept
def session(campus: Campus, alice: User) -> ExamSession:
    """Mid-terms whose results are public: the first three of 7 B have 100 %, 76.88 % and none."""
    made = exams.an_exam_session(campus, by=alice)
    paper = exams.a_paper(made, campus.section, exams.a_course(campus), by=alice, day=BEFORE)
    ExamSession.objects.filter(pk=made.pk).update(state="marking")
    exams.enter(paper, dict(zip(people.students_in(campus.section), FIRST_MARKS, strict=False)), by=alice)
    return cards.computed(made, by=alice)


@pytest.fixture
def child(campus: Campus) -> Student:
    """Carol's child in 7 B, who has full marks."""
    return people.students_in(campus.section)[0]


def _text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def _published(session: ExamSession, campus: Campus, by: User) -> list[ReportCard]:
    cards.read_cards(session, campus.section, by=by)
    return cards.publish(session, campus.section, by=by)


# --- from a draft to another version ----------------------------------------------------------------------------------
def test_cards_are_drafted_proof_read_and_published_and_families_read_those(
    session: ExamSession, campus: Campus, alice: User, carol: User, child: Student
) -> None:
    where = {"session": session, "section": campus.section, "by": alice}
    at = clock.now() + ONE_HOUR
    with pytest.raises(NoCardsToPublish):
        services.ask_to_publish(**where, published_at=at)
    assert services.draft_cards(**where) == 12
    with pytest.raises(CardsNotProofRead):
        services.ask_to_publish(**where, published_at=at)
    assert services.proof_read_cards(**where, seen=clock.now()) == 12
    services.ask_to_publish(**where, published_at=at)
    (job,) = waiting_jobs("publish_cards")
    assert (job["session"], job["section"]) == (session.pk, campus.section.pk)
    cards.publish(session, campus.section, by=alice, at=at)
    assert selectors.cards_followed(child.sourced_id, by=carol) == []
    with clock.frozen(at):
        (shown,) = selectors.cards_followed(child.sourced_id, by=carol)
        found = selectors.card_followed(child.sourced_id, shown["id"], by=carol)
        text = _text(services.print_card(found))
    assert (shown["version"], shown["session"]) == (1, "Mid-terms")
    assert child.full_name in text
    assert "80 / 80" in text
    assert services.grouped(shown["code"]) in text


def test_who_publishes_again_for_another_moment_before_it_is_done_replaces_the_first(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    for hours in (1, 3, 2):
        at = clock.now() + hours * ONE_HOUR
        services.ask_to_publish(session=session, section=campus.section, published_at=at, by=alice)
    work_off(tasks.publish_cards)
    assert set(ReportCard.objects.values_list("state", "published_at")) == {("published", clock.now() + 2 * ONE_HOUR)}


def test_a_moment_that_is_asked_for_while_a_worker_prints_replaces_the_one_it_prints(
    session: ExamSession, campus: Campus, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    where = {"session": session, "section": campus.section, "by": alice}
    first, second = clock.now() + ONE_HOUR, clock.now() + 2 * ONE_HOUR
    services.ask_to_publish(**where, published_at=first)
    of = {"session": session.pk, "section": campus.section.pk, "by_id": alice.sourced_id}
    printed = []

    def ask_meanwhile(done: int, _of: int) -> None:
        printed.append(done)
        if done == 12:
            services.ask_to_publish(**where, published_at=second)

    monkeypatch.setattr("schoolops.queues.progress", ask_meanwhile)
    assert services.publish_cards(**of, published_at=first) == 0
    assert printed[-1] == 12
    assert services.publish_cards(**of, published_at=second) == 12


def test_drafts_that_were_made_anew_since_somebody_read_them_are_not_proof_read(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    where = {"section_id": str(campus.section.sourced_id)}
    address = f"exam-sessions/{session.sourced_id}/report-cards"
    with clock.frozen(clock.now() - ONE_HOUR):
        assert services.draft_cards(session=session, section=campus.section, by=alice) == 12
    seen = max(row["drafted_at"] for row in asking(alice).rows(address))
    assert asking(alice).post(address, where).json()["cards"] == 12
    answer = asking(alice).post(address, {**where, "proof_read": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "reports:cards-drafted-meanwhile")
    # Nor by who says so for a moment that is to come.
    answer = asking(alice).post(address, {**where, "proof_read": (clock.now() + ONE_HOUR).isoformat()})
    assert (answer.status_code, answer.json()["code"]) == (409, "reports:cards-drafted-meanwhile")
    seen = max(row["drafted_at"] for row in asking(alice).rows(address))
    assert asking(alice).post(address, {**where, "proof_read": seen}).json()["cards"] == 12
    # And one that is drafted again waits for nobody's publication any more.
    services.ask_to_publish(session=session, section=campus.section, published_at=clock.now(), by=alice)
    services.draft_cards(session=session, section=campus.section, by=alice)
    work_off(tasks.publish_cards)
    assert set(ReportCard.objects.values_list("state", "publish_at")) == {("draft", None)}


def test_cards_are_never_public_before_the_results(
    session: ExamSession, campus: Campus, alice: User, carol: User, child: Student
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    later = clock.now() + ONE_HOUR
    for moment in (later, None):
        ExamSession.objects.filter(pk=session.pk).update(results_published_at=moment)
        session.refresh_from_db()
        with pytest.raises(CardsBeforeResults):
            services.ask_to_publish(session=session, section=campus.section, published_at=clock.now(), by=alice)
    ExamSession.objects.filter(pk=session.pk).update(results_published_at=clock.now())
    made = cards.publish(session, campus.section, by=alice)
    code = next(card.code for card in made if card.student_id == child.pk)
    assert len(selectors.cards_followed(child.sourced_id, by=carol)) == 1
    # Withdrawn results take the cards that say them with them.
    ExamSession.objects.filter(pk=session.pk).update(results_published_at=None)
    assert selectors.cards_followed(child.sourced_id, by=carol) == []
    assert selectors.verified(code) is None


def test_a_published_card_never_changes_and_the_same_gives_the_same_bytes(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    card = _published(session, campus, alice)[0]
    content = services.print_card(card)
    assert hashlib.sha256(content).hexdigest() == card.sha256
    assert services.print_cards([card]) == content
    for statement in ("UPDATE reports_reportcard SET data = '{}'", "DELETE FROM reports_reportcard"):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    # Another run publishes none again, and drafting leaves what is published alone.
    assert cards.publish(session, campus.section, by=alice)[0].sha256 == card.sha256
    assert services.draft_cards(session=session, section=campus.section, by=alice) == 0


def test_an_amendment_is_another_version_with_a_reason_and_the_first_stands_until_it_is_public(
    session: ExamSession, campus: Campus, alice: User, carol: User, child: Student
) -> None:
    first = next(card for card in _published(session, campus, alice) if card.student_id == child.pk)
    paper = session.exams.get()
    before = dict(zip(people.students_in(campus.section), FIRST_MARKS, strict=False))

    examinations.reopen_marks(paper=paper.sourced_id, reason="Counted anew", lasting=ONE_HOUR, by=alice)
    exams.enter(paper, {**before, child: "70"}, by=alice, version=1)
    examinations.compute_results(session.pk)
    made = services.amend_card(card=first, reason="A mark was counted anew", by=alice)
    assert (made.version, made.state) == (2, "draft")
    with pytest.raises(CardBeingAmended):
        services.amend_card(card=first, reason="Again", by=alice)
    with pytest.raises(CardNotPublished):
        services.amend_card(card=made, reason="Again", by=alice)
    services.proof_read_cards(session=session, section=campus.section, seen=clock.now(), by=alice)
    at = clock.now() + ONE_HOUR
    cards.publish(session, campus.section, by=alice, at=at)
    (shown,) = selectors.cards_followed(child.sourced_id, by=carol)
    assert shown["version"] == 1
    with clock.frozen(at):
        (shown,) = selectors.cards_followed(child.sourced_id, by=carol)
        text = _text(services.print_card(selectors.card_followed(child.sourced_id, shown["id"], by=carol)))
    assert (shown["version"], shown["reason"]) == (2, "A mark was counted anew")
    assert "70 / 80" in text
    assert "Amended: A mark was counted anew" in text


def test_a_session_without_results_has_no_cards(campus: Campus, alice: User) -> None:
    made = exams.an_exam_session(campus, by=alice)
    with pytest.raises(NoResultsYet):
        services.draft_cards(session=made, section=campus.section, by=alice)


def test_a_section_that_is_not_there_or_of_another_year_is_refused_at_its_field(campus: Campus, alice: User) -> None:
    session = exams.an_exam_session(campus, by=alice)
    address = f"exam-sessions/{session.sourced_id}/report-cards"
    elsewhere = people.a_school_year(name="Far").section
    for section in (session.sourced_id, elsewhere.sourced_id):
        answer = asking(alice).post(address, {"section_id": str(section)})
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["section_id"])


def test_a_session_of_which_cards_were_drafted_is_not_removed(campus: Campus, alice: User) -> None:
    made = exams.an_exam_session(campus, by=alice, state="marking")
    paper = exams.a_paper(made, campus.section, exams.a_course(campus), by=alice, day=BEFORE)
    cards.computed(made, by=alice)
    services.draft_cards(session=made, section=campus.section, by=alice)
    ExamSession.objects.filter(pk=made.pk).update(results_published_at=None)
    examinations.remove_paper(paper=paper.sourced_id, by=alice)
    with pytest.raises(SessionInUse):
        examinations.remove_session(session=made.sourced_id, by=alice)


def test_of_two_records_of_a_child_the_kept_ones_card_is_read(
    session: ExamSession, campus: Campus, alice: User, carol: User, child: Student
) -> None:
    other = people.students_in(campus.section)[1]
    made = {card.student_id: card for card in _published(session, campus, alice)}
    Student.objects.filter(pk=other.pk).update(merged_into=child)
    shown = selectors.cards_followed(child.sourced_id, by=carol)
    assert [each["id"] for each in shown] == [made[child.pk].sourced_id]


def test_cards_of_two_languages_on_one_pdf_each_read_from_their_side(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    services.set_layout(grade_level=None, values={"language": "ar", "blocks": ["marks"]}, by=alice)
    first, second = _published(session, campus, alice)[:2]
    first.data = {**first.data, "language": "en", "rtl": False}
    text = _text(services.print_cards([first, second]))
    assert text.count("80 / 80") == 2
    assert "61.5 / 80" in text


def test_a_section_of_twelve_costs_as_many_statements_as_one_of_three(
    campus: Campus, alice: User, query_count: Callable[..., Any]
) -> None:
    made = exams.an_exam_session(campus, by=alice)
    for name in ("7 B", "7 C"):
        exams.a_paper(made, campus.sections[name], exams.a_course(campus), by=alice, day=BEFORE)
    ExamSession.objects.filter(pk=made.pk).update(state="marking")
    made = cards.computed(made, by=alice)
    counts = []
    for name in ("7 B", "7 C"):
        with query_count() as counted:
            services.draft_cards(session=made, section=campus.sections[name], by=alice)
        counts.append(counted.count)
    assert counts[0] == counts[1]


# --- paper ------------------------------------------------------------------------------------------------------------
def test_a_class_is_one_pdf_for_the_printer_and_a_zip_of_single_ones(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    made = _published(session, campus, alice)
    assert len(PdfReader(io.BytesIO(services.print_cards(made))).pages) == 12
    with zipfile.ZipFile(io.BytesIO(services.pack_cards(made))) as archive:
        assert len(archive.namelist()) == 12
        assert {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()} == {
            card.sha256 for card in made
        }


def test_on_a_card_from_the_right_every_code_number_and_date_reads_from_the_left(
    session: ExamSession, campus: Campus, alice: User, child: Student
) -> None:
    values = {"language": "ar", "blocks": list(CardLayout.Block), "signatures": ["المدير"]}
    services.set_layout(grade_level=None, values=values, by=alice)
    Course.objects.update(title="الرياضيات B+")
    card = next(card for card in _published(session, campus, alice) if card.student_id == child.pk)
    text = _text(services.print_card(card))
    for run in ("80 / 80", "100 %", "A*", "B+", child.admission_number, "2027", services.grouped(card.code)):
        assert run in text, run
    said = [row for block in card.data["blocks"] if block["kind"] == "marks" for row in block["rows"]]
    assert all(cell == isolated(cell, rtl=True) for row in said for cell in row)


def test_a_layout_says_what_stands_on_the_cards_of_its_grade_level(
    session: ExamSession, campus: Campus, alice: User
) -> None:
    level = campus.section.grade_level
    with pytest.raises(BlocksRefused):
        services.set_layout(grade_level=level, values={"blocks": ["legend"]}, by=alice)
    services.set_layout(grade_level=None, values={"blocks": list(CardLayout.Block)}, by=alice)
    services.set_layout(grade_level=level, values={"blocks": ["marks", "legend"]}, by=alice)
    services.draft_cards(session=session, section=campus.section, by=alice)
    card = ReportCard.objects.first()
    assert card is not None
    assert [block["kind"] for block in card.data["blocks"]] == ["marks", "legend"]
    assert "Attendance" not in _text(services.print_card(card))


def test_a_code_proves_its_day_and_version_and_nothing_more(
    session: ExamSession, campus: Campus, alice: User, child: Student, in_oak: School, client_for: Callable[..., Client]
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    card = ReportCard.objects.get(student=child)
    stranger = Browser(client_for(in_oak))
    # A draft proves nothing.
    assert stranger.get(f"/verify/{card.code}/").status_code == 404
    cards.publish(session, campus.section, by=alice)
    for code in (card.code, services.grouped(card.code), services.grouped(card.code).lower()):
        answer = stranger.get(f"/verify/{code}/")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "It is of Wednesday, 4 November 2026, version 1." in page
        assert child.family_name not in page
        assert "Mid-terms" not in page
    for code in ("ABCD-EFGH-JKLM-NPQR", "x" * 400, "%00"):
        assert stranger.get(f"/verify/{code}/").status_code == 404


def test_a_worker_publishes_a_section_in_one_job_and_keeps_no_card_that_was_drafted_anew_meanwhile(
    session: ExamSession, campus: Campus, alice: User, child: Student
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    at = clock.now() + ONE_HOUR
    services.ask_to_publish(session=session, section=campus.section, published_at=at, by=alice)
    # Of one it is said after that something else is to be read first.
    ReportCard.objects.filter(student=child).update(state="draft", publish_at=None)
    assert tasks.publish_cards.queue.name == "reports"
    (_job,) = work_off(tasks.publish_cards)
    published = ReportCard.objects.filter(state="published")
    assert (published.count(), {card.published_at for card in published}) == (11, {at})
    assert ReportCard.objects.get(student=child).state == "draft"


def test_a_family_reads_the_card_of_their_own_child_alone(
    session: ExamSession, campus: Campus, alice: User, carol: User, child: Student, in_oak: School,
    client_for: Callable[..., Client],
) -> None:  # fmt: skip
    made = {card.student_id: card for card in _published(session, campus, alice)}
    other = people.students_in(campus.section)[1]
    talk = Talk(client_for(in_oak), carol)
    answer = talk.get(f"students/{child.sourced_id}/report-cards/{made[child.pk].sourced_id}")
    assert answer["Content-Type"] == "application/pdf"
    assert hashlib.sha256(answer.content).hexdigest() == made[child.pk].sha256
    for student in (child, other):
        address = f"students/{student.sourced_id}/report-cards/{made[other.pk].sourced_id}"
        assert talk.get(address).status_code == 404
    assert talk.get(f"report-cards/{made[child.pk].sourced_id}").status_code == 403
