"""A share, a weight, a mark: a decimal is a text in what is sent and answered, and taken exactly as it is described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from schoolops.api.documents import described
from schoolops.api.fields import Exact
from schoolops.api.viewsets import valid

TAKEN = {"0", "7.5", "0007.50", "999.99"}
SIGNED = {"-1", "-0.5", "-0"}
ARABIC, FULLWIDTH = "\u0667", "\uff17"
REFUSED = (
    "1000", "7.555", "7.", ".5", "", " 7", "7\n", "+7", "7,5", "1e1", "1_0", "NaN", "Infinity", ARABIC, FULLWIDTH,
    "9" * 2000,
)  # fmt: skip


class Weighed(serializers.Serializer[object]):
    """Something with a weight, and perhaps points."""

    weight = Exact(max_digits=5, decimal_places=2, min_value=0, required=False)
    points = Exact(max_digits=5, decimal_places=2, allow_null=True, required=False)


def _taken(name: str, said: Any) -> Any:
    try:
        return valid(Weighed, {name: said})[name]
    except ValidationError as refused:
        return refused


@pytest.mark.parametrize("written", [*sorted(TAKEN | SIGNED), *REFUSED])
@pytest.mark.parametrize(("name", "more"), [("weight", set()), ("points", SIGNED)])
def test_what_is_taken_is_what_is_described(name: str, more: set[str], written: str) -> None:
    pattern = Weighed().fields[name].pattern

    assert bool(re.search(pattern.replace("$", r"\Z"), written)) == (written in TAKEN | more)
    found = _taken(name, written)
    assert found == Decimal(written) if written in TAKEN | more else isinstance(found, ValidationError)


@pytest.mark.parametrize("sent", [7, 7.5, 0, True, [], {}])
def test_a_number_of_json_is_refused_with_how_it_is_written(sent: Any) -> None:
    refused = _taken("points", sent)

    assert isinstance(refused, ValidationError)
    assert "as a text" in str(refused.detail["points"])


def test_null_is_no_number_where_there_may_be_none() -> None:
    assert _taken("points", None) is None
    assert isinstance(_taken("weight", None), ValidationError)


def _decimals(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            yield schema
        schema = list(schema.values())
    for each in schema if isinstance(schema, list) else ():
        yield from _decimals(each)


def test_every_decimal_of_the_api_is_described_as_one() -> None:
    found = list(_decimals(orjson.loads(described())["components"]["schemas"]))

    assert len(found) > 25
    for each in found:
        assert "string" in each["type"]
        assert re.fullmatch(r"\^(-\?)?0\*\[0-9\]\{1,\d+\}\(\\\.\[0-9\]\{1,\d\}\)\?\$", each["pattern"]), each
