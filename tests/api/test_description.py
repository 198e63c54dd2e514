"""The API's description says what the API does, every route, field and refusal, and can be read offline."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from drf_spectacular import validation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from config.assets import assets
from schoolops import problem
from schoolops.api import documents, idempotency, refusals
from schoolops.api.documents import described
from schoolops.api.idempotency import HEADER, PATTERN, UNSAFE, is_required
from schoolops.api.viewsets import RowViewSet
from schoolops.errors import declared_errors
from schoolops.resilience import heavy
from schoolops.tenancy.models import School
from tests.api.addresses import Address, addresses

DESCRIBED = [each for each in addresses() if each.view is not None and not each.is_alias]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(described())
    return read


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def operation_of(document: dict[str, Any], address: Address) -> dict[str, Any]:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{address.route}")
    found: dict[str, Any] = document["paths"][path][address.method.lower()]
    return found


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    said = orjson.loads((Path(validation.__file__).parent / "openapi_3_1_schema.json").read_bytes())
    # As its own `validate_schema`, which looks for each anchor through all of the specification anew.
    known = DRAFT202012.create_resource(said) @ Registry()
    jsonschema.validate(document, said, Draft202012Validator, registry=known.crawl())


def test_nothing_in_it_was_guessed() -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        SchemaGenerator(urlconf="config.urls").get_schema(request=None, public=True)
    guesses = [*GENERATOR_STATS._error_cache, *GENERATOR_STATS._warn_cache]
    GENERATOR_STATS.reset()
    assert guesses == []


def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert {f"{each.method} {re.sub(r'<(?:[^:>]+:)?([^>]+)>', r'{1}', '/' + each.route)}" for each in DESCRIBED} == {
        re.sub(r"\{[^}]+\}", "{1}", name) for name, _ in operations(document)
    }
    silent = [name for name, operation in operations(document) if not operation.get("description", "").strip()]
    assert silent == []
    untitled = [name for name, operation in operations(document) if not operation.get("summary", "").strip()]
    assert untitled == []


def test_what_needs_an_idempotency_key_says_so(document: dict[str, Any]) -> None:
    needs = {str(each) for each in DESCRIBED if each.method in UNSAFE and each.view and is_required(each.view)}
    said = {
        str(each)
        for each in DESCRIBED
        for one in operation_of(document, each).get("parameters", ())
        if one["name"] == HEADER and one["required"]
    }
    assert said == needs
    assert len(needs) > 10


@pytest.mark.parametrize("key", ["k", "a key", "~" * 255, '"quoted"', "", " ", "k" * 256, "clé", "\n"])
def test_a_key_that_is_described_is_one_that_is_taken(key: str) -> None:
    assert bool(re.search(PATTERN, key)) <= bool(idempotency._KEY.fullmatch(key.strip()))


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    bare = []
    for name, operation in operations(document):
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for which, body in bodies.items():
            for kind, content in body.get("content", {}).items():
                if "json" in kind and not {"example", "examples"} & content.keys():
                    bare.append(f"{name} {which}")
    assert bare == []


def test_every_answer_has_a_shape(document: dict[str, Any]) -> None:
    shapeless = [
        f"{name} {status}"
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status in {"200", "201", "202"} and not answer.get("content")
    ]
    assert shapeless == []


def test_every_refusal_has_its_code_where_it_can_come(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        listed = {
            code
            for answer in operation["responses"].values()
            for code in answer.get("content", {}).get(problem.CONTENT_TYPE, {}).get("examples", {})
        }
        if operation.get("security"):
            assert {"api:not-logged-in", "accounts:token-expired", "accounts:token-revoked"} <= listed, name
        assert "api:validation-failed" in listed, name
    # Ours alone: other tests declare some of their own, after the description was made.
    known = {each.code for each in declared_errors() if each.__module__.startswith(("apps.", "schoolops."))}
    assert known <= set(document["components"]["schemas"]["Problem"]["properties"]["code"]["examples"])


def test_whatever_may_be_answered_anywhere_is_described_everywhere(document: dict[str, Any]) -> None:
    writes = {"POST", "PUT", "PATCH"}
    missing = {
        name: sorted(wanted - operation["responses"].keys())
        for name, operation in operations(document)
        for wanted in [{"404", "422", "429"} | ({"400", "411", "413", "415"} if name.split()[0] in writes else set())]
        if not wanted <= operation["responses"].keys()
    }
    assert missing == {}


def _schemas(within: Any) -> Iterator[dict[str, Any]]:
    if isinstance(within, dict):
        yield within
        within = list(within.values())
    for each in within if isinstance(within, list) else ():
        yield from _schemas(each)


def test_no_enumeration_is_empty_and_no_time_has_a_zone(document: dict[str, Any]) -> None:
    found = list(_schemas(document))
    assert len(found) > 5_000
    assert [each for each in found if isinstance(each.get("enum"), list) and not any(each["enum"])] == []
    assert [each for each in found if each.get("format") == "time"] == []


def test_a_refusal_is_found_through_the_services_a_view_calls() -> None:
    roll = next(each for each in DESCRIBED if each.route.endswith("sections/<uuid:section>/roll/<str:day>")
                and each.method == "PUT")  # fmt: skip
    assert roll.view is not None
    codes = {each.code for each in refusals.of_view(roll.view, roll.action)}
    assert {"attendance:day-locked", "attendance:day-in-the-future", "access:permission-missing"} <= codes


@pytest.mark.parametrize(
    "address",
    [
        each
        for each in DESCRIBED
        if each.view and issubclass(each.view, RowViewSet) and each.action in {"list", "retrieve"}
    ],
    ids=str,
)
def test_the_fields_described_are_the_fields_given(document: dict[str, Any], address: Address) -> None:
    assert address.view is not None
    schema = resolved(
        operation_of(document, address)["responses"]["200"]["content"]["application/json"]["schema"], document
    )
    given = set(address.view.columns)  # type: ignore[attr-defined]
    if address.action == "list":
        assert set(schema["properties"]) == {"results", "next"}
        schema = resolved(schema["properties"]["results"]["items"], document)
        optional = set(schema["properties"]) - set(schema.get("required", []))
        assert given <= set(schema["properties"]) <= given | optional
    else:
        given |= set(address.view.detail_columns)  # type: ignore[attr-defined]
        assert given <= set(schema["properties"])


def test_whoever_opens_the_docs_needs_no_internet(
    oak: School, client_for: Callable[[School], Client], db: None
) -> None:
    page = client_for(oak).get("/api/v1/docs").content.decode()
    sources = re.findall(r'(?:src|href|data-schema)="([^"]+)"', page)
    assert len(sources) == 5
    for source in sources:
        assert source.startswith("/")
        answer = client_for(oak).get(source)
        assert answer.status_code == 200, source
        answer.close()
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")


@pytest.mark.parametrize("host", ["oak.localhost", "localhost"])
def test_the_description_is_the_same_for_everybody(host: str, db: None) -> None:
    answer = Client(headers={"host": host}).get("/api/v1/schema")
    assert answer.status_code == 200
    assert answer.content == described()
    assert Client(headers={"host": host}).post("/api/v1/schema").status_code == 405


@pytest.mark.parametrize("host", ["oak.localhost", "localhost"])
def test_it_is_made_in_the_bulkhead_of_heavy_work_and_given_away_without(
    host: str, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making it takes over a second, and anybody may ask."""
    made: list[int] = []

    def make(*_: object, **__: object) -> dict[str, str]:
        made.append(heavy.room().here)
        return {}

    monkeypatch.setattr(documents, "described", functools.cache(documents.described.__wrapped__))
    monkeypatch.setattr(SchemaGenerator, "get_schema", make)
    for _ in range(2):
        assert Client(headers={"host": host}).get("/api/v1/schema").content == b"{}"
    assert made == [1]
    assert heavy.room().here == 0


