"""What a cell may say: one parser per kind of value, lenient about its form and strict about its meaning."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
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
# A time is what some programs write behind every day.
_DAY = re.compile(r"(.*?\d)(?:[T ]\d{1,2}:\d{2}.*)?")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})")
_SLASHED = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4}|\d{2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})")
_NAMED = re.compile(
    r"(?:(\d{1,2})[ -]([a-z]{3})[a-z]*\.?,?|([a-z]{3})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,?)[ -](\d{4}|\d{2})"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Excel counts days from here.
_EPOCH = dt.date(1899, 12, 30)
# And some workbooks, old Macs', so many days later.
_TO_1904 = 1462
# A year of two digits is the last such year until so many from now; nobody is born later than today.
_AHEAD = 20
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
    return _said_day(value, clock.now().year + _AHEAD)


def _said_day(value: str, latest: int) -> str:
    found = _day(digits(value), latest)
    if not clock.in_reach(found):
        raise errors.DateUnreadable(value=value[:40])
    return found.isoformat()


def _day(value: str, latest: int) -> dt.date:
    try:
        if value.isdecimal() and len(value) <= 5 and int(value) in _SERIAL:
            return _EPOCH + dt.timedelta(days=int(value))
        bare = timed[1] if (timed := _DAY.fullmatch(value)) else value
        if (first := _YEAR_FIRST.fullmatch(bare)) and (first[2] or len(bare) == 8):
            return dt.date(int(first[1]), int(first[3]), int(first[4]))
        if dotted := _DOTTED.fullmatch(bare):
            return dt.date(_year(dotted[3], latest), int(dotted[2]), int(dotted[1]))
        if slashed := _SLASHED.fullmatch(bare):
            return _slashed(value, int(slashed[1]), int(slashed[3]), _year(slashed[4], latest))
        if named := _NAMED.fullmatch(fold(bare)):
            month = _MONTHS.index(named[2] or named[3]) + 1
            return dt.date(_year(named[5], latest), month, int(named[1] or named[4]))
    except ValueError as error:
        raise errors.DateUnreadable(value=value[:40]) from error
    raise errors.DateUnreadable(value=value[:40])


def _year(said: str, latest: int) -> int:
    return int(said) if len(said) == 4 else latest - (latest - int(said)) % 100


def has_short_year(value: str) -> bool:
    """Whether a day is written with two digits of its year."""
    bare = fold(digits(cleaned(value)))
    found = next((match for form in (_DOTTED, _SLASHED, _NAMED) if (match := form.fullmatch(bare))), None)
    return found is not None and len(found[found.re.groups]) == 2


def _slashed(value: str, first: int, second: int, year: int) -> dt.date:
    # Written by an American or by a European: only when one of the two cannot be a month is it plain which.
    if first <= 12 and second <= 12 and first != second:
        raise errors.DateAmbiguous(value=value)
    return dt.date(year, first, second) if second > 12 else dt.date(year, second, first)


def order_of(value: str) -> str:
    """``D/M`` or ``M/D``, where a day with slashes says plainly which; ``?`` where it may be either; else nothing."""
    slashed = _slashes(digits(cleaned(value)))
    if slashed is None:
        return ""
    first, second = int(slashed[1]), int(slashed[3])
    if first <= 12 and second <= 12:
        return "" if first == second else "?"
    return "D/M" if second <= 12 < first <= 31 else "M/D" if first <= 12 < second <= 31 else ""


def _slashes(value: str) -> re.Match[str] | None:
    timed = _DAY.fullmatch(value)
    return _SLASHED.fullmatch(timed[1] if timed else value)


def is_day(column: Column) -> bool:
    """Whether a column holds days."""
    return column.parse in {day, birthday}


def in_order(columns: Columns, order: str = "", *, from_1904: bool = False) -> Columns:
    """The columns, their days read in the one ``order`` that the file has, and counted as it does."""

    def reading(parse: Parse) -> Parse:
        def parse_in_order(value: str) -> str:
            plain = digits(value)
            if order and (slashed := _slashes(plain)) is not None:
                first, second = (slashed[3], slashed[1]) if order == "M/D" else (slashed[1], slashed[3])
                value = f"{first}.{second}.{slashed[4]}"
            elif from_1904 and plain.isdecimal() and len(plain) <= 5:
                value = str(int(plain) + _TO_1904)
            return parse(value)

        return parse_in_order

    return [
        (place, dataclasses.replace(each, parse=reading(each.parse)) if is_day(each) else each)
        for place, each in columns
    ]


def birthday(value: str) -> str:
    """A day on which somebody at school may have been born. Raises ``DateImplausible`` and as ``day``."""
    said = _said_day(value, clock.now().year)
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


# Where each stands in a row.
Columns = Sequence[tuple[int, Column]]


def parsed(columns: Columns, cells: list[str], *, row: int, width: int) -> tuple[Said, list[dict[str, Any]]]:
    """(field → value, errors) of one row under a header of ``width`` columns. Empty cells are said as ``""``."""
    said: Said = {}
    wrong: list[dict[str, Any]] = []
    for place, column in columns:
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
