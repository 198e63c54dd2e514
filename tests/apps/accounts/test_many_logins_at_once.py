"""When more log in than can be let in, the others are told when to come, and it costs nobody anything."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

import psycopg.errors
import pytest
from django.contrib.auth import hashers
from django.db import OperationalError, connection, transaction
from django.test import Client, override_settings
from django.urls import resolve

from apps.accounts import services
from apps.accounts.errors import LoginRefused
from apps.accounts.models import TokenFamily, User
from apps.accounts.services import hashing
from schoolops.api import doors
from schoolops.context import inside, nowhere
from schoolops.observability.logging import ACCESS
from schoolops.redis.connection import RATE_LIMITS, client
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.talking import Browser
from tests.support.counted import round_trips_to_redis


def test_who_finds_the_door_full_is_told_when_to_come_and_nothing_is_counted(at_oak: Any, bob: User) -> None:
    room = hashing.slots()
    with room.admitted(), room.admitted():
        refused = at_oak().log_in()
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "resilience:busy"
    assert int(refused.headers["Retry-After"]) >= 1
    assert list(client(RATE_LIMITS).scan_iter("*:ratelimit:delay:*")) == []
    assert at_oak().log_in().status_code == 200


def test_the_door_is_full_before_anything_is_read_of_what_somebody_says(at_oak: Any, bob: User) -> None:
    room = hashing.slots()
    with room.admitted(), room.admitted():
        assert at_oak().client.post("/api/v1/auth/login", b"{", content_type="application/json").status_code == 503
    assert at_oak().client.post("/api/v1/auth/login", b"{", content_type="application/json").status_code == 400


def test_who_finds_the_door_full_asks_no_server_and_is_in_the_log_as_any_other(
    at_oak: Any, bob: User, caplog: pytest.LogCaptureFixture, django_assert_num_queries: Any
) -> None:
    stranger, room = at_oak(), hashing.slots()
    assert stranger.log_in().status_code == 200
    seen = round_trips_to_redis(), django_assert_num_queries(0), caplog.at_level("INFO", ACCESS)
    with room.admitted(), room.admitted(), nowhere(), seen[0] as asked, seen[1], seen[2]:
        refused = stranger.log_in()
    assert (refused.status_code, asked) == (503, [])
    assert "RateLimit" not in refused.headers
    line = [each for each in caplog.records if each.name == ACCESS][-1]
    assert (line.route, line.statusCode, line.tenantId) == ("/api/v1/auth/login", 503, "oak")  # type: ignore[attr-defined]


def test_the_door_that_is_looked_at_is_that_of_the_login(in_oak: School) -> None:
    for method, address in doors.doors():
        assert resolve(address).func.actions[method.lower()] == "log_in"


def test_those_who_are_logged_in_work_on_while_the_door_is_full(at_oak: Any, alice: User) -> None:
    inside_already = at_oak(alice)
    room = hashing.slots()
    with room.admitted(), room.admitted():
        assert inside_already.get("me").status_code == 200


def test_a_login_that_does_not_exist_costs_one_hash_like_any_other(
    at_oak: Any, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hasher = type(hashers.get_hasher())
    encode, verify = hasher.encode, hasher.verify

    def counted_encode(self: Any, *said: Any) -> str:
        hashed.append("encode")
        return str(encode(self, *said))

    def counted_verify(self: Any, *said: Any) -> bool:
        hashed.append("verify")
        return bool(verify(self, *said))

    monkeypatch.setattr(hasher, "encode", counted_encode)
    monkeypatch.setattr(hasher, "verify", counted_verify)
    assert at_oak().log_in("nobody").status_code == 401
    assert hashed == ["encode"]
    hashed.clear()
    assert at_oak().log_in("bob", "wrong password").status_code == 401
    assert hashed == ["verify"]


@pytest.mark.parametrize("ended", ["password", "logins", "deactivated"])
def test_a_login_that_waited_for_its_turn_does_not_outlive_what_ended_it(
    at_oak: Any, bob: User, erin: User, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    hash_is_right = hashing.is_password_of

    def meanwhile(user: User | None, password: str) -> bool:
        right = hash_is_right(user, password)
        now = User.objects.get(pk=bob.pk)
        if ended == "password":
            handed = services.invite(user=now, by_mail=False, by=erin)
            assert handed is not None
            services.redeem_link(token=handed.token, password="a new and rather long one")
        elif ended == "logins":
            services.end_logins_of(user=now, by=erin)
        else:
            services.deactivate_user(user=now, by=erin)
            services.activate_user(user=User.objects.get(pk=bob.pk), by=erin)
        return right

    monkeypatch.setattr(hashing, "is_password_of", meanwhile)
    refused = at_oak().log_in()
    assert (refused.status_code, refused.json()["code"]) == (401, "accounts:login-refused")
    assert not TokenFamily.objects.filter(revoked_at__isnull=True).exists()


def test_a_login_waits_for_what_is_ending_logins_at_this_moment(fresh_school: Any) -> None:
    """Not yet committed, it cannot be seen; the login that goes past it would outlive it."""
    with inside(fresh_school()):
        people.a_user("bob")
        read_before = User.objects.get(username="bob")
        tried: list[BaseException | None] = []

        def come_in() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '50ms'")
                services.open_login(read_before, label="test")
            except OperationalError as waited:
                tried.append(waited.__cause__)
            finally:
                connection.close()

        with transaction.atomic():
            services.log_out_everywhere(by=User.objects.get(username="bob"))
            other = threading.Thread(target=contextvars.copy_context().run, args=(come_in,))
            other.start()
            other.join()
        assert [type(each) for each in tried] == [psycopg.errors.LockNotAvailable]
        with pytest.raises(LoginRefused):
            services.open_login(read_before, label="test")
        assert not TokenFamily.objects.exists()


def test_a_password_that_is_changed_while_another_change_waits_stays(
    at_oak: Any, bob: User, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_is_right = hashing.is_password_of

    def meanwhile(user: User | None, password: str) -> bool:
        right = hash_is_right(user, password)
        handed = services.invite(user=User.objects.get(pk=bob.pk), by_mail=False, by=erin)
        assert handed is not None
        services.redeem_link(token=handed.token, password="a new and rather long one")
        return right

    thief = at_oak(bob)
    monkeypatch.setattr(hashing, "is_password_of", meanwhile)
    said = {"password": people.PASSWORD, "new_password": "what the thief would like"}
    assert thief.post("me/password", said).json()["code"] == "accounts:login-refused"
    monkeypatch.undo()
    assert at_oak().log_in("bob", "what the thief would like").status_code == 401
    assert at_oak().log_in("bob", "a new and rather long one").status_code == 200


def test_an_old_hash_is_renewed_but_never_over_a_password_set_meanwhile(
    in_oak: Any, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as yesterday:
        yesterday.setattr(type(hashers.get_hasher()), "time_cost", 1)
        old = hashers.make_password(people.PASSWORD)
    User.objects.filter(pk=bob.pk).update(password=old)
    read_before = User.objects.get(pk=bob.pk)
    assert hashing.is_password_of(User.objects.get(pk=bob.pk), people.PASSWORD)
    renewed = User.objects.get(pk=bob.pk).password
    assert ",t=2," in renewed
    assert hashing.is_password_of(read_before, people.PASSWORD)
    assert User.objects.get(pk=bob.pk).password == renewed
    assert read_before.password == old


@pytest.mark.parametrize("address", ["/office/login/", "/operators/login/"])
def test_a_full_door_is_503_with_when_to_come_at_the_login_pages_too(
    oak: School, client_for: Any, bob: User, address: str
) -> None:
    browser = Browser(client_for(oak) if "office" in address else Client(headers={"host": "localhost"}))
    room = hashing.slots()
    said = {"login": "bob", "password": people.PASSWORD, "code": ""}
    with room.admitted(), room.admitted():
        refused = browser.post(address, said)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Too many are at this at the same moment" in refused.content.decode()


def test_a_plain_view_that_asks_django_who_it_is_answers_503_as_well(oak: School, bob: User) -> None:
    room = hashing.slots()
    browser = Client(raise_request_exception=False, headers={"host": "oak.localhost"})
    with override_settings(ROOT_URLCONF="tests.tenancy.urls"), room.admitted(), room.admitted(), nowhere():
        refused = browser.post("/log-in", {"username": "bob", "password": people.PASSWORD})
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
