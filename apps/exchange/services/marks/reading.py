"""A file of marks is read in a child process; what comes back are rows with a key and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

from apps.exchange import errors
from apps.exchange.services.marks import columns
from apps.exchange.services.reading import books, cells, sheets
from apps.exchange.services.reading.apart import ROWS_AT_ONCE, from_apart
from apps.exchange.services.reading.tables import TITLES, Numbered

MOST_ROWS: Final = 20_000
LONGEST_CELL: Final = 100
# Three ids and a version.
LONGEST_KEY: Final = 130
# Of the sheets that people made beside ours.
MOST_SHEETS: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says. ``wrong``: why it cannot be read."""

    sheet: str
    row: int
    key: str
    mark: str
    name: str
    admission: str
    wrong: list[dict[str, Any]] = field(default_factory=list)


def rows_of(file: IO[bytes]) -> Iterator[Row]:
    """The rows of all sheets that have marks, as they are read.

    Raises:
        NoMarksInFile, TooManyRows, FileTakesTooMuch, and what opening a spreadsheet raises.
    """
    names = columns.names()

    for _, said in from_apart(lambda source: _pieces(_rows(source, names)), file):
        yield from (Row(*each) for each in said)


# --- in the child -----------------------------------------------------------------------------------------------------
def _pieces(rows: Iterator[Row]) -> Iterator[Any]:
    kept: list[list[Any]] = []
    for row in rows:
        kept.append([row.sheet, row.row, row.key, row.mark, row.name, row.admission, row.wrong])
        if len(kept) == ROWS_AT_ONCE:
            yield "rows", kept
            kept = []
    yield "rows", kept


def _rows(file: IO[bytes], names: Mapping[str, str]) -> Iterator[Row]:
    found = number = 0
    with books.sheets_of(file) as (there, _):
        for title in list(there)[:MOST_SHEETS]:
            lines = books.counted(there[title]())
            places = _head(lines, names)
            if places is None:
                continue
            found += 1
            for at, line in lines:
                if (row := _row(title, at, line, places)) is None:
                    continue
                number += 1
                if number > MOST_ROWS:
                    raise errors.TooManyRows(most=MOST_ROWS)
                yield row
    if not found:
        raise errors.NoMarksInFile


def _head(lines: Iterator[Numbered], names: Mapping[str, str]) -> dict[str, int] | None:
    """Column → place, of the first row that has both a mark's and a key's; ``None``: no row has.

    Raises:
        ColumnTwice.
    """
    for at, line in lines:
        known = [(names[key], place) for place, said in enumerate(line) if (key := sheets.folded(said)) in names]
        places = dict(known)
        if columns.MARK in places and columns.KEY in places:
            if len(places) < len(known):
                twice = next(name for name, place in known if places[name] != place)
                raise errors.ColumnTwice(name="", column=twice)
            return places
        if at >= TITLES:
            return None
    return None


def _row(title: str, at: int, line: Sequence[str], places: Mapping[str, int]) -> Row | None:
    said = {
        column: cells.cleaned(line[place])[: LONGEST_KEY if column == columns.KEY else LONGEST_CELL]
        for column, place in places.items()
        if place < len(line)
    }
    key, mark = said.get(columns.KEY, ""), said.get(columns.MARK, "")
    if not key and not mark:
        return None
    wrong = []
    cell = line[places[columns.MARK]] if places[columns.MARK] < len(line) else ""
    if isinstance(cell, cells.Failed):
        wrong.append(cells.said_of(errors.CellFailed(value=mark), row=at, column=columns.MARK))
    else:
        try:
            cells.refuse_formula(cell)
        except errors.FormulaRefused as error:
            wrong.append(cells.said_of(error, row=at, column=columns.MARK))
    return Row(title[:100], at, key, mark, said.get(columns.STUDENT, ""), said.get(columns.ADMISSION, ""), wrong)
