"""A permission that is new in a release is offered once to the built-in roles, and what a school decided stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.access import selectors
from apps.access.models import Role, RolePermission
from apps.access.permissions import CODES, HEAD, PERMISSIONS, TEACHER, BuiltinRole, Permission, declare
from apps.access.services import roles
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode
from apps.attendance.services import codes
from schoolops import seeds
from schoolops.audit.models import AuditEntry
from schoolops.tenancy.models import School

NEW = Permission("clubs.view", "See clubs", (HEAD, TEACHER))


@pytest.fixture
def released(in_oak: School) -> Iterator[Permission]:
    """A release has one permission more than the one that made the school."""
    declare(NEW)
    yield NEW
    PERMISSIONS.remove(NEW)
    CODES.discard(NEW.code)


def holders(code: str) -> set[str]:
    return set(RolePermission.objects.filter(permission=code).values_list("role__code", flat=True))


def test_it_reaches_the_roles_of_a_school_that_exists(alice: User, released: Permission) -> None:
    version = Role.objects.get(code=HEAD).version
    assert released.code not in selectors.permissions_of(User.objects.get(pk=alice.pk))
    roles.seed_roles()
    assert holders(released.code) == {HEAD, TEACHER}
    assert released.code in selectors.permissions_of(User.objects.get(pk=alice.pk))
    assert Role.objects.get(code=HEAD).version == version + 1
    said = AuditEntry.objects.filter(action="access.role-changed", actor_name="SchoolOps")
    assert {released.code in entry.after["permissions"] for entry in said} == {True}
    assert said.count() == 2


def test_what_the_school_takes_away_is_not_offered_again(released: Permission) -> None:
    roles.seed_roles()
    RolePermission.objects.filter(permission=released.code, role__code=TEACHER).delete()
    RolePermission.objects.filter(permission="students.merge").delete()
    roles.seed_roles()
    assert holders(released.code) == {HEAD}
    assert holders("students.merge") == set()


def test_what_the_school_gave_before_it_was_offered_is_there_once(released: Permission) -> None:
    RolePermission.objects.create(role=Role.objects.get(code=HEAD), permission=released.code)
    roles.seed_roles()
    assert RolePermission.objects.filter(role__code=HEAD, permission=released.code).count() == 1


def test_a_role_of_the_schools_own_is_not_taken_for_a_new_built_in_one(
    in_oak: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Role.objects.create(code="nurse", name="Nurse")
    monkeypatch.setattr(roles, "BUILTIN_ROLES", (BuiltinRole("nurse", "Nurse", "everything"),))
    monkeypatch.setattr(roles, "PERMISSIONS", [Permission("students.view_medical", "", ("nurse",))])
    roles.seed_roles()
    own.refresh_from_db()
    assert (own.builtin, own.permissions.count()) == (False, 0)


def test_an_attendance_code_is_offered_once_and_never_over_the_schools_own(
    in_oak: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    AttendanceCode.objects.filter(code="H").update(code="HD")
    AttendanceCode.objects.create(code="X", name="Examination", direction="in", state="present")
    more = [codes.FirstCode(letter, "New", codes.IN, codes.DayState.PRESENT) for letter in ("X", "Y")]
    before = seeds.fingerprint()
    monkeypatch.setattr(codes, "FIRST_CODES", (*codes.FIRST_CODES, *more))
    # By which every school that exists is behind.
    assert seeds.fingerprint() != before
    codes.seed_codes()
    names = dict(AttendanceCode.objects.values_list("code", "name"))
    assert (names["X"], names["Y"], "H" in names) == ("Examination", "New", False)
    AttendanceCode.objects.filter(code="Y").delete()
    codes.seed_codes()
    assert not AttendanceCode.objects.filter(code="Y").exists()
