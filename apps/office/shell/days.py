"""The filter ``date`` for days: a page says the same few of them over and over, and each costs 120 calls to write.

A day reads the same in one language and format whoever asks. Moments have a timezone and are Django's.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django.template import Library
from django.template.defaultfilters import date as written
from django.utils.formats import date_format
from django.utils.translation import get_language

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
