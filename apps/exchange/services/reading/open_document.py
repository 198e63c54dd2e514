"""OpenDocument spreadsheets: the rows of a sheet as they are shown, streamed, sheet by sheet.

By OASIS Open Document Format 1.3, part 3: chapters 9 (tables), 19.385 (values) and 20.391 (hidden tables).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from apps.exchange import errors
from apps.exchange.services.reading import archive
from apps.exchange.services.reading.cells import Failed, guarded
from apps.exchange.services.reading.tables import MOST_ROWS

CONTENT: Final = "content.xml"
_SPACE: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _TEXT, _OFFICE, _STYLE = (f"{_SPACE}{each}:1.0 " for each in ("table", "text", "office", "style"))
_ERROR: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_ZEROS: Final = re.compile(r"0\d+")
_CELLS: Final = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
# What stands in a cell and is none of its text.
_BESIDE: Final = (f"{_OFFICE}annotation", f"{_TABLE}shapes", "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0 frame")
DEEPEST: Final = 64


class _Reader:
    """What one pass over the content finds: the visible sheets, and the rows of the one that is ``wanted``."""

    def __init__(self, wanted: str | None, widest: int) -> None:
        self.visible: list[str] = []
        self.rows: list[tuple[int, list[str]]] = []
        self._wanted, self._widest = wanted, widest
        self._hidden: set[str] = set()
        self._style = self._table = ""
        self._number = self._depth = self._beside = 0
        self._row: list[str] = []
        self._cell: dict[str, str] = {}
        self._text: list[str] = []
        self._repeated = 1

    def begin(self, name: str, said: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise errors.SheetUnreadable(why="it is nested too deeply")
        if name == f"{_STYLE}style":
            self._style = said.get(f"{_STYLE}name", "")
        elif name == f"{_STYLE}table-properties" and said.get(f"{_TABLE}display") == "false":
            self._hidden.add(self._style)
        elif name == f"{_TABLE}table":
            self._table, self._number = said.get(f"{_TABLE}name", ""), 0
            if said.get(f"{_TABLE}style-name", "") not in self._hidden:
                self.visible.append(self._table)
        elif self._table == self._wanted:
            self._begin_inside(name, said)

    def _begin_inside(self, name: str, said: dict[str, str]) -> None:
        if name == f"{_TABLE}table-row":
            self._row, self._repeated = [], _count(said.get(f"{_TABLE}number-rows-repeated"))
        elif name in _CELLS:
            self._cell, self._text = said, []
        elif name in _BESIDE or self._beside:
            self._beside += 1
        elif name == f"{_TEXT}p" and self._text:
            self._text.append("\n")
        elif name == f"{_TEXT}s":
            self._text.append(" " * min(_count(said.get(f"{_TEXT}c")), 100))
        elif name in {f"{_TEXT}tab", f"{_TEXT}line-break"}:
            self._text.append(" ")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._table != self._wanted:
            return
        if self._beside:
            self._beside -= 1
        elif name in _CELLS:
            more = min(_count(self._cell.get(f"{_TABLE}number-columns-repeated")), self._widest - len(self._row))
            self._row += [self._shown()] * max(more, 0)
            self._cell = {}
        elif name == f"{_TABLE}table-row":
            while self._row and not self._row[-1]:
                self._row.pop()
            # Blank ones count, and are not kept one by one.
            if self._row:
                self.rows += (
                    (self._number + place, self._row) for place in range(1, min(self._repeated, MOST_ROWS + 1) + 1)
                )
            self._number += self._repeated
        elif name == f"{_TABLE}table":
            self._table = ""

    def text(self, said: str) -> None:
        if self._cell and not self._beside:
            self._text.append(said)

    def _shown(self) -> str:
        kind, shown = self._cell.get(f"{_OFFICE}value-type", ""), "".join(self._text)
        if self._cell.get(_ERROR) == "error":
            return Failed(shown)
        if kind in {"float", "percentage", "currency"}:
            value = self._cell.get(f"{_OFFICE}value", shown)
            return shown if _ZEROS.fullmatch(shown) else value.removesuffix(".0")
        if kind == "date":
            return self._cell.get(f"{_OFFICE}date-value", shown).removesuffix("T00:00:00")
        if kind == "boolean":
            return self._cell.get(f"{_OFFICE}boolean-value", shown)
        return guarded(self._cell.get(f"{_OFFICE}string-value", shown))


def _count(said: str | None) -> int:
    return int(said) if said is not None and said.isascii() and said.isdecimal() and len(said) < 9 else 1


def visible_sheets(source: zipfile.ZipFile) -> list[str]:
    """The names of the sheets that are not hidden. Raises ``SheetUnreadable``, and as reading an archive."""
    reader = _Reader(None, 0)
    for _ in _passes(source, reader):
        reader.rows.clear()
    return reader.visible


def rows_of(source: zipfile.ZipFile, sheet: str, *, widest: int) -> Iterator[tuple[int, list[str]]]:
    """(number, cells) of each row that is not blank, at most ``widest`` cells of it. Raises as ``visible_sheets``."""
    reader = _Reader(sheet, widest)
    for _ in _passes(source, reader):
        yield from reader.rows
        reader.rows.clear()


def _passes(source: zipfile.ZipFile, reader: _Reader) -> Iterator[None]:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        for piece in archive.Measured(source, source.getinfo(CONTENT)).chunks():
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no names
            yield
        parser.Parse(b"", True)  # noqa: FBT003
        yield
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise errors.SheetUnreadable(why=f"{CONTENT}: {error}"[:200]) from error


def _refuse(*_said: object) -> None:
    raise errors.SheetUnreadable(why="it declares entities")
