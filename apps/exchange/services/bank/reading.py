"""A bank's file is read in a child process: what comes back are the lines that came in, and what stands beside them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Final

from apps.exchange import errors
from apps.exchange.services.bank import camt, columns
from apps.exchange.services.reading import cells, notes, sheets, tables
from apps.exchange.services.reading.apart import ROWS_AT_ONCE, from_apart, is_windows_text, table_of
from apps.fees.services import NewLine
from schoolops import money
from schoolops.errors import Invalid, SchoolOpsError, Unavailable

MOST_WRONG: Final = 200
_AMOUNTS: Final = {columns.BY_FIELD[field].header for field in (columns.AMOUNT, columns.CREDIT, columns.DEBIT)}


@dataclass(slots=True)
class Statement:
    """What is being found in a bank's file. ``known``: what this school said of headers before; ``order``: of days."""

    name: str
    currency: str
    mapping: dict[str, str]
    known: Mapping[str, str]
    order: str = ""
    found: dict[str, Any] = field(default_factory=dict)

    def lines(self, file: IO[bytes]) -> Iterator[NewLine]:
        """The lines that came in, as they are read; ``found`` is whole at the end, or when the file is refused.

        Raises:
            FileTakesTooMuch, BankFileUnknown, BankFileUnreadable, and what reading a table raises.
        """
        for kind, said in from_apart(self._work, file):
            if kind == "found":
                self.found = said
            else:
                yield from (_line(each) for each in said)

    # --- in the child -------------------------------------------------------------------------------------------------
    def _work(self, file: IO[bytes]) -> Iterator[Any]:
        self.found = {"account": "", "headers": [], "mapping": {}, "counts": {}, "notes": [], "errors": []}
        try:
            lines = camt.lines_of(file, self.found) if is_xml(file) else self._table(file)
            kept: list[dict[str, Any]] = []
            for line in lines:
                kept.append(line)
                if len(kept) == ROWS_AT_ONCE:
                    yield "lines", kept
                    kept = []
            yield "lines", kept
        except Unavailable:
            raise
        except SchoolOpsError:
            yield "found", self.found
            raise
        yield "found", self.found

    def _table(self, file: IO[bytes]) -> Iterator[dict[str, Any]]:
        old = False
        try:
            order, mark = self._look_through(file)
        except errors.WrongEncoding:
            if not (old := is_windows_text(file)):
                raise
            order, mark = self._look_through(file, old=True)
            self.found["notes"].append(notes.note(notes.WINDOWS, name=self.name))
        counts: Counter[str] = Counter()
        wrong: list[dict[str, Any]] = self.found["errors"]
        with table_of(file, self.name, old=old, likeness=columns.likeness) as table:
            places = cells.in_order(self._columns(table), order, from_1904=table.from_1904)
            for row, cells_of_row in table.rows():
                line = self._row(row, cells_of_row, places, mark, len(table.header), wrong)
                if line is None:
                    continue
                amount = Decimal(line["amount"])
                if amount > 0:
                    yield line
                elif amount < 0:
                    counts["outgoing"] += 1
        self.found["counts"] = {"outgoing": counts["outgoing"], "pending": 0}

    def _columns(self, table: tables.Table) -> cells.Columns:
        there = self.found["mapping"]
        return [(place, columns.BY_FIELD[there[each]]) for place, each in enumerate(table.header) if there.get(each)]

    def _look_through(self, file: IO[bytes], *, old: bool = False) -> tuple[str, str]:
        """What the columns hold, how its days are written, and its decimals: to the end before a line is kept."""
        said: set[str] = set()
        amounts: list[str] = []
        with table_of(file, self.name, old=old, likeness=columns.likeness) as table:
            sheets.refuse_headers(table)
            self.found["headers"], self.found["notes"] = table.header, table.notes
            mapping = self.mapping or columns.matched(table.header, self.known)
            self.found["mapping"] = mapping
            columns.refuse_missing(self.name, mapping)
            for _, line in table.rows():
                for place, column in self._columns(table):
                    if place >= len(line):
                        continue
                    if column.field == columns.DAY:
                        said.add(cells.order_of(line[place]))
                    elif column.field in {columns.AMOUNT, columns.CREDIT}:
                        amounts.append(line[place])
        order, told = notes.in_one_order(said, self.order)
        self.found["notes"] += told
        return order, columns.mark_of(amounts, money.CURRENCIES[self.currency])

    def _row(
        self,
        row: int,
        line: Sequence[str],
        places: cells.Columns,
        mark: str,
        width: int,
        wrong: list[dict[str, Any]],
    ) -> dict[str, Any] | None:
        """A line; ``None``: it is none, or cannot be read, which is then said in ``wrong``."""
        several = [(place, column) for place, column in places if column.field in columns.SEVERAL]
        single = [each for each in places if each not in several]
        values, errors_of_row = cells.parsed(single, list(line), row=row, width=width)
        text = " ".join(cells.cleaned(line[place]) for place, _ in several if place < len(line)).strip()
        said = values.get(columns.AMOUNT) or values.get(columns.CREDIT) or values.get(columns.DEBIT)
        if not said or (sheets.is_total(line) and errors_of_row):
            # A balance, or what adds up the rows above. What stands where an amount should be is said.
            if not sheets.is_total(line):
                _add(wrong, (each for each in errors_of_row if each["column"] in _AMOUNTS))
            return None
        amount = Decimal(0)
        try:
            amount = columns.fitting(self._amount(values, mark))
        except Invalid as error:
            errors_of_row.append(cells.said_of(error, row=row, column=columns.BY_FIELD[columns.AMOUNT].header))
        if errors_of_row:
            _add(wrong, errors_of_row)
            return None
        if not self.found["account"]:
            self.found["account"] = values.get(columns.ACCOUNT, "")[:60]
        return {
            "row": row,
            "day": values[columns.DAY],
            "amount": str(amount),
            "currency": columns.currency_of(values.get(columns.CURRENCY, ""), self.currency),
            "payer": values.get(columns.PAYER, "")[:302],
            "text": text[:1000],
            "reference": values.get(columns.REFERENCE, "")[:80],
        }

    def _amount(self, values: Mapping[str, str], mark: str) -> Decimal:
        if said := values.get(columns.AMOUNT):
            amount = columns.amount_of(said, mark)
            side = columns.side_of(values.get(columns.SIDE, ""))
            return abs(amount) * side if side else amount
        came = columns.amount_of(said, mark) if (said := values.get(columns.CREDIT)) else Decimal(0)
        went = columns.amount_of(said, mark) if (said := values.get(columns.DEBIT)) else Decimal(0)
        return came or -abs(went)


def _add(wrong: list[dict[str, Any]], more: Iterable[dict[str, Any]]) -> None:
    wrong += islice(more, MOST_WRONG - len(wrong))


def _line(said: Mapping[str, Any]) -> NewLine:
    return NewLine(**{**said, "day": dt.date.fromisoformat(said["day"]), "amount": Decimal(said["amount"])})


def is_xml(file: IO[bytes]) -> bool:
    """Whether a file begins as XML does, in whichever encoding."""
    file.seek(0)
    head = file.read(256).lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t")
    file.seek(0)
    return head.startswith(b"<")
