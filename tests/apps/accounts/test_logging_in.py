"""Tokens for a login and password: what opens a door, what closes it, and what the answer gives away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.hashers import SchoolArgon2Hasher
from apps.accounts.models import Token, TokenFamily, User
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School
from tests.factories import people

MOMENT = people.SCHOOL_MOMENT


@pytest.fixture
def client(oak: School, client_for: Callable[[School], Client]) -> Client:
    return client_for(oak)


def log_in(client: Client, login: str = "bob", password: str = people.PASSWORD, **more: Any) -> Any:
    said = {"login": login, "password": password, **more}
    return client.post("/api/v1/auth/login", said, content_type="application/json")


def refresh(client: Client, token: str) -> Any:
    return client.post("/api/v1/auth/refresh", {"refresh_token": token}, content_type="application/json")


def me(client: Client, token: str) -> Any:
    return client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_a_teacher_logs_in_and_the_token_says_who_she_is(client: Client, bob: User) -> None:
    answer = log_in(client, device="Bob's phone")

    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 15 * 60
    assert body["user"] == {
        "id": str(bob.sourced_id), "username": "bob", "name": "Bob", "language": "", "setup_missing": "",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    mine = me(client, body["access_token"]).json()
    assert mine["username"] == "bob"
    assert [role["code"] for role in mine["roles"]] == ["teacher"]
    assert "attendance.mark" in mine["permissions"]
    assert TokenFamily.objects.get().label == "Bob's phone"
    line = AuditEntry.objects.get(action="accounts.logged-in")
    assert (line.actor_id, line.object_type, line.object_id) == (str(bob.sourced_id), "accounts.user", line.actor_id)
    assert (line.actor_name, line.before, line.after) == ("Bob", None, {"device": "Bob's phone"})
    assert line.at == MOMENT
    assert line.request_id == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("login", ["BOB", " bob ", "bob@oak.example", "Bob@Oak.Example"])
def test_a_login_is_the_username_or_the_email_in_any_case(client: Client, bob: User, login: str) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    assert log_in(client, login).status_code == 200


def test_nobody_without_an_email_is_known_by_its_absence(client: Client, bob: User) -> None:
    assert log_in(client, "@").json()["code"] == "accounts:login-refused"


def test_it_says_the_same_of_a_wrong_password_an_unknown_login_and_a_leaver(
    client: Client, bob: User, alice: User, carol: User
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    User.objects.filter(pk=carol.pk).update(access_until=MOMENT)

    answers = [
        log_in(client, "bob", "wrong"),
        log_in(client, "nobody"),
        log_in(client, "alice"),
        log_in(client, "carol"),
    ]

    assert {answer.status_code for answer in answers} == {401}
    said = [{name: value for name, value in answer.json().items() if name != "instance"} for answer in answers]
    assert all(each == said[0] for each in said)
    assert said[0]["code"] == "accounts:login-refused"


def test_an_unknown_login_costs_the_same_hashing(client: Client, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    for name in ("encode", "verify"):
        real = getattr(SchoolArgon2Hasher, name)
        monkeypatch.setattr(
            SchoolArgon2Hasher,
            name,
            lambda self, *a, _real=real, _name=name: (hashed.append(_name), _real(self, *a))[1],
        )
    log_in(client, "bob", "wrong")
    known = len(hashed)
    log_in(client, "nobody", "wrong")
    assert (known, len(hashed)) == (1, 2)


def test_a_login_costs_the_same_few_queries_whoever_it_is(
    client: Client, alice: User, bob: User, query_count: Any
) -> None:
    log_in(client)
    with query_count(2):
        assert log_in(client).status_code == 200
    with query_count(2):
        assert log_in(client, "alice").status_code == 200


def test_knowing_who_asks_costs_one_query_and_what_they_may_do_one_more(
    client: Client, bob: User, query_count: Any
) -> None:
    token = log_in(client).json()["access_token"]
    with query_count(2):
        assert me(client, token).status_code == 200


def test_an_access_token_lives_fifteen_minutes(client: Client, bob: User, later: Any) -> None:
    token = log_in(client).json()["access_token"]
    later(minutes=14, seconds=59)
    assert me(client, token).status_code == 200
    later(seconds=1)
    answer = me(client, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts:token-expired")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_gives_a_new_pair_and_the_old_access_token_ends(client: Client, bob: User) -> None:
    first = log_in(client).json()
    second = refresh(client, first["refresh_token"])
    assert second.status_code == 200
    assert me(client, second.json()["access_token"]).status_code == 200
    assert me(client, first["access_token"]).status_code == 401


def test_a_refresh_token_used_twice_ends_the_whole_login(client: Client, bob: User) -> None:
    first = log_in(client).json()
    other_device = log_in(client).json()
    second = refresh(client, first["refresh_token"]).json()

    again = refresh(client, first["refresh_token"])

    assert (again.status_code, again.json()["code"]) == (401, "accounts:refresh-reused")
    assert me(client, second["access_token"]).json()["code"] == "accounts:token-revoked"
    assert refresh(client, second["refresh_token"]).json()["code"] == "accounts:token-revoked"
    assert me(client, other_device["access_token"]).status_code == 200
    assert AuditEntry.objects.filter(action="accounts.refresh-reused").count() == 1


def test_a_refresh_token_lives_fourteen_days(client: Client, bob: User, later: Any) -> None:
    token = log_in(client).json()["refresh_token"]
    later(days=14)
    assert refresh(client, token).json()["code"] == "accounts:token-expired"


def test_an_access_token_does_not_refresh_and_a_refresh_token_opens_nothing(client: Client, bob: User) -> None:
    tokens = log_in(client).json()
    assert refresh(client, tokens["access_token"]).json()["code"] == "accounts:token-unknown"
    assert me(client, tokens["refresh_token"]).json()["code"] == "accounts:token-unknown"


def test_a_refresh_token_in_letters_that_no_token_has_is_unknown(client: Client, bob: User) -> None:
    assert refresh(client, "so_r_oak_x_é").json()["code"] == "accounts:token-unknown"


def test_logging_out_ends_this_login_and_leaves_the_others(client: Client, bob: User) -> None:
    here, there = log_in(client).json(), log_in(client).json()
    bearer = {"Authorization": f"Bearer {here['access_token']}"}
    assert client.post("/api/v1/auth/logout", headers=bearer).status_code == 204
    assert me(client, here["access_token"]).json()["code"] == "accounts:token-revoked"
    assert refresh(client, here["refresh_token"]).json()["code"] == "accounts:token-revoked"
    assert me(client, there["access_token"]).status_code == 200


def test_logging_out_everywhere_ends_every_login(client: Client, bob: User, alice: User) -> None:
    here, there, alices = log_in(client).json(), log_in(client).json(), log_in(client, "alice").json()
    bearer = {"Authorization": f"Bearer {here['access_token']}"}
    answer = client.post("/api/v1/auth/logout-everywhere", headers=bearer)
    assert (answer.status_code, answer.json()) == (200, {"ended": 2})
    assert me(client, here["access_token"]).status_code == 401
    assert me(client, there["access_token"]).status_code == 401
    assert me(client, alices["access_token"]).status_code == 200


def test_a_token_of_oak_is_unknown_at_elm_and_so_is_its_password(
    client: Client, bob: User, elm: School, client_for: Callable[[School], Client]
) -> None:
    tokens = log_in(client).json()
    at_elm = client_for(elm)
    assert me(at_elm, tokens["access_token"]).json()["code"] == "accounts:token-unknown"
    assert refresh(at_elm, tokens["refresh_token"]).json()["code"] == "accounts:token-unknown"
    assert log_in(at_elm).json()["code"] == "accounts:login-refused"
    # Not even where the row itself was carried over.
    row = Token.objects.select_related("family").get(kind=Token.Kind.ACCESS)
    with inside(elm):
        twin = people.a_user("bob")
        family = TokenFamily.objects.create(user=twin, school_schema=row.family.school_schema, created_at=MOMENT)
        Token.objects.create(family=family, kind=row.kind, digest=bytes(row.digest), expires_at=row.expires_at)
    assert me(at_elm, tokens["access_token"]).json()["code"] == "accounts:token-unknown"


def test_an_operator_is_nobody_at_a_school_and_a_teacher_nobody_at_the_operators(client: Client, bob: User) -> None:
    operators = Client(raise_request_exception=False, headers={"host": "localhost"})
    with outside_schools():
        people.a_user("dana")
    assert log_in(client, "dana").json()["code"] == "accounts:login-refused"
    assert log_in(operators, "bob").json()["code"] == "accounts:login-refused"
    dana = log_in(operators, "dana")
    assert dana.status_code == 200
    assert me(client, dana.json()["access_token"]).json()["code"] == "accounts:token-unknown"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer so_a_oak_x_y", "Basic Ym9iOmJvYg==", "Bearer é", "Bearer " + "x" * 5000]
)
def test_a_header_that_holds_no_token_of_ours_is_refused(client: Client, bob: User, header: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts:token-unknown")


def test_without_a_token_one_is_asked_to_log_in(client: Client, bob: User) -> None:
    answer = client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "api:not-logged-in")


def test_a_login_without_its_fields_names_them(client: Client, bob: User) -> None:
    answer = client.post("/api/v1/auth/login", {"login": ""}, content_type="application/json")
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"login", "password"}


def test_only_the_digest_of_a_token_is_stored(client: Client, bob: User) -> None:
    tokens = log_in(client).json()
    kept = b"".join(bytes(digest) for digest in Token.objects.values_list("digest", flat=True))
    assert len(kept) == 64
    assert tokens["access_token"].encode() not in kept
