"""What is said of students: by who teaches a course and by class teachers, with phrases, on their cards."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.models import Role
from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import (
    PhraseUnknown,
    RemarksChangedMeanwhile,
    RemarksRefused,
    SessionCancelled,
    SessionUnknown,
)
from apps.examinations.models import Exam, ExamSession, Remark
from apps.examinations.services import Said
from apps.institutions.models import Course
from apps.reports.models import ReportCard
from apps.reports.selectors import cards_of
from apps.students.models import Student
from apps.students.services import merge_students
from tests.apps.asking import asking
from tests.factories import cards
from tests.factories.exams import a_course, a_paper, enter
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, students_in
from tests.support.kept import kept


@pytest.fixture
@kept
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> Exam:
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - dt.timedelta(days=1))
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return enter(made, {students_in(campus.section)[0]: "40"}, by=alice)


@pytest.fixture
def child(campus: Campus) -> Student:
    return students_in(campus.section)[0]


def texts(paper: Exam, by: User) -> list[str]:
    return [each["text"] for each in selectors.remarks_of(paper.sourced_id, by=by) if each["text"]]


def test_a_teacher_says_something_of_those_who_sit_their_paper(paper: Exam, bob: User, child: Student) -> None:
    said = [Said(child.sourced_id, " {name} works with care. ")]
    assert services.write_remarks(paper=paper.sourced_id, said=said, by=bob) == 1
    assert texts(paper, bob) == [f"{child.given_name} works with care."]
    assert services.write_remarks(paper=paper.sourced_id, said=said, by=bob) == 0
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "")], by=bob)
    assert texts(paper, bob) == []


def test_whoever_was_shown_another_text_is_told(paper: Exam, alice: User, bob: User, child: Student) -> None:
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Good.", was="")], by=alice)
    with pytest.raises(RemarksChangedMeanwhile) as refused:
        services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Fair.", was="")], by=bob)
    assert refused.value.members == {"changes": [{"student_id": str(child.sourced_id), "text": "Good."}]}
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Good.", was="")], by=bob)
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Fair.", was="Good.")], by=bob)
    assert texts(paper, bob) == ["Fair."]


def test_each_line_that_cannot_be_is_named(paper: Exam, campus: Campus, alice: User, child: Student) -> None:
    stranger = students_in(campus.sections["7 C"])[0]
    said = [Said(child.sourced_id, "x" * 501), Said(stranger.sourced_id, "Good."), Said(child.sourced_id, "Go\0od.")]
    with pytest.raises(RemarksRefused) as refused:
        services.write_remarks(paper=paper.sourced_id, said=said, by=alice)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("records.0.text", "too-long"), ("records.1.student_id", "not-in-the-class"),
        ("records.2.text", "null-characters"),
    ]  # fmt: skip
    ExamSession.objects.filter(pk=paper.session_id).update(state="cancelled", cancelled_reason="Flood")
    with pytest.raises(SessionCancelled):
        services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Good.")], by=alice)


def test_a_class_teacher_speaks_of_their_section_alone(paper: Exam, campus: Campus, bob: User, child: Student) -> None:
    session, said = paper.session.sourced_id, [Said(child.sourced_id, "A friendly child.")]
    assert services.write_class_remarks(session=session, section=campus.section, said=said, by=bob) == 1
    assert texts(paper, bob) == []
    shown = selectors.class_remarks_of(session, campus.section, by=bob)
    assert [each["text"] for each in shown if each["text"]] == ["A friendly child."]
    with pytest.raises(OutOfReach):
        services.write_class_remarks(session=session, section=campus.sections["7 C"], said=said, by=bob)


def test_what_a_family_may_see_of_marks_is_never_a_whole_section(paper: Exam, campus: Campus, carol: User) -> None:
    """Carol's child is in the section; her role was given what only the staff have."""
    for code in ("exams.view", "marks.view", "remarks.write"):
        Role.objects.get(code="guardian").permissions.create(permission=code)
    by = User.objects.get(pk=carol.pk)
    with pytest.raises(OutOfReach):
        selectors.class_remarks_of(paper.session.sourced_id, campus.section, by=by)
    for asked in (selectors.marks_sheet, selectors.remarks_of):
        with pytest.raises(OutOfReach):
            asked(paper.sourced_id, by=by)
    with pytest.raises(SessionUnknown):
        selectors.results_seen(paper.session.sourced_id, by=by)
    assert list(cards_of(paper.session, by=by)) == []


