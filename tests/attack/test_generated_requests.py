"""What is made of the API's document for generated requests, and what is read in their report."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.api.addresses import PLAIN, addresses
from tests.attack import fuzz, sound
from tests.smoke.asks.table import Ask

REAL = {"students": ["s-1", "s-2"], "sections": ["x-1"], "day": ["2026-11-25"], "version": [1]}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/v1/students/{id}/move-section": {
            "post": {
                "parameters": [{"in": "path", "name": "id"}, {"in": "query", "name": "as_of"}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/MoveIn"},
                            "example": {"section_id": "made up", "rows": [{"student_id": "made up"}], "reason": "why"},
                        }
                    }
                },
                "responses": {"200": {"content": {"application/json": {"example": {"id": "made up"}}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "MoveIn": {
                "properties": {
                    "section_id": {},
                    "reason": {},
                    "rows": {"type": "array", "items": {"$ref": "#/components/schemas/RowIn"}},
                    "student_ids": {"type": "array", "items": {"type": "string"}},
                }
            },
            "RowIn": {"properties": {"student_id": {}}},
        }
    },
}


def _event(label: str, status: int, check: str = "") -> str:
    failed = {"name": check, "status": "failure", "failure_info": {"failure": {"message": "no"}}}
    recorder = {
        "label": label,
        "interactions": {"c": {"response": {"status_code": status}}},
        "checks": {"c": [failed] if check else [{"name": "not_a_server_error", "status": "success"}]},
    }
    return json.dumps({"ScenarioFinished": {"recorder": recorder}})


SOUND = [_event(f"GET /{each}/{{id__of__{each}}}", 200) for each in ("students", "sections", "years")]


def test_real_ids_stand_wherever_one_is_asked_for() -> None:
    told = tomllib.loads(fuzz.settings(fuzz.seeded(DOCUMENT, REAL, {}), REAL))

    assert {name: each["dictionary"] for name, each in told["parameters"].items()} == {
        "path.id__of__students": "students",
        "query.as_of": "day",
        "body.section_id": "sections",
        "body.rows[*].student_id": "students",
        "body.student_ids[*]": "students",
    }
    assert told["dictionaries"]["students"]["values"] == ["s-1", "s-2"]


def test_every_hole_of_an_address_is_the_id_of_something() -> None:
    paths = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", each.route.removeprefix(PLAIN)) for each in addresses()}
    holes = {(path, name) for path in paths for name in re.findall(r"\{(\w+)\}", path)}
    assert len(holes) > 50
    assert {hole for hole in holes if not fuzz.kind_of(hole[1], f"/{hole[0]}")} == set()


def test_examples_are_of_rows_that_are_there() -> None:
    (operation,) = fuzz.seeded(DOCUMENT, REAL, {})["paths"]["/api/v1/students/{id__of__students}/move-section"].values()

    assert [each["example"] for each in operation["parameters"]] == ["s-1", "2026-11-25"]
    (body,) = operation["requestBody"]["content"].values()
    assert body["example"] == {"section_id": "x-1", "rows": [{"student_id": "s-1"}], "reason": "why"}
    assert operation["responses"]["200"]["content"] == {"application/json": {}}


def test_an_example_is_a_request_that_is_answered_well_where_one_was_made_ready() -> None:
    ask = Ask({"id": "s-9"}, {"section_id": "x-9"}, {"as_of": "2026-11-27"})
    made = fuzz.seeded(DOCUMENT, REAL, {"POST students/{id}/move-section": ask})

    (operation,) = made["paths"]["/api/v1/students/{id__of__students}/move-section"].values()
    assert [each["example"] for each in operation["parameters"]] == ["s-9", "2026-11-27"]
    (body,) = operation["requestBody"]["content"].values()
    assert body["example"] == {"section_id": "x-9"}


def test_somebody_stands_for_every_role_that_requests_name() -> None:
    said = "".join(each.read_text("utf-8") for each in (BASE_DIR / "tests" / "smoke" / "asks").glob("*.py"))
    assert {*re.findall(r'world\.roles\["(\w+)"\]', said)} <= {*sound.ROLES}


def test_a_sound_report_has_nothing_wrong() -> None:
    assert fuzz.read(0, "", "\n".join(SOUND)).wrong() == []


@pytest.mark.parametrize(
    ("code", "events"),
    [
        # A check failed; schemathesis or one of its warnings did; nothing was answered well; nothing was asked at all.
        (1, [*SOUND, _event("GET /students", 500, "not_a_server_error")]),
        (1, SOUND),
        (0, [*SOUND, *[_event("GET /students/{id}", 404)] * 200]),
        (0, [_event("GET /students", 200)]),
        (0, []),
    ],
)
def test_what_is_wrong_counts(code: int, events: list[str]) -> None:
    assert len(fuzz.read(code, "1 warning", "\n".join(events)).wrong()) == 1


def test_what_is_refused_to_who_may_do_everything_is_asked_once_more_where_nothing_was_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = fuzz.Seen(asked=Counter({"GET students/{id}": 8, "GET exams": 9, "POST imports": 20, "GET roles": 7}))
    never = seen.never()
    assert never == {"GET students/{id}", "GET exams"}
    monkeypatch.setattr(sound, "refused", lambda _, labels: [each for each in labels if each == "GET exams"])
    said: list[str] = []
    oak: Any = SimpleNamespace(slug="oak", outside=SimpleNamespace(another_school=lambda slug: slug))
    assert fuzz._refused_anew(oak, never, seen, said.append) == ["GET exams was never answered well in 9 requests"]
    assert [each.endswith("GET students/{id}") for each in said] == [True]
