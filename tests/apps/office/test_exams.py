"""Exams in the office: a session set up, its papers, the mark grid as a plain form, publication, results, scales."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from apps.access.models import Role, RolePermission
from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import Exam, ExamSession, Gradebook, GradingScale, Mark, Moderation
from apps.exchange import services as exchange
from apps.exchange.models import MarkFile
from apps.institutions.models import Course
from apps.reports.models import CardLayout
from apps.students.models import Student
from schoolops import clock
from tests.apps.office.forms import Form, forms_on
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

Office = Callable[..., Any]
BEFORE = SCHOOL_DAY - dt.timedelta(days=1)


@pytest.fixture
@kept
def maths(campus: Campus) -> Course:
    return exams.a_course(campus)


@pytest.fixture
@kept
def session(campus: Campus, alice: User) -> ExamSession:
    return exams.an_exam_session(campus, by=alice)


@pytest.fixture
@kept
def paper(session: ExamSession, campus: Campus, maths: Course, alice: User) -> Exam:
    """Sat yesterday by 7 B, and being marked."""
    made = exams.a_paper(session, campus.section, maths, by=alice, day=BEFORE)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    return made


@pytest.fixture
def class_of(campus: Campus) -> list[Student]:
    return people.students_in(campus.section)


def _form(page: Any, field: str) -> Form:
    """The form of a page that has ``field``."""
    return next(form for form in forms_on(page.content.decode()) if field in form.kinds)


def _sent(form: Form, **more: Any) -> dict[str, Any]:
    plain = {name: said if len(said) != 1 else said[0] for name, said in form.said.items()}
    # An empty field has no value; the parser says “on”, as of a box.
    return {name: "" if said == "on" else said for name, said in plain.items()} | more


def _marks(paper: Exam) -> str:
    return f"/office/exams/papers/{paper.sourced_id}/marks/"


def _scores(paper: Exam) -> dict[int, str]:
    rows = Mark.objects.filter(exam=paper)
    return {row.student_id: str(row.score if row.score is not None else row.status) for row in rows}


# --- sessions and papers ----------------------------------------------------------------------------------------------
def test_a_session_is_set_up_with_papers_for_two_sections(
    office: Office, alice: User, campus: Campus, maths: Course
) -> None:
    browser = office(alice)
    said = {"term": campus.terms[0].pk, "name": "Finals", "kind": "final", "weight": "2"}
    assert browser.post("/office/examinations/examsession/add/", said).status_code == 302
    session = ExamSession.objects.get(name="Finals")
    address = f"/office/exams/{session.sourced_id}/"
    assert browser.get("/office/exams/")["Location"] == address
    form = _form(browser.get(f"{address}papers/"), "groups")
    assert form.kinds["groups"] == "select multiple"
    sections = [campus.sections["7 B"], campus.sections["7 C"]]
    sent = _sent(
        form, course=maths.pk, groups=[f"section {each.pk}" for each in sections], day=BEFORE.isoformat(),
        starts_at="09:00", ends_at="10:30", scale=exams.a_scale().pk,
    )  # fmt: skip
    assert browser.post(f"{address}papers/", sent).status_code == 302
    assert {exam.section_id for exam in Exam.objects.filter(session=session)} == {each.pk for each in sections}
    page = browser.get(address).content.decode()
    assert page.count("0 / 12") == 1
    # Again they clash, each with its own.
    again = browser.post(f"{address}papers/", {**sent, "title": "Paper 2", "room": "Hall"})
    assert again.status_code == 422
    words = again.content.decode()
    for section in sections:
        assert f"\u2068{section}\u2069: {section} sits Mathematics ({section}) from 09:00 to 10:30." in words
    assert Exam.objects.count() == 2


def test_a_session_that_weighs_less_than_nothing_is_refused_at_its_field(
    office: Office, alice: User, campus: Campus, session: ExamSession
) -> None:
    said = {"term": campus.terms[0].pk, "name": "Finals", "kind": "final", "weight": "-1"}
    for address in ("add", f"{session.pk}/change"):
        answer = office(alice).post(f"/office/examinations/examsession/{address}/", said)
        form = answer.context["adminform"].form
        assert form.errors["weight"] == ["Ensure this value is greater than or equal to 0."]
    assert not ExamSession.objects.filter(weight__lt=0).exists()


def test_whoever_sits_two_papers_at_once_is_shown_on_the_timetable(
    office: Office, alice: User, session: ExamSession, campus: Campus, maths: Course, class_of: list[Student]
) -> None:
    exams.a_paper(session, campus.section, maths, by=alice)
    taught = people.a_class(campus, title="Chemistry", students=class_of[:2])
    exams.a_paper(session, taught, by=alice, starts_at=dt.time(10), ends_at=dt.time(11))
    page = office(alice).get(f"/office/exams/{session.sourced_id}/").content.decode()
    assert "In 2 papers somebody sits another at the same time" in page
    assert "2 students sit Chemistry (Chemistry) at the same time" in page


def test_a_paper_is_changed_and_removed(
    office: Office, alice: User, campus: Campus, maths: Course, session: ExamSession
) -> None:
    one = exams.a_paper(session, campus.section, maths, by=alice, room="Hall")
    other = exams.a_paper(session, campus.sections["7 C"], maths, by=alice, room="Gym")
    browser, address = office(alice), f"/office/exams/papers/{other.sourced_id}/"
    form = _form(browser.get(address), "room")
    taken = browser.post(address, _sent(form, room="hall"))
    assert taken.status_code == 422
    assert f"is taken from 09:00 to 10:30 by Mathematics ({campus.section})" in taken.content.decode()
    assert browser.post(address, _sent(form, room="Aula")).status_code == 302
    assert browser.post(address, _sent(form, room="Attic")).status_code == 422
    assert Exam.objects.get(pk=other.pk).room == "Aula"
    assert browser.post(f"/office/exams/papers/{one.sourced_id}/", {"remove": "1"}).status_code == 302
    assert list(Exam.objects.all()) == [other]


# --- marks ------------------------------------------------------------------------------------------------------------
def test_marks_are_entered_without_any_script(office: Office, bob: User, paper: Exam, class_of: list[Student]) -> None:
    browser = office(bob)
    assert _marks(paper) in browser.get("/office/exams/", follow=True).content.decode()
    form = _form(browser.get(_marks(paper)), "version")
    one, two, three = class_of[:3]
    typed = {
        f"mark-{one.sourced_id}": "7,5",
        f"mark-{two.sourced_id}": "a",
        f"mark-{three.sourced_id}": "\u0666\u0661\u066b\u0662\u0665",
    }
    answer = browser.post(_marks(paper), _sent(form, **typed))
    assert answer["Location"] == f"{_marks(paper)}#saved"
    assert _scores(paper) == {one.pk: "7.50", two.pk: "absent", three.pk: "61.25"}
    page = browser.get(_marks(paper))
    assert "3 marks of " in page.content.decode()
    shown = _form(page, "version").said
    assert [shown[f"mark-{each.sourced_id}"] for each in (one, two, three)] == [["7.5"], ["A"], ["61.25"]]


def test_what_cannot_be_a_mark_is_said_beside_the_student_and_stays_typed(
    office: Office, bob: User, paper: Exam, class_of: list[Student]
) -> None:
    browser, one, two = office(bob), *class_of[:2]
    form = _form(browser.get(_marks(paper)), "version")
    typed = {f"mark-{one.sourced_id}": "81", f"mark-{two.sourced_id}": "60"}
    answer = browser.post(_marks(paper), _sent(form, **typed))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="error-{one.sourced_id}">“81” is above the 80.00 marks of this paper.' in page
    shown = _form(answer, "version").said
    assert (shown[f"mark-{one.sourced_id}"], shown[f"mark-{two.sourced_id}"]) == (["81"], ["60"])
    assert not Mark.objects.exists()


def test_only_touched_cells_are_written_over_what_somebody_entered_meanwhile(
    office: Office, alice: User, bob: User, paper: Exam, class_of: list[Student]
) -> None:
    one, two, three = class_of[:3]
    browser = office(bob)
    form = _form(browser.get(_marks(paper)), "version")
    exams.enter(paper, {one: "10", two: "20"}, by=alice)
    # Beside hers: both stand, and mine is told of hers.
    answer = browser.post(_marks(paper), _sent(form, **{f"mark-{three.sourced_id}": "30"}))
    assert answer.status_code == 302
    page = browser.get(_marks(paper)).content.decode()
    assert f"Meanwhile Alice entered \u206810\u2069 for \u2068{one.full_name}\u2069." in page
    assert _scores(paper) == {one.pk: "10.00", two.pk: "20.00", three.pk: "30.00"}


def test_a_mark_that_both_changed_is_shown_and_replaced_knowingly(
    office: Office, alice: User, bob: User, paper: Exam, class_of: list[Student]
) -> None:
    one, two = class_of[:2]
    browser = office(bob)
    form = _form(browser.get(_marks(paper)), "version")
    exams.enter(paper, {one: "10", two: "20"}, by=alice)
    answer = browser.post(_marks(paper), _sent(form, **{f"mark-{one.sourced_id}": "11"}))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Alice entered \u206810\u2069 meanwhile. Saving again keeps yours." in page
    assert "Alice entered \u206820\u2069 meanwhile." in page
    again = _form(answer, "version")
    assert (again.said[f"mark-{one.sourced_id}"], again.said[f"mark-{two.sourced_id}"]) == (["11"], ["20"])
    assert browser.post(_marks(paper), _sent(again)).status_code == 302
    scores = _scores(paper)
    assert (scores[one.pk], scores[two.pk]) == ("11.00", "20.00")


def test_closed_marks_say_why_and_are_re_opened_with_a_reason(
    office: Office, alice: User, bob: User, paper: Exam
) -> None:
    ExamSession.objects.update(state="moderation")
    page = office(bob).get(_marks(paper)).content.decode()
    assert 'id="marks-form"' not in page
    assert 'name="reopen"' not in page
    browser = office(alice)
    assert browser.post(_marks(paper), {"reopen": "1", "reason": ""}).status_code == 422
    assert browser.post(_marks(paper), {"reopen": "1", "reason": "Counted anew"}).status_code == 302
    assert 'id="marks-form"' in office(bob).get(_marks(paper)).content.decode()


def test_a_page_of_marks_costs_the_same_for_any_class(
    office: Office, alice: User, session: ExamSession, campus: Campus, maths: Course, query_count: Any
) -> None:
    small = exams.a_paper(session, campus.sections["7 C"], maths, by=alice, day=BEFORE)
    large = exams.a_paper(session, campus.section, maths, by=alice, day=BEFORE)
    ExamSession.objects.update(state="marking")
    browser = office(alice)
    counts = []
    for each in (small, large):
        browser.get(_marks(each))
        with query_count() as counted:
            browser.get(_marks(each))
        counts.append(counted.count)
    assert counts[0] == counts[1]


# --- publication and results ------------------------------------------------------------------------------------------
def test_results_are_looked_at_and_published_at_a_moment_of_the_campus(
    office: Office, alice: User, paper: Exam, class_of: list[Student], campus: Campus
) -> None:
    campus.institution.timezone = "Asia/Amman"
    campus.institution.save()
    session = paper.session
    exams.enter(paper, dict(zip(class_of, ["80", "60", "40"], strict=False)), by=alice)
    services.ask_for_results(session=session.sourced_id, by=alice)
    services.compute_results(session.pk)
    browser = office(alice)
    page = browser.get(f"/office/exams/{session.sourced_id}/results/").content.decode()
    assert "mean 75.00 %" in page
    assert page.count('class="bar"') == 10
    assert "80 / 80" in page
    act = f"/office/examinations/examsession/{session.pk}/act/publish/"
    sent = {"timetable_published_at": "", "results_published_at": "2026-11-06T08:00", "reason": ""}
    assert browser.post(act, sent).status_code == 302
    session.refresh_from_db()
    assert session.results_published_at == dt.datetime(2026, 11, 6, 5, tzinfo=dt.UTC)
    assert browser.get(act).content.decode().count('value="2026-11-06T08:00"') == 1


def test_who_publishes_does_not_bring_back_what_another_took_away(office: Office, alice: User, paper: Exam) -> None:
    session, browser = paper.session, office(alice)
    at = {"session": session.sourced_id, "timetable_published_at": None, "expected_version": None, "by": alice}
    services.set_publication(results_published_at=clock.now(), **at)
    act = f"/office/examinations/examsession/{session.pk}/act/publish/"
    sent = _sent(_form(browser.get(act), "results_published_at"), reason="")
    assert sent["results_published_at"]
    services.set_publication(results_published_at=None, **at)
    refused = browser.post(act, sent)
    assert refused.status_code == 422
    assert "Families see the results from: –" in refused.content.decode()
    session.refresh_from_db()
    assert session.results_published_at is None
    # Who was told, and saves the same page again, means it.
    again = _sent(_form(refused, "results_published_at"), reason="")
    assert again["results_published_at"] == sent["results_published_at"]
    assert browser.post(act, again).status_code == 302
    session.refresh_from_db()
    assert session.results_published_at is not None


@pytest.mark.parametrize(("act", "said"), [("move", {"state": "moderation"}), ("cancel", {"reason": "Snow"})])
def test_a_session_that_another_moved_meanwhile_is_looked_at_again(
    office: Office, alice: User, paper: Exam, act: str, said: dict[str, str]
) -> None:
    session, browser = paper.session, office(alice)
    address = f"/office/examinations/examsession/{session.pk}/act/{act}/"
    form = _form(browser.get(address), next(iter(said)))
    values = {"values": {"name": "Finals"}, "expected_version": None, "by": alice}
    services.change_session(session=session.sourced_id, **values)
    refused = browser.post(address, {**_sent(form), **said})
    assert refused.status_code == 422
    assert "has changed since you read it" in refused.content.decode()
    session.refresh_from_db()
    assert session.state == "marking"
    assert browser.post(address, {**_sent(_form(refused, next(iter(said)))), **said}).status_code == 302


def test_a_session_is_moved_on_and_cancelled_with_a_reason(office: Office, alice: User, session: ExamSession) -> None:
    browser, act = office(alice), f"/office/examinations/examsession/{session.pk}/act/"
    assert browser.post(f"{act}move/", {"state": "marking"}).status_code == 422
    assert browser.post(f"{act}move/", {"state": "scheduled"}).status_code == 302
    assert browser.post(f"{act}cancel/", {"reason": "Snow"}).status_code == 302
    session.refresh_from_db()
    assert (session.state, session.cancelled_reason) == ("cancelled", "Snow")


def test_a_teacher_reads_the_results_of_their_section_alone(
    office: Office, alice: User, bob: User, paper: Exam, campus: Campus, maths: Course
) -> None:
    session = paper.session
    other = exams.a_paper(session, campus.sections["7 C"], maths, by=alice, day=BEFORE)
    services.ask_for_results(session=session.sourced_id, by=alice)
    services.compute_results(session.pk)
    page = office(bob).get(f"/office/exams/{session.sourced_id}/results/").content.decode()
    assert page.count("a mark is missing") == len(people.students_in(campus.section))
    assert office(bob).get(_marks(other)).status_code == 404
    assert office(bob).get(f"/office/exams/{session.sourced_id}/papers/").status_code == 403


# --- scales -----------------------------------------------------------------------------------------------------------
def test_a_scale_gets_a_new_version_from_a_table_of_bands(office: Office, alice: User) -> None:
    browser, scale = office(alice), exams.a_scale("Pass or fail")
    act = f"/office/examinations/gradingscale/{scale.pk}/act/version/"
    form = _form(browser.get(act), "bands-0-code")
    assert form.said["bands-0-lower"] == ["50"]
    gap = browser.post(act, _sent(form, **{"bands-1-lower": "1"}))
    assert gap.status_code == 422
    assert "The lowest band begins at 0 %." in gap.content.decode()
    assert browser.post(act, _sent(form, **{"bands-0-lower": "45,5"})).status_code == 302
    made = GradingScale.objects.get(name="Pass or fail", retired=False)
    assert (made.version, [str(band.lower) for band in made.bands.all()]) == (2, ["45.500", "0.000"])
    named = {"name": "Stars", "kind": "letter", "decimals": "0", "bands-0-code": "*", "bands-0-lower": "0"}
    assert browser.post("/office/examinations/gradingscale/add/", named).status_code == 302
    assert GradingScale.objects.get(name="Stars").bands.get().passing


# --- report cards -----------------------------------------------------------------------------------------------------
def test_cards_are_drafted_read_published_printed_and_amended(
    office: Office, alice: User, bob: User, paper: Exam, class_of: list[Student], campus: Campus
) -> None:
    exams.enter(paper, {class_of[0]: "80"}, by=alice)
    session = cards.computed(paper.session, by=alice)
    browser, address = office(alice), f"/office/exams/{session.sourced_id}/cards/"
    section = str(campus.section.pk)
    assert browser.post(address, {"what": "draft", "section": section}).status_code == 302
    early = browser.post(address, {"what": "publish", "section": section, "moment": "2026-11-05T08:00"})
    assert early.status_code == 409
    assert "12 of these cards are drafts that nobody has proof-read." in early.content.decode()
    read = {"what": "proof-read", "section": section}
    assert browser.post(address, {**read, "seen": "2026-11-04T08:00"}).status_code == 409
    assert browser.post(address, _sent(_form(browser.get(address), "seen"), **read)).status_code == 302
    sent = {"what": "publish", "section": section, "moment": "2026-11-05T08:00"}
    assert browser.post(address, sent).status_code == 302
    assert browser.post(address, {**sent, "moment": "soon"}).status_code == 409
    made = cards.publish(session, campus.section, by=alice)
    page = browser.get(address).content.decode()
    assert "Published: 12" in page
    assert browser.get(f"{address}{section}.pdf").content.startswith(b"%PDF")
    assert browser.get(f"{address}{section}.zip")["Content-Type"] == "application/zip"
    assert browser.get(f"/office/exams/cards/{made[0].sourced_id}.pdf").content.startswith(b"%PDF")
    amend = f"/office/exams/cards/{made[0].sourced_id}/amend/"
    assert browser.post(amend, {"reason": ""}).status_code == 422
    assert browser.post(amend, {"reason": "A name was misspelt"}).status_code == 302
    assert "Draft: 1 · Published: 11" in browser.get(address).content.decode()
    # A teacher reads the cards of their section, and nobody else's.
    assert "Published: 11" in office(bob).get(address).content.decode()
    assert office(bob).post(address, {"what": "draft", "section": section}).status_code == 403
    assert office(bob).get(amend).status_code == 403


def test_cards_are_drafted_by_who_may_and_where_they_may(
    office: Office, alice: User, bob: User, campus: Campus, paper: Exam, class_of: list[Student]
) -> None:
    """Bob prepares cards of sections that he teaches; of another, and of what stands on them, he has no button."""
    role = Role.objects.get(code="teacher")
    RolePermission.objects.bulk_create(
        RolePermission(role=role, permission=code) for code in ("cards.prepare", "cards.publish")
    )
    exams.enter(paper, {class_of[0]: "80"}, by=alice)
    address = f"/office/exams/{cards.computed(paper.session, by=alice).sourced_id}/cards/"
    page = office(bob).get(address).content.decode()
    assert 'value="draft"' in page
    assert "/office/exams/cards/layout/" not in page
    assert "/office/exams/cards/layout/" in office(alice).get(address).content.decode()


def test_what_stands_on_cards_is_chosen_for_a_grade_level(office: Office, alice: User, campus: Campus) -> None:
    browser, level = office(alice), campus.section.grade_level
    address = f"/office/exams/cards/layout/?level={level.pk}"
    sent = _sent(_form(browser.get(address), "place-marks"), language="ar", signatures="Head\nClass teacher")
    # What is begun with: every block, in the order of a card.
    assert [sent[f"place-{each}"] for each in ("branding", "photo", "marks", "next-term")] == ["1", "2", "3", "9"]
    nowhere = {name: "" for name in sent if name.startswith("place-")}
    assert browser.post(address, {**sent, **nowhere, "place-legend": "1"}).status_code == 422
    assert browser.post(address, {**sent, "place-legend": "0"}).status_code == 422
    assert browser.post(address, {**sent, **nowhere, "place-marks": "20", "place-legend": "3"}).status_code == 302
    layout = CardLayout.objects.get(grade_level=level)
    assert (layout.language, layout.blocks, layout.signatures) == ("ar", ["legend", "marks"], ["Head", "Class teacher"])
    # It is shown in its order, and two with one number stay in that.
    shown = _sent(_form(browser.get(address), "place-marks"))
    assert [name for name in shown if name.startswith("place-")][:2] == ["place-legend", "place-marks"]
    assert browser.post(address, {**shown, "place-attendance": "1"}).status_code == 302
    layout.refresh_from_db()
    assert layout.blocks == ["legend", "attendance", "marks"]


def test_a_layout_is_looked_at_before_it_is_kept(office: Office, alice: User, campus: Campus) -> None:
    browser, level = office(alice), campus.section.grade_level
    address = f"/office/exams/cards/layout/?level={level.pk}"
    sent = _sent(_form(browser.get(address), "place-marks"), what="preview", signatures="The head")
    shown = browser.post(address, {**sent, "place-marks": "20"})
    assert shown["Content-Type"] == "application/pdf"
    (page,) = PdfReader(io.BytesIO(shown.content)).pages
    text = page.extract_text()
    assert "Grade 7 A" in text
    assert text.index("Attendance") < text.index("87 / 100")
    assert "The head" in text
    # A grey picture in the place of a photo.
    assert len(page.images) == 1
    arabic = browser.post(address, {**sent, "language": "ar"})
    assert "148.5 / 200" in PdfReader(io.BytesIO(arabic.content)).pages[0].extract_text()
    assert browser.post(address, {**sent, "place-marks": ""}).status_code == 422
    assert not CardLayout.objects.exists()


# --- by spreadsheet -------------------------------------------------------------------------------------------------
def test_marks_go_out_as_a_spreadsheet_and_what_comes_back_is_looked_at(
    office: Office, alice: User, paper: Exam, class_of: list[Student]
) -> None:
    browser, session = office(alice), paper.session.sourced_id
    exams.enter(paper, {class_of[0]: "40"}, by=alice)
    assert f"/office/exams/{session}/marks/?paper={paper.sourced_id}" in browser.get(_marks(paper)).content.decode()
    answer = browser.get(f"/office/exams/{session}/marks.xlsx?section={paper.section.sourced_id}")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    for number, line in enumerate(book.worksheets[0].iter_rows(min_row=3)):
        line[3].value = ("41", "81", "50")[number % 3] if number < 3 else None
    file = io.BytesIO()
    book.save(file)
    page = browser.post(f"/office/exams/{session}/marks/", {"file": SimpleUploadedFile("7b.xlsx", file.getvalue())})
    run = exchange.compare_marks(MarkFile.objects.get())
    assert page["Location"] == f"/office/exams/mark-files/{run.sourced_id}/"
    shown = browser.get(page["Location"]).content.decode()
    assert "Changed: 1" in shown
    assert "“81” is above the 80.00 marks of this paper." in shown
    assert browser.post(page["Location"], {}).status_code == 302
    exchange.apply_marks(MarkFile.objects.get())
    assert "2 marks are entered." in browser.get(page["Location"]).content.decode()
    assert _scores(paper) == {class_of[0].pk: "41.00", class_of[2].pk: "50.00"}
    again = browser.post(page["Location"], {}, follow=True).content.decode()
    assert "only one that was compared is entered" in again


def test_what_is_no_spreadsheet_is_refused_on_the_page(office: Office, alice: User, paper: Exam) -> None:
    address = f"/office/exams/{paper.session.sourced_id}/marks/"
    page = office(alice).post(address, {"file": SimpleUploadedFile("marks.csv", b"Student,Mark")})
    assert page.status_code == 422
    assert "This is no spreadsheet" in page.content.decode()


# --- moderation and remarks -----------------------------------------------------------------------------------------
def test_a_moderation_is_proposed_by_one_and_applied_by_another(
    office: Office, alice: User, paper: Exam, class_of: list[Student]
) -> None:
    exams.enter(paper, {class_of[0]: "40", class_of[1]: "60"}, by=alice)
    address = f"/office/exams/papers/{paper.sourced_id}/moderation/"
    registrar = office(people.a_user("rita", role="registrar"))
    form = _form(registrar.get(address), "shift")
    assert registrar.post(address, _sent(form, shift="8", reason="", propose="1")).status_code == 422
    assert registrar.post(address, _sent(form, shift="8", reason="Hard", propose="1")).status_code == 302
    shown = registrar.get(address).content.decode()
    assert "72.50 %" in shown
    assert 'value="apply"' not in shown
    (found,) = Moderation.objects.all()
    head = office(alice)
    step = {"moderation": str(found.sourced_id)}
    assert head.post(address, {**step, "what": "apply"}).status_code == 302
    assert head.post(address, {**step, "what": "apply"}).status_code == 409
    assert 'These marks are moderated: <bdi dir="ltr">× 1 + 8</bdi>.' in head.get(_marks(paper)).content.decode()
    assert head.post(address, {**step, "what": "revert"}).status_code == 302
    assert Moderation.objects.get().state == "reverted"


def test_remarks_are_typed_with_phrases_of_the_school(
    office: Office, alice: User, paper: Exam, class_of: list[Student]
) -> None:
    browser, child = office(alice), class_of[0]
    assert browser.post("/office/exams/remarks/phrases/", {"text": "{name} reads a lot."}).status_code == 302
    address = f"/office/exams/papers/{paper.sourced_id}/remarks/"
    assert '<option value="{name} reads a lot.">' in browser.get(address).content.decode()
    key = str(child.sourced_id)
    said = {"student": key, f"was-{key}": "", f"text-{key}": "{name} reads a lot."}
    assert browser.post(address, said).status_code == 302
    assert f"{child.given_name} reads a lot." in browser.get(address).content.decode()
    late = browser.post(address, {**said, f"text-{key}": "Reads little."})
    assert late.status_code == 409
    assert f"wrote: {child.given_name} reads a lot." in late.content.decode()
    section = f"/office/exams/{paper.session.sourced_id}/remarks/{paper.section.sourced_id}/"
    assert section in browser.get(f"/office/exams/{paper.session.sourced_id}/").content.decode()
    assert browser.post(section, {**said, f"text-{key}": "x" * 501}).status_code == 422
    assert browser.post(section, said).status_code == 302


def test_remarks_sent_empty_name_no_section_of_another_campus(office: Office, paper: Exam) -> None:
    there = people.a_school_year(name="Willow", sections=("9 Z",))
    browser = office(people.a_user("nora", role="head", institution=there.institution))
    page = f"/office/exams/{paper.session.sourced_id}/remarks/{paper.section.sourced_id}/"
    assert (browser.get(page).status_code, browser.post(page).status_code) == (404, 404)
    assert str(paper.section) not in browser.get("/office/").content.decode()


# --- components -------------------------------------------------------------------------------------------------------
def test_a_paper_is_made_of_components_and_marked_by_them(
    office: Office, alice: User, paper: Exam, class_of: list[Student]
) -> None:
    browser, address = office(alice), f"/office/exams/papers/{paper.sourced_id}/components/"
    form = _form(browser.get(address), "absent")
    said = {
        "component-0-name": "Theory", "component-0-max_marks": "60",
        "component-1-name": "Oral", "component-1-max_marks": "20", "component-1-weight": "60",
    }  # fmt: skip
    assert browser.post(address, _sent(form, **said, absent="left-out")).status_code == 302
    paper.refresh_from_db()
    assert (paper.parts, paper.parts_absent) == (2, "left-out")
    page = browser.get(_marks(paper))
    grid = _form(page, "version")
    first, second, *_ = class_of
    theory, oral = (str(each.sourced_id) for each in paper.components.all())
    assert f"mark-{first.sourced_id}.{oral}" in grid.kinds
    typed = {
        f"mark-{first.sourced_id}.{theory}": "30", f"mark-{first.sourced_id}.{oral}": "20",
        f"mark-{second.sourced_id}.{theory}": "61",
    }  # fmt: skip
    students = [str(each.sourced_id) for each in class_of]
    sent = _sent(grid, student=students, component=[theory, oral], **typed)
    answer = browser.post(_marks(paper), sent)
    assert answer.status_code == 422
    assert 'value="61"' in answer.content.decode()
    sent[f"mark-{second.sourced_id}.{theory}"] = "A"
    assert browser.post(_marks(paper), sent).status_code == 302
    # (60 × 30/60 + 60 × 20/20) of 120, of 80 marks.
    assert _scores(paper) == {first.pk: "60.00", second.pk: "not-entered"}
    assert "Oral" in browser.get(_marks(paper)).content.decode()
    results = browser.get(f"/office/exams/{paper.session.sourced_id}/results/").content.decode()
    assert "/ 20, × 60" in results
    # What has marks keeps its components.
    form = _form(browser.get(address), "absent")
    refused = browser.post(address, _sent(form, **{"component-0-max_marks": "50"}))
    assert refused.status_code == 422
    assert "stays" in refused.content.decode()
    wrong = browser.post(address, _sent(form, **{"component-2-max_marks": "50"}))
    assert "What is it called?" in wrong.content.decode()


# --- gradebooks -------------------------------------------------------------------------------------------------------
def test_a_gradebook_is_begun_filled_and_published(
    office: Office, alice: User, bob: User, campus: Campus, maths: Course, class_of: list[Student]
) -> None:
    teacher = office(bob)
    form = _form(teacher.get("/office/gradebooks/"), "group")
    said = {"term": campus.terms[0].pk, "group": f"section {campus.section.pk}", "course": maths.pk}
    begun = teacher.post("/office/gradebooks/", _sent(form, **said))
    assert begun.status_code == 302
    book = Gradebook.objects.get()
    page, address = f"/office/gradebooks/{book.sourced_id}/", begun["Location"]
    form = _form(teacher.get(address), "category-0-name")
    row = {"category": "homework", "max_marks": "10", "weight": "1"}
    said = {
        "category-0-name": "Homework", "category-0-weight": "1", "category-0-drop_lowest": "1",
        **{f"assessment-{number}-{key}": value for number in (0, 1) for key, value in row.items()},
        "assessment-0-name": "One", "assessment-1-name": "Two",
    }  # fmt: skip
    refused = teacher.post(address, _sent(form, **{**said, "assessment-1-category": "Elsewhere"}))
    assert refused.status_code == 422
    assert "There is no category of that name." in refused.content.decode()
    assert teacher.post(address, _sent(form, **said)).status_code == 302
    grid = _form(teacher.get(page), "version")
    child = class_of[0]
    one, two = (f"{child.sourced_id}.{each.sourced_id}" for each in book.assessments.all())
    wrong = teacher.post(page, _sent(grid, **{f"mark-{one}": "11"}))
    assert wrong.status_code == 422
    assert f"\u2068{child.full_name}\u2069" in wrong.content.decode()
    assert 'value="11"' in wrong.content.decode()
    assert teacher.post(page, _sent(grid, **{f"mark-{one}": "4", f"mark-{two}": "9"})).status_code == 302
    shown = teacher.get(page).content.decode()
    assert "90.00 %" in shown
    assert shown.count("(dropped)") == 1
    assert "Publish to families" not in shown
    # What somebody else entered is not replaced by what was typed beside an older page.
    assert teacher.post(page, _sent(grid, **{f"mark-{one}": "5"})).status_code == 409
    head = office(alice)
    assert "not published" in head.get("/office/gradebooks/").content.decode()
    form = _form(head.get(page), "book_version")
    assert head.post(page, _sent(form, publish="now")).status_code == 302
    assert "families read it" in head.get(page).content.decode()
    form = _form(head.get(page), "book_version")
    assert head.post(page, _sent(form, publish="no")).status_code == 302
    book.refresh_from_db()
    assert book.published_at is None


def test_a_gradebook_of_many_assessments_is_set_whole(office: Office, bob: User, campus: Campus, maths: Course) -> None:
    book = services.open_gradebook(term=campus.terms[0], section=campus.section, course=maths, by=bob)
    said = [services.AssessmentSaid(name=f"{n}", category="Homework", max_marks=Decimal(10)) for n in range(120)]
    services.set_gradebook(
        gradebook=book.sourced_id, categories=[services.CategorySaid(name="Homework")], assessments=said,
        expected_version=None, by=bob,
    )  # fmt: skip
    teacher, address = office(bob), reverse("office:set-gradebook", args=(book.sourced_id,))
    assert teacher.post(address, _sent(_form(teacher.get(address), "category-0-name"))).status_code == 302
    assert book.assessments.count() == 120


# --- how results are made -------------------------------------------------------------------------------------------
def test_how_results_are_made_is_a_page_and_a_change_a_version(office: Office, alice: User, bob: User) -> None:
    address = "/office/exams/policy/"
    assert office(bob).get(address).status_code == 403
    head = office(alice)
    assert address in head.get("/office/exams/").content.decode()
    form = _form(head.get(address), "coursework")
    assert head.post(address, _sent(form, extra_up_to="99")).status_code == 422
    assert head.post(address, _sent(form, ranks="dense", extra_up_to="110", coursework="25")).status_code == 302
    policy = selectors.result_policy()
    assert (policy.version, policy.ranks, policy.extra_up_to, policy.coursework) == (1, "dense", 110, 25)
    # Another page that was open since before overwrites nothing.
    assert head.post(address, _sent(form, ranks="competition")).status_code == 422
    assert selectors.result_policy().version == 1
