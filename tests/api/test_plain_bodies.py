"""Bodies with many records are read past DRF where they are as they should be: as it reads them, or left to it.

Every such serializer that there is, with each value in turn replaced by what people and programs send instead.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from schoolops.api import plain
from schoolops.api.fields import of_another_kind
from tests.api.addresses import addresses

ID = "0190b5c0-0000-7000-8000-000000000042"
INSTEAD: tuple[Any, ...] = (
    None, "", " ", " P ", "p", "P" * 500, "é", "P\0", "\ud800", 0, 1, -1, 1.5, 10**30, True, [], {}, [None], [{}], ID,
    ID.upper(), f" {ID}", ID.replace("-", ""), "2026-11-04", "09:00", "7.5", 7.5, ["x"], {"a": 1},
)  # fmt: skip


def _every(kind: type[serializers.Serializer[Any]]) -> Iterator[type[serializers.Serializer[Any]]]:
    for each in kind.__subclasses__():
        yield each
        yield from _every(each)


def _ours() -> list[type[serializers.Serializer[Any]]]:
    # The walk imports every view, and so every serializer.
    assert addresses()
    found = {each for each in _every(serializers.Serializer) if each.__module__.startswith("apps.")}
    return sorted((each for each in found if plain._reader_of(each) is not None), key=lambda each: each.__qualname__)


def _sent(field: Any) -> Any:
    """Something that ``field`` takes, as it is sent."""
    if isinstance(field, serializers.Serializer):
        return {name: _sent(each) for name, each in field.fields.items() if not each.read_only}
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return [_sent(field.child) for _ in range(max(1, field.min_length or 0))]
    for kind, value in (
        (serializers.BooleanField, True), (serializers.IntegerField, 1), (serializers.UUIDField, ID),
        (serializers.DecimalField, "7.5"), (serializers.DateTimeField, "2026-11-04T09:00:00Z"),  # noqa: TID251
        (serializers.DateField, "2026-11-04"), (serializers.TimeField, "09:00"),
    ):  # fmt: skip
        if isinstance(field, kind):
            return value
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    return "P"


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, value in steps:
        yield from _places(value, (*path, step))


def _bodies(body: Any) -> Iterator[Any]:
    yield body
    for path in _places(body):
        for instead in INSTEAD if path else ():
            changed = copy.deepcopy(body)
            *way, last = path
            at = changed
            for step in way:
                at = at[step]
            at[last] = instead
            yield changed
        if path and isinstance(path[-1], str):
            changed = copy.deepcopy(body)
            at = changed
            for step in path[:-1]:
                at = at[step]
            del at[path[-1]]
            at["nobody-asked"] = 1
            yield changed


def _as_drf_reads(kind: type[serializers.Serializer[Any]], body: Any) -> tuple[str, Any]:
    checked = kind(data=body)
    try:
        if refused := of_another_kind(checked, body):
            return "refused", refused
        checked.is_valid(raise_exception=True)
    except ValidationError as refusal:
        return "refused", refusal.detail
    return "read", checked.validated_data


@pytest.mark.django_db
def test_what_is_read_past_drf_is_what_drf_reads(in_oak: Any) -> None:
    kinds, read, left = _ours(), 0, 0
    assert {"RollIn", "ExamMarksIn"} <= {each.__name__ for each in kinds}
    for kind in kinds:
        for body in _bodies(_sent(kind())):
            found = plain.read(kind, copy.deepcopy(body))
            if found is plain.NOT_PLAIN:
                left += 1
                continue
            read += 1
            assert ("read", found) == _as_drf_reads(kind, body), (kind, body)
    assert read > len(kinds)
    assert left > read


def test_a_roll_as_apps_send_it_is_read_past_drf() -> None:
    from apps.attendance.api.serializers import RollIn  # noqa: PLC0415

    body = {
        "version": 3,
        "records": [{"student_id": ID, "code": "P"}, {"student_id": ID, "code": "A", "remark": " x "}],
    }
    found = plain.read(RollIn, body)
    assert found["version"] == 3
    assert [row["remark"] for row in found["records"]] == ["", "x"]
    assert list(found["records"][0]) == ["student_id", "code", "arrived_at", "left_at", "remark"]
