"""Everybody on the books who cannot log in is invited at once; doing it again invites nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from apps.access import services as access
from apps.access.errors import NotYoursToGive, OutOfReach, PeopleChangedSince, PermissionMissing
from apps.access.models import RoleAssignment
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.staff.models import StaffMember
from apps.staff.services import STAFF
from apps.students.models import Guardian, StudentGuardian
from apps.students.services import GUARDIANS
from schoolops.queues.errors import LedgerFull
from tests.factories import people
from tests.factories.jobs import waiting_jobs
from tests.factories.people import SCHOOL_DAY, Campus


@pytest.fixture
def registrar(in_oak: Any, school_day: Any) -> User:
    return people.a_user("rita", role="registrar")


@pytest.fixture
def campus(registrar: User) -> Campus:
    return people.a_school_year()


def works(campus: Campus, name: str, email: str = "", **more: Any) -> StaffMember:
    given, _, family = name.partition(" ")
    row: StaffMember = StaffMember.objects.create(
        institution=campus.institution, staff_number=name, given_name=given, family_name=family, email=email, **more
    )
    return row


def names(rows: Any) -> list[str]:
    return sorted(str(row) for row in rows)


def mailed() -> list[str]:
    return sorted(User.objects.get(pk=job["user_id"]).username for job in waiting_jobs("mail_invitation"))


def invited(by: User, role: str = "teacher", audience: access.Audience = STAFF) -> dict[str, int]:
    return access.invite_many(audience, role=role, by_id=by.sourced_id)


def test_who_works_here_and_can_be_reached_is_let_in(campus: Campus, registrar: User) -> None:
    ada, _bo = works(campus, "Ada Byron", "Ada.Byron@oak.example"), works(campus, "Bo Peep")
    works(campus, "Cy Gone", "cy@oak.example", ends_on=SCHOOL_DAY)
    soon = works(campus, "Di Soon", "di@oak.example", starts_on=SCHOOL_DAY.replace(day=30))
    found = access.uninvited(STAFF, by=registrar)
    assert (names(found.ready), names(found.without_email)) == (["Ada Byron", "Di Soon"], ["Bo Peep"])
    assert invited(registrar) == {"invited": 2, "left_out": 0}
    for member, username in ((ada, "ada.byron"), (soon, "di")):
        member.refresh_from_db()
        assert (member.user.username, member.user.email) == (username, member.email)
        assert RoleAssignment.objects.get(user=member.user).role.code == "teacher"
    assert mailed() == ["ada.byron", "di"]


def test_and_again_invites_nobody(campus: Campus, registrar: User) -> None:
    works(campus, "Ada Byron", "ada@oak.example")
    invited(registrar)
    logins = User.objects.count()
    assert invited(registrar) == {"invited": 0, "left_out": 0}
    assert (User.objects.count(), mailed()) == (logins, ["ada"])


def test_killed_half_way_it_goes_on_with_the_rest(campus: Campus, registrar: User) -> None:
    for name in ("Ada", "Bo", "Cy"):
        works(campus, name, f"{name}@oak.example")

    def killed(row: Any, user: User, by: User) -> None:
        if row.given_name == "Bo":
            raise KeyboardInterrupt
        STAFF.link(row, user, by)

    with pytest.raises(KeyboardInterrupt):
        invited(registrar, audience=replace(STAFF, link=killed))
    assert mailed() == ["ada"]
    assert invited(registrar) == {"invited": 2, "left_out": 0}
    assert mailed() == ["ada", "bo", "cy"]


def test_an_outage_leaves_nobody_out_and_the_next_try_goes_on(
    campus: Campus, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger takes no more letters for a while: that is nothing about the person whose turn it was."""
    for name in ("Ada", "Bo", "Cy"):
        works(campus, name, f"{name}@oak.example")
    invite, called = accounts.invite, []

    def full_at_the_second(**asked: Any) -> Any:
        called.append(1)
        if len(called) == 2:
            raise LedgerFull
        return invite(**asked)

    monkeypatch.setattr(accounts, "invite", full_at_the_second)
    with pytest.raises(LedgerFull):
        invited(registrar)
    assert mailed() == ["ada"]
    assert invited(registrar) == {"invited": 2, "left_out": 0}
    assert mailed() == ["ada", "bo", "cy"]


