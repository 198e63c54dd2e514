"""Papers are set together or not at all, and what is in the way is said by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.examinations import services
from apps.examinations.errors import (
    GroupBusy,
    PaperChangedMeanwhile,
    PapersRefused,
    ResultsArePublished,
    SessionCancelled,
)
from apps.examinations.models import Exam, ExamSession, Invigilation
from apps.institutions import services as institutions
from apps.institutions.models import Course
from apps.staff.models import StaffMember
from schoolops.audit.models import AuditEntry
from schoolops.constraints import violated
from tests.apps.asking import asking
from tests.factories.exams import a_course, a_paper, a_scale, an_exam_session, said
from tests.factories.people import LAST_DAY, SCHOOL_DAY, Campus, a_class, a_school_year

TEN, NOON = dt.time(10), dt.time(12)


def staff_of(user: User) -> StaffMember:
    member: StaffMember = StaffMember.objects.get(user=user)
    return member


def refusals(work: Callable[[], Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(PapersRefused) as refused:
        work()
    return [(each.field, each.code, each.message) for each in refused.value.errors]


def set_papers(session: ExamSession, *papers: services.Paper, by: User) -> list[Exam]:
    return services.add_papers(session=session.sourced_id, papers=papers, by=by)


def test_a_room_a_section_and_who_invigilates_are_in_one_place_at_a_time(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    seven_b, seven_c, bob_id = campus.sections["7 B"], campus.sections["7 C"], staff_of(bob).sourced_id
    a_paper(mid_terms, seven_b, maths, by=alice, room="Hall  1", invigilator_ids=(bob_id,))
    at_ten = {"starts_at": TEN, "ends_at": NOON}
    found = refusals(
        lambda: set_papers(
            mid_terms,
            said(seven_c, maths, room="hall \N{FULLWIDTH DIGIT ONE}", invigilator_ids=(bob_id,), **at_ten),
            said(seven_b, a_course(campus, "Arabic"), **at_ten),
            by=alice,
        )
    )
    assert found == [
        (
            "papers.0.invigilator_ids",
            "invigilator-busy",
            "Bob Baker invigilates Mathematics (Grade 7 B) from 09:00 to 10:30.",
        ),
        (
            "papers.0.room",
            "room-taken",
            "hall \N{FULLWIDTH DIGIT ONE} is taken from 09:00 to 10:30 by Mathematics (Grade 7 B).",
        ),
        ("papers.1.section_id", "group-busy", "Grade 7 B sits Mathematics (Grade 7 B) from 09:00 to 10:30."),
    ]
    assert Exam.objects.count() == 1


def test_one_may_begin_as_the_other_ends(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    kept = {"room": "Hall", "invigilator_ids": (staff_of(bob).sourced_id,)}
    a_paper(mid_terms, campus.section, maths, by=alice, **kept)
    later = {"starts_at": dt.time(10, 30), "ends_at": NOON}
    a_paper(mid_terms, campus.section, a_course(campus, "Arabic"), by=alice, **kept, **later)
    assert Exam.objects.count() == 2


def test_a_class_that_is_a_section_as_a_whole_keeps_the_section_busy(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    taught = a_class(campus, title="Physics")
    institutions.change_class(course_class=taught, fields={"section": campus.section}, by=alice)
    found = refusals(lambda: set_papers(mid_terms, said(taught), said(campus.section, maths), by=alice))
    assert found == [
        ("papers.0.class_id", "group-busy", "Grade 7 B sits Mathematics (Grade 7 B) from 09:00 to 10:30."),
        ("papers.1.section_id", "group-busy", "Grade 7 B sits Physics (Physics) from 09:00 to 10:30."),
    ]


def test_each_thing_that_cannot_be_is_said_of_its_paper(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    elsewhere = a_school_year(sections=("8 A",))
    retired = a_scale("In words")
    services.retire_scale(scale=retired.sourced_id, by=alice)
    group = campus.section
    wrong = [
        said(group, maths, day=LAST_DAY + dt.timedelta(days=1)),
        said(group, maths, title="2", ends_at=dt.time(9)),
        said(group, maths, title="3", max_marks=Decimal(0)),
        said(group, maths, title="4", pass_marks=Decimal(81)),
        said(group, maths, title="5", scale_id=retired.sourced_id),
        said(group, maths, title="6", scale_id=uuid4()),
        said(group, None, title="7"),
        said(group, maths, title="8", class_id=a_class(campus).sourced_id),
        said(elsewhere.section, maths, title="9"),
        said(group, maths, title="10", invigilator_ids=(uuid4(),)),
        said(group, maths, title="11"),
        said(group, maths, title="11"),
    ]
    found = refusals(lambda: set_papers(mid_terms, *wrong, by=alice))
    assert [(field, code) for field, code, _ in found] == [
        ("papers.0.day", "outside-year"),
        ("papers.1.ends_at", "ends-before-start"),
        ("papers.2.max_marks", "no-marks"),
        ("papers.3.pass_marks", "beyond-marks"),
        ("papers.4.scale_id", "retired"),
        ("papers.5.scale_id", "unknown"),
        ("papers.6.course_id", "required"),
        ("papers.7.section_id", "section-or-class"),
        ("papers.8.section_id", "unknown"),
        ("papers.9.invigilator_ids", "unknown"),
        ("papers.10.title", "named-twice"),
        ("papers.11.title", "named-twice"),
    ]
    a_paper(mid_terms, group, maths, by=alice)
    assert ("papers.0.title", "there-already") in {
        each[:2] for each in refusals(lambda: set_papers(mid_terms, said(group, maths, day=LAST_DAY), by=alice))
    }


def test_a_whole_timetable_costs_as_many_statements_as_one_paper(
    campus: Campus, mid_terms: ExamSession, alice: User, bob: User, query_count: Any
) -> None:
    spent = []
    for number, size in enumerate((1, 20)):
        papers = [
            said(
                campus.section,
                a_course(campus, f"Course {number} {each}"),
                day=SCHOOL_DAY + dt.timedelta(days=20 * number + each),
                room="Hall",
                invigilator_ids=(staff_of(bob).sourced_id,),
            )
            for each in range(size)
        ]
        with query_count() as counted:
            set_papers(mid_terms, *papers, by=alice)
        spent.append(counted.count)
    assert spent[0] == spent[1] <= 17
    assert AuditEntry.objects.filter(action="examinations.paper-added").count() == 21


def test_the_list_costs_the_same_for_one_paper_and_many(
    campus: Campus, mid_terms: ExamSession, alice: User, bob: User, query_count: Any
) -> None:
    spent, people = [], (staff_of(bob).sourced_id,)
    ask = asking(alice)
    for first, size in ((0, 1), (1, 11)):
        papers = [
            said(
                campus.section,
                a_course(campus, f"{day}"),
                day=SCHOOL_DAY + dt.timedelta(days=day),
                invigilator_ids=people,
            )
            for day in range(first, first + size)
        ]
        set_papers(mid_terms, *papers, by=alice)
        with query_count() as counted:
            assert len(ask.rows("exams")) == first + size
        spent.append(counted.count)
    assert spent[0] == spent[1]


def test_a_paper_moves_with_those_who_invigilate_it(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    exam = a_paper(mid_terms, campus.section, maths, by=alice, invigilator_ids=(staff_of(bob).sourced_id,))
    changed = services.change_paper(
        paper=exam.sourced_id, values={"starts_at": TEN, "ends_at": NOON}, expected_version=1, by=alice
    )
    assert (changed.version, changed.sourced_id) == (2, exam.sourced_id)
    assert Invigilation.objects.values_list("starts_at", "ends_at").get() == (TEN, NOON)
    told = AuditEntry.objects.get(action="examinations.paper-changed")
    assert (told.before, told.after) == (
        {"starts_at": "09:00:00", "ends_at": "10:30:00"},
        {"starts_at": "10:00:00", "ends_at": "12:00:00"},
    )
    services.change_paper(paper=exam.sourced_id, values={"invigilator_ids": ()}, expected_version=2, by=alice)
    assert not Invigilation.objects.exists()
    with pytest.raises(PaperChangedMeanwhile):
        services.change_paper(paper=exam.sourced_id, values={"room": "2"}, expected_version=2, by=alice)


def test_a_paper_does_not_clash_with_itself_but_with_others(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    exam = a_paper(mid_terms, campus.section, maths, by=alice, room="1")
    a_paper(mid_terms, campus.sections["7 C"], maths, by=alice, room="2")
    change: Callable[[str], Any] = lambda room: services.change_paper(  # noqa: E731
        paper=exam.sourced_id, values={"room": room, "ends_at": TEN}, expected_version=None, by=alice
    )
    assert [each[:2] for each in refusals(lambda: change("2"))] == [("room", "room-taken")]
    assert change("1").version == 2


def test_a_scale_out_of_use_stays_with_the_papers_that_have_it(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    exam = a_paper(mid_terms, campus.section, maths, by=alice)
    services.retire_scale(scale=exam.scale.sourced_id, by=alice)
    changed = services.change_paper(paper=exam.sourced_id, values={"room": "3"}, expected_version=1, by=alice)
    assert changed.scale == exam.scale


def test_a_cancelled_session_is_in_nobodys_way_and_stays_as_it_is(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    kept = {"room": "Hall", "invigilator_ids": (staff_of(bob).sourced_id,)}
    exam = a_paper(mid_terms, campus.section, maths, by=alice, **kept)
    services.move_session(
        session=mid_terms.sourced_id, state="cancelled", reason="Flood", expected_version=None, by=alice
    )
    a_paper(an_exam_session(campus, by=alice, name="Again"), campus.section, maths, by=alice, **kept)
    with pytest.raises(SessionCancelled, match="Flood"):
        services.remove_paper(paper=exam.sourced_id, by=alice)


def test_papers_of_published_results_stay(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> None:
    exam = a_paper(mid_terms, campus.section, maths, by=alice)
    ExamSession.objects.update(state="marking", results_published_at="2027-01-01T00:00Z")
    with pytest.raises(ResultsArePublished):
        services.remove_paper(paper=exam.sourced_id, by=alice)


def test_a_class_takes_its_papers_ahead_to_its_new_section(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    taught = a_class(campus, title="Physics")
    past = a_paper(mid_terms, taught, by=alice, day=SCHOOL_DAY - dt.timedelta(days=1))
    ahead = a_paper(mid_terms, taught, by=alice, title="2", day=SCHOOL_DAY + dt.timedelta(days=1))
    institutions.change_class(course_class=taught, fields={"section": campus.section}, by=alice)
    assert Exam.objects.get(pk=past.pk).section is None
    assert Exam.objects.get(pk=ahead.pk).section == campus.section
    # Nor does a change of what is said of a paper change who sat it.
    changed = services.change_paper(paper=past.sourced_id, values={"room": "3"}, expected_version=None, by=alice)
    assert (changed.section, Exam.objects.get(pk=past.pk).section, changed.room) == (None, None, "3")
    seven_c = campus.sections["7 C"]
    a_paper(mid_terms, seven_c, maths, by=alice, day=ahead.day)
    with pytest.raises(GroupBusy):
        institutions.change_class(course_class=taught, fields={"section": seven_c}, by=alice)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"room": "HALL"}, "exam_room_free"),
        ({"section": "7 B"}, "exam_section_free"),
        ({"ends_at": dt.time(8)}, "exam_ends_after_start"),
        ({"pass_marks": 81}, "exam_pass_within_marks"),
        ({"day": LAST_DAY + dt.timedelta(days=1)}, "examinations_exam_of_session"),
    ],
)
def test_the_database_has_the_last_word(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, change: dict[str, Any], constraint: str
) -> None:
    a_paper(mid_terms, campus.section, maths, by=alice, room="Hall")
    other = a_paper(mid_terms, campus.sections["7 C"], a_course(campus, "Arabic"), by=alice)
    values = {name: campus.sections[value] if name == "section" else value for name, value in change.items()}
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Exam.objects.filter(pk=other.pk).update(**values)
    assert violated(refused.value) == constraint


def test_the_database_lets_nobody_invigilate_twice_or_at_another_time(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    exam = a_paper(mid_terms, campus.section, maths, by=alice, invigilator_ids=(staff_of(bob).sourced_id,))
    other = a_paper(mid_terms, campus.sections["7 C"], maths, by=alice)
    when = {"day": exam.day, "starts_at": exam.starts_at, "ends_at": exam.ends_at}
    for row, constraint in (
        (Invigilation(exam=other, staff=staff_of(bob), **when), "invigilator_free"),
        (Invigilation(exam=other, staff=staff_of(bob), **{**when, "starts_at": NOON, "ends_at": dt.time(13)}),
         "examinations_invigilation_of_exam"),
    ):  # fmt: skip
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            row.save(force_insert=True)
        assert violated(refused.value) == constraint


def test_a_teacher_sets_none(campus: Campus, mid_terms: ExamSession, maths: Course, bob: User) -> None:
    with pytest.raises(PermissionMissing):
        set_papers(mid_terms, said(campus.section, maths), by=bob)
