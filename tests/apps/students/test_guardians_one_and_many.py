"""One rule, one place: N guardians and N links at once are one after the other: same rows, refusals and trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.access.models import RolePermission
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services.guardians import (
    GuardianChange,
    Linking,
    add_guardians,
    change_guardians,
    link_guardian,
    link_guardians,
)
from apps.students.services.held import Result
from schoolops.audit.models import AuditEntry
from tests.apps.one_and_many import expect_one_by_one, rolled_back
from tests.factories.people import a_school_year, a_user, some_students

# What, who (a child or a login), which guardian, which priority or version, which note.
WISH = st.tuples(
    st.sampled_from(["add", "change", "link", "link", "link"]),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([None, None, 1, 2, 3]),
    st.sampled_from([None, None, None, "Court order"]),
)
WISHES = st.lists(WISH, min_size=1, max_size=9)


class Stage:
    """Children of two campuses, one of them merged, one whose father is barred; a registrar of one campus, untold."""

    def __init__(self, *, by: str = "registrar", everywhere: bool = False) -> None:
        RolePermission.objects.filter(role__code="registrar", permission="students.view_custody").delete()
        campus, other = a_school_year(), a_school_year()
        here, there = campus.institution, other.institution
        self.children = [*some_students(3, institution=here), *some_students(1, institution=there)]
        gone = some_students(1, institution=here)[0]
        Student.objects.filter(pk=gone.pk).update(merged_into=self.children[0])
        self.children.append(gone)
        self.logins = [a_user(name) for name in ("ann", "ben", "cat")]
        self.guardians = [Guardian.objects.create(given_name=f"G{number}") for number in range(5)]
        for guardian, login in zip(self.guardians, self.logins[:2], strict=False):
            Guardian.objects.filter(pk=guardian.pk).update(user=login)
        for child, guardian, priority, note in (
            (0, 0, 1, ""),
            (0, 1, 2, "Kept away"),
            (1, 1, 1, "Kept away"),
            (3, 4, 1, ""),
        ):
            StudentGuardian.objects.create(
                student=self.children[child],
                guardian=self.guardians[guardian],
                contact_priority=priority,
                restriction_note=note,
            )
        self.by = a_user("dana", role=by, institution=None if everywhere else here)

    def do(self, said: Sequence[tuple[Any, ...]]) -> Result:
        if said[0][0] == "add":
            new = [{"given_name": f"New {each[2]}", **self._login(each[1])} for each in said]
            return add_guardians(new, reason="File", by=self.by)
        if said[0][0] == "change":
            changes = [
                GuardianChange(
                    self.guardians[each[2]],
                    {"phone": str(each[1]), **self._login(each[1])},
                    each[3] if each[3] != 3 else None,
                )
                for each in said
            ]
            return change_guardians(changes, reason="File", by=self.by)
        return link_guardians([self._link(each) for each in said], reason="File", by=self.by)

    def _login(self, number: int) -> dict[str, Any]:
        # 3: none at all; 4: the login is taken away.
        return {} if number == 3 else {"user": None if number == 4 else self.logins[number]}

    def _link(self, said: tuple[Any, ...]) -> Linking:
        fields: dict[str, Any] = {"relation": "father"}
        if said[3] is not None:
            fields["contact_priority"] = said[3]
        if said[4] is not None:
            fields["restriction_note"] = said[4]
        return Linking(self.children[said[1]], self.guardians[said[2]], fields)


def runs(said: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The wishes, split where another service begins or somebody is changed a second time."""
    found: list[list[tuple[Any, ...]]] = []
    for each in said:
        again = found and each[0] == "change" and each[2] in {before[2] for before in found[-1]}
        if not found or found[-1][0][0] != each[0] or again:
            found.append([])
        found[-1].append(each)
    return found


def said_of_everybody() -> dict[str, list[Any]]:
    """Everything that was written, without keys, which no two runs share."""
    known = {
        str(each.sourced_id): f"{each.given_name} {each.pk}"
        for each in Guardian.objects.exclude(given_name__startswith="New")
    } | {str(each.sourced_id): each.admission_number for each in Student.objects.all()}
    return {
        "guardians": sorted(Guardian.objects.values_list("given_name", "phone", "user", "version"), key=str),
        "links": sorted(
            StudentGuardian.objects.values_list(
                "student", "guardian", "relation", "contact_priority", "restriction_note"
            ),
            key=str,
        ),
        "trail": [
            (each.action, known.get(each.object_id, "new"), each.before, each.after, each.reason)
            for each in AuditEntry.objects.order_by("pk")
        ],
    }