def test_a_teacher_who_is_a_parent_keeps_the_one_login(campus: Campus, registrar: User) -> None:
    (child,) = people.some_students(1, section=campus.section)
    parent = people.a_guardian("grace", of=[child])
    User.objects.filter(pk=parent.pk).update(email="grace@oak.example", family_name="Hopper")
    member = works(campus, "Grace Hopper", "GRACE@oak.example")
    logins = User.objects.count()
    assert invited(registrar) == {"invited": 1, "left_out": 0}
    member.refresh_from_db()
    assert (member.user, User.objects.count()) == (parent, logins)
    assert sorted(RoleAssignment.objects.filter(user=parent).values_list("role__code", flat=True)) == [
        "guardian",
        "teacher",
    ]
    # She has chosen a password long ago.
    assert mailed() == []


def test_an_address_that_is_anothers_is_named_and_left_alone(campus: Campus, registrar: User) -> None:
    User.objects.filter(pk=people.a_user("olga", role="teacher").pk).update(email="desk@oak.example")
    works(campus, "Ada Byron", "Desk@oak.example")
    first, second = works(campus, "Bo One", "both@oak.example"), works(campus, "Cy Two", "both@oak.example")
    assert names(access.uninvited(STAFF, by=registrar).email_taken) == ["Ada Byron"]
    assert invited(registrar) == {"invited": 1, "left_out": 1}
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.user is not None, second.user) == (True, None)
    assert names(access.uninvited(STAFF, by=registrar).email_taken) == ["Ada Byron", "Cy Two"]


def test_usernames_that_are_held_get_a_number(campus: Campus, registrar: User) -> None:
    people.a_user("ADA")
    works(campus, "Ada One", "ada@oak.example")
    works(campus, "Ada Two", "ada@elm.example")
    invited(registrar)
    assert mailed() == ["ada2", "ada3"]


def test_only_who_may_see_a_child_is_invited_as_guardian(campus: Campus, registrar: User) -> None:
    here, gone = people.some_students(1, section=campus.section)[0], people.some_students(
        1, section=campus.section, until=SCHOOL_DAY
    )[0]  # fmt: skip
    people_of = (("Sees", here, ""), ("Kept", here, "Court order"), ("Late", gone, ""))
    for priority, (name, child, note) in enumerate(people_of, start=1):
        guardian = Guardian.objects.create(given_name=name, email=f"{name}@oak.example", language="ar")
        StudentGuardian.objects.create(
            student=child, guardian=guardian, restriction_note=note, contact_priority=priority
        )
    assert access.invite_many(GUARDIANS, role="guardian", by_id=registrar.sourced_id) == {"invited": 1, "left_out": 0}
    user = Guardian.objects.get(given_name="Sees").user
    assert user is not None
    assert (user.language, mailed()) == ("ar", ["sees"])


def test_it_begins_when_it_is_still_those_whom_somebody_saw(campus: Campus, registrar: User) -> None:
    works(campus, "Ada Byron", "ada@oak.example")
    for asked in (0, 2):
        with pytest.raises(PeopleChangedSince):
            access.begin_inviting(STAFF, role="teacher", people=asked, by=registrar)
    access.begin_inviting(STAFF, role="teacher", people=1, by=registrar)
    assert waiting_jobs("invite_staff") == [{"role": "teacher", "by_id": str(registrar.sourced_id)}]


def test_nobody_gives_what_they_do_not_hold_or_invites_beyond_their_campus(campus: Campus, registrar: User) -> None:
    works(campus, "Ada Byron", "ada@oak.example")
    with pytest.raises(NotYoursToGive):
        access.begin_inviting(STAFF, role="administrator", people=1, by=registrar)
    with pytest.raises(PermissionMissing):
        invited(people.a_user("tess", role="teacher"))
    with pytest.raises(OutOfReach):
        invited(people.a_user("lola", role="registrar", institution=campus.institution))
    # A job whose asker lost the role meanwhile lets nobody in either.
    RoleAssignment.objects.filter(user=registrar).delete()
    with pytest.raises(PermissionMissing):
        invited(User.objects.get(pk=registrar.pk))


def test_each_costs_the_same(campus: Campus, registrar: User, query_count: Callable[..., Any]) -> None:
    spent = []
    for batch in (("a", "b"), ("c", "d", "e", "f")):
        for name in batch:
            works(campus, name, f"{name}@oak.example")
        with query_count() as counted:
            invited(registrar)
        spent.append(counted.count)
    each, rest = divmod(spent[1] - spent[0], 2)
    assert (rest, each < 40) == (0, True)
