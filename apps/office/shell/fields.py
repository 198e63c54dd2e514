"""What the office's forms share: days and times as browsers write them, amounts as people do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import Http404, HttpRequest, QueryDict
from django.urls import register_converter
from django.utils.translation import gettext as _

from schoolops import clock, money

THOUSANDS = re.compile(r"[,\u066b\u066c]\d{3}$")


class DayInput(forms.DateInput):
    """A day, chosen from the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """A time of day."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class DayConverter:
    """``2026-11-04`` in an address; what is no day is no such page."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        day = dt.date.fromisoformat(value)
        if not clock.in_reach(day):
            raise ValueError(value)
        return day

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


register_converter(DayConverter, "day")


def day_field(**more: Any) -> forms.DateField:
    """A day as browsers send it, whatever the language of the page."""
    return forms.DateField(widget=DayInput, input_formats=["%Y-%m-%d"], validators=[_refuse_out_of_reach], **more)


def _refuse_out_of_reach(day: dt.date) -> None:
    if not clock.in_reach(day):
        raise forms.ValidationError(forms.DateField.default_error_messages["invalid"], code="invalid")


def time_field(**more: Any) -> forms.TimeField:
    """A time as browsers send it."""
    return forms.TimeField(widget=TimeInput, input_formats=["%H:%M", "%H:%M:%S"], **more)


class AmountField(forms.DecimalField):
    """An amount above zero; ``zero``: or nothing. How many decimals it has its service knows."""

    def __init__(self, *, zero: bool = False, **more: Any) -> None:
        least = Decimal(0) if zero else Decimal(1).scaleb(-money.PLACES)
        super().__init__(max_digits=money.MAX_DIGITS, decimal_places=money.PLACES, min_value=least, **more)

    def clean(self, value: Any) -> Any:
        if isinstance(value, str) and THOUSANDS.search(value.strip()):
            # 1,200 is one thousand and two hundred to one reader, and one and a fifth to another.
            raise forms.ValidationError(_("Write it without separating thousands: 1200, or 1.20."), code="thousands")
        return super().clean(value)

    def prepare_value(self, value: Any) -> Any:
        """As it is typed: without zeros that the column adds."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, for a form; ``None`` where nothing was. A form that was sent empty is not a new one."""
    return request.POST if request.method == "POST" else None


def apart(words: object) -> str:
    """Words of the school inside a sentence of the page: each keeps its own direction (Unicode's isolates)."""
    return f"\u2068{words}\u2069"


class FoundSelect(AutocompleteSelect):
    """A row that is searched for. What was sent and is the number of none is shown as nothing chosen."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        numbers = [each for each in value if whole_number(str(each)) is not None]
        found: list[Any] = super().optgroups(name, numbers, attrs)
        return found


def whole_number(text: str) -> int | None:
    """A number as a form or an address holds it; ``None``, where that is none, or one that no row of ours has."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def id_of(text: str) -> UUID | None:
    """The public id of a query string; ``None`` where there is none. Anything else is no page."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404 from None


def day_of(text: str) -> dt.date:
    """The day of an address, as ``2026-11-04``. Anything else is no page, nor is a day out of reach."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if not clock.in_reach(day):
        raise Http404
    return day


def day_asked(text: str | None, otherwise: dt.date) -> dt.date:
    """The day of a query string; ``otherwise`` where there is none."""
    return day_of(text) if text else otherwise
