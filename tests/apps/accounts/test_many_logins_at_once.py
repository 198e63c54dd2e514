"""When more log in than can be let in, the others are told when to come, and it costs nobody anything."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import hashers

from apps.accounts.models import User
from apps.accounts.services import hashing
from schoolops.redis.connection import RATE_LIMITS, client


def test_who_finds_the_door_full_is_told_when_to_come_and_nothing_is_counted(at_oak: Any, bob: User) -> None:
    room = hashing.room()
    with room.admitted(), room.admitted():
        refused = at_oak().log_in()
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "resilience:busy"
    assert int(refused.headers["Retry-After"]) >= 1
    assert list(client(RATE_LIMITS).scan_iter("*:ratelimit:delay:*")) == []
    assert at_oak().log_in().status_code == 200


def test_those_who_are_logged_in_work_on_while_the_door_is_full(at_oak: Any, alice: User) -> None:
    inside_already = at_oak(alice)
    room = hashing.room()
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
