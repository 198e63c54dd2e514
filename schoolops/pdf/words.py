"""Words of several scripts and directions beside one another: each keeps its own order."""

from __future__ import annotations

import re
import unicodedata

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
# Unicode Standard Annex 9: what stands between them has the direction of its first letter (of none: left to right) and
# no say in the direction of what stands around.
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
LEFT_TO_RIGHT_ISOLATE = "\N{LEFT-TO-RIGHT ISOLATE}"
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Hebrew; what stands before it (Latin, Greek, Cyrillic, Armenian) may be cut between any two letters.
FIRST_JOINED = "\u0590"
# "B+", "Jr.", "17/2025" inside a line that runs from the right; brackets are mirrored there, so they stand outside.
_LATIN = r"[+-]?[0-9A-Za-z\u00c0-\u024f][!-'*-~\u00a1-\u024f]*"
LATIN = re.compile(rf"{_LATIN}(?: {_LATIN})*")
WORD = re.compile(rf"[!-~¡-{chr(ord(FIRST_JOINED) - 1)}]+")


def reads_from_the_right(language: str) -> bool:
    """Whether ``language`` (``ar``, ``ar-eg``) is written from right to left."""
    return language.lower().partition("-")[0] in RIGHT_TO_LEFT


def isolated(text: str, *, rtl: bool) -> str:
    """``text`` (a name, a code, a number, a date) so that neither it nor its neighbours change each other's order.

    ``rtl``: the page reads from the right. What keeps its order there by itself stays as it is, for a page is searched
    and copied from too. Marks of direction in ``text`` are taken out: an unclosed one would turn the rest of the page.
    """
    text = DIRECTIONS.sub("", text)
    if not any(_turns(each, rtl=rtl) for each in text):
        return text
    if any(unicodedata.bidirectional(each) in {"R", "AL"} for each in text):
        text = LATIN.sub(lambda found: f"{LEFT_TO_RIGHT_ISOLATE}{found[0]}{POP_ISOLATE}", text)
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def _turns(letter: str, *, rtl: bool) -> bool:
    direction = unicodedata.bidirectional(letter)
    return direction not in {"R", "AL", "NSM", "WS"} if rtl else direction in {"R", "AL", "AN"}


def unbroken(text: str) -> str:
    """``text`` (a phone number) in one piece: no line ends inside it."""
    return text.replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{NON-BREAKING HYPHEN}")


def breakable(text: str, letters: int) -> str:
    """``text`` with places to break in each word of more than ``letters`` letters, which would run out of its cell."""
    return WORD.sub(lambda found: found[0] if len(found[0]) <= letters else "\N{ZERO WIDTH SPACE}".join(found[0]), text)
