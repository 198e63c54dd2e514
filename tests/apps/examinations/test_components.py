"""A paper is made of components with weights: each is marked by itself, and the paper's mark is made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import (
    ComponentsHaveMarks,
    ComponentsRefused,
    MarksChangedMeanwhile,
    MarksRefused,
    PaperChangedMeanwhile,
)
from apps.examinations.models import ComponentMark, Exam, ExamComponent, ExamSession, Mark, MarkChange
from apps.examinations.services import Component, Written
from apps.institutions.models import Course
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import SectionMembership, Student
from apps.students.services import merge_students
from tests.apps.asking import asking
from tests.factories.exams import a_paper
from tests.factories.people import SCHOOL_DAY, Campus, a_section, students_in
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)
THEORY, PRACTICAL = Component(name="Theory", max_marks=Decimal(60)), Component(name="Practical", max_marks=Decimal(20))


def set_up(paper: Exam, by: User, *components: Component, absent: str | None = None) -> list[ExamComponent]:
    services.set_components(paper=paper.sourced_id, components=components, absent=absent, expected_version=None, by=by)
    paper.refresh_from_db()
    return selectors.components_of(paper)


def cells(
    student: Student, components: list[ExamComponent], *said: str | None, statuses: Mapping[int, str] | None = None
) -> list[Written]:
    statuses = statuses or {}
    return [
        Written(student.sourced_id, each, statuses.get(number), component.sourced_id)
        for number, (component, each) in enumerate(zip(components, said, strict=True))
    ]


def mark_of(student: Student) -> tuple[str, Decimal | None]:
    mark = Mark.objects.get(student=student)
    return mark.status, mark.score


@pytest.fixture
@kept
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> Exam:
    """7 B's paper in mathematics, of 80 marks, sat the day before."""
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return made


def everybody(paper: Exam, marks: Mapping[Student, list[Written]]) -> list[Written]:
    rest = Student.objects.filter(selectors.sitting(paper)).exclude(pk__in=[each.pk for each in marks])
    return [*(each for said in marks.values() for each in said), *(Written(each.sourced_id) for each in rest)]


def enter(paper: Exam, marks: Mapping[Student, list[Written]], *, by: User, version: int = 0) -> Exam:
    return services.enter_marks(paper=paper.sourced_id, marks=everybody(paper, marks), expected_version=version, by=by)


def test_a_mark_is_what_its_components_come_to(campus: Campus, paper: Exam, alice: User) -> None:
    first, second, third, fourth, fifth, *_ = students_in(campus.section)
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    enter(
        paper,
        {
            first: cells(first, parts, "45", "15,0"),
            second: cells(second, parts, "45", None),
            third: cells(third, parts, "45", None, statuses={1: "exempt"}),
            fourth: cells(fourth, parts, "45", None, statuses={1: "absent"}),
            fifth: [Written(fifth.sourced_id, None, "absent")],
        },
        by=alice,
    )
    assert [mark_of(each) for each in (first, second, third, fourth, fifth)] == [
        ("entered", Decimal(60)), ("not-entered", None), ("entered", Decimal(60)), ("entered", Decimal(45)),
        ("absent", None),
    ]  # fmt: skip
    (change,) = MarkChange.objects.filter(student=third)
    assert change.after == {
        "status": "entered", "score": "60.00",
        "components": {str(parts[0].sourced_id): "45", str(parts[1].sourced_id): "E"},
    }  # fmt: skip


def test_weights_say_how_much_each_counts_and_a_change_makes_every_mark_anew(
    campus: Campus, paper: Exam, alice: User
) -> None:
    first, *_ = students_in(campus.section)
    theory, practical = set_up(paper, alice, THEORY, PRACTICAL)
    enter(paper, {first: cells(first, [theory, practical], "30", "20")}, by=alice)
    assert mark_of(first) == ("entered", Decimal(50))
    halves = [
        Component(id=practical.sourced_id, name="Theory", max_marks=Decimal(20), weight=Decimal(1)),
        Component(id=theory.sourced_id, name="Practical", max_marks=Decimal(60), weight=Decimal(1)),
    ]
    set_up(paper, alice, *halves)
    assert mark_of(first) == ("entered", Decimal(60))
    assert [each.name for each in selectors.components_of(paper)] == ["Theory", "Practical"]
    assert MarkChange.objects.filter(student=first).order_by("-pk")[0].after["score"] == "60.00"
    # What is as it was is no change.
    version = paper.version
    set_up(paper, alice, *halves)
    assert paper.version == version


