"""Whoever held a key to a login before it could do more than they holds none afterwards, in whatever order it came.

Every way to get hold of a login × every way in which it may come to do more.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.access import selectors, services
from apps.access.models import Role, RoleAssignment
from apps.access.services.keys import holders_of_keys
from apps.access.services.people import Wanted
from apps.access.services.roles import set_permissions
from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops.audit.trail import SYSTEM
from schoolops.errors import SchoolOpsError
from tests.factories.people import SCHOOL_DAY, a_school_year

DAY = dt.timedelta(days=1)
WORD = "a sentence that only one of us knows"


def _token_in(letter: Any) -> str:
    found = re.search(r"#(\S+)", letter.body)
    assert found is not None
    return found[1]


def _made(by: User, email: str = "") -> tuple[User, accounts.Handed | None]:
    return services.let_in(username="heir", roles=[Wanted("guardian")], by_mail=False, by=by, details={"email": email})


def _by_hand(dave: User, erin: User) -> User:
    _, handed = _made(dave)
    assert handed is not None
    return accounts.redeem_link(token=handed.token, password=WORD)


def _by_hand_anew(dave: User, erin: User) -> User:
    user, _ = _made(erin)
    handed = accounts.invite(user=user, by_mail=False, by=dave)
    assert handed is not None
    return accounts.redeem_link(token=handed.token, password=WORD)


def _by_mail(dave: User, erin: User) -> User:
    user, _ = _made(dave, "not.theirs@x.example")
    accounts.invite(user=user, by_mail=True, by=dave)
    letter = accounts.invitation_letter(user_id=user.pk)
    return accounts.redeem_link(token=_token_in(letter), password=WORD)


def _by_another_address(dave: User, erin: User) -> User:
    """The password is its owner's; a new one can be asked for by letter, any time."""
    user, handed = _made(erin)
    assert handed is not None
    accounts.redeem_link(token=handed.token, password=WORD)
    return accounts.change_user(user=user, details={"email": "not.theirs@x.example"}, by=dave)


def _by_a_letter_already(dave: User, erin: User) -> User:
    _by_another_address(dave, erin)
    letter = accounts.reset_letter(login="heir")
    return accounts.redeem_link(token=_token_in(letter), password=WORD)


def _by_hand_and_changed(dave: User, erin: User) -> User:
    """Whoever knows a password can choose another."""
    user = _by_hand(dave, erin)
    issued = accounts.log_in(login="heir", password=WORD)
    _, family = accounts.authenticate_token(issued.access_token)
    accounts.change_password(password=WORD, new_password=f"{WORD} two", family=family, by=user)
    return user


HOLDS: dict[str, Callable[[User, User], User]] = {
    "by hand": _by_hand,
    "by hand, for one whom another made": _by_hand_anew,
    "by mail": _by_mail,
    "by another address": _by_another_address,
    "by a letter already": _by_a_letter_already,
    "by hand, and changed": _by_hand_and_changed,
}


def _given(**dates: Any) -> Callable[[User, User], Any]:
    return lambda user, erin: services.assign_role(user=user, role="administrator", by=erin, **dates)


def _at_a_campus(user: User, erin: User) -> None:
    services.assign_role(user=user, role="head", institution=a_school_year().institution, by=erin)


def _moved(user: User, erin: User) -> None:
    held = RoleAssignment.objects.get(user=user, role__code="club")
    set_permissions(role=held.role, permissions={"access.manage"}, expected_version=None, by=erin)
    services.assign_role(user=user, role="club", by=erin)


def _role_grows(user: User, erin: User) -> None:
    role = RoleAssignment.objects.get(user=user, role__code="guardian").role
    set_permissions(role=role, permissions={"access.manage", "students.view"}, expected_version=None, by=erin)


def _by_the_platform(user: User, erin: User) -> None:
    services.assign_role(user=user, role="administrator", by=SYSTEM)


