"""A mark as people write it: with a comma or a point, in the digits of any script."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from schoolops.errors import FieldError

PLACES = 2
_SMALLEST = Decimal(1).scaleb(-PLACES)
# The points of numbers: of Latin scripts, of Arabic (U+066B, and U+060C where a keyboard has no other), fullwidth.
_POINTS = dict.fromkeys(map(ord, ".,\u066b\u060c\uff0e\uff0c"), ".")
_MINUSES = "-\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"
_MARK = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_EXPONENT = re.compile(r"[\d.]+e[+-]?\d+", re.ASCII | re.IGNORECASE)
# A refusal quotes so much of what was written.
QUOTED = 40


def read_score(given: Any, most: Decimal) -> Decimal | FieldError:
    """What was written as a score of a paper with ``most`` marks, or why it is none. ``7,5`` is 7.5, in any digits."""
    said = _plain(str(given))
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


def _plain(said: str) -> str:
    """Without space and unseen marks around, digits as 0 to 9 and any point as a full stop."""
    kept = (each for each in said if unicodedata.category(each) != "Cf")
    digits = (str(unicodedata.decimal(each)) if each.isdecimal() else each for each in kept)
    return "".join(digits).strip().translate(_POINTS)
