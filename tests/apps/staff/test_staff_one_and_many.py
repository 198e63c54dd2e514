"""One rule, one place: N members of staff at once are N one by one, with the same rows, refusals and trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.staff import errors
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.services import StaffChange, add_staff, change_staff
from apps.staff.services.members import Result
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.apps.one_and_many import expect_one_by_one, rolled_back
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_class, a_school_year, a_user

# What, who, which number, which day, which login.
WISH = st.tuples(
    st.sampled_from(["add", "change"]),
    st.integers(0, 3),
    st.sampled_from(["S1", "s\N{NON-BREAKING HYPHEN}1", "S-1", "N1", "n1", None]),
    st.sampled_from([None, -40, -1, 0, 3]),
    st.sampled_from([None, None, 0, 1]),
)
WISHES = st.lists(WISH, min_size=1, max_size=8)


class Stage:
    """Two campuses; four people of whom two teach and stand in, and who manages the staff of one campus."""

    def __init__(self) -> None:
        self.campus: Campus = a_school_year(sections=("7 B", "7 C"))
        other = a_school_year(sections=("7 B",))
        at = [self.campus.institution] * 3 + [other.institution]
        self.people = [
            StaffMember.objects.create(institution=place, staff_number=number, given_name=f"P{number}")
            for place, number in zip(at, ("S-1", "S2", "S3", "S-1"), strict=True)
        ]
        self.logins = [a_user("ann"), a_user("ben")]
        for each, section in zip(self.people[:2], self.campus.sections.values(), strict=True):
            for starts_on in (SCHOOL_DAY - dt.timedelta(days=20), SCHOOL_DAY + dt.timedelta(days=2)):
                TeachingAssignment.objects.create(
                    staff=each,
                    section=section if starts_on < SCHOOL_DAY else None,
                    course_class=None if starts_on < SCHOOL_DAY else a_class(self.campus),
                    starts_on=starts_on,
                )
            Substitution.objects.create(staff=each, section=section, day=SCHOOL_DAY + dt.timedelta(days=5))
        self.by = a_user("dana", role="registrar", institution=self.campus.institution)

    def do(self, said: Sequence[tuple[Any, ...]]) -> Result:
        if said[0][0] == "add":
            newcomers = [
                (self.people[each[1]].institution, {**self._fields(each), "given_name": "New"}) for each in said
            ]
            return add_staff(
                [(at, {"staff_number": "X", **fields}) for at, fields in newcomers], reason="File", by=self.by
            )
        changes = [StaffChange(self.people[each[1]], self._fields(each), 1 if each[1] == 2 else None) for each in said]
        return change_staff(changes, reason="File", by=self.by)

    def _fields(self, said: tuple[Any, ...]) -> dict[str, Any]:
        what, who, number, days, login = said
        fields: dict[str, Any] = {"job_title": f"Of {who}"}
        if number is not None:
            fields["staff_number"] = number
        if days is not None:
            # The first days are tried where one begins, the later ones where one leaves.
            fields["starts_on" if days < -1 or what == "add" else "ends_on"] = SCHOOL_DAY + dt.timedelta(days=days)
        if login is not None:
            fields["user"] = self.logins[login]
        return fields


def runs(said: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The wishes, split where another service begins or somebody comes a second time."""
    found: list[list[tuple[Any, ...]]] = []
    for each in said:
        again = found and each[0] == "change" and each[1] in {before[1] for before in found[-1]}
        if not found or found[-1][0][0] != each[0] or again:
            found.append([])
        found[-1].append(each)
    return found


def said_of_everybody() -> dict[str, list[Any]]:
    """Everything that was written, without keys, which no two runs share."""
    known = {
        str(each.sourced_id): f"{each.given_name} {each.pk}" for each in StaffMember.objects.exclude(given_name="New")
    }
    person = ("staff__staff_number", "staff__given_name")
    return {
        "staff": sorted(
            StaffMember.objects.values_list(
                "institution", "staff_number", "given_name", "job_title", "starts_on", "ends_on", "user", "version"
            ),
            key=str,
        ),
        "taught": sorted(TeachingAssignment.objects.values_list(*person, "section", "starts_on", "ends_on"), key=str),
        "stood in": sorted(Substitution.objects.values_list(*person, "day"), key=str),
        "trail": [
            (each.action, known.get(each.object_id, "new"), each.before, each.after, each.reason)
            for each in AuditEntry.objects.order_by("pk")
        ],
    }


@given(said=WISHES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_at_once_are_one_by_one(in_oak: object, said: list[tuple[Any, ...]]) -> None:
    with transaction.atomic(), clock.frozen(SCHOOL_MOMENT):
        stage = Stage()

        expect_one_by_one(runs(said), lambda part: stage.do(part).refused, said_of_everybody)
        transaction.set_rollback(True)


def test_a_file_is_refused_what_a_form_is(in_oak: object, school_day: object) -> None:
    """A login of somebody else, who begins after they taught, a number that reads as another's."""
    stage = Stage()
    taken = {"staff_number": "s\N{NON-BREAKING HYPHEN}1", "given_name": "New"}
    done = add_staff([(stage.campus.institution, taken), (stage.people[3].institution, taken)], by=stage.by)
    assert [type(done.refused[n]).__name__ for n in (0, 1)] == ["StaffNumberTaken", "OutOfReach"]
    changes = [
        StaffChange(stage.people[0], {"starts_on": SCHOOL_DAY}),
        StaffChange(stage.people[1], {"starts_on": SCHOOL_DAY, "ends_on": SCHOOL_DAY - dt.timedelta(days=1)}),
        StaffChange(stage.people[2], {"phone": "1"}, 7),
    ]
    done = change_staff(changes, by=stage.by)
    assert [type(done.refused[n]) for n in range(3)] == [
        errors.TeachesBefore, errors.EndsBeforeStart, errors.ChangedMeanwhile
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["add", "change"])
def test_more_rows_cost_no_more_statements(
    in_oak: object, school_day: object, query_count: Callable[..., Any], what: str
) -> None:
    stage = Stage()
    many = [
        StaffMember.objects.create(institution=stage.campus.institution, staff_number=f"M{n}", given_name="Many")
        for n in range(12)
    ]

    def write(count: int, mark: str) -> Any:
        if what == "add":
            at = stage.campus.institution
            return add_staff(
                [(at, {"staff_number": f"{mark}{n}", "given_name": "New"}) for n in range(count)], by=stage.by
            )
        return change_staff(
            [StaffChange(each, {"ends_on": SCHOOL_DAY, "job_title": mark}) for each in many[:count]], by=stage.by
        )

    def counted(count: int, mark: str) -> int:
        with query_count() as found:
            assert not rolled_back(lambda: write(count, mark)).refused
        return int(found.count)

    counted(1, "warm")
    assert counted(2, "a") == counted(12, "b")


def test_a_number_and_a_login_that_one_lets_go_another_takes(in_oak: object, school_day: object) -> None:
    """Whatever the order in which the database comes to the rows."""
    stage = Stage()
    first, later = stage.people[:2]
    StaffMember.objects.filter(pk=later.pk).update(user=stage.logins[1])
    later.refresh_from_db()
    changes = [
        StaffChange(later, {"staff_number": "X1", "user": None}),
        StaffChange(first, {"staff_number": "S2", "user": stage.logins[1]}),
    ]
    assert change_staff(changes, by=stage.by).refused == {}
    first.refresh_from_db()
    assert (first.staff_number, first.user) == ("S2", stage.logins[1])