def test_an_absence_counts_as_the_paper_says(campus: Campus, paper: Exam, alice: User) -> None:
    first, *_ = students_in(campus.section)
    services.set_result_policy(values={"absent": "left-out"}, expected_version=None, by=alice)
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    enter(paper, {first: cells(first, parts, "30", None, statuses={1: "absent"})}, by=alice)
    assert mark_of(first) == ("entered", Decimal(40))
    said = [Component(id=each.sourced_id, name=each.name, max_marks=each.max_marks) for each in parts]
    set_up(paper, alice, *said, absent="zero")
    assert mark_of(first) == ("entered", Decimal(30))


def test_which_components_there_are_stays_once_something_is_entered(
    campus: Campus, paper: Exam, alice: User, bob: User
) -> None:
    first, *_ = students_in(campus.section)
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    set_up(paper, alice, PRACTICAL, Component(name="Oral", max_marks=Decimal(10)))
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    enter(paper, {first: cells(first, parts, "30", "20")}, by=alice)
    for others in ((), (PRACTICAL, THEORY)):
        with pytest.raises(ComponentsHaveMarks):
            set_up(paper, alice, *others)
    with pytest.raises(ComponentsHaveMarks):
        services.change_paper(
            paper=paper.sourced_id, values={"max_marks": Decimal(90)}, expected_version=None, by=alice
        )
    with pytest.raises(PaperChangedMeanwhile):
        services.set_components(paper=paper.sourced_id, components=(), expected_version=1, by=alice)


def test_components_that_cannot_be_are_refused_each(paper: Exam, alice: User) -> None:
    nothing = Component(name="theory", max_marks=Decimal(0), weight=Decimal(0))
    with pytest.raises(ComponentsRefused) as refused:
        set_up(paper, alice, THEORY, nothing)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("components.1.name", "named-twice"), ("components.1.max_marks", "no-marks"),
        ("components.1.weight", "no-weight"),
    ]  # fmt: skip
    with pytest.raises(ComponentsRefused):
        set_up(paper, alice, THEORY)


def test_each_cell_that_cannot_be_is_refused(campus: Campus, paper: Exam, alice: User) -> None:
    first, second, third, fourth, *_ = students_in(campus.section)
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    wrong = [
        *cells(first, parts, "61", "20"),
        Written(second.sourced_id, "5"),
        Written(third.sourced_id, "5", None, paper.sourced_id),
        *cells(fourth, parts, "5", "5"),
        Written(fourth.sourced_id, "6", None, parts[0].sourced_id, "records.3.components.2"),
    ]
    with pytest.raises(MarksRefused) as refused:
        services.correct_marks(paper=paper.sourced_id, touched=wrong, seen_version=0, by=alice)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("records.0.score", "above-max"), ("records.2.score", "by-component"),
        ("records.3.component_id", "unknown-component"), ("records.3.components.2.student_id", "named-twice"),
    ]  # fmt: skip
    assert not ComponentMark.objects.exists()
    set_up(paper, alice)
    with pytest.raises(MarksRefused):
        services.correct_marks(
            paper=paper.sourced_id, touched=[Written(first.sourced_id, "5", None, parts[0].sourced_id)],
            seen_version=0, by=alice,
        )  # fmt: skip


def test_two_who_mark_one_component_each_are_not_in_each_others_way(
    campus: Campus, paper: Exam, alice: User, bob: User
) -> None:
    first, *_ = students_in(campus.section)
    theory, practical = set_up(paper, alice, THEORY, PRACTICAL)

    def correct(component: ExamComponent, score: str, by: User) -> None:
        written = [Written(first.sourced_id, score, None, component.sourced_id)]
        services.correct_marks(paper=paper.sourced_id, touched=written, seen_version=0, by=by)

    correct(theory, "30", alice)
    assert mark_of(first) == ("not-entered", None)
    correct(practical, "20", bob)
    assert mark_of(first) == ("entered", Decimal(50))
    with pytest.raises(MarksChangedMeanwhile):
        correct(theory, "31", bob)
    correct(theory, "30", bob)


