"""One rule, one place: N assignments at once are N one by one, with the same rows, refusals and trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.institutions.models import AcademicYear
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services.assignments import (
    AssignmentChange,
    Teaching,
    Wish,
    arrange_teaching,
    assign_teacher,
    look_at_teaching,
)
from apps.staff.services.members import Result
from schoolops.audit.models import AuditEntry
from tests.apps.one_and_many import expect_one_by_one, rolled_back
from tests.factories.people import FIRST_DAY, SCHOOL_DAY, a_class, a_school_year, a_user

ONE_DAY = dt.timedelta(days=1)
# What, who, where, from when (or which assignment), until when.
WISH = st.tuples(
    st.sampled_from(["begin", "begin", "change"]),
    st.integers(0, 3),
    st.integers(0, 4),
    st.sampled_from([-90, -1, 0, 5, 400]),
    st.sampled_from([None, -2, 0, 5, 30, 400]),
)
WISHES = st.lists(WISH, min_size=1, max_size=9)


class Stage:
    """Two campuses, a closed year, four people of whom one leaves soon and one works elsewhere, and what they teach."""

    def __init__(self, *, by: str = "registrar", everywhere: bool = False) -> None:
        campus = a_school_year(sections=("7 B", "7 C"))
        other = a_school_year(sections=("7 B",))
        past = a_school_year(sections=("7 B",), state=AcademicYear.State.CLOSED)
        self.groups = [*campus.sections.values(), a_class(campus), other.section, past.section]
        self.people = [
            StaffMember.objects.create(
                institution=at.institution, staff_number=f"T{number}", given_name=f"P{number}", ends_on=ends_on
            )
            for number, (at, ends_on) in enumerate(
                [(campus, None), (campus, None), (campus, SCHOOL_DAY + 20 * ONE_DAY), (other, None)]
            )
        ]
        self.there = [
            TeachingAssignment.objects.create(
                staff=self.people[who], section=self.groups[0], starts_on=starts_on, ends_on=ends_on
            )
            for who, starts_on, ends_on in (
                (0, FIRST_DAY, SCHOOL_DAY),
                (0, SCHOOL_DAY, None),
                (1, FIRST_DAY, None),
                (2, FIRST_DAY, SCHOOL_DAY + 20 * ONE_DAY),
                (3, FIRST_DAY, None),
            )
        ]
        self.by = a_user("dana", role=by, institution=None if everywhere else campus.institution)

    def wish(self, said: tuple[Any, ...]) -> Wish:
        what, person, where, begins, ends = said
        ends_on = None if ends is None else SCHOOL_DAY + ends * ONE_DAY
        if what == "change":
            return AssignmentChange(
                self.there[where], {"ends_on": ends_on, "kind": ("teacher", "assistant")[person % 2]}
            )
        return Teaching(self.people[person], self.groups[where], SCHOOL_DAY + begins * ONE_DAY, ends_on)

    def do(self, said: Sequence[tuple[Any, ...]]) -> Result:
        return arrange_teaching([self.wish(each) for each in said], reason="File", by=self.by)


def runs(said: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The wishes, split where an assignment is changed a second time."""
    found: list[list[tuple[Any, ...]]] = [[]]
    for each in said:
        if each[0] == "change" and any(before[0] == "change" and before[2] == each[2] for before in found[-1]):
            found.append([])
        found[-1].append(each)
    return found


def said_of_everybody() -> dict[str, list[Any]]:
    """Everything that was written, without keys, which no two runs share."""
    ids = {str(each.sourced_id): each.given_name for each in StaffMember.objects.all()}
    return {
        "taught": sorted(
            TeachingAssignment.objects.values_list("staff", "section", "course_class", "kind", "starts_on", "ends_on"),
            key=str,
        ),
        "trail": [
            (each.action, ids.get(each.object_id), each.before, each.after, each.reason)
            for each in AuditEntry.objects.order_by("pk")
        ],
    }


@pytest.mark.parametrize("role", ["registrar", "administrator"])
@given(said=WISHES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_at_once_are_one_by_one(
    in_oak: object, school_day: object, role: str, said: list[tuple[Any, ...]]
) -> None:
    """And what is only looked at is refused the same."""
    with transaction.atomic():
        stage = Stage(by=role, everywhere=role == "administrator")

        def do(part: Sequence[tuple[Any, ...]]) -> Any:
            looked = look_at_teaching([stage.wish(each) for each in part], by=stage.by)
            done = stage.do(part).refused
            assert {n: type(why) for n, why in looked.items()} == {n: type(why) for n, why in done.items()}
            return done

        expect_one_by_one(runs(said), do, said_of_everybody)
        transaction.set_rollback(True)


def test_a_file_is_refused_what_a_form_is(in_oak: object, school_day: object) -> None:
    """Days that are given, a year that is closed, who has left, another campus; and the rest is written."""
    stage = Stage()
    people, groups, day = stage.people, stage.groups, SCHOOL_DAY
    wishes = [
        Teaching(people[1], groups[0], day),
        Teaching(people[1], groups[4], day),
        Teaching(people[2], groups[1], day + 30 * ONE_DAY, day + 40 * ONE_DAY),
        Teaching(people[1], groups[3], day),
        Teaching(people[1], groups[1], day, day - ONE_DAY),
        Teaching(people[1], groups[1], day),
    ]
    done = arrange_teaching(wishes, reason="File", by=stage.by)
    names = [type(done.refused[n]).__name__ for n in range(5)]
    assert names == ["AlreadyAssigned", "OutOfReach", "NotEmployed", "OutOfReach", "EndsBeforeStart"]
    assert done.rows[5].section == groups[1]
    TeachingAssignment.objects.filter(pk=done.rows[5].pk).delete()
    for number, wish in enumerate(wishes[:5]):
        with pytest.raises(type(done.refused[number])):
            assign_teacher(
                staff=wish.staff, section=wish.group, starts_on=wish.starts_on, ends_on=wish.ends_on, by=stage.by
            )


def test_one_ends_and_the_one_before_goes_on(in_oak: object, school_day: object) -> None:
    """Whatever the order in which the database comes to the rows."""
    stage = Stage()
    before, later = stage.there[:2]
    changes = [AssignmentChange(later, {"ends_on": SCHOOL_DAY}), AssignmentChange(before, {"ends_on": None})]
    assert arrange_teaching(changes, by=stage.by).refused == {}
    assert list(TeachingAssignment.objects.on(SCHOOL_DAY).filter(staff=stage.people[0])) == [before]


@pytest.mark.parametrize("what", ["begin", "change"])
def test_more_rows_cost_no_more_statements(
    in_oak: object, school_day: object, query_count: Callable[..., Any], what: str
) -> None:
    stage = Stage()
    at = stage.people[0].institution
    many = [StaffMember.objects.create(institution=at, staff_number=f"M{n}", given_name=f"M{n}") for n in range(20)]
    taught = [
        TeachingAssignment.objects.create(staff=each, section=stage.groups[1], starts_on=SCHOOL_DAY) for each in many
    ]

    def wishes(count: int) -> list[Wish]:
        if what == "begin":
            return [Teaching(each, stage.groups[0], SCHOOL_DAY) for each in many[:count]]
        return [AssignmentChange(each, {"kind": "assistant"}) for each in taught[:count]]

    def counted(count: int) -> int:
        with query_count() as found:
            assert not rolled_back(lambda: arrange_teaching(wishes(count), by=stage.by)).refused
        return int(found.count)

    counted(1)
    assert counted(2) == counted(20)