def test_production_leaves_files_to_the_proxy() -> None:
    assert settings.SERVE_STATIC is True
    assert len(assets()) == 1


# Texts of another form say by it how long they are.
MEASURED = {"uuid", "date", "date-time", "decimal", "binary"}


def _endless(schema: dict[str, Any], document: dict[str, Any], place: str) -> Iterator[str]:
    """Where a body may hold a text, or a list, of any length."""
    schema = resolved(schema, document)
    kinds = {schema.get("type")} if isinstance(schema.get("type"), str) else set(schema.get("type") or ())
    measured = {"maxLength", "enum", "pattern"} & schema.keys() or schema.get("format") in MEASURED
    if "string" in kinds and not measured and schema.get("contentMediaType") is None:
        yield place
    if "array" in kinds:
        yield from [] if "maxItems" in schema else [f"{place}[]"]
        yield from _endless(schema.get("items", {}), document, f"{place}[]")
    inside = {**schema.get("properties", {}), "*": schema.get("additionalProperties")}
    for name, each in inside.items():
        yield from _endless(each, document, f"{place}.{name}") if isinstance(each, dict) else ()
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from _endless(each, document, place)


def test_whatever_a_body_holds_says_how_long_it_may_be(document: dict[str, Any]) -> None:
    walked = [
        (name, content["schema"])
        for name, operation in operations(document)
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]
    assert len(walked) > 60
    assert [f"{name} {each}" for name, schema in walked for each in _endless(schema, document, "")] == []
