"""A file is read in a child process with limits of its own; what comes back is rows, or why it was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final

import orjson

from apps.exchange import errors
from apps.exchange.models import Import
from apps.exchange.services.reading import archive, books, cells, notes, sheets, tables
from apps.exchange.services.reading.bundle.opening import Bundle, look_at
from apps.exchange.services.reading.bundle.rows import read
from apps.exchange.services.reading.notes import note
from apps.exchange.services.reading.staged import Staged
from schoolops.confined import Limits, Overrun, from_a_child
from schoolops.errors import SchoolOpsError, Unavailable, declared_errors

# A school of 4,000 takes 60 MB and ten seconds; half of what the queue gives a job is left for comparing.
LIMITS: Final = Limits(memory=384 * archive.MEGABYTE, cpu_s=60, silent_s=75.0)
ROWS_AT_ONCE: Final = 500
# And not more than so many bytes of them.
SAID_AT_ONCE: Final = archive.MEGABYTE


@dataclass(slots=True)
class Reading:
    """What is being found in a file. ``source`` and ``mapping`` are empty where nobody has said yet.

    ``known``: for each source what this school said of headers before; ``orders``: and of how days are written.
    """

    name: str
    source: str
    mapping: dict[str, str]
    known: Mapping[str, Mapping[str, str]]
    bundle: bool
    sheet: str = ""
    orders: Mapping[str, str] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    notes: list[notes.Note] = field(default_factory=list)

    def rows(self, file: IO[bytes]) -> Iterator[Staged]:
        """The rows, as they are read; headers, mapping and notes are known at the end, or when it is refused.

        Raises:
            FileTakesTooMuch, and everything that reading a file raises.
        """
        for kind, said in from_apart(self._work, file):
            if kind == "rows":
                yield from (Staged(**each) for each in said)
            else:
                self.source, self.headers, self.mapping, self.notes = said

    # --- in the child -------------------------------------------------------------------------------------------------
    def _work(self, file: IO[bytes]) -> Iterator[Any]:
        try:
            yield from _in_pieces(self._bundle(file) if self.bundle else self._sheet(file))
        except Unavailable:
            raise
        except SchoolOpsError:
            yield "found", self._found()
            raise
        yield "found", self._found()

    def _found(self) -> list[Any]:
        return [self.source, self.headers, self.mapping, self.notes]

    def _bundle(self, file: IO[bytes]) -> Iterator[Staged]:
        with archive.opened(file) as source:
            bundle = Bundle(source, archive.tables_of(source), self.known.get(Import.Source.ONEROSTER, {}))
            bundle.order = self.orders.get(Import.Source.ONEROSTER, "")
            self.notes, self.headers, self.mapping = bundle.notes, bundle.headers, bundle.mapping
            look_at(bundle)
            yield from read(bundle)

    def _sheet(self, file: IO[bytes]) -> Iterator[Staged]:
        old = False
        try:
            days = self._look_through(file)
        except errors.WrongEncoding:
            if not (old := is_windows_text(file)):
                raise
            days = self._look_through(file, old=True)
            self.notes.append(note(notes.WINDOWS, name=self.name))
        orders, short_years = days
        if short_years:
            self.notes.append(note(notes.SHORT_YEARS))
        order, said = notes.in_one_order(orders, self.orders.get(self.source, ""))
        self.notes += said
        with table_of(file, self.name, sheet=self.sheet, old=old) as table:
            columns = sheets.columns_of(self.source, table, self.mapping)
            if order or table.from_1904:
                columns = cells.in_order(columns, order, from_1904=table.from_1904)
            yield from sheets.read(self.source, table, columns)

    def _look_through(self, file: IO[bytes], *, old: bool = False) -> tuple[set[str], bool]:
        """What the columns mean, and how days are written: ``order_of`` each, and whether some have short years.

        To the end before a row is kept: a file that is refused must not have filled the database.
        """
        orders: set[str] = set()
        short_years = False
        with table_of(file, self.name, sheet=self.sheet, old=old) as table:
            sheets.refuse_headers(table)
            self.headers, self.notes = table.header, table.notes
            if not self.source:
                self.source = sheets.guessed(table.header)
            if not self.mapping:
                self.mapping = sheets.matched(self.source, table.header, self.known.get(self.source, {}))
            columns = sheets.columns_of(self.source, table, self.mapping)
            if unread := [header for header in table.header if header and header not in self.mapping]:
                self.notes.append(note(notes.UNREAD, name=self.name, columns=", ".join(unread)[:300]))
            if sheets.FULL_NAME in self.mapping.values():
                self.notes.append(note(notes.ONE_NAME))
            days = [place for place, column in columns if cells.is_day(column)]
            for _, line in table.rows():
                for place in days:
                    if place < len(line):
                        orders.add(cells.order_of(line[place]))
                        short_years = short_years or cells.has_short_year(line[place])
        return orders, short_years


@contextmanager
def table_of(
    file: IO[bytes], name: str, *, sheet: str = "", old: bool = False, likeness: tables.Likeness = sheets.likeness
) -> Iterator[tables.Table]:
    """The table of a spreadsheet or a CSV file; ``old``: of Windows-1252."""
    file.seek(0)
    if books.is_book(file.read(4)):
        with books.book_table(name, file, sheet=sheet, likeness=likeness) as table:
            yield table
        return
    pieces = _pieces(file)
    utf8 = (piece.decode("cp1252").encode() for piece in pieces) if old else pieces
    yield tables.csv_table(name, utf8, likeness)


def is_windows_text(file: IO[bytes]) -> bool:
    """Whether a file that is no UTF-8 can only be a Latin text of Windows."""
    return tables.is_windows_1252(_pieces(file))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    yield from iter(lambda: file.read(64 * 1024), b"")


def _in_pieces(rows: Iterator[Staged]) -> Iterator[Any]:
    kept: list[orjson.Fragment] = []
    size = 0
    for row in rows:
        said = orjson.dumps(row, default=str)
        kept.append(orjson.Fragment(said))
        size += len(said)
        if len(kept) >= ROWS_AT_ONCE or size >= SAID_AT_ONCE:
            yield "rows", kept
            kept, size = [], 0
    if kept:
        yield "rows", kept


def from_apart(work: Callable[[IO[bytes]], Iterator[Any]], file: IO[bytes]) -> Iterator[Any]:
    """What ``work(file)`` yields in a child process, pairs of a word and what it says; refused there, it is here.

    Raises:
        FileTakesTooMuch, and what ``work`` refuses with.
    """

    # Here, and not anew in each child.
    import openpyxl  # noqa: F401
    import xlrd  # type: ignore[import-untyped] # noqa: F401

    def told(source: IO[bytes]) -> Iterator[Any]:
        try:
            yield from work(source)
        except (MemoryError, Unavailable):
            raise
        except SchoolOpsError as error:
            facts = {name: value if isinstance(value, str | int) else str(value) for name, value in error.facts.items()}
            yield "refused", [error.code, error.said, facts]

    try:
        for kind, said in from_a_child(told, file, LIMITS):
            if kind == "refused":
                raise refusal(*said)
            yield kind, said
    except Overrun as overrun:
        raise errors.FileTakesTooMuch from overrun


def refusal(code: str, said: str, facts: dict[str, Any]) -> SchoolOpsError:
    """What the child refused with. Of a code that it made up, only that the file cannot be read."""
    kind = next((error for error in declared_errors() if error.code == code and code.startswith("exchange:")), None)
    if kind is None:
        return errors.FileTakesTooMuch()
    return kind(said, **facts)
