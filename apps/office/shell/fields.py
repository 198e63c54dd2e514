"""What the office's forms share: days and times as browsers write them, amounts as people do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.forms.utils import flatatt
from django.http import Http404, HttpRequest, QueryDict
from django.template import Library
from django.urls import register_converter
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.office.shell.days import days_typed, said
from schoolops import clock, money
from schoolops.errors import SchoolOpsError

register = Library()
THOUSANDS = re.compile(r"[,\u066b\u066c]\d{3}$")


class _Browsers:
    """A field of the browser's own: it shows in which order it is typed, works by keyboard and reads from the right.

    What it could not show, since it was typed where there is no such field, stands there as it was typed.
    """

    input_type: str
    written: ClassVar[re.Pattern[str]]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)  # type: ignore[misc]
        shown = context["widget"]
        if shown["value"] and not self.written.fullmatch(shown["value"]):
            shown["type"] = "text"
        return context


class DayInput(_Browsers, forms.DateInput):
    """A day. A browser that lives on another day than the school is told the school's (``today.js``)."""

    input_type = "date"
    written = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, {**(attrs or {}), **today_here()})


def today_here() -> dict[str, str]:
    """Attributes of a field for a day: which day it is at the school, and what a button says that takes it."""
    today = timezone.localtime(clock.now()).date()
    return {
        "data-today": today.isoformat(),
        "data-today-words": _("Today: %(day)s") % {"day": said(today, "DATE_FORMAT")},
    }


class MomentInput(_Browsers, forms.DateTimeInput):
    """A day and a time."""

    input_type = "datetime-local"
    written = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class TimeInput(forms.TimeInput):
    """A time of day."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


@register.simple_tag
def day_input(name: str, value: dt.date, **more: Any) -> SafeString:
    """The field for a day that a page asks of its address."""
    has = {"type": "date", "name": name, "id": name, "value": value.isoformat(), **more, **today_here()}
    return format_html("<input{}>", flatatt(has))


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


class DayField(forms.DateField):
    """A day as browsers send it, or as people type it; of a day that may be two, which one is asked."""

    widget = DayInput

    def to_python(self, value: Any) -> dt.date | None:
        if value in self.empty_values or isinstance(value, dt.date):
            return super().to_python(value)
        meant = days_typed(str(value))
        if len(meant) > 1:
            first, second = (said(each, "DATE_FORMAT") for each in meant)
            words = _("Is this %(first)s or %(second)s? Write the month as a word.")
            raise forms.ValidationError(words, code="two-days", params={"first": first, "second": second})
        if not meant or not clock.in_reach(meant[0]):
            words = _("This is no day. Write it as %(day)s.")
            raise forms.ValidationError(words, code="invalid", params={"day": said(clock.now().date(), "DATE_FORMAT")})
        return meant[0]


def day_field(**more: Any) -> DayField:
    """A day, whatever the language of the page."""
    return DayField(**more)


class MomentField(forms.DateTimeField):
    """A day and a time as browsers send them, by the clock of the page."""

    widget = MomentInput

    def __init__(self, **more: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        super().__init__(input_formats=formats, **more)

    def to_python(self, value: Any) -> dt.datetime | None:
        moment: dt.datetime | None = super().to_python(value)
        if moment is not None and not clock.in_reach(moment.date()):
            words = _("This is no day. Write it as %(day)s.")
            raise forms.ValidationError(words, code="invalid", params={"day": said(clock.now().date(), "DATE_FORMAT")})
        return moment


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


def about(name: object, words: object, **facts: object) -> str:
    """``words`` of what was done, in which ``%(name)s`` says with whom or what."""
    return str(words) % {"name": apart(name), **facts}


def few(names: Sequence[object], of: int | None = None) -> str:
    """The first three of ``names`` (there are ``of``), and how many more there are."""
    shown, more = _(", ").join(map(str, names[:3])), (len(names) if of is None else of) - 3
    return _("%(names)s and %(more)d more") % {"names": shown, "more": more} if more > 0 else shown


class FoundSelect(AutocompleteSelect):
    """A row that is searched for. What was sent and is the number of none is shown as nothing chosen."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        numbers = [each for each in value if whole_number(str(each)) is not None]
        found: list[Any] = super().optgroups(name, numbers, attrs)
        return found


def whole_number(text: str) -> int | None:
    """A number as a form or an address holds it; ``None``, where that is none, or one that no row of ours has."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def version_shown(request: HttpRequest, stands: int, refusal: SchoolOpsError | None = None) -> int:
    """The version that a page carries: of what it was filled in from, and only once who did is told of another, that.

    A page that is shown again for any other reason would otherwise have the next save undo what nobody saw.
    """
    sent = whole_number(request.POST.get("version", ""))
    told = refusal is not None and refusal.code.endswith("changed-meanwhile")
    return stands if sent is None or told else sent


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
