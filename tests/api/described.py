"""What the description of the API says of an answer, and where an answer is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from typing import Any

import orjson
from django.urls import resolve
from jsonschema import Draft202012Validator

from schoolops.api.documents import described


@cache
def document() -> dict[str, Any]:
    """The description, as it is sent."""
    read: dict[str, Any] = orjson.loads(described())
    return read


def differences(
    method: str, address: str, answer: Any, body: bytes, *, said_in: dict[str, Any] | None = None
) -> Iterator[str]:
    """What of an answer at ``address``, below the API's root, is not as ``said_in`` or the description says."""
    read = said_in or document()
    said = _operation(read, method, address)["responses"].get(str(answer.status_code))
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
        schema = {**content[kind]["schema"], "components": read["components"]}
        for error in Draft202012Validator(schema).iter_errors(orjson.loads(body)):
            yield f"{answer.status_code} {error.json_path}: {error.message[:120]}"


def _operation(read: dict[str, Any], method: str, address: str) -> dict[str, Any]:
    route = resolve(f"/api/v1/{address}".partition("?")[0]).route
    wanted = "/" + route.replace("<", "{").replace(">", "}")
    for kind in ("uuid:", "str:", "job:", "int:", "slug:"):
        wanted = wanted.replace("{" + kind, "{")
    found: dict[str, Any] = read["paths"][wanted][method.lower()]
    return found