def test_the_database_holds_a_component_s_mark_within_it(campus: Campus, paper: Exam, alice: User) -> None:
    first, *_ = students_in(campus.section)
    theory, practical = set_up(paper, alice, THEORY, PRACTICAL)
    enter(paper, {first: cells(first, [theory, practical], "30", "20")}, by=alice)
    for wrong in ({"score": 61}, {"score": None}, {"max_marks": 70}, {"status": "absent"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ComponentMark.objects.filter(component=theory).update(**wrong)


def test_the_api_takes_and_gives_them_and_sixty_cost_as_many_statements_as_five(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User, query_count: Any
) -> None:
    spent = []
    for size in (5, 60):
        section = a_section(size, campus=campus, name=f"8 {size}")
        paper = a_paper(mid_terms, section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
        ExamSession.objects.update(state="marking")
        TeachingAssignment.objects.create(
            staff=StaffMember.objects.get(user=bob), section=section, starts_on=campus.year.starts_on
        )
        address = f"exams/{paper.sourced_id}"
        said = [{"name": "Theory", "max_marks": "60"}, {"name": "Practical", "max_marks": "20", "weight": "40"}]
        body = {"components": said, "version": paper.version}
        assert asking(bob).put(f"{address}/components", body).status_code == 403
        made = asking(alice).put(f"{address}/components", body).json()["components"]
        assert [each["weight"] for each in made] == ["60.00", "40.00"]
        ask = asking(bob)
        records = [
            {
                "student_id": str(each.sourced_id),
                "components": [
                    {"component_id": made[0]["id"], "score": "30"},
                    {"component_id": made[1]["id"], "score": "20"},
                ],
            }
            for each in students_in(section)
        ]
        with query_count() as wrote:
            answer = ask.put(f"{address}/marks", {"records": records})
        assert answer.status_code == 200
        with query_count() as read:
            sheet = ask.get(f"{address}/marks").json()
        assert [each["name"] for each in sheet["components"]] == ["Theory", "Practical"]
        # (60 × 30/60 + 40 × 20/20) of 100, of 80 marks.
        assert {each["score"] for each in sheet["records"]} == {"56.00"}
        assert {tuple(part["score"] for part in each["components"]) for each in sheet["records"]} == {
            ("30.00", "20.00")
        }
        outcome = ask.get(f"{address}/components").json()["components"]
        assert [(each["entered"], each["mean"]) for each in outcome] == [(size, "50.00"), (size, "100.00")]
        spent.append((wrote.count, read.count))
    assert spent[0] == spent[1]
    records[0]["score"] = "5"
    refused = ask.put(f"{address}/marks", {"version": 1, "records": records}).json()["errors"]
    assert [(each["field"], each["code"]) for each in refused] == [("records.0.score", "by-component")]


def test_records_that_become_one_take_what_was_entered_along(
    campus: Campus, paper: Exam, alice: User, erin: User
) -> None:
    kept, duplicate, *_ = students_in(campus.section)
    parts = set_up(paper, alice, THEORY, PRACTICAL)
    enter(paper, {duplicate: cells(duplicate, parts, "30", "20")}, by=alice)
    SectionMembership.objects.filter(student=duplicate).delete()
    merge_students(keep=kept, duplicate=duplicate, by=erin)
    sheet = selectors.marks_sheet(paper.sourced_id, by=alice)
    (record,) = [each for each in sheet["records"] if each["student_id"] == kept.sourced_id]
    assert (record["score"], [each["score"] for each in record["components"]]) == (50, [30, 20])
    assert MarkChange.objects.filter(student=kept).order_by("-pk")[0].after["components"]


PARTS = st.lists(
    st.tuples(
        st.integers(1, 200), st.integers(1, 50),
        st.sampled_from(["entered", "entered", "absent", "exempt", "malpractice", "not-entered"]), st.integers(0, 100),
    ),
    min_size=2, max_size=5,
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=PARTS, absent=st.sampled_from(["zero", "left-out"]), order=st.randoms(use_true_random=False))
def test_order_changes_no_total_and_what_is_exempt_never_counts(parts: Any, absent: str, order: Any) -> None:
    exam = Exam(max_marks=Decimal(70), parts_absent=absent)
    said = {
        ExamComponent(pk=number, max_marks=Decimal(most), weight=Decimal(weight)): (
            status, (Decimal(score * most) / 100).quantize(Decimal("0.01")) if status == "entered" else None,
        )
        for number, (most, weight, status, score) in enumerate(parts, start=1)
    }  # fmt: skip

    def total(components: list[ExamComponent]) -> Any:
        return selectors.total_of(exam, components, {each.pk: said[each] for each in components})

    shuffled = list(said)
    order.shuffle(shuffled)
    made = total(list(said))
    assert total(shuffled) == made
    without = [each for each in said if said[each][0] != "exempt"]
    assert not without or total(without) == made
    # The same sum, by hand.
    counting = {
        each: score or Decimal(0)
        for each, (status, score) in said.items()
        if status in {"entered", "malpractice"} or (status == "absent" and absent == "zero")
    }
    if made[0] == "entered":
        weights = sum(Fraction(each.weight) for each in counting)
        exact = sum(
            Fraction(each.weight) * Fraction(score) / Fraction(each.max_marks) for each, score in counting.items()
        )
        assert abs(Fraction(made[1]) - exact / weights * 70) <= Fraction(1, 200)
