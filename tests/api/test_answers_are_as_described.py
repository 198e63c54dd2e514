"""Every operation × whoever asks: status, content type and body are what the description says."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.urls import resolve
from jsonschema import Draft202012Validator

from schoolops.api.documents import described
from schoolops.context import inside
from tests.api.ground import Ground
from tests.api.test_who_may_do_what import BODIES, ROWS, Row, ground

__all__ = ["ground"]
ASKED_BY = "ATG-"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(described())
    return read


def _operation(document: dict[str, Any], ground: Ground, row: Row) -> dict[str, Any]:
    route = resolve(f"/api/v1/{row.address.format(**ground.at)}".partition("?")[0]).route
    wanted = "/" + route.replace("<", "{").replace(">", "}")
    for kind in ("uuid:", "str:", "job:", "int:", "slug:"):
        wanted = wanted.replace("{" + kind, "{")
    found: dict[str, Any] = document["paths"][wanted][row.method.lower()]
    return found


def _differences(document: dict[str, Any], operation: dict[str, Any], answer: Any, body: bytes) -> Iterator[str]:
    said = operation["responses"].get(str(answer.status_code))
    if said is None:
        yield f"{answer.status_code} is not described"
        return
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if not body:
        return
    content = said.get("content", {})
    if not any(fnmatch(kind, each) for each in content):
        yield f"{answer.status_code} {kind} is not described"
    elif kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": document["components"]}
        for error in Draft202012Validator(schema).iter_errors(orjson.loads(body)):
            yield f"{answer.status_code} {error.json_path}: {error.message[:120]}"


def _asked(document: dict[str, Any], ground: Ground, row: Row, letter: str) -> list[str]:
    with inside(ground.oak), transaction.atomic():
        said = BODIES.get(row.name, lambda _g, _u: None)(ground, ground.people.get(letter, ground.people["T"]))
        answer = ground.ask(letter, row.method, row.address.format(**ground.at), said)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return list(_differences(document, _operation(document, ground, row), answer, body))


def test_every_answer_is_as_described(ground: Ground, document: dict[str, Any]) -> None:
    # The description itself is none of its operations.
    rows = [row for row in ROWS if row.address not in {"schema", "docs"}]
    found = {
        f"{row.name} as {letter}": wrong
        for row in rows
        for letter in ASKED_BY
        if (wrong := _asked(document, ground, row, letter))
    }
    assert found == {}
    assert len(rows) * len(ASKED_BY) > 780


def test_an_answer_that_is_not_described_is_found(
    ground: Ground,
    document: dict[str, Any],
) -> None:
    row = next(each for each in ROWS if each.name == "GET students/{child}")
    holes: tuple[dict[str, Any], ...] = (
        {"200": {"content": {"application/json": {"schema": {"type": "array"}}}}},
        {"200": {"content": {"text/csv": {}}}},
        {"201": {}},
    )
    path = next(each for each in document["paths"] if each == "/api/v1/students/{id}")
    for hole in holes:
        planted = {**document, "paths": {path: {"get": {"responses": hole}}}}
        assert _asked(planted, ground, row, "A")
