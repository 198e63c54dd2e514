"""A mark as people write it: with a comma or a point, in the digits of any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_noop

from apps.examinations.models import Mark
from schoolops.errors import FieldError
from schoolops.folding import searched

PLACES = 2
_SMALLEST = Decimal(1).scaleb(-PLACES)
# The points of numbers: of Latin scripts, of Arabic (U+066B, and U+060C where a keyboard has no other), fullwidth.
_POINTS = dict.fromkeys(map(ord, ".,\u066b\u060c\uff0e\uff0c"), ".")
_MINUSES = "-\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"
_MARK = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_EXPONENT = re.compile(r"[\d.]+e[+-]?\d+", re.ASCII | re.IGNORECASE)
# A refusal quotes so much of what was written.
QUOTED = 40
# What is written in the place of a score, beside the status's own name: the first is shown.
LETTERS: Mapping[str, tuple[str, ...]] = {
    Mark.Status.ABSENT: ("A", "abs", "ab", "absent"),
    Mark.Status.EXEMPT: ("E", "ex", "exempt"),
    Mark.Status.MALPRACTICE: ("M", "mal", "malpractice"),
}
NAMES: Mapping[str, str] = {
    Mark.Status.ABSENT: gettext_noop("Absent"),
    Mark.Status.EXEMPT: gettext_noop("Exempt"),
    Mark.Status.MALPRACTICE: gettext_noop("Malpractice"),
}


def read_score(given: Any, most: Decimal) -> Decimal | FieldError:
    """What was written as a score of a paper with ``most`` marks, or why it is none. ``7,5`` is 7.5, in any digits."""
    said = plain(str(given))
    facts = {"given": str(given)[:QUOTED], "most": most, "places": PLACES}
    if _EXPONENT.fullmatch(said):
        return FieldError("score", "exponent", "“{given}” is not how a mark is written: write it out, as 7.5.", facts)
    if said and said[0] in _MINUSES:
        return FieldError("score", "negative", "“{given}” is below 0: a mark is from 0 to {most}.", facts)
    if not _MARK.fullmatch(said):
        return FieldError(
            "score", "not-a-number", "“{given}” is no number: write a mark such as 7.5, or choose a status.", facts
        )
    whole, _, part = said.partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    if len(part) > PLACES:
        return FieldError(
            "score", "too-precise", "“{given}” has more than {places} decimal places: round it before.", facts
        )
    # More digits than the paper's are more marks than it has, however many there are.
    if len(whole) > len(str(int(most))) or (score := Decimal(f"{whole or 0}.{part or 0}")) > most:
        return FieldError("score", "above-max", "“{given}” is above the {most} marks of this paper.", facts)
    return score.quantize(_SMALLEST)


def read_cell(said: str) -> tuple[str | None, str | None]:
    """What stands in one cell of a grid or a sheet: (score, status), one of them at most. A dash is nothing yet."""
    text = said.strip()
    if (status := _words().get(searched(text))) is not None:
        return None, status
    return (None if text in {"", *_MINUSES} else text), None


@cache
def _words() -> Mapping[str, str]:
    """What is written in the place of a score, in every language we speak, as it is compared → the status."""
    found = {searched(each): status for status, letters in LETTERS.items() for each in letters}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {searched(translation.gettext(name)): status for status, name in NAMES.items()}
    return found


def cell_of(status: str, score: Decimal | None) -> str:
    """A mark as a grid or a sheet shows it: ``7.5``, or the status's letter; what is not entered is empty."""
    if score is None:
        return LETTERS[status][0] if status in LETTERS else ""
    return f"{score.normalize():f}"


def plain(said: str) -> str:
    """Without space and unseen marks around, digits as 0 to 9 and any point as a full stop."""
    kept = (each for each in said if unicodedata.category(each) != "Cf")
    digits = (str(unicodedata.decimal(each)) if each.isdecimal() else each for each in kept)
    return "".join(digits).strip().translate(_POINTS)
