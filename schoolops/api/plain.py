"""A body with many records, or of texts alone, that is sent as it should be, read in a tenth of DRF's calls.

Each record of a roll is five fields, for which DRF makes 250 calls; a login is four. What stands here reads the same of
the same declarations, and gives up at anything that it does not know or that is to be refused: then DRF reads the body,
and says what is wrong with it. ``tests/api/test_plain_bodies.py`` holds both to one another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator, ProhibitNullCharactersValidator
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField, empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from schoolops.api.fields import of_another_kind

NOT_PLAIN: Final = object()
_NOTHING: Final = object()
Reader = Callable[[Any], Any]
_OF_A_TEXT = (MaxLengthValidator, ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
_OF_A_LIST = (MaxLengthValidator, MinLengthValidator)
_LENGTH_OF_A_UUID = 36


class _GivesUp(Exception):
    """DRF's to read."""


def read(serializer: type[serializers.BaseSerializer[Any]], data: Any) -> Any:
    """What ``serializer`` makes of ``data``, or ``NOT_PLAIN``."""
    reader = _reader_of(serializer)  # type: ignore[arg-type] # a class is hashable
    if reader is None:
        return NOT_PLAIN
    try:
        return reader(data)
    except (_GivesUp, ValidationError, DjangoValidationError, SkipField, ValueError):
        return NOT_PLAIN


@cache
def _reader_of(serializer: type[serializers.BaseSerializer[Any]]) -> Reader | None:
    """``None`` for what has no list of records and is more than texts: there is nothing to gain."""
    asked: Any = serializer()
    if not isinstance(asked, serializers.Serializer):
        return None
    fields = asked.fields.values()
    if not any(map(_is_of_records, fields)) and {type(each) for each in fields} != {serializers.CharField}:
        return None
    return _record(asked)


def _is_of_records(field: Any) -> bool:
    return isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(
        field.child, serializers.Serializer
    )


def _record(asked: Any) -> Reader | None:
    """How a serializer without rules of its own reads an object."""
    kind, usual = type(asked), serializers.Serializer
    own = any(
        getattr(kind, name) is not getattr(usual, name) for name in ("validate", "to_internal_value", "run_validation")
    )
    if own or asked.validators:
        return None
    fields = []
    for name, field in asked.fields.items():
        reader = _reads(field)
        if (
            reader is None
            or field.read_only
            or field.source_attrs != [field.source]
            or hasattr(asked, f"validate_{name}")
        ):
            return None
        fields.append((name, field.source, reader, field.allow_null, _when_missing(field)))

    def read_record(sent: Any) -> dict[str, Any]:
        if type(sent) is not dict:
            raise _GivesUp
        found = {}
        for name, called, reader, may_be_null, missing in fields:
            value = sent.get(name, _NOTHING)
            if value is _NOTHING:
                if (value := missing()) is not _NOTHING:
                    found[called] = value
            elif value is not None:
                found[called] = reader(value)
            elif may_be_null:
                found[called] = None
            else:
                raise _GivesUp
        return found

    return read_record


def _when_missing(field: Any) -> Callable[[], Any]:
    if field.required:
        return _give_up
    if field.default is empty:
        return lambda: _NOTHING
    made: Callable[[], Any] = field.get_default
    return made


def _give_up() -> Any:
    raise _GivesUp


def _reads(field: Any) -> Reader | None:
    """How a field reads what is sent and not null; ``None``: it is left to DRF with all that stands around it."""
    kind = type(field)
    if kind is serializers.CharField and {type(each) for each in field.validators} <= set(_OF_A_TEXT):
        return _text(field)
    if kind is serializers.UUIDField and not field.validators:
        return _uuid
    if kind is serializers.ChoiceField and not field.validators:
        return _choice(field)
    if kind in (serializers.ListField, serializers.ListSerializer):
        return _list(field)
    if isinstance(field, serializers.BaseSerializer):
        return _record(field) if isinstance(field, serializers.Serializer) else None
    return _as_drf_does(field)


def _text(field: Any) -> Reader:
    most, trims, may_be_blank = field.max_length, field.trim_whitespace, field.allow_blank

    def read_text(sent: Any) -> str:
        # Half a character cannot be kept; who sends it is told so by DRF.
        if type(sent) is not str or "\0" in sent or not (sent.isascii() or sent.encode()):
            raise _GivesUp
        said = sent.strip() if trims else sent
        if (most is not None and len(said) > most) or not (may_be_blank or sent.strip()):
            raise _GivesUp
        return said

    return read_text


def _uuid(sent: Any) -> UUID:
    if type(sent) is not str or len(sent) != _LENGTH_OF_A_UUID:
        raise _GivesUp
    return UUID(sent)


def _choice(field: Any) -> Reader:
    values = {text: value for text, value in field.choice_strings_to_values.items() if text}

    def read_choice(sent: Any) -> Any:
        if type(sent) is not str or sent not in values:
            raise _GivesUp
        return values[sent]

    return read_choice


def _list(field: Any) -> Reader | None:
    child = _reads(field.child)
    if child is None or field.child.allow_null or not {type(each) for each in field.validators} <= set(_OF_A_LIST):
        return None
    fewest = max(field.min_length or 0, 0 if field.allow_empty else 1)

    def read_list(sent: Any) -> list[Any]:
        if (
            type(sent) is not list
            or len(sent) < fewest
            or (field.max_length is not None and len(sent) > field.max_length)
        ):
            raise _GivesUp
        if None in sent:
            raise _GivesUp
        return [child(each) for each in sent]

    return read_list


def _as_drf_does(field: Any) -> Reader:
    def read_other(sent: Any) -> Any:
        if of_another_kind(field, sent):
            raise _GivesUp
        return field.run_validation(sent)

    return read_other