def test_they_stand_on_the_card_in_the_order_of_its_table(
    paper: Exam, campus: Campus, alice: User, child: Student, carol: User
) -> None:
    biology = a_paper(paper.session, campus.section, a_course(campus, "Biology"), by=alice, room="9",
                      day=SCHOOL_DAY - dt.timedelta(days=1), starts_at=dt.time(12), ends_at=dt.time(13))  # fmt: skip
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Counts well.")], by=alice)
    services.write_remarks(paper=biology.sourced_id, said=[Said(child.sourced_id, "Draws well.")], by=alice)
    services.write_class_remarks(
        session=paper.session.sourced_id, section=campus.section, said=[Said(child.sourced_id, "Friendly.")], by=alice
    )
    services.ask_for_results(session=paper.session.sourced_id, by=alice)
    services.compute_results(paper.session_id)
    ExamSession.objects.filter(pk=paper.session_id).update(results_published_at=SCHOOL_MOMENT)
    session = ExamSession.objects.select_related("term__year__institution").get(pk=paper.session_id)
    cards.read_cards(session, campus.section, by=alice)
    (block,) = [each for each in _blocks(child) if each["kind"] == "remarks"]
    assert [[part.strip("\u2066\u2067\u2068\u2069") for part in line] for line in block["said"]] == [
        ["Biology", "Draws well."], ["Mathematics", "Counts well."], ["Class teacher", "Friendly."],
    ]  # fmt: skip
    other = students_in(campus.section)[1]
    assert [each["said"] for each in _blocks(other) if each["kind"] == "remarks"] == [[]]
    # Nobody reads them before the card is published, and nothing that is said later afterwards.
    assert asking(carol).get(f"exams/{paper.sourced_id}/remarks").status_code == 403
    cards.publish(session, campus.section, by=alice)
    services.write_remarks(paper=paper.sourced_id, said=[Said(child.sourced_id, "Counts badly.")], by=alice)
    assert "Counts badly." not in str(_blocks(child))


def _blocks(child: Student) -> list[dict[str, object]]:
    blocks: list[dict[str, object]] = ReportCard.objects.get(student=child).data["blocks"]
    return blocks


def test_the_school_has_a_bank_of_phrases(alice: User, bob: User, paper: Exam) -> None:
    phrase = services.add_phrase(text="{name} reads a lot.", by=alice)
    assert [each.text for each in selectors.phrases(by=bob)] == ["{name} reads a lot."]
    with pytest.raises(PermissionMissing):
        services.add_phrase(text="Fine.", by=bob)
    services.remove_phrase(phrase=phrase.sourced_id, by=alice)
    with pytest.raises(PhraseUnknown):
        services.remove_phrase(phrase=phrase.sourced_id, by=alice)


def test_they_go_along_when_two_records_become_one(
    paper: Exam, campus: Campus, alice: User, erin: User, child: Student, maths: Course
) -> None:
    duplicate = students_in(campus.section)[1]
    for student, text in ((child, "Kept."), (duplicate, "Of both.")):
        services.write_remarks(paper=paper.sourced_id, said=[Said(student.sourced_id, text)], by=alice)
    services.write_class_remarks(
        session=paper.session.sourced_id, section=campus.section, said=[Said(duplicate.sourced_id, "Moves.")], by=alice
    )
    merge_students(keep=child, duplicate=duplicate, reason="Twice", by=erin)
    there = dict(Remark.objects.filter(student=child).values_list("course", "text"))
    assert there == {maths.pk: "Kept.", None: "Moves."}
