"""Two schools, roles that change, Redis that goes and comes: nobody sees the other school or does what they may not.

hypothesis chooses what happens; after every step each person's permissions, the owner of each cookie and each school's
campuses are read as a new request would read them, and compared with a model that has no cache.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.contrib import auth
from django.db import connection
from django.test import RequestFactory
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.access import services as access
from apps.access.models import Role, RoleAssignment
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.institutions.selectors import campuses
from apps.institutions.services import change_institution
from schoolops.cache import outage, request_cache
from schoolops.cache.entry import forget_school
from schoolops.cache.sessions import SessionStore
from schoolops.context import inside
from schoolops.redis import connection as redis_connection
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.clocks import Hands

CODES = ("students.view", "attendance.mark", "leave.decide")
PEOPLE = (0, 1)
AWAY = "redis://127.0.0.1:1/0"


@dataclass
class Truth:
    """A school without any cache: what the role holds, who holds it until when, how the campus is called."""

    school: School
    admin: User
    role: Role
    users: list[User]
    permissions: frozenset[str] = frozenset()
    held: dict[int, dt.date | None] = field(default_factory=dict)
    campus: str = "Campus"
    # Session → whose it is, and whether it has been ended.
    sessions: dict[str, tuple[int, bool]] = field(default_factory=dict)


def a_truth(school: School, number: int) -> Truth:
    with inside(school):
        people.a_school_year(name="Campus", sections=())
        admin = people.a_user("admin", role="administrator")
        role = access.create_role(name="Role", permissions=[], by=admin)
        # The same keys at both schools, so that a mixed-up key would find something.
        return Truth(school, admin, role, [people.a_user(f"person-{each}") for each in PEOPLE])


class Days(RuleBasedStateMachine):
    """What happens at the two schools."""

    make: ClassVar[Callable[[], tuple[Truth, Truth]]]
    switch: ClassVar[Callable[[bool], None]]

    def __init__(self) -> None:
        super().__init__()
        self.truths = type(self).make()
        self.hands = Hands()
        self.hands.move()
        self.away = False

    schools: ClassVar[Any] = st.sampled_from((0, 1))
    persons: ClassVar[Any] = st.sampled_from(PEOPLE)

    @rule(at=schools, codes=st.frozensets(st.sampled_from(CODES)))
    def the_role_holds(self, at: int, codes: frozenset[str]) -> None:
        self._set(at, codes)

    @rule(at=schools, codes=st.frozensets(st.sampled_from(CODES)))
    def the_role_holds_and_nobody_is_told(self, at: int, codes: frozenset[str]) -> None:
        """As when the process is killed right after the commit, or Redis dies with what it was told."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outage, "replace_stamps", lambda _stamps: None)
            self._set(at, codes)

    def _set(self, at: int, codes: frozenset[str]) -> None:
        truth = self.truths[at]
        with inside(truth.school):
            access.set_permissions(role=truth.role, permissions=codes, expected_version=None, by=self._admin(truth))
        truth.permissions = codes

    @rule(at=schools, person=persons, days=st.none() | st.integers(1, 3))
    def somebody_is_given_the_role(self, at: int, person: int, days: int | None) -> None:
        truth = self.truths[at]
        until = None if days is None else self._today() + dt.timedelta(days=days)
        with inside(truth.school):
            access.assign_role(user=truth.users[person], role=truth.role.code, ends_on=until, by=self._admin(truth))
        truth.held[person] = until

    @rule(at=schools, person=persons)
    def it_is_taken_away(self, at: int, person: int) -> None:
        truth = self.truths[at]
        with inside(truth.school):
            found = RoleAssignment.objects.filter(user=truth.users[person]).select_related("user", "role").first()
            if found is not None:
                access.withdraw_role(assignment=found, by=self._admin(truth))
        truth.held.pop(person, None)

    @rule(at=schools, person=persons)
    def somebody_logs_in(self, at: int, person: int) -> None:
        truth = self.truths[at]
        with inside(truth.school):
            request = _request()
            auth.login(request, truth.users[person], backend="apps.accounts.backends.LoginBackend")
            request.session.save()
        truth.sessions[request.session.session_key] = (person, False)

    @rule(at=schools, person=persons, told=st.booleans())
    def somebody_logs_out_of_all_but_the_first(self, at: int, person: int, told: bool) -> None:
        """Of each browser by itself. Not told: as above."""
        truth = self.truths[at]
        for key in [key for key, (whose, _) in truth.sessions.items() if whose == person][1:]:
            with inside(truth.school), pytest.MonkeyPatch.context() as patch:
                if not told:
                    patch.setattr(outage, "replace_stamps", lambda _stamps: None)
                SessionStore(key).delete()
            truth.sessions[key] = (person, True)

    @rule(at=schools, number=st.integers(0, 9))
    def the_campus_is_renamed(self, at: int, number: int) -> None:
        truth = self.truths[at]
        with inside(truth.school):
            change_institution(
                institution=Institution.objects.get(), fields={"name": f"Campus {number}"}, by=self._admin(truth)
            )
        truth.campus = f"Campus {number}"

    @rule()
    def a_day_goes_by(self) -> None:
        self.hands.move(days=1)
        for truth in self.truths:
            # Half an hour is enough for these.
            truth.sessions = {key: (person, True) for key, (person, _) in truth.sessions.items()}

    @rule()
    def redis_goes_or_comes(self) -> None:
        self.away = not self.away
        type(self).switch(self.away)

    @invariant()
    def everybody_may_what_they_may(self) -> None:
        for truth in self.truths:
            with inside(truth.school), request_cache():
                for person, user in enumerate(truth.users):
                    until = truth.held.get(person, self._today())
                    expected = truth.permissions if until is None or self._today() < until else frozenset()
                    # Twice: from the database or Redis, and from what this request remembers.
                    for _ in range(2):
                        assert permissions_of(User.objects.get(pk=user.pk)) == expected

    @invariant()
    def a_cookie_is_somebody_s_until_they_log_out_and_nobody_s_elsewhere(self) -> None:
        for truth, other in (self.truths, self.truths[::-1]):
            for key, (person, ended) in truth.sessions.items():
                with inside(truth.school), request_cache():
                    found = auth.get_user(_request(key))
                    assert found.is_anonymous if ended else found == truth.users[person]
                with inside(other.school), request_cache():
                    assert auth.get_user(_request(key)).is_anonymous

    @invariant()
    def every_school_sees_its_own_campus(self) -> None:
        for truth in self.truths:
            with inside(truth.school), request_cache():
                assert [campus.name for campus in campuses()] == [truth.campus]

    def teardown(self) -> None:
        self.hands.let_go()
        if self.away:
            type(self).switch(False)

    def _today(self) -> dt.date:
        return self.hands.moment.date()

    def _admin(self, truth: Truth) -> User:
        return User.objects.get(pk=truth.admin.pk)


