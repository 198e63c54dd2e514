"""Who is kept from a child comes back by no other record and no other login, and nobody is told who may not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import RoleAssignment, RolePermission
from apps.access.permissions import BUILTIN_ROLES
from apps.access.selectors import logins_in_reach
from apps.access.services import assign_role
from apps.accounts.models import User
from apps.students.models import Guardian, Student, StudentGuardian
from tests.apps.asking import asking
from tests.factories.people import Campus, a_guardian, a_school_year, a_user, some_students

ORDER = "Court order 9"
ANY = {"If-Match": "*"}


@pytest.fixture
def child(campus: Campus) -> Student:
    return some_students(1, section=campus.section)[0]


@pytest.fixture
def rick(child: Student) -> User:
    """Kept from the child by an order, and open to another one: so he is not unknown to the office."""
    user = a_guardian("rick", of=[child], restriction_note=ORDER)
    (other,) = some_students(1, institution=child.institution)
    StudentGuardian.objects.create(student=other, guardian=user.guardian, contact_priority=1)
    return user


@pytest.fixture
def dave_untold(dave: User) -> User:
    """A registrar who may not see restrictions."""
    RolePermission.objects.filter(role__code="registrar", permission="students.view_custody").delete()
    return dave


def _reads(user: User, child: Student) -> bool:
    return bool(asking(user).get(f"students/{child.sourced_id}").status_code == 200)


def _to_another_record(asker: User, rick: User, child: Student) -> None:
    other = a_guardian(of=[child]).guardian
    Guardian.objects.filter(pk=other.pk).update(user=None)
    ask = asking(asker)
    for guardian, user in ((rick.guardian, None), (other, str(rick.sourced_id))):
        ask.patch(f"guardians/{guardian.sourced_id}", {"user_id": user}, headers=ANY)


def _to_a_new_record(asker: User, rick: User, child: Student) -> None:
    ask = asking(asker)
    ask.patch(f"guardians/{rick.guardian.sourced_id}", {"user_id": None}, headers=ANY)
    made = ask.post("guardians", {"given_name": "Ric", "user_id": str(rick.sourced_id)})
    if made.status_code == 201:
        ask.post(f"students/{child.sourced_id}/guardians", {"guardian_id": made.json()["id"]})


def _exchanged_for_another_login(asker: User, rick: User, child: Student) -> None:
    said = {"user_id": str(a_user("rick-new").sourced_id)}
    asking(asker).patch(f"guardians/{rick.guardian.sourced_id}", said, headers=ANY)
    _to_another_record(asker, rick, child)


def _to_the_child(asker: User, rick: User, child: Student) -> None:
    asking(asker).patch(f"students/{child.sourced_id}", {"user_id": str(rick.sourced_id)}, headers=ANY)


def _by_a_merge(asker: User, rick: User, child: Student) -> None:
    (again,) = some_students(1, institution=child.institution)
    Student.objects.filter(pk=again.pk).update(user=rick)
    Student.objects.filter(pk__in=[again.pk, child.pk]).update(given_name="Sam", family_name="", birth_date=None)
    asking(asker).post(f"students/{child.sourced_id}/merge", {"duplicate_id": str(again.sourced_id)})


ROADS: dict[str, Callable[[User, User, Student], None]] = {
    "to another record": _to_another_record,
    "to a new record": _to_a_new_record,
    "exchanged": _exchanged_for_another_login,
    "to the child": _to_the_child,
    "by a merge": _by_a_merge,
}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("road", ROADS)
def test_the_login_of_who_is_kept_away_reads_by_no_other_road(
    child: Student, rick: User, erin: User, dave_untold: User, road: str, *, told: bool
) -> None:
    assign_role(user=rick, role="student", by=erin)
    ROADS[road](erin if told else dave_untold, rick, child)
    assert not _reads(rick, child)


@pytest.mark.parametrize("road", ROADS)
def test_each_of_these_roads_leads_there_once_the_restriction_is_lifted(
    child: Student, rick: User, erin: User, road: str
) -> None:
    """Else the walk above would say nothing."""
    assign_role(user=rick, role="student", by=erin)
    StudentGuardian.objects.filter(student=child).delete()
    if road == "by a merge":
        # What has a history takes no login over from another record.
        (child,) = some_students(1, institution=child.institution)
    ROADS[road](erin, rick, child)
    assert _reads(rick, child)


def test_the_reason_is_told_to_who_may_see_restrictions(
    child: Student, rick: User, erin: User, dave_untold: User
) -> None:
    where = f"guardians/{rick.guardian.sourced_id}"
    told, untold = (asking(each).patch(where, {"user_id": None}, headers=ANY) for each in (erin, dave_untold))
    assert (told.status_code, told.json()["code"]) == (409, "students:login-of-who-is-kept-away")
    assert untold.status_code == 404
    StudentGuardian.objects.filter(guardian=rick.guardian).update(restriction_note="")
    assert asking(erin).patch(where, {"user_id": None}, headers=ANY).status_code == 200


def _link(asker: User, child: Student, guardian: Guardian, **fields: Any) -> Any:
    said = {"guardian_id": str(guardian.sourced_id), **fields}
    return asking(asker).post(f"students/{child.sourced_id}/guardians", said)


def test_linking_tells_nobody_of_a_link_that_they_may_not_see(
    child: Student, rick: User, erin: User, dave_untold: User
) -> None:
    where = "guardians/9b0a9d8e-0000-4000-8000-000000000000"
    unknown = asking(dave_untold).patch(where, {"given_name": "X"}, headers=ANY)
    untold = _link(dave_untold, child, rick.guardian)
    told = _link(erin, child, rick.guardian)
    assert (untold.status_code, untold.json()["code"]) == (404, unknown.json()["code"])
    assert (told.status_code, told.json()["code"]) == (409, "students:guardian-already-linked")


@pytest.mark.parametrize("priority", [None, 1, 2])
def test_priorities_tell_nobody_of_a_link_that_they_may_not_see(
    child: Student, rick: User, dave_untold: User, priority: int | None
) -> None:
    """As if nobody were linked: the first is called first, whatever number is asked for is free."""
    said = {} if priority is None else {"contact_priority": priority}
    made = _link(dave_untold, child, a_guardian(of=[]).guardian, **said)
    assert (made.status_code, made.json()["contact_priority"]) == (201, priority or 1)
    links = StudentGuardian.objects.filter(student=child)
    assert links.get(guardian=rick.guardian).contact_priority > (priority or 1)
    again = _link(dave_untold, child, a_guardian(of=[]).guardian, contact_priority=priority or 1)
    assert (again.status_code, again.json()["code"]) == (409, "students:contact-priority-taken")


def _merged(_child: Student, link: StudentGuardian) -> None:
    (kept,) = some_students(1, institution=a_school_year().institution)
    Student.objects.filter(pk=link.student_id).update(merged_into=kept)


def _restricted(_child: Student, link: StudentGuardian) -> None:
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note=ORDER)


def _unlinked(_child: Student, link: StudentGuardian) -> None:
    link.delete()


@pytest.mark.parametrize("what", [_merged, _restricted, _unlinked])
def test_a_guardian_is_of_a_campus_for_links_that_hold(
    campus: Campus, child: Student, dave: User, what: Callable[[Student, StudentGuardian], None]
) -> None:
    at_one = a_user("dan")
    assert "registrar" in {each.code for each in BUILTIN_ROLES}
    RoleAssignment.objects.filter(user=dave).update(user=at_one, institution=campus.institution)
    carol = a_guardian(of=[child])
    of_the_campus = logins_in_reach(User.objects.get(pk=at_one.pk), "accounts.manage")
    assert User.objects.filter(of_the_campus, pk=carol.pk).exists()
    what(child, StudentGuardian.objects.get(student=child))
    assert not User.objects.filter(of_the_campus, pk=carol.pk).exists()
