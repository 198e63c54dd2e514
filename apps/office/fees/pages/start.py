"""What whoever takes money sees as the day begins: what came in, what is overdue, what is collected of what was due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import get_language_bidi

from apps.accounts.models import User
from apps.fees import selectors as fees
from apps.institutions.selectors import today_at
from apps.office.fees import selectors
from apps.office.shell.rooms import Panel
from schoolops import money

MONTHS = 6
BAR, GAP, HEIGHT = 44, 14, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """A month: how high what was due stands, and what of it is collected; from the top left corner of the picture."""

    x: int
    due_y: int
    due_height: int
    y: int
    height: int
    month: str
    percent: int
    due: str
    collected: str


def panels(by: User, day: dt.date) -> Iterator[Panel]:  # noqa: ARG001 - a room's signature
    """One for each campus at which ``by`` takes money; as many statements for any number of students."""
    if not (selectors.may("fees.collect", by) and selectors.may("fees.view", by)):
        return
    for number, campus in enumerate(selectors.campuses_seen(by=by)):
        today = today_at(campus)
        bills = fees.invoices_seen(by=by).filter(institution=campus)
        dues = fees.collected_against_due(bills, _months(today))
        bars = bars_of(dues, campus.currency, rtl=get_language_bidi())
        shown = {
            "campus": campus,
            "number": number,
            "taken": money.printed(fees.taken_on(campus, today), campus.currency),
            "overdue": money.printed(fees.overdue_sum(bills, today), campus.currency),
            "bars": bars if any(due.due for due in dues) else [],
            "width": MONTHS * (BAR + GAP) - GAP,
            "bar": BAR,
            "height": HEIGHT,
        }
        yield Panel("office/fees/start.html", shown)


def _months(day: dt.date) -> list[dt.date]:
    """The first days of the last months, that of ``day`` included."""
    last = day.year * 12 + day.month - 1
    return [dt.date(number // 12, number % 12 + 1, 1) for number in range(last - MONTHS + 1, last + 1)]


def bars_of(dues: Sequence[fees.MonthsDue], currency: str, *, rtl: bool) -> list[Bar]:
    """Months as bars, the latest at the end of the line of reading."""
    highest = max((due.due for due in dues), default=Decimal(0)) or Decimal(1)
    bars = []
    for number, due in enumerate(dues):
        place = len(dues) - 1 - number if rtl else number
        whole, part = (int(amount * HEIGHT / highest) for amount in (due.due, due.collected))
        percent = int(due.collected * 100 / due.due) if due.due else 0
        said = (money.printed(due.due, currency), money.printed(due.collected, currency))
        month = date_format(due.month, "M")
        bars.append(Bar(place * (BAR + GAP), HEIGHT - whole, whole, HEIGHT - part, part, month, percent, *said))
    return bars
