"""Fields that serializers of several apps need."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from schoolops import clock

# As the document says it. DRF would take 0 for a text and "yes" for a truth.
JSON_KINDS: tuple[tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], ...], tuple[type, ...]], ...] = (
    ((serializers.BooleanField,), (bool,)),
    ((serializers.IntegerField, serializers.FloatField), (int, float)),
    ((serializers.CharField, serializers.UUIDField, serializers.DecimalField), (str,)),  # noqa: TID251 - what Exact is
)


class Email(serializers.EmailField):
    """An e-mail address, of the length of its column."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 254, **options})


class Day(serializers.DateField):
    """A date that can be meant: from ``clock.FIRST_YEAR`` to ``clock.LAST_YEAR``."""

    default_error_messages = {"out_of_reach": f"A date from {clock.FIRST_YEAR} to {clock.LAST_YEAR}."}

    def to_internal_value(self, value: Any) -> dt.date:
        found: dt.date = super().to_internal_value(value)
        if not clock.in_reach(found):
            self.fail("out_of_reach")
        return found


class Exact(serializers.DecimalField):  # noqa: TID251 - the one place where it is made exact
    """A decimal number, a text wherever it is sent or answered: a JSON number is rounded by most who read or write it.

    Written in the digits 0 to 9 with a point, and with no more places than its column has.
    """

    default_error_messages = {"invalid": 'A decimal number, sent as a text such as "7.5".'}

    @property
    def pattern(self) -> str:
        """What is taken, as a regular expression of the API's description."""
        return f"^{self._sign}0*[0-9]{{1,{self.max_whole_digits}}}(\\.[0-9]{{1,{self.decimal_places}}})?$"

    @property
    def _sign(self) -> str:
        return "" if self.min_value is not None and self.min_value >= 0 else "-?"

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # DRF's own takes an empty text for null.
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        # Anything else that Decimal reads is none: 1e1, 1_0, NaN, digits of other scripts. How long it is, DRF says.
        if not re.fullmatch(rf"{self._sign}[0-9]+(\.[0-9]+)?", str(data)):
            self.fail("invalid")
        found: Decimal = super().to_internal_value(data)
        return found


class RowId(serializers.UUIDField):
    """The public id of a row; validated data holds the row itself. An unknown id is refused by the field's name.

    ``rows`` may join what the service will look at. Reach is the service's to ask: a row that is there and not in
    reach is refused there, in the same words for everybody.
    """

    default_error_messages = {"unknown_id": "There is nothing here by that id."}

    def __init__(self, rows: type[Model] | QuerySet[Any], **options: Any) -> None:
        self.rows = rows
        self.options = options
        super().__init__(**options)

    def __deepcopy__(self, memo: dict[int, Any]) -> RowId:
        # DRF copies fields from their arguments, and a queryset that is copied would be evaluated.
        return type(self)(self.rows, **self.options)

    def to_internal_value(self, data: Any) -> Any:
        key: UUID = super().to_internal_value(data)
        rows = self.rows if isinstance(self.rows, QuerySet) else self.rows._default_manager
        found = rows.filter(sourced_id=key).first()
        if found is None:
            self.fail("unknown_id")
        return found


def of_another_kind(field: Any, sent: Any) -> Any:
    """The refusals of what is of another JSON kind than ``field`` says, nested as DRF does it; empty where nothing is.

    Whatever holds a list or an object is left to the field, and so is null.
    """
    found: dict[str, Any] = {}
    if isinstance(field, serializers.Serializer) and isinstance(sent, Mapping):
        asked = field.fields.items()
        found = {name: of_another_kind(each, sent[name]) for name, each in asked if name in sent and not each.read_only}
    elif isinstance(field, serializers.DictField) and isinstance(sent, Mapping):
        found = {name: of_another_kind(field.child, each) for name, each in sent.items()}
    elif isinstance(field, serializers.ListField | serializers.ListSerializer) and isinstance(sent, list):
        found = {str(place): of_another_kind(field.child, each) for place, each in enumerate(sent)}
    elif sent is not None:
        for fields, kinds in JSON_KINDS:
            if isinstance(field, fields):
                fits = isinstance(sent, kinds) and (bool in kinds or not isinstance(sent, bool))
                return [] if fits else [ErrorDetail(str(field.error_messages["invalid"]), "invalid")]
    return {name: each for name, each in found.items() if each}


class ForAWhile(serializers.Serializer[object]):
    """Why something closed may be changed again, and for how long: ``hours`` stands in each kind of it."""

    reason = serializers.CharField(max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Beyond what a timedelta holds it is too long all the same; the service says so.
        return {"reason": attrs["reason"], "lasting": dt.timedelta(hours=min(max(attrs["hours"], 0), 10_000))}


def whole_list(row: type[serializers.Serializer[object]]) -> serializers.Serializer[object]:
    """A list that always comes whole: pages have the same form, and there is no next one."""
    fields = {"results": row(many=True), "next": serializers.CharField(allow_null=True, help_text="Always null.")}
    made: serializers.Serializer[object] = inline_serializer(f"{row.__name__.removesuffix('Out')}List", fields)
    return made
