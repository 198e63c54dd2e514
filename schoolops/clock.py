"""The only clock. ``SCHOOLOPS_TODAY`` (outside production) moves it to a day or a moment; tests use ``frozen``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

# Code looks a day, a week or a month around a day, and the calendar of Python ends in the year 9999.
FIRST_YEAR, LAST_YEAR = 1900, 2200

# From the first day to the first that is no longer of it.
Span = tuple[dt.date, dt.date | None]

_frozen: ContextVar[dt.datetime | None] = ContextVar("schoolops_clock", default=None)
_shift: dt.timedelta = dt.timedelta(0)


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return _frozen.get() or dt.datetime.now(dt.UTC) + _shift


def machine() -> dt.datetime:
    """What the machine's own clock says, however ours was moved: for comparing with times of files."""
    return dt.datetime.now(dt.UTC)


def today(timezone: str) -> dt.date:
    """The calendar day in ``timezone`` (an IANA name such as ``Asia/Kolkata``), never the server's."""
    return now().astimezone(ZoneInfo(timezone)).date()


def in_reach(day: dt.date) -> bool:
    """Whether ``day`` can be meant: one that is not is a typing error, and is refused where it comes in."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def meet(one: Span, other: Span) -> bool:
    """Whether two half-open spans of days have one in common; ``None`` as the end: for good."""
    return common(one, other) is not None


def common(one: Span, other: Span) -> tuple[dt.date, dt.date] | None:
    """The days that two half-open spans have in common, as one."""
    starts, ends = max(one[0], other[0]), min(one[1] or dt.date.max, other[1] or dt.date.max)
    return (starts, ends) if starts < ends else None


def begin_at(moment: dt.date | dt.datetime) -> None:
    """Let the clock of this process run from ``moment`` on (aware), or from a day's present time of day.

    Settings call it, once.
    """
    global _shift
    machines = machine()
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, machines.timetz())
    _shift = moment - machines


@contextmanager
def frozen(moment: dt.datetime) -> Iterator[dt.datetime]:
    """Stop the clock at ``moment`` (aware) for the enclosed work."""
    if moment.tzinfo is None:
        raise ValueError("A frozen moment needs a timezone.")
    token = _frozen.set(moment.astimezone(dt.UTC))
    try:
        yield moment
    finally:
        _frozen.reset(token)
