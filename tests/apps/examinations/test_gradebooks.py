"""A gradebook: what is assessed through a term, what of it counts, and what families read once it is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.access.errors import OutOfReach, PermissionMissing
from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import (
    AssessmentHasMarks,
    GradebookChangedMeanwhile,
    GradebookLocked,
    GradebookMarksChangedMeanwhile,
    GradebookRefused,
    GradebookThere,
    MarksNotLocked,
    MarksRefused,
    MarksReopeningTooLong,
    PostingClosed,
)
from apps.examinations.models import (
    Assessment,
    AssessmentCategory,
    AssessmentMark,
    ExamSession,
    Gradebook,
    Mark,
    ResultPolicy,
)
from apps.examinations.services import AssessmentSaid, CategorySaid, Typed
from apps.institutions import services as institutions
from apps.institutions.models import Course, CourseClass, Term
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Student
from apps.students.services import merge_students
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.apps.asking import asking
from tests.factories.exams import a_paper, enter
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_section, students_in
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)
HOMEWORK = CategorySaid(name="Homework", weight=Decimal(1), drop_lowest=1)
TESTS = CategorySaid(name="Tests", weight=Decimal(3))


def an_assessment(name: str, category: str = "Homework", most: int = 10, **more: Any) -> AssessmentSaid:
    return AssessmentSaid(name=name, category=category, max_marks=Decimal(most), **more)


def a_book(campus: Campus, course: Course, by: User, *assessments: AssessmentSaid, section: Any = None) -> Gradebook:
    book = services.open_gradebook(term=campus.terms[0], section=section or campus.section, course=course, by=by)
    return services.set_gradebook(
        gradebook=book.sourced_id, categories=[HOMEWORK, TESTS], assessments=assessments, expected_version=1, by=by
    )


def typed(book: Gradebook, student: Student, **marks: str) -> list[Typed]:
    ids = {each.name: each.sourced_id for each in book.assessments.all()}
    return [Typed(student.sourced_id, ids[name], *selectors.read_cell(said)) for name, said in marks.items()]


def write(book: Gradebook, by: User, *cells: Typed, seen: int | None = None) -> Gradebook:
    seen = Gradebook.objects.get(pk=book.pk).marks_version if seen is None else seen
    return services.enter_assessments(gradebook=book.sourced_id, typed=cells, seen_version=seen, by=by)


def percent_of(book: Gradebook, student: Student, by: User) -> Decimal | None:
    sheet = selectors.gradebook_sheet(book.sourced_id, by=by)
    (found,) = [each["percent"] for each in sheet["records"] if each["student_id"] == student.sourced_id]
    percent: Decimal | None = found
    return percent


@pytest.fixture
@kept
def book(campus: Campus, maths: Course, alice: User) -> Gradebook:
    return a_book(
        campus, maths, alice,
        an_assessment("One"), an_assessment("Two"), an_assessment("Poster", extra=True, most=5, weight=Decimal("0.5")),
        an_assessment("Test", "Tests", 40), an_assessment("Again", "Tests", 20, resit_of="Test", resit="averaged"),
    )  # fmt: skip


# --- what counts ------------------------------------------------------------------------------------------------------
def test_categories_weigh_the_lowest_is_dropped_and_extra_is_added(
    campus: Campus, book: Gradebook, alice: User, bob: User
) -> None:
    first, second, *_ = students_in(campus.section)
    write(book, bob, *typed(book, first, One="4", Two="8", Poster="2,5", Test="20", Again="20"))
    # Homework: 8/10 of one weight, and 0.5 × 2.5/5 added: 1.05. Tests: the mean of 1/2 and 1: 0.75. 1 : 3.
    assert percent_of(book, first, bob) == Decimal("82.50")
    sheet = selectors.gradebook_sheet(book.sourced_id, by=bob)
    record = next(each for each in sheet["records"] if each["student_id"] == first.sourced_id)
    assert record["dropped"] == [book.assessments.get(name="One").sourced_id]
    # One alone is not dropped, and a category without anything leaves the denominator.
    write(book, bob, *typed(book, second, One="4", Two="E"))
    assert percent_of(book, second, bob) == Decimal("40.00")


@pytest.mark.parametrize(
    ("resit", "first", "again", "percent"),
    [
        ("replaces", "30", "10", "50.00"), ("replaces", "10", "", "25.00"), ("replaces", "A", "20", "100.00"),
        ("averaged", "10", "20", "62.50"), ("averaged", "E", "10", "50.00"),
        ("capped", "10", "20", "60.00"), ("capped", "30", "20", "75.00"), ("capped", "E", "20", "60.00"),
    ],
)  # fmt: skip
def test_a_resit_counts_as_it_says(
    campus: Campus, maths: Course, alice: User, resit: str, first: str, again: str, percent: str
) -> None:
    cap = Decimal(60) if resit == "capped" else None
    book = a_book(
        campus, maths, alice, an_assessment("Test", "Tests", 40),
        an_assessment("Again", "Tests", 20, resit_of="Test", resit=resit, cap=cap),
    )  # fmt: skip
    child, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, Test=first, Again=again))
    assert percent_of(book, child, alice) == Decimal(percent)


SCALE = st.integers(0, 20)
ROWS = st.lists(
    st.tuples(
        SCALE, st.integers(1, 9), st.sampled_from(["entered", "entered", "absent", "exempt", "not-entered"]),
        st.booleans(), st.none() | st.tuples(st.sampled_from(["replaces", "capped", "averaged"]), SCALE),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def _class(rows: Any) -> tuple[list[Assessment], dict[int, Any]]:
    assessments, marks = [], {}
    for number, (score, weight, status, extra, again) in enumerate(rows, start=1):
        common = {"category_id": 1, "max_marks": Decimal(20), "position": number}
        assessments.append(Assessment(pk=number, weight=Decimal(weight), extra=extra and again is None, **common))
        marks[number] = (status, Decimal(score) if status == "entered" else None)
        if again is not None:
            resit, second = again
            cap = Decimal(50) if resit == "capped" else None
            assessments.append(
                Assessment(pk=100 + number, weight=Decimal(1), resit_of_id=number, resit=resit, cap=cap, **common)
            )
            marks[100 + number] = ("entered", Decimal(second))
    return assessments, marks


def _percent(assessments: Sequence[Assessment], marks: Any, drop: int, policy: ResultPolicy) -> Fraction | None:
    category = AssessmentCategory(pk=1, weight=Decimal(2), drop_lowest=drop)
    return selectors.book_result([category], assessments, marks, policy).percent


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, drop=st.integers(1, 4), absent=st.sampled_from(["zero", "left-out"]), order=st.randoms())
def test_dropping_lowers_nothing_order_changes_nothing_and_what_is_excused_never_counts(
    rows: Any, drop: int, absent: str, order: Any
) -> None:
    policy = ResultPolicy(absent=absent)
    assessments, marks = _class(rows)
    whole, dropped = (_percent(assessments, marks, each, policy) for each in (0, drop))
    assert (whole is None) == (dropped is None)
    assert whole is None or (dropped is not None and dropped >= whole)
    shuffled = list(assessments)
    order.shuffle(shuffled)
    assert _percent(shuffled, dict(reversed(marks.items())), drop, policy) == dropped
    # Whatever has nothing that counts is as if it had never been set.
    nothing = {"exempt", "not-entered"}
    gone = {each.pk for each in assessments if each.resit_of_id is None and marks[each.pk][0] in nothing}
    gone -= {each.resit_of_id for each in assessments if each.resit_of_id in gone}
    kept = [each for each in assessments if each.pk not in gone]
    assert _percent(kept, marks, drop, policy) == dropped


@given(book=st.fractions(0, 100), exams=st.fractions(0, 100), weight=st.integers(0, 100))
def test_a_term_result_is_between_its_two_and_one_alone_is_all(book: Fraction, exams: Fraction, weight: int) -> None:
    policy = ResultPolicy(coursework=Decimal(weight))
    both = selectors.term_percent(book, exams, policy)
    assert both is not None
    assert min(book, exams) <= both <= max(book, exams)
    assert selectors.term_percent(book, None, policy) == book
    assert selectors.term_percent(None, exams, policy) == exams
    assert selectors.term_percent(None, None, policy) is None


# --- setting it -------------------------------------------------------------------------------------------------------
def test_there_is_one_for_a_section_a_course_and_a_term(
    campus: Campus, maths: Course, book: Gradebook, alice: User, bob: User
) -> None:
    said = {"term": campus.terms[0], "section": campus.section, "course": maths}
    with pytest.raises(GradebookThere), transaction.atomic():
        services.open_gradebook(**said, by=alice)
    with pytest.raises(OutOfReach), transaction.atomic():
        services.open_gradebook(**{**said, "section": campus.sections["7 C"]}, by=bob)
    assert not Gradebook.objects.filter(section=campus.sections["7 C"]).exists()
    with pytest.raises(GradebookRefused):
        services.open_gradebook(term=campus.terms[0], section=campus.section, by=alice)


def test_what_is_assessed_changes_and_what_has_marks_stays(campus: Campus, book: Gradebook, alice: User) -> None:
    child, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, One="4"))
    one, two, *_ = book.assessments.all()

    def put(*assessments: AssessmentSaid, version: int | None = None) -> Gradebook:
        return services.set_gradebook(
            gradebook=book.sourced_id, categories=[TESTS, HOMEWORK], assessments=assessments,
            expected_version=version, by=alice,
        )  # fmt: skip

    with pytest.raises(AssessmentHasMarks):
        put(an_assessment("Two", id=two.sourced_id))
    with pytest.raises(AssessmentHasMarks):
        put(an_assessment("One", most=12, id=one.sourced_id))
    with pytest.raises(GradebookChangedMeanwhile):
        put(version=1)
    # Names change places.
    put(an_assessment("Two", "Tests", id=one.sourced_id), an_assessment("One", id=two.sourced_id))
    assert [(each.pk, each.name, each.category.name) for each in book.assessments.all()] == [
        (one.pk, "Two", "Tests"), (two.pk, "One", "Homework"),
    ]  # fmt: skip
    assert percent_of(book, child, alice) == Decimal("40.00")


def test_a_resit_stays_where_what_it_repeats_goes(campus: Campus, maths: Course, alice: User) -> None:
    book = a_book(campus, maths, alice, an_assessment("One"), an_assessment("Again", resit_of="One", resit="replaces"))
    child, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, Again="9"))
    again = book.assessments.get(name="Again")
    services.set_gradebook(
        gradebook=book.sourced_id, categories=[HOMEWORK], assessments=[an_assessment("Again", id=again.sourced_id)],
        expected_version=None, by=alice,
    )  # fmt: skip
    assert [(each.pk, each.resit_of, each.resit) for each in book.assessments.all()] == [(again.pk, None, "")]
    assert percent_of(book, child, alice) == Decimal("90.00")


def test_what_is_assessed_costs_as_many_statements_for_thirty_as_for_three(
    campus: Campus, maths: Course, alice: User, query_count: Any
) -> None:
    book = a_book(campus, maths, alice, an_assessment("Before"))
    spent = []
    for size in (3, 30):
        said = [an_assessment(f"{size} {number}") for number in range(size)]
        said.append(an_assessment(f"{size} again", resit_of=said[0].name, resit="averaged"))
        groups = [HOMEWORK, *(CategorySaid(name=f"{size} {number}") for number in range(size // 3))]
        with query_count() as wrote:
            services.set_gradebook(
                gradebook=book.sourced_id, categories=groups, assessments=said, expected_version=None, by=alice
            )
        spent.append(wrote.count)
    assert spent[0] == spent[1]
    assert book.assessments.get(resit="averaged").resit_of == book.assessments.first()


def test_a_class_takes_its_gradebook_to_its_new_section_unless_its_term_is_over(
    campus: Campus, maths: Course, alice: User, bob: User
) -> None:
    taught = CourseClass.objects.create(
        institution=campus.institution, year=campus.year, course=maths, section=campus.sections["7 C"], title="Maths 7"
    )
    autumn, spring = (services.open_gradebook(term=term, course_class=taught, by=alice).pk for term in campus.terms)
    assert not selectors.gradebooks_seen(by=bob).exists()
    after = dt.datetime.combine(campus.terms[0].ends_on + ONE_DAY, dt.time(12), tzinfo=dt.UTC)
    with clock.frozen(after):
        institutions.change_class(course_class=taught, fields={"section": campus.section}, by=alice)
    assert Gradebook.objects.get(pk=autumn).section == campus.sections["7 C"]
    assert [each.pk for each in selectors.gradebooks_seen(by=bob)] == [spring]


def test_what_cannot_be_assessed_is_refused_each(campus: Campus, book: Gradebook, alice: User) -> None:
    wrong = (
        an_assessment("One"), an_assessment("one", "Elsewhere", 0),
        an_assessment("Again", "Tests", resit_of="One", resit="capped"),
        an_assessment("Third", resit_of="Nothing", resit="replaces"), an_assessment("Fourth", resit="replaces"),
    )  # fmt: skip
    with pytest.raises(GradebookRefused) as refused:
        services.set_gradebook(
            gradebook=book.sourced_id, categories=[HOMEWORK, TESTS], assessments=wrong, expected_version=None, by=alice
        )
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("assessments.1.name", "named-twice"), ("assessments.1.category", "unknown"),
        ("assessments.1.max_marks", "counts-nothing"), ("assessments.2.category", "of-another-category"),
        ("assessments.2.cap", "no-cap"), ("assessments.3.resit_of", "no-first"),
        ("assessments.4.resit_of", "resit-of-nothing"),
    ]  # fmt: skip


# --- entering ---------------------------------------------------------------------------------------------------------
def test_each_cell_that_cannot_be_is_refused_and_two_do_not_overwrite_each_other(
    campus: Campus, book: Gradebook, alice: User, bob: User
) -> None:
    first, second, *_ = students_in(campus.section)
    other = students_in(campus.sections["7 C"])[0]
    one = typed(book, first, One="4")[0]
    wrong = [
        *typed(book, first, One="11"), one, Typed(other.sourced_id, one.assessment_id, "1"),
        Typed(second.sourced_id, first.sourced_id, "1"),
    ]  # fmt: skip
    with pytest.raises(MarksRefused) as refused:
        write(book, alice, *wrong)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("records.0.score", "above-max"), ("records.1.student_id", "named-twice"),
        ("records.2.student_id", "not-in-the-class"), ("records.3.assessment_id", "unknown"),
    ]  # fmt: skip
    write(book, alice, one, seen=0)
    # The same again, and another cell, are in nobody's way.
    write(book, bob, one, *typed(book, first, Two="9"), seen=0)
    with pytest.raises(GradebookMarksChangedMeanwhile):
        write(book, bob, *typed(book, first, One="5"), seen=0)
    write(book, bob, *typed(book, first, One="5"), seen=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssessmentMark.objects.filter(assessment__name="One").update(score=11)


def test_records_that_become_one_keep_the_kept_ones_marks(
    campus: Campus, book: Gradebook, alice: User, erin: User
) -> None:
    kept, duplicate, *_ = students_in(campus.section)
    write(book, alice, *typed(book, kept, One="4"), *typed(book, duplicate, One="9", Two="8"))
    merge_students(keep=kept, duplicate=duplicate, by=erin)
    theirs = dict(AssessmentMark.objects.filter(student=kept).values_list("assessment__name", "score"))
    assert theirs == {"One": 4, "Two": 8}


def test_a_mark_that_was_taken_back_is_in_no_others_way_as_records_become_one(
    campus: Campus, book: Gradebook, alice: User, erin: User
) -> None:
    kept, duplicate, *_ = students_in(campus.section)
    write(book, alice, *typed(book, kept, One="4", Two="5"), *typed(book, duplicate, One="9"))
    write(book, alice, *typed(book, kept, One="", Two=""))
    merge_students(keep=kept, duplicate=duplicate, by=erin)
    theirs = dict(AssessmentMark.objects.filter(student=kept).values_list("assessment__name", "score"))
    assert theirs == {"One": 9, "Two": None}


def test_sixty_students_cost_as_many_statements_as_five(
    campus: Campus, maths: Course, alice: User, bob: User, query_count: Any
) -> None:
    spent = []
    for size in (5, 60):
        section = a_section(size, campus=campus, name=f"8 {size}")
        TeachingAssignment.objects.create(
            staff=StaffMember.objects.get(user=bob), section=section, starts_on=campus.year.starts_on
        )
        ask = asking(bob)
        said = {
            "term_id": str(campus.terms[0].sourced_id), "section_id": str(section.sourced_id),
            "course_id": str(maths.sourced_id),
        }  # fmt: skip
        made = ask.post("gradebooks", said).json()
        body = {
            "categories": [{"name": "Homework"}], "version": 1,
            "assessments": [{"name": "One", "category": "homework", "max_marks": "10"}],
        }  # fmt: skip
        sheet = ask.put(f"gradebooks/{made['id']}", body).json()
        one = sheet["assessments"][0]["id"]
        records = [
            {"student_id": each["student_id"], "assessment_id": one, "score": "7,5"} for each in sheet["records"]
        ]
        with query_count() as wrote:
            answer = ask.put(f"gradebooks/{made['id']}/marks", {"marks_version": 0, "records": records})
        assert {each["percent"] for each in answer.json()["records"]} == {"75.00"}
        spent.append((len(records), wrote.count))
    assert [size for size, _ in spent] == [5, 60]
    assert len({count for _, count in spent}) == 1
    assert len(ask.get("gradebooks").json()["results"]) == 2


# --- families ---------------------------------------------------------------------------------------------------------
def test_families_read_a_term_result_once_it_is_published_by_the_policy_of_then(
    campus: Campus, maths: Course, mid_terms: ExamSession, book: Gradebook, alice: User, bob: User, carol: User
) -> None:
    child, *_ = students_in(campus.section)
    address = f"students/{child.sourced_id}/term-results"

    def publish(at: dt.datetime | None) -> None:
        services.publish_gradebook(gradebook=book.sourced_id, published_at=at, expected_version=None, by=alice)

    def read() -> Any:
        rows = asking(carol).get(address).json()["results"]
        return [(row["coursework"], row["exams"], row["percent"]) for row in rows]

    paper = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    enter(paper, {child: "40"}, by=alice)
    write(book, alice, *typed(book, child, One="10"))
    services.set_result_policy(values={"coursework": Decimal(25)}, expected_version=None, by=alice)
    assert read() == []
    with pytest.raises(PermissionMissing):
        services.publish_gradebook(gradebook=book.sourced_id, published_at=None, expected_version=None, by=bob)
    publish(SCHOOL_MOMENT + ONE_DAY)
    assert read() == []
    publish(SCHOOL_MOMENT)
    assert read() == [("100.00", None, "100.00")]
    ExamSession.objects.filter(pk=mid_terms.pk).update(results_published_at=SCHOOL_MOMENT)
    assert read() == [("100.00", "50.00", "62.50")]
    # What is made otherwise from now on leaves what was published.
    services.set_result_policy(values={"coursework": Decimal(100)}, expected_version=None, by=alice)
    assert read() == [("100.00", "50.00", "62.50")]
    # An excused paper never counts.
    Mark.objects.filter(exam=paper, student=child).update(status="exempt", score=None)
    assert read() == [("100.00", None, "100.00")]
    publish(None)
    assert read() == []


def publish(book: Gradebook, by: User, at: dt.datetime | None = SCHOOL_MOMENT) -> None:
    services.publish_gradebook(gradebook=book.sourced_id, published_at=at, expected_version=None, by=by)


# --- when it may change -----------------------------------------------------------------------------------------------
def test_what_is_published_changes_only_while_it_is_reopened_with_a_reason(
    campus: Campus, book: Gradebook, alice: User, bob: User
) -> None:
    child, *_ = students_in(campus.section)
    write(book, bob, *typed(book, child, One="4"))
    publish(book, alice, SCHOOL_MOMENT + ONE_DAY)
    present = [
        an_assessment(each.name, each.category.name, int(each.max_marks), id=each.sourced_id, weight=Decimal(5))
        for each in book.assessments.filter(resit_of=None)
    ]

    def weigh_otherwise() -> None:
        services.set_gradebook(
            gradebook=book.sourced_id, categories=[HOMEWORK, TESTS], assessments=present, expected_version=None, by=bob
        )

    for change in (weigh_otherwise, lambda: write(book, bob, *typed(book, child, One="5"))):
        with pytest.raises(GradebookLocked) as refused, transaction.atomic():
            change()
        assert refused.value.advice.startswith("Alice can re-open it")
    said = {"gradebook": book.sourced_id, "reason": "A page was missed"}
    with pytest.raises(PermissionMissing):
        services.reopen_gradebook(**said, lasting=dt.timedelta(hours=1), by=bob)
    with pytest.raises(MarksReopeningTooLong):
        services.reopen_gradebook(**said, lasting=dt.timedelta(days=15), by=alice)
    services.reopen_gradebook(**said, lasting=dt.timedelta(hours=1), by=alice)
    with pytest.raises(MarksNotLocked):
        services.reopen_gradebook(**said, lasting=dt.timedelta(hours=1), by=alice)
    weigh_otherwise()
    write(book, bob, *typed(book, child, One="5"))
    assert [each.reason for each in AuditEntry.objects.filter(action="examinations.gradebook-reopened")] == [
        "A page was missed"
    ]
    # It closes itself again.
    with clock.frozen(SCHOOL_MOMENT + dt.timedelta(hours=2)), pytest.raises(GradebookLocked), transaction.atomic():
        weigh_otherwise()


def test_marks_are_entered_on_the_days_of_their_term(campus: Campus, book: Gradebook, alice: User, bob: User) -> None:
    child, *_ = students_in(campus.section)
    terms = Term.objects.filter(pk=campus.terms[0].pk)
    cell = typed(book, child, One="4")
    terms.update(posting_opens_on=SCHOOL_DAY + ONE_DAY)
    with pytest.raises(PostingClosed), transaction.atomic():
        write(book, bob, *cell)
    # What is assessed is said before.
    kept = [an_assessment("One", id=book.assessments.get(name="One").sourced_id), an_assessment("Three")]
    said = {"categories": [HOMEWORK], "assessments": kept, "expected_version": None, "by": bob}
    services.set_gradebook(gradebook=book.sourced_id, **said)
    terms.update(posting_opens_on=None, posting_closes_on=SCHOOL_DAY - ONE_DAY)
    for change in (lambda: write(book, bob, *cell), lambda: services.set_gradebook(gradebook=book.sourced_id, **said)):
        with pytest.raises(PostingClosed), transaction.atomic():
            change()
    services.reopen_gradebook(gradebook=book.sourced_id, reason="Was ill", lasting=dt.timedelta(hours=1), by=alice)
    write(book, bob, *cell)


def test_a_version_that_there_is_not_yet_overwrites_nothing(campus: Campus, book: Gradebook, alice: User) -> None:
    child, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, One="4"))
    with pytest.raises(GradebookMarksChangedMeanwhile):
        write(book, alice, *typed(book, child, One="5"), seen=2)


# --- what was entered -------------------------------------------------------------------------------------------------
def test_the_history_says_who_changed_what(
    campus: Campus, book: Gradebook, alice: User, bob: User, carol: User
) -> None:
    child, *_ = students_in(campus.section)
    write(book, bob, *typed(book, child, One="4", Two="E"))
    write(book, alice, *typed(book, child, One="", Two="E"))
    rows = asking(bob).rows(f"gradebooks/{book.sourced_id}/history")
    told = [(row["version"], row["before"], row["after"], row["by"]) for row in rows]
    four = {"assessment": "One", "status": "entered", "score": "4.00"}
    assert told[0] == (2, four, {"assessment": "One", "status": "not-entered"}, "Alice")
    assert sorted(told[1:], key=repr) == [
        (1, None, four, "Bob"),
        (1, None, {"assessment": "Two", "status": "exempt"}, "Bob"),
    ]
    assert {row["student_id"] for row in rows} == {str(child.sourced_id)}
    assert asking(carol).get(f"gradebooks/{book.sourced_id}/history").status_code == 403


def test_what_was_taken_back_may_go_and_its_history_stays(campus: Campus, book: Gradebook, alice: User) -> None:
    child, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, One="4"))
    write(book, alice, *typed(book, child, One=""))
    services.set_gradebook(
        gradebook=book.sourced_id, categories=[HOMEWORK], assessments=[an_assessment("Two")], expected_version=None,
        by=alice,
    )  # fmt: skip
    assert [each.name for each in book.assessments.all()] == ["Two"]
    changes = selectors.book_changes(book.sourced_id, by=alice)
    assert [(each.after or {})["assessment"] for each in changes] == ["One", "One"]


def test_the_history_says_that_marks_went_to_the_record_that_was_kept(
    campus: Campus, book: Gradebook, alice: User, erin: User
) -> None:
    kept, duplicate, *_ = students_in(campus.section)
    write(book, alice, *typed(book, duplicate, Two="8"))
    merge_students(keep=kept, duplicate=duplicate, by=erin)
    moved = selectors.book_changes(book.sourced_id, by=alice).filter(by=None).values_list("student", "before", "after")
    eight = {"assessment": "Two", "status": "entered", "score": "8.00"}
    assert sorted(moved, key=repr) == sorted([(duplicate.pk, eight, None), (kept.pk, None, eight)], key=repr)


# --- how much is extra ------------------------------------------------------------------------------------------------
def test_what_is_extra_takes_it_as_far_as_the_policy_lets_it_and_says_so(
    campus: Campus, book: Gradebook, alice: User, carol: User
) -> None:
    child, other, *_ = students_in(campus.section)
    write(book, alice, *typed(book, child, One="10", Poster="5"), *typed(book, other, One="10"))
    records = {each["student_id"]: each for each in selectors.gradebook_sheet(book.sourced_id, by=alice)["records"]}
    assert (records[child.sourced_id]["percent"], records[child.sourced_id]["bounded"]) == (Decimal("100.00"), True)
    assert (records[other.sourced_id]["percent"], records[other.sourced_id]["bounded"]) == (Decimal("100.00"), False)
    answer = asking(alice).patch("result-policy", {"extra_up_to": "120", "version": 0})
    assert answer.json()["extra_up_to"] == "120.00"
    assert percent_of(book, child, alice) == Decimal("120.00")
    services.set_result_policy(values={"extra_up_to": Decimal(200)}, expected_version=None, by=alice)
    assert percent_of(book, child, alice) == Decimal("150.00")
    refused = asking(alice).patch("result-policy", {"extra_up_to": "99", "version": 2})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "extra_up_to")


@given(rows=ROWS, most=st.integers(100, 300))
def test_no_gradebook_comes_to_more_than_the_policy_says(rows: Any, most: int) -> None:
    percent = _percent(*_class(rows), 0, ResultPolicy(extra_up_to=Decimal(most)))
    unbounded = _percent(*_class(rows), 0, ResultPolicy(extra_up_to=Decimal(999)))
    assert percent == (None if unbounded is None else min(unbounded, Fraction(most)))


# --- many -------------------------------------------------------------------------------------------------------------
def test_gradebooks_are_listed_by_page_and_found_by_whose_they_are(
    campus: Campus, maths: Course, book: Gradebook, alice: User
) -> None:
    others = [
        services.open_gradebook(term=term, section=section, course=maths, by=alice)
        for term in campus.terms
        for section in campus.sections.values()
        if (term, section) != (campus.terms[0], campus.section)
    ]
    publish(book, alice)
    ask = asking(alice)
    first = ask.get("gradebooks?limit=3").json()
    assert (len(first["results"]), bool(first["next"])) == (3, True)
    second = ask.get(f"gradebooks?limit=3&cursor={first['next']}" if "/" not in first["next"] else first["next"]).json()
    assert len(second["results"]) == len(others) + 1 - 3
    for asked in (
        f"term_id={campus.terms[0].sourced_id}&section_id={campus.section.sourced_id}&course_id={maths.sourced_id}",
        "published=true",
    ):
        (row,) = ask.rows(f"gradebooks?{asked}")
        assert (row["id"], row["group"], row["course"]) == (str(book.sourced_id), "Grade 7 B", "Mathematics")
    assert len(ask.rows("gradebooks?published=false")) == len(others)
