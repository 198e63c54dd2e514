"""A role begins and ends with the school's own day, which its requests learn on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.access.models import RoleAssignment
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.institutions.selectors import school_today
from apps.institutions.services import change_institution
from schoolops import clock
from schoolops.cache.entry import forget_school
from schoolops.cache.local import request_cache
from schoolops.tenancy.models import School
from tests.factories import people

# Monday noon in London, Tuesday in Auckland already, still Monday in New York.
MOMENT = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
TUESDAY = dt.date(2026, 11, 3)


def held(user: User) -> bool:
    # Written past our services, so nobody has been told to forget.
    forget_school()
    with clock.frozen(MOMENT):
        return "exports.run" in permissions_of(User.objects.get(pk=user.pk))


@pytest.fixture
def ivy(in_oak: School) -> User:
    people.a_school_year(sections=())
    return people.a_user("ivy", role="accountant")


@pytest.mark.parametrize(("timezone", "begun"), [("Pacific/Auckland", True), ("America/New_York", False)])
def test_a_role_from_tuesday_is_held_where_it_is_tuesday(ivy: User, timezone: str, begun: bool) -> None:
    Institution.objects.update(timezone=timezone)
    RoleAssignment.objects.filter(user=ivy).update(starts_on=TUESDAY)
    assert held(ivy) is begun
    RoleAssignment.objects.filter(user=ivy).update(starts_on=None, ends_on=TUESDAY)
    assert held(ivy) is not begun


def test_whoever_asked_for_roles_knows_the_day(ivy: User, query_count: Any) -> None:
    with request_cache(), clock.frozen(MOMENT):
        permissions_of(ivy)
        with query_count(0, warm=True):
            assert school_today() == dt.date(2026, 11, 2)


def test_the_day_is_known_to_the_next_request_too(ivy: User, query_count: Any) -> None:
    with query_count(1):
        school_today()
        school_today()


def test_an_assignment_that_is_cached_ends_with_its_last_day(ivy: User, query_count: Any) -> None:
    RoleAssignment.objects.filter(user=ivy).update(starts_on=TUESDAY, ends_on=TUESDAY + dt.timedelta(days=1))
    ivy = User.objects.get(pk=ivy.pk)
    permissions_of(ivy)
    for hours, begun in ((0, False), (12, True), (35, True), (36, False)):
        ivy.__dict__.pop("_roles_held", None)
        with clock.frozen(MOMENT + dt.timedelta(hours=hours)), query_count(0, warm=True):
            assert ("exports.run" in permissions_of(ivy)) is begun


def test_a_timezone_that_is_changed_counts_at_once(ivy: User) -> None:
    erin = people.a_user("erin", role="administrator")
    with request_cache(), clock.frozen(MOMENT):
        assert school_today() == dt.date(2026, 11, 2)
        change_institution(institution=Institution.objects.get(), fields={"timezone": "Pacific/Auckland"}, by=erin)
        assert school_today() == TUESDAY
