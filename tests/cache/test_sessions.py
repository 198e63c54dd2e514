"""Who is logged in to the admin: for half an hour after the last click, at one school, with or without Redis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.test import RequestFactory

from apps.accounts.models import User
from schoolops import clock
from schoolops.cache import outage
from schoolops.cache.sessions import SessionStore
from schoolops.context import inside, outside_schools
from schoolops.redis import connection
from schoolops.redis.connection import SESSIONS
from schoolops.tenancy.models import School

pytestmark = pytest.mark.django_db

TEN = dt.datetime(2026, 11, 4, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _redis_is_well() -> None:
    connection.circuit.reset()
    outage._pending.clear()


def begun(**data: Any) -> str:
    store = SessionStore()
    store.update(data or {"who": "alice"})
    store.save()
    assert store.session_key
    return store.session_key


def test_a_session_is_read_from_redis_after_the_first_time(
    in_oak: School, query_count: Callable[..., AbstractContextManager[Any]]
) -> None:
    key = begun()
    with query_count(1):
        assert SessionStore(key)["who"] == "alice"
    with query_count(0, warm=True):
        assert SessionStore(key)["who"] == "alice"


def test_a_cookie_of_oak_means_nothing_at_elm(oak: School, elm: School) -> None:
    with inside(oak):
        key = begun()
        assert SessionStore(key)["who"] == "alice"
    with inside(elm):
        assert "who" not in SessionStore(key)
    with outside_schools():
        assert "who" not in SessionStore(key)


def test_a_row_copied_to_another_school_cannot_be_read_there(oak: School, elm: School) -> None:
    with inside(oak):
        row = Session.objects.get(session_key=begun())
    with inside(elm):
        Session(row.session_key, row.session_data, row.expire_date).save(force_insert=True)
        assert "who" not in SessionStore(row.session_key)


def test_operators_sessions_stand_outside_schools(db: None) -> None:
    with outside_schools():
        key = begun(who="operator")
        assert SessionStore(key)["who"] == "operator"


def test_ending_a_session_counts_with_the_next_request(in_oak: School) -> None:
    key = begun()
    assert SessionStore(key)["who"] == "alice"
    SessionStore(key).delete()
    assert "who" not in SessionStore(key)


def logged_in(user: User) -> str:
    return begun(
        **{
            auth.SESSION_KEY: str(user.pk),
            auth.BACKEND_SESSION_KEY: "apps.accounts.backends.LoginBackend",
            auth.HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )


def whose(key: str) -> Any:
    request: Any = RequestFactory().get("/")
    request.session = SessionStore(key)
    return auth.get_user(request)


@pytest.mark.parametrize("ended", ["deleted", "over"])
def test_ending_it_counts_though_redis_never_hears_of_it(
    bob: User, monkeypatch: pytest.MonkeyPatch, query_count: Callable[..., AbstractContextManager[Any]], ended: str
) -> None:
    """As when the process is killed right after the commit, or ends in an outage with what it could not forget."""
    key, another = logged_in(bob), logged_in(bob)
    assert whose(key) == whose(another) == bob
    monkeypatch.setattr(outage, "replace_stamps", lambda _stamps: None)
    if ended == "deleted":
        SessionStore(key).delete()
    else:
        Session.objects.filter(session_key=key).update(expire_date=clock.now())
    with query_count(1):
        assert whose(key).is_anonymous
    # It is one browser that was logged out, and the question costs no query of its own.
    with query_count(1):
        assert whose(another) == bob


def test_a_change_counts_with_the_next_request(in_oak: School) -> None:
    key = begun()
    assert SessionStore(key)["who"] == "alice"
    other = SessionStore(key)
    other["who"] = "bob"
    other.save()
    assert SessionStore(key)["who"] == "bob"


def test_use_prolongs_it_and_is_saved_every_five_minutes_at_most(in_oak: School) -> None:
    with clock.frozen(TEN):
        key = begun()
    for minutes, saved in ((4, False), (6, True)):
        with clock.frozen(TEN + dt.timedelta(minutes=minutes)):
            store = SessionStore(key)
            assert store["who"] == "alice"
            assert store.modified is saved
            if store.modified:
                store.save()
    with clock.frozen(TEN + dt.timedelta(minutes=34)):
        assert SessionStore(key)["who"] == "alice"


def test_it_ends_half_an_hour_after_the_last_click(in_oak: School) -> None:
    with clock.frozen(TEN):
        key = begun()
        # Known to Redis, which does not know when it ends.
        assert SessionStore(key)["who"] == "alice"
    with clock.frozen(TEN + dt.timedelta(minutes=30)):
        assert "who" not in SessionStore(key)


def test_a_session_that_was_to_end_earlier_is_not_prolonged(in_oak: School) -> None:
    with clock.frozen(TEN):
        store = SessionStore()
        store["who"] = "alice"
        store.set_expiry(600)
        store.save()
    with clock.frozen(TEN + dt.timedelta(minutes=9)):
        again = SessionStore(store.session_key)
        assert again["who"] == "alice"
        assert not again.modified


def test_logins_survive_an_outage_of_redis(in_oak: School, settings: pytest.FixtureRequest) -> None:
    key = begun()
    assert SessionStore(key)["who"] == "alice"
    url = settings.REDIS_URL  # type: ignore[attr-defined]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    connection.client.cache_clear()
    try:
        assert SessionStore(key)["who"] == "alice"
        late = begun(who="bob")
        assert SessionStore(late)["who"] == "bob"
        SessionStore(key).delete()
        assert "who" not in SessionStore(key)
    finally:
        settings.REDIS_URL = url  # type: ignore[attr-defined]
        connection.client.cache_clear()
        connection.circuit.reset()
    # What was ended meanwhile is not believed now.
    assert "who" not in SessionStore(key)
    assert SessionStore(late)["who"] == "bob"


def test_redis_holds_no_key_that_somebody_could_log_in_with(in_oak: School) -> None:
    key = begun()
    SessionStore(key).load()
    redis = connection.patient_redis(settings.REDIS_URL)
    names = [name.decode() for name in redis.scan_iter(match=f"tenant:{in_oak.pk}:session:*")]
    assert names
    assert not any(key in name for name in names)


def test_the_cookie_and_the_cache_live_equally_long() -> None:
    assert settings.SESSION_COOKIE_AGE == SESSIONS.ttl_s == 30 * 60


def test_sessions_that_are_over_are_deleted(in_oak: School) -> None:
    with clock.frozen(TEN):
        over = begun()
    with clock.frozen(TEN + dt.timedelta(minutes=20)):
        running = begun()
    with clock.frozen(TEN + dt.timedelta(minutes=31)):
        SessionStore.clear_expired()
        assert [row.session_key for row in Session.objects.all()] == [running] != [over]
