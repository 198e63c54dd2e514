"""Every field of every body × whatever can be sent in its place; and every write sent again once its sender may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.access.models import RoleAssignment
from apps.accounts import services as accounts
from schoolops import clock, privacy
from schoolops.context import inside, nowhere, outside_schools
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
    headers.setdefault("Idempotency-Key", str(uuid4()))
    address = f"/api/v1/{row.address.format(**ground.at)}"
    with clock.frozen(people.SCHOOL_MOMENT), nowhere():
        return ground.client.generic(row.method, address, text, "application/json", headers=headers)


NO_JSON = ("auth/", "me/")
# Sent as forms, with a file.
FILES = {"POST bank-statements", "POST imports", "POST exam-sessions/{marked_session}/mark-file"}
JSON_ROWS = [row for row in ROWS if row.name in BODIES and not row.address.startswith(NO_JSON)]


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


# A value of the kind that the document says → what DRF alone would take for it, and what no column holds.
NEARLY: dict[type, tuple[str, ...]] = {str: ("7", "7.5", r'"a\u0000"'), int: ('"7"', "true"), bool: ('"yes"', "1")}


def _nearly(body: Any, place: str = "") -> Iterator[tuple[str, Any, str]]:
    """(where, the body with ``PLACE`` there, what is sent there instead), for each value in ``body``."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body):
        here = f"{place}.{key}".strip(".")
        copy: Any = dict(body) if isinstance(body, dict) else list(body)
        if isinstance(value, dict | list):
            for where, changed, sent in _nearly(value, here):
                copy[key] = changed
                yield where, copy, sent
        else:
            copy[key] = PLACE
            for sent in NEARLY.get(type(value), ()):
                yield here, copy, sent


@pytest.mark.parametrize("row", JSON_ROWS, ids=lambda row: row.name)
def test_what_is_of_another_kind_is_refused_where_it_stands(ground: Ground, row: Row) -> None:
    with inside(ground.oak), transaction.atomic():
        body = BODIES[row.name](ground, ground.people["A"])
        transaction.set_rollback(True)
    if not isinstance(body, dict) or row.name in FILES:
        return
    for where, changed, sent in _nearly(json.loads(json.dumps(body, default=str))):
        with inside(ground.oak), transaction.atomic():
            answer = _send(ground, row, json.dumps(changed).replace(f'"{PLACE}"', sent))
            transaction.set_rollback(True)
        assert answer.status_code == 422, (where, sent, answer.content)
        assert where in {each["field"] for each in answer.json()["errors"]}, (where, sent, answer.content)


# What a role is needed for; a file is sent in another form.
GUARDED = [
    row
    for row in ROWS
    if row.method != "GET" and row.expected["P"] == 403 and row.expected["A"] < 300 and row.name not in FILES
]


# Stands in every private column of the school.
MARK = "Zq7private"
SHARED = """
SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""


def _marked() -> None:
    """Of how somebody is reached, what need not differ from one to the next."""
    for model, said in privacy.declared().items():
        if names := {*said.private, *(said.personal & {"address", "phone"})}:
            model._default_manager.update(**dict.fromkeys(names, MARK))


def _where_it_stands() -> list[str]:
    """Tables that all schools share in which ``MARK`` can be read, as a text or as bytes."""
    marks = "ARRAY['%%' || %(text)s || '%%', '%%' || %(bytes)s || '%%']"
    asked = "SELECT '{0}' WHERE EXISTS (SELECT FROM {0} AS each WHERE each::text LIKE ANY({1}))"
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(SHARED)
        each = [asked.format(table, marks) for (table,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(each), {"text": MARK, "bytes": MARK.encode().hex()})
        return [table for (table,) in cursor.fetchall()]


@pytest.fixture(scope="module")
def marked(ground: Ground) -> Ground:
    with inside(ground.oak):
        _marked()
    return ground


def test_what_stands_in_clear_would_be_seen(marked: Ground) -> None:
    for headers, body in (("{}", f"so {MARK} is read".encode()), (f'{{"name": "{MARK}"}}', b"sealed")):
        with inside(marked.oak), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM platform.answer_begin('dave', 'planted', 'asked')")
            assert _where_it_stands() == []
            cursor.execute("SELECT platform.answer_keep('dave', 'planted', 200::smallint, %s, %s)", [headers, body])
            assert _where_it_stands() == ["public.queues_rememberedanswer"]
            transaction.set_rollback(True)


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: row.name)
def test_what_was_answered_is_not_given_again_to_who_may_no_longer(marked: Ground, row: Row) -> None:
    """Under the same key it is told that it was done or that it is not theirs; under another one, the latter.

    What it says meanwhile can be read nowhere, and once they may again, a refusal is no answer any more.
    """
    with inside(marked.oak), transaction.atomic():
        said = BODIES.get(row.name, lambda _g, _u: {})(marked, marked.people["A"])
        text = json.dumps(said if isinstance(said, dict) else {}, default=str)
        refused = _asked_without_a_role(marked, row, text, "one")
        first = _asked(marked, row, text, "one")
        kept_in = _where_it_stands()
        again, other = (_asked_without_a_role(marked, row, text, key) for key in ("one", "another"))
        transaction.set_rollback(True)
    assert refused.status_code in {403, 404}, refused.content
    assert first.status_code not in {403, 404, 500}, first.content
    assert kept_in == []
    assert again.status_code in {403, 404, 409}, again.content
    assert other.status_code in {403, 404}, other.content
    assert not any("Idempotency-Replayed" in each.headers for each in (first, again, other))


def _asked(ground: Ground, row: Row, text: str, key: str) -> Any:
    return _send(ground, row, text, **{"Idempotency-Key": key})


def _asked_without_a_role(ground: Ground, row: Row, text: str, key: str) -> Any:
    """As if their roles had been withdrawn; afterwards they are there again."""
    user = ground.people["A"]
    held = RoleAssignment.objects.filter(user=user)
    before = list(held)
    held.delete()
    accounts.raise_access_version([user.pk])
    try:
        return _asked(ground, row, text, key)
    finally:
        RoleAssignment.objects.bulk_create(before)
        accounts.raise_access_version([user.pk])
