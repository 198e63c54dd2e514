"""Fields that serializers of several apps need."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework import serializers

from schoolops import clock


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
