"""Days as people read and type them.

The filter ``date`` for days: a page says the same few of them over and over, and each costs 120 calls to write.

A day reads the same in one language and format whoever asks. Moments have a timezone and are Django's.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache
from typing import Any

from django.template import Library
from django.template.defaultfilters import date as written
from django.utils import dates
from django.utils.formats import date_format
from django.utils.translation import get_language, override

from schoolops.folding import fold

register = Library()


def said(day: dt.date, form: str) -> str:
    """``day`` in the reader's language; ``form`` as Django's filter takes it."""
    return _said(get_language(), day, form)


@lru_cache(maxsize=8192)
def _said(_language: str, day: dt.date, form: str) -> str:
    return date_format(day, form)


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, arg: str | None = None) -> Any:
    """Django's ``date``."""
    return said(value, str(arg)) if arg and type(value) is dt.date else written(value, arg)


# --- typed ------------------------------------------------------------------------------------------------------------
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_YEAR, _MONTHS = 4, 12


def days_typed(text: str) -> list[dt.date]:
    """The days that ``text`` may mean: none, one, or two where a number may be the month or not."""
    digits = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)
    parts = [each for each in map(fold, _PARTS.findall(unicodedata.normalize("NFC", digits))) if each != "of"]
    if len(parts) != 3:
        return []
    named = [_month_called(get_language(), each) for each in parts]
    numbers = [int(each) for each in parts if each.isdecimal() and len(each) <= _YEAR]
    if len(numbers) == 2 and sum(map(bool, named)) == 1:
        month = next(filter(None, named))
        year, day = sorted(numbers, reverse=True)
        return _days((year, month, day)) if year > 31 else []
    if len(numbers) != 3:
        return []
    if len(parts[0]) == _YEAR:
        return _days((numbers[0], numbers[1], numbers[2]))
    if len(parts[2]) != _YEAR:
        return []
    first, second, year = numbers
    return _days((year, second, first), (year, first, second))


def _days(*written: tuple[int, int, int]) -> list[dt.date]:
    found = []
    for year, month, day in written:
        try:
            found.append(dt.date(year, month, day))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1024)
def _month_called(language: str, word: str) -> int:
    """Which month ``word`` names, in the reader's language or in English; 0: none."""
    if len(word) < 3 or word.isdecimal():
        return 0
    for spoken in (language, "en-gb"):
        with override(spoken):
            for number in range(1, _MONTHS + 1):
                called = {fold(str(each[number])) for each in (dates.MONTHS, dates.MONTHS_AP, dates.MONTHS_3)}
                if word in {each.rstrip(".") for each in called}:
                    return number
    return 0
