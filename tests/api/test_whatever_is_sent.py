"""Every field of every body × whatever can be sent in its place; and every write sent again once its sender may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from apps.access.models import RoleAssignment
from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops import clock
from schoolops.context import inside, nowhere
from tests.api.ground import Ground
from tests.api.test_who_may_do_what import BODIES, ROWS, Row, ground
from tests.factories import people

__all__ = ["ground"]

PLACE = "@@here@@"
# As JSON is written: what no column holds, what no parser should follow, and what is of another kind.
SENT = (
    r'"\u0000"', r'"a\ud800"', "9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "1e400", "NaN", "-1",
    '""', "null", "true", "[]", "{}", '[[{"a":[null]}]]', "[" * 3000 + "]" * 3000, '"2026-02-30"',
    '"' + "x" * 20_000 + '"',
)  # fmt: skip


def _with_a_place(body: Any) -> Iterator[Any]:
    """``body``, once for each value in it, with ``PLACE`` instead of that value; at last nothing else."""
    pairs = body.items() if isinstance(body, dict) else enumerate(body[:1]) if isinstance(body, list) else ()
    for key, value in pairs:
        for changed in _with_a_place(value):
            copy: Any = dict(body) if isinstance(body, dict) else list(body)
            copy[key] = changed
            yield copy
    yield PLACE


def _send(ground: Ground, row: Row, text: str, **headers: str) -> Any:
    headers["Authorization"] = f"Bearer {ground.tokens['A']}"
    address = f"/api/v1/{row.address.format(**ground.at)}"
    with clock.frozen(people.SCHOOL_MOMENT), nowhere():
        return ground.client.generic(row.method, address, text, "application/json", headers=headers)


JSON_ROWS = [row for row in ROWS if row.name in BODIES and not row.address.startswith(("auth/", "me/"))]


def _bodies(ground: Ground, row: Row) -> list[str]:
    """The body of this line, once for each of its values and each of ``SENT`` in its place; none for a file."""
    with inside(ground.oak), transaction.atomic():
        body = BODIES[row.name](ground, ground.people["A"])
        transaction.set_rollback(True)
    if not isinstance(body, dict) or any(not isinstance(each, str | int | list | dict) for each in body.values()):
        return []
    return [json.dumps(each).replace(f'"{PLACE}"', sent) for each in _with_a_place(body) for sent in SENT]


def test_the_walk_is_long(ground: Ground) -> None:
    assert sum(len(_bodies(ground, row)) for row in JSON_ROWS) > 3_000


@pytest.mark.proof
@pytest.mark.parametrize("row", JSON_ROWS, ids=lambda row: row.name)
def test_whatever_is_sent_is_taken_or_refused(ground: Ground, row: Row) -> None:
    broke = []
    for text in _bodies(ground, row):
        with inside(ground.oak), transaction.atomic():
            answer = _send(ground, row, text)
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            broke.append(f"{text[:300]}: {answer.status_code}")
    assert broke == []


# What a role is needed for; a file is sent in another form.
GUARDED = [
    row
    for row in ROWS
    if row.method != "GET" and row.expected["P"] == 403 and row.expected["A"] < 300 and row.name != "POST imports"
]


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: row.name)
def test_what_was_answered_is_not_given_again_to_who_may_no_longer(ground: Ground, row: Row) -> None:
    """Under the same key it is told that it was done or that it is not theirs; under another one, the latter."""
    with inside(ground.oak), transaction.atomic():
        said = BODIES.get(row.name, lambda _g, _u: {})(ground, ground.people["A"])
        text = json.dumps(said if isinstance(said, dict) else {}, default=str)
        first, again, other = (_asked_with_a_key(ground, row, text, step) for step in ("before", "after", "fresh"))
        transaction.set_rollback(True)
    assert first.status_code < 500
    assert again.status_code in {403, 404, 409}, again.content
    assert other.status_code in {403, 404}, other.content
    assert "Idempotency-Replayed" not in again.headers


def _asked_with_a_key(ground: Ground, row: Row, text: str, step: str) -> Any:
    user = User.objects.get(pk=ground.people["A"].pk)
    if step == "after":
        RoleAssignment.objects.filter(user=user).delete()
        accounts.raise_access_version([user.pk])
    return _send(ground, row, text, **{"Idempotency-Key": "one" if step != "fresh" else "another"})