@pytest.mark.parametrize("role", ["registrar", "administrator"])
@given(said=WISHES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_at_once_are_one_by_one(
    in_oak: object, school_day: object, role: str, said: list[tuple[Any, ...]]
) -> None:
    with transaction.atomic():
        stage = Stage(by=role, everywhere=role == "administrator")

        expect_one_by_one(runs(said), lambda part: stage.do(part).refused, said_of_everybody)
        transaction.set_rollback(True)


def test_a_file_is_refused_what_a_form_is(in_oak: object, school_day: object) -> None:
    """A place in the order that another has, a link that is there, a child of another campus, a merged record."""
    stage = Stage()
    wishes = [
        Linking(stage.children[0], stage.guardians[2], {"contact_priority": 1}),
        Linking(stage.children[0], stage.guardians[0], {}),
        Linking(stage.children[3], stage.guardians[2], {}),
        Linking(stage.children[4], stage.guardians[2], {}),
        Linking(stage.children[0], stage.guardians[3], {"contact_priority": 5}),
    ]
    done = link_guardians(wishes, reason="File", by=stage.by)
    names = [type(done.refused[n]).__name__ for n in range(4)]
    assert names == ["ContactPriorityTaken", "GuardianAlreadyLinked", "OutOfReach", "StudentMerged"]
    assert done.rows[4].contact_priority == 5
    for number, wish in enumerate(wishes[:4]):
        with pytest.raises(type(done.refused[number])):
            link_guardian(student=wish.student, guardian=wish.guardian, fields=wish.fields, by=stage.by)


def test_of_who_is_barred_nothing_is_told_by_file_either(in_oak: object, school_day: object) -> None:
    """The number of the barred father is free for who may not see that he is there; he stands behind everybody."""
    stage = Stage()
    wishes = [
        Linking(stage.children[0], stage.guardians[2], {"contact_priority": 2}),
        Linking(stage.children[0], stage.guardians[3], {}),
        Linking(stage.children[0], stage.guardians[1], {}),
    ]
    done = link_guardians(wishes, by=stage.by)
    assert [link and link.contact_priority for link in done.rows] == [2, 3, None]
    assert type(done.refused[2]).__name__ == "OutOfReach"
    assert StudentGuardian.objects.get(student=stage.children[0], guardian=stage.guardians[1]).contact_priority == 4


def test_a_login_that_one_lets_go_another_takes(in_oak: object, school_day: object) -> None:
    """Whatever the order in which the database comes to the rows."""
    stage = Stage(by="administrator", everywhere=True)
    first, later = stage.guardians[2:4]
    Guardian.objects.filter(pk=later.pk).update(user=stage.logins[2])
    later.refresh_from_db()
    changes = [GuardianChange(later, {"user": None}), GuardianChange(first, {"user": stage.logins[2]})]
    assert change_guardians(changes, by=stage.by).refused == {}
    assert Guardian.objects.get(user=stage.logins[2]) == first
    taken = change_guardians([GuardianChange(later, {"user": stage.logins[2]})], by=stage.by)
    assert [type(why) for why in taken.refused.values()] == [errors.LoginTaken]


@pytest.mark.parametrize("what", ["add", "change", "link"])
def test_more_rows_cost_no_more_statements(
    in_oak: object, school_day: object, query_count: Callable[..., Any], what: str
) -> None:
    stage = Stage()
    children = some_students(30, institution=stage.children[0].institution)
    many = [Guardian.objects.create(given_name=f"M{number}") for number in range(30)]
    for child in children:
        StudentGuardian.objects.create(
            student=child, guardian=stage.guardians[4], contact_priority=1, restriction_note="Kept away"
        )

    def write(count: int) -> Result:
        if what == "add":
            return add_guardians([{"given_name": f"New {number}"} for number in range(count)], by=stage.by)
        if what == "change":
            return change_guardians([GuardianChange(each, {"phone": "1"}) for each in many[:count]], by=stage.by)
        pairs = zip(children[:count], many, strict=False)
        return link_guardians([Linking(*pair, {"relation": "mother"}) for pair in pairs], by=stage.by)

    def counted(count: int) -> int:
        with query_count() as found:
            assert not rolled_back(lambda: write(count)).refused
        return int(found.count)

    counted(1)
    assert counted(2) == counted(30)
