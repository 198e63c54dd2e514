"""Sessions in a browser: the same door as the API's, and they end when the logins end."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import auth
from django.test import RequestFactory

from apps.accounts import services
from apps.accounts.models import AccountPolicy, User
from schoolops.cache.sessions import SessionStore
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories import people


def request_of(key: str | None = None) -> Any:
    request: Any = RequestFactory().get("/")
    request.session = SessionStore(key)
    return request


def begin_session(user: User) -> str:
    request = request_of()
    auth.login(request, user, backend="apps.accounts.backends.LoginBackend")
    request.session.save()
    return str(request.session.session_key)


def whose(key: str) -> Any:
    return auth.get_user(request_of(key))


def prove(login: str, password: str = people.PASSWORD) -> Any:
    return auth.authenticate(request_of(), username=login, password=password)


def test_a_session_of_oak_is_unknown_at_elm(bob: User, oak: School, elm: School) -> None:
    key = begin_session(bob)
    assert whose(key) == bob
    with inside(elm):
        people.a_user("bob")
        assert whose(key).is_anonymous


def test_even_a_session_carried_over_is_nobodys(bob: User, elm: School) -> None:
    key = begin_session(bob)
    stolen = SessionStore(key).load()
    with inside(elm):
        User.objects.create(pk=bob.pk, username="bob", password="another")
        copy = SessionStore()
        copy.update(stolen)
        copy.save(must_create=True)
        assert whose(str(copy.session_key)).is_anonymous


def test_logging_out_everywhere_ends_sessions_too(bob: User, school_day: Any) -> None:
    key = begin_session(bob)
    services.log_out_everywhere(by=bob)
    assert whose(key).is_anonymous
    assert whose(begin_session(bob)) == bob


def test_so_do_a_new_password_and_leaving(bob: User, alice: User, erin: User) -> None:
    keys = [begin_session(bob), begin_session(alice)]
    handed = services.invite(user=bob, by_mail=False, by=erin)
    assert handed is not None
    services.redeem_link(token=handed.token, password="a new and rather long one")
    services.deactivate_user(user=alice, by=erin)
    assert [whose(key).is_anonymous for key in keys] == [True, True]


def test_the_form_lets_in_by_username_or_email_and_nobody_else(bob: User, carol: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert prove("BOB") == prove("bob@oak.example") == bob
    assert [prove("bob", "wrong"), prove("nobody"), prove("carol"), prove("")] == [None] * 4


def test_the_form_waits_after_failures_as_the_api_does(bob: User) -> None:
    for _ in range(4):
        assert prove("bob", "wrong") is None
    assert prove("bob") is None


@pytest.mark.parametrize("missing", ["password", "totp"])
def test_no_session_begins_while_something_has_to_be_set_up(bob: User, missing: str) -> None:
    if missing == "password":
        services.require_new_password(user=bob, by=people.a_user("dave", role="registrar"))
    else:
        AccountPolicy.objects.create(staff_need_totp=True)
    assert prove("bob") is None