def _request(key: str | None = None) -> Any:
    """A browser's, with the cookie of session ``key``."""
    request: Any = RequestFactory().get("/")
    request.session = SessionStore(key)
    return request


@contextmanager
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    here = settings.REDIS_URL
    # The next read replays; the reminder's own clock would only make the order of things depend on the machine.
    monkeypatch.setattr(outage, "REMINDED_EVERY_S", 3600.0)

    def switch(away: bool) -> None:
        settings.REDIS_URL = AWAY if away else here
        redis_connection.client.cache_clear()
        redis_connection.circuit.reset()

    switch(False)
    yield switch
    switch(False)
    outage._pending.clear()


def test_whatever_happens_nobody_sees_or_does_what_they_may_not(
    fresh_school: Callable[..., School], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schools = (fresh_school(), fresh_school())

    def begin_anew() -> tuple[Truth, Truth]:
        for school in schools:
            with inside(school):
                # Deleting past the services; the keys are new ones.
                with connection.cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM access_roleassignment; DELETE FROM access_rolepermission r "
                        "USING access_role o WHERE o.id = r.role_id AND NOT o.builtin; "
                        "DELETE FROM access_role WHERE NOT builtin; DELETE FROM accounts_user; "
                        "DELETE FROM institutions_term; DELETE FROM institutions_academicyear; "
                        "DELETE FROM fees_account; DELETE FROM fees_books; DELETE FROM institutions_institution"
                    )
                forget_school()
        first, second = (a_truth(school, number) for number, school in enumerate(schools))
        return first, second

    with _reachable(settings, monkeypatch) as switch:
        Days.make = staticmethod(begin_anew)
        Days.switch = staticmethod(switch)
        run_state_machine_as_test(
            Days,
            settings=how(
                max_examples=10,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
