"""What a cell may say: one parser per kind of value, lenient about its form and strict about its meaning."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from apps.exchange import errors
from schoolops import clock
from schoolops.errors import FieldError, SchoolOpsError
from schoolops.folding import composed, fold
from schoolops.rows import LONGEST_NOTE

Parse = Callable[[str], str]
Said = dict[str, Any]
# What an export of ours puts an apostrophe before.
_FORMULA = ("=", "@", "+", "-", "\t", "\r")
# What a spreadsheet runs; a phone with a word behind it, or a house number, only begins alike.
_RUN = re.compile(r"=|@\s*[^\W\d][\w.]*\s*\(|[+-]\s*[^\W\d][\w.]*\s*[(|!]|[+-].*\|.*!", re.DOTALL)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
# Marks of direction and of no width that nobody typed. The joiners belong to names, but not at their ends.
_MARKS = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = " \u00a0\r\n\u200c\u200d"
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Excel counts days from here.
_EPOCH = dt.date(1899, 12, 30)
_SERIAL = range(1, 100_000)
_YES, _NO = frozenset({"true", "yes", "1", "y"}), frozenset({"false", "no", "0", "n"})


def _facts_of(error: SchoolOpsError | FieldError) -> dict[str, Any]:
    """What was refused as it is kept: a sentence and what fills its braces, for a page to word for its reader."""
    facts = {name: fact if isinstance(fact, int) else str(fact) for name, fact in error.facts.items()}
    return {"code": error.code, "said": error.said, "facts": facts, "remedy": getattr(error, "remedy", None) or ""}


def said_of(error: SchoolOpsError | FieldError, *, row: int, column: str, file: str = "") -> dict[str, Any]:
    """A row's error, as it is kept and as it comes back in the file of errors."""
    message = error.message if isinstance(error, FieldError) else error.detail
    said = {"row": row, "column": column, "message": message, **_facts_of(error)}
    return {**said, "file": file} if file else said


def problem_of(error: SchoolOpsError) -> dict[str, Any]:
    """Why a file as a whole was refused, as it is kept."""
    return {"detail": error.detail, **_facts_of(error)}


def cleaned(value: str) -> str:
    """Without blanks around it, and without the apostrophe by which an export stops a formula."""
    value = composed(_MARKS.sub("", value)).strip(_BLANKS)
    return value[1:] if _is_guarded(value) else value


def _is_guarded(value: str) -> bool:
    return value.startswith("'") and value[1:].startswith(_FORMULA)


class Failed(str):
    """A cell of the error type: what it shows, such as ``#N/A``."""

    __slots__ = ()


def guarded(value: str) -> str:
    """A text that is no formula, though it may begin as one: as an export of ours writes it."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def digits(value: str) -> str:
    """With the digits of any script as 0 to 9: ٤٢ is 42."""
    return "".join(str(unicodedata.decimal(each, each)) for each in value)


def refuse_formula(value: str) -> None:
    """Raises ``FormulaRefused``."""
    if not _is_guarded(value.strip(_BLANKS)) and _RUN.match(cleaned(value)):
        raise errors.FormulaRefused(value=value[:40])


def text(most: int) -> Parse:
    """Text of at most ``most`` characters. Raises ``ValueTooLong``, ``ValueUnprintable``."""

    def parse(value: str) -> str:
        if len(value) > most:
            raise errors.ValueTooLong(most=most)
        if _UNPRINTABLE.search(value):
            raise errors.ValueUnprintable
        return value

    return parse


def numbered(most: int) -> Parse:
    """A text of at most ``most`` characters in which digits count: a number of a person, a phone."""
    return lambda value: text(most)(digits(value))


def long_text(value: str) -> str:
    return text(LONGEST_NOTE)(value.replace("\r\n", "\n"))


def day(value: str) -> str:
    """A day as 2026-09-01. Raises ``DateUnreadable``, ``DateAmbiguous``."""
    found = _day(digits(value))
    if not clock.in_reach(found):
        raise errors.DateUnreadable(value=value[:40])
    return found.isoformat()


def _day(value: str) -> dt.date:
    try:
        if value.isdecimal() and len(value) <= 5 and int(value) in _SERIAL:
            return _EPOCH + dt.timedelta(days=int(value))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", value):
            return dt.date.fromisoformat(value[:10])
        if dotted := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", value):
            return dt.date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        if slashed := _SLASHED.fullmatch(value):
            return _slashed(value, int(slashed[1]), int(slashed[2]), int(slashed[3]))
    except ValueError as error:
        raise errors.DateUnreadable(value=value[:40]) from error
    raise errors.DateUnreadable(value=value[:40])


def _slashed(value: str, first: int, second: int, year: int) -> dt.date:
    # Written by an American or by a European: only when one of the two cannot be a month is it plain which.
    if first <= 12 and second <= 12 and first != second:
        raise errors.DateAmbiguous(value=value)
    return dt.date(year, first, second) if second > 12 else dt.date(year, second, first)


def order_of(value: str) -> str:
    """``D/M`` or ``M/D``, where a day with slashes says plainly which; else nothing."""
    slashed = _SLASHED.fullmatch(digits(cleaned(value)))
    if slashed is None:
        return ""
    first, second = int(slashed[1]), int(slashed[2])
    return "D/M" if second <= 12 < first <= 31 else "M/D" if first <= 12 < second <= 31 else ""


def in_order(columns: Mapping[int, Column], order: str) -> dict[int, Column]:
    """The columns, their days read in the one order that the file's plain days have."""

    def reading(parse: Parse) -> Parse:
        def parse_in_order(value: str) -> str:
            if (slashed := _SLASHED.fullmatch(digits(value))) is not None and order == "M/D":
                value = f"{slashed[2]}.{slashed[1]}.{slashed[3]}"
            elif slashed is not None:
                value = f"{slashed[1]}.{slashed[2]}.{slashed[3]}"
            return parse(value)

        return parse_in_order

    return {
        place: dataclasses.replace(each, parse=reading(each.parse)) if each.parse in {day, birthday} else each
        for place, each in columns.items()
    }


