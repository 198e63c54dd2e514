"""Power over a login × every role it holds now, will hold, or has held: measured against all it is or becomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.access import selectors, services
from apps.access.errors import BeyondYou
from apps.access.models import Role, RoleAssignment
from apps.access.permissions import BUILTIN_ROLES, PERMISSIONS
from apps.accounts import services as accounts
from apps.accounts.errors import LinkNotValid
from apps.accounts.models import User
from schoolops.audit.trail import SYSTEM
from schoolops.errors import Forbidden
from tests.factories.people import SCHOOL_DAY, a_user

DAY = dt.timedelta(days=1)
WHEN: dict[str, dict[str, Any]] = {
    "now": {},
    "until tomorrow": {"ends_on": SCHOOL_DAY + DAY},
    "tomorrow": {"starts_on": SCHOOL_DAY + DAY},
    "in a year": {"starts_on": SCHOOL_DAY + 365 * DAY, "ends_on": SCHOOL_DAY + 400 * DAY},
    "ended": {"ends_on": SCHOOL_DAY},
}
POWERS: dict[str, Callable[[User, User], Any]] = {
    "invite": lambda user, by: accounts.invite(user=user, by_mail=False, by=by),
    "invite by mail": lambda user, by: accounts.invite(user=user, by_mail=True, by=by),
    "change the e-mail": lambda user, by: accounts.change_user(
        user=user, details={"email": f"new-{user.pk}@oak.test"}, by=by
    ),
    "second factor off": lambda user, by: accounts.reset_second_factor(user=user, by=by),
    "log out": lambda user, by: accounts.end_logins_of(user=user, by=by),
    "new password": lambda user, by: accounts.require_new_password(user=user, by=by),
    "deactivate": lambda user, by: accounts.deactivate_user(user=user, by=by),
    "activate": lambda user, by: accounts.activate_user(user=user, by=by),
}
REGISTRAR = {each.code for each in PERMISSIONS if "registrar" in each.roles}


def _within_a_registrars(role: str) -> bool:
    return role != "administrator" and all(each.code in REGISTRAR for each in PERMISSIONS if role in each.roles)


CASES = [(power, role.code, when) for power in POWERS for role in BUILTIN_ROLES for when in WHEN]


def test_every_power_is_walked_over_every_role_and_time() -> None:
    assert len(CASES) == len(POWERS) * 8 * 5 == 320


@pytest.mark.usefixtures("school_day")
@pytest.mark.parametrize("power", POWERS)
def test_a_registrar_has_power_over_nobody_who_is_or_becomes_more(in_oak: Any, dave: User, power: str) -> None:
    for number, (role, when) in enumerate((each.code, when) for each in BUILTIN_ROLES for when in WHEN):
        user = a_user(f"{power.replace(' ', '')}{number}")
        User.objects.filter(pk=user.pk).update(email=f"u{number}@oak.test")
        RoleAssignment.objects.create(user=user, role=Role.objects.get(code=role), **WHEN[when])
        user = User.objects.get(pk=user.pk)
        if when == "ended" or _within_a_registrars(role):
            POWERS[power](user, dave)
        else:
            with pytest.raises(BeyondYou):
                POWERS[power](user, dave)


@pytest.mark.usefixtures("school_day")
@pytest.mark.parametrize("when", WHEN)
def test_nobody_revives_or_moves_a_role_beyond_theirs(in_oak: Any, dave: User, when: str) -> None:
    """An ended role counts for nothing, because giving it again asks for all of it."""
    user = a_user("was-more")
    held = RoleAssignment.objects.create(user=user, role=Role.objects.get(code="administrator"), **WHEN[when])
    with pytest.raises(Forbidden):
        services.assign_role(user=user, role="administrator", by=dave)
    with pytest.raises(Forbidden):
        services.withdraw_role(assignment=held, by=dave)


@pytest.mark.usefixtures("school_day")
def test_the_walk_finds_a_gate_that_looks_at_today_only(
    in_oak: Any, dave: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.access.selectors.roles_ahead", selectors.roles_held)
    user = a_user("heir")
    RoleAssignment.objects.create(user=user, role=Role.objects.get(code="administrator"), **WHEN["tomorrow"])
    POWERS["invite"](user, dave)


@pytest.mark.usefixtures("school_day")
@pytest.mark.parametrize("when", ["now", "until tomorrow", "tomorrow", "in a year"])
def test_a_link_from_before_a_role_is_no_key_to_it(in_oak: Any, dave: User, when: str) -> None:
    user = a_user("heir")
    handed = accounts.invite(user=user, by_mail=False, by=dave)
    assert handed is not None
    services.assign_role(user=user, role="administrator", by=SYSTEM, **WHEN[when])
    with pytest.raises(LinkNotValid):
        accounts.redeem_link(token=handed.token, password="a long enough sentence")


@pytest.mark.usefixtures("school_day")
def test_a_role_that_stays_as_it_was_ends_no_link(in_oak: Any) -> None:
    user = a_user("heir")
    services.assign_role(user=user, role="teacher", by=SYSTEM)
    handed = accounts.hand_out_link(user=user, by=SYSTEM)
    services.assign_role(user=user, role="teacher", by=SYSTEM)
    assert accounts.redeem_link(token=handed.token, password="a long enough sentence") == user