GAINS: dict[str, Callable[[User, User], Any]] = {
    "now": _given(),
    "until tomorrow": _given(ends_on=SCHOOL_DAY + DAY),
    "tomorrow": _given(starts_on=SCHOOL_DAY + DAY),
    "in a year": _given(starts_on=SCHOOL_DAY + 365 * DAY, ends_on=SCHOOL_DAY + 400 * DAY),
    "at a campus": _at_a_campus,
    "its role grows": _role_grows,
    "an ended role comes back": _moved,
    "by the platform": _by_the_platform,
}


def test_every_key_is_walked_over_every_gain() -> None:
    assert len(HOLDS) * len(GAINS) == 48


@pytest.fixture
def ended_role(erin: User) -> None:
    services.create_role(name="Club", code="club", permissions={"students.view"}, by=erin)


def _holds_a_key(user: User, token: str) -> list[str]:
    """How whoever opened this login before opens it now."""
    opens = []
    fresh = User.objects.get(pk=user.pk)
    if fresh.check_password(WORD) or fresh.check_password(f"{WORD} two"):
        opens.append("the password")
    if accounts.reset_letter(login=fresh.username) is not None:
        opens.append("a letter")
    try:
        accounts.authenticate_token(token)
    except SchoolOpsError:
        return opens
    return [*opens, "a session"]


@pytest.mark.usefixtures("school_day", "ended_role")
@pytest.mark.parametrize("gain", GAINS)
def test_nobody_keeps_a_key_to_a_login_that_gains(in_oak: Any, dave: User, erin: User, gain: str) -> None:
    as_they_were = {
        role: selectors.permissions_of_roles([role.sourced_id])[role.sourced_id]
        for role in Role.objects.filter(code__in=["guardian", "club"])
    }
    for number, hold in enumerate(HOLDS):
        user = HOLDS[hold](dave, erin)
        if gain == "an ended role comes back":
            services.assign_role(user=user, role="club", by=erin, ends_on=SCHOOL_DAY)
        token = accounts.open_login(User.objects.get(pk=user.pk), label="before").access_token
        assert "a session" in _holds_a_key(user, token), hold
        GAINS[gain](User.objects.get(pk=user.pk), erin)
        assert _holds_a_key(user, token) == [], hold
        # As it was, for the next one.
        User.objects.filter(pk=user.pk).update(username=f"was-{number}", email="")
        for role, codes in as_they_were.items():
            set_permissions(role=role, permissions=codes, expected_version=None, by=erin)


def test_a_login_stays_open_where_nobody_gains_by_it(in_oak: Any, dave: User, erin: User) -> None:
    user = _by_hand(dave, erin)
    services.assign_role(user=user, role="student", by=erin)
    assert User.objects.get(pk=user.pk).check_password(WORD)
    # Whoever lets somebody in anew holds the key now, and answers for the address.
    handed = accounts.invite(user=user, by_mail=False, by=erin)
    assert handed is not None
    accounts.redeem_link(token=handed.token, password=WORD)
    assert holders_of_keys([user]) == {str(user.sourced_id): {str(erin.sourced_id)}}
    services.assign_role(user=User.objects.get(pk=user.pk), role="administrator", by=erin)
    assert User.objects.get(pk=user.pk).check_password(WORD)


def test_it_is_let_in_anew_by_whoever_gave_it_more(in_oak: Any, dave: User, erin: User) -> None:
    user = _by_hand(dave, erin)
    services.assign_role(user=user, role="administrator", by=erin)
    handed = accounts.invite(user=User.objects.get(pk=user.pk), by_mail=False, by=erin)
    assert handed is not None
    accounts.redeem_link(token=handed.token, password="another long sentence")
    services.assign_role(user=User.objects.get(pk=user.pk), role="head", by=erin)
    assert User.objects.get(pk=user.pk).check_password("another long sentence")


def test_whoever_no_longer_works_here_holds_no_key_to_more(in_oak: Any, dave: User, erin: User) -> None:
    user = _by_hand(dave, erin)
    accounts.deactivate_user(user=dave, by=erin)
    services.assign_role(user=user, role="student", by=erin)
    assert not User.objects.get(pk=user.pk).has_usable_password()