def birthday(value: str) -> str:
    """A day on which somebody at school may have been born. Raises ``DateImplausible`` and as ``day``."""
    said = day(value)
    if not "1920-01-01" <= said <= "2035-01-01":
        raise errors.DateImplausible(value=said)
    return said


def yes_or_no(value: str) -> str:
    """``true`` or ``false``. Raises ``YesOrNoUnreadable``."""
    folded = fold(value)
    if folded not in _YES | _NO:
        raise errors.YesOrNoUnreadable(value=value[:40])
    return "true" if folded in _YES else "false"


def number(most: int) -> Parse:
    """A whole number from 1 to ``most``. Raises ``NumberUnreadable``."""

    def parse(value: str) -> str:
        said = re.sub(r"[.,]0+$", "", digits(value))
        if not said.isdecimal() or not 1 <= int(said) <= most:
            raise errors.NumberUnreadable(value=value[:40], most=most)
        return str(int(said))

    return parse


def word(*words: str, also: Mapping[str, str] | None = None) -> Parse:
    """One of ``words``, whatever its case; ``also`` are other spellings. Raises ``WordUnknown``."""
    known = {fold(each): each for each in words} | dict(also or {})

    def parse(value: str) -> str:
        found = known.get(fold(value))
        if found is None:
            raise errors.WordUnknown(value=value[:40], words=", ".join(words))
        return found

    return parse


def email(value: str) -> str:
    """An e-mail address. Raises ``EmailMalformed``."""
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise errors.EmailMalformed(value=value[:60])
    return value


def grade(value: str) -> str:
    """A grade's code: ``7``, ``07``, ``7.0``, ``Grade 7`` and ``Year 7`` are ``07``. Raises ``GradeUnreadable``."""
    bare = re.sub(r"(?i)^(grade|year|class|level)\s+", "", digits(value)).strip()
    bare = re.sub(r"^(\d+)[.,]0+$", r"\1", bare)
    if bare.isdecimal() and len(bare) > 2:
        raise errors.GradeUnreadable(value=value[:40])
    return bare.zfill(2) if bare.isdecimal() else text(12)(bare.upper())


def school_year(value: str) -> str:
    """The year in which a school year ends: 2027 of ``2027``, ``2026-2027`` and ``2026/27``.

    Raises:
        SchoolYearUnreadable.
    """
    if re.fullmatch(r"\d{4}", value):
        return value
    if pair := re.fullmatch(r"(\d{4})\s?[-/–]\s?(\d{2}|\d{4})", value):
        first, second = int(pair[1]), int(pair[2][-2:])
        if (first + 1) % 100 == second:
            return str(first + 1)
    raise errors.SchoolYearUnreadable(value=value[:40])


def listed(value: str) -> list[str]:
    """The parts of a list inside one cell."""
    return [part.strip() for part in value.split(",") if part.strip()]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its header, the field it fills, and how it is read."""

    header: str
    field: str
    parse: Parse = dataclasses.field(default_factory=lambda: text(200))
    required: bool = False
    # A list of ids, read as one cell.
    many: bool = False
    about: str = ""


def parsed(
    columns: Mapping[int, Column], cells: list[str], *, row: int, width: int
) -> tuple[Said, list[dict[str, Any]]]:
    """(field → value, errors) of one row under a header of ``width`` columns. Empty cells are said as ``""``."""
    said: Said = {}
    wrong: list[dict[str, Any]] = []
    for place, column in columns.items():
        cell = cells[place] if place < len(cells) else ""
        value = cleaned(cell)
        if isinstance(cell, Failed):
            wrong.append(said_of(errors.CellFailed(value=value), row=row, column=column.header))
            continue
        if not value:
            if column.required:
                wrong.append(said_of(errors.ValueMissing(), row=row, column=column.header))
            said[column.field] = [] if column.many else ""
            continue
        try:
            refuse_formula(cell)
            said[column.field] = [column.parse(each) for each in listed(value)] if column.many else column.parse(value)
        except SchoolOpsError as error:
            wrong.append(said_of(error, row=row, column=column.header))
    if any(cell.strip() for cell in cells[width:]):
        wrong.append(said_of(errors.TooManyCells(), row=row, column=""))
    return said, wrong
