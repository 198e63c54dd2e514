"""What stands on many pages again and again, made once for each language: words, addresses, the cells of a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.family.selectors import Child, Day
from apps.students.models import FamilyItem

PAGES: Mapping[str, str] = {
    FamilyItem.ATTENDANCE: "family:attendance",
    FamilyItem.TIMETABLE: "family:timetable",
    FamilyItem.EXAMS: "family:exams",
    FamilyItem.MARKS: "family:marks",
    FamilyItem.CARDS: "family:cards",
    FamilyItem.BILLS: "family:bills",
    FamilyItem.LEAVE: "family:leave",
    FamilyItem.TRAIL: "family:looked",
}
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"


@cache
def _around(name: str) -> tuple[str, str]:
    before, _nobody, after = reverse(name, args=(_NOBODY,)).partition(_NOBODY)
    return before, after


def address_of(name: str, child: UUID) -> str:
    """The address of a child's page: reversed once, and the child put into it."""
    before, after = _around(name)
    return f"{before}{child}{after}"


def tiles(child: Child) -> list[tuple[str, str]]:
    """What is open of a child: what it is called, and its address."""
    of, language = child.student.sourced_id, get_language()
    return [(_label(language, item), address_of(PAGES[item], of)) for item in child.shown if item in PAGES]


@cache
def _label(_language: str, item: FamilyItem) -> str:
    return str(item.label)


STANDINGS: Mapping[str, Any] = {
    "here": gettext_lazy("Here"),
    "late": gettext_lazy("Came late"),
    "half": gettext_lazy("Here for half the day"),
    "absent": gettext_lazy("Absent, not excused"),
    "excused": gettext_lazy("Absent, excused"),
    "not-taken": gettext_lazy("Not taken yet"),
    "closed": gettext_lazy("No school"),
    "away": gettext_lazy("Not in a section today"),
    "": gettext_lazy("Nothing recorded"),
}
CLOSED: Mapping[str, Any] = {
    "": STANDINGS["closed"],
    "weekend": gettext_lazy("No school: weekend"),
    "holiday": gettext_lazy("No school: holiday"),
    "closure": gettext_lazy("No school: closed"),
}


def standing_in_words(standing: str, why: str = "") -> str:
    """How a day stands; ``why`` there is no school on it."""
    return _in_words(get_language(), standing, why if standing == "closed" else "")


@lru_cache(maxsize=1024)
def _in_words(_language: str, standing: str, why: str) -> str:
    if standing != "closed":
        return str(STANDINGS[standing])
    return str(CLOSED[why]) if why in CLOSED else _("No school: %(why)s") % {"why": why}


def month_rows(weeks: list[list[Day | None]], today: dt.date) -> SafeString:
    """The rows of a month's table."""
    language = get_language()
    rows = [
        "".join(
            "<td></td>" if day is None else _cell(language, day.day.day, day.standing, day.why, day.day == today)
            for day in week
        )
        for week in weeks
    ]
    return SafeString("".join(f"<tr>{row}</tr>" for row in rows))


@lru_cache(maxsize=8192)
def _cell(_language: str, number: int, standing: str, why: str, today: bool) -> str:  # noqa: FBT001 - one of two marks
    mark = ' aria-current="date"' if today else ""
    said = ""
    if standing:
        words = escape(standing_in_words(standing, why))
        said = f'<span class="mark" aria-hidden="true"></span><span class="unseen">{words}</span>'
    return f'<td class="s-{standing}"{mark}><span class="number">{number}</span>{said}</td>'
