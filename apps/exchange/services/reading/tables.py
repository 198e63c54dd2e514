"""Tables of text, row by row, from CSV and XLSX: the header first, then ``(number, cells)`` without blank rows."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from apps.exchange import errors
from apps.exchange.services.reading import archive, parts
from apps.exchange.services.reading.cells import Failed, guarded

MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_SHEETS = 20
LONGEST_CELL = 32_000
LONGEST_LINE = 1_000_000
# Of all cells together: one text that stands in a spreadsheet once may be pointed at by every cell.
MOST_TEXT = 64 * archive.MEGABYTE
# What openpyxl and what it stands on raise of a part that is damaged, at the beginning or in the middle.
_DAMAGED = (
    InvalidFileException, KeyError, ValueError, IndexError, OSError, EOFError, SyntaxError, TypeError, AttributeError,
    zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OverflowError, MemoryError, ArithmeticError,
)  # fmt: skip
_SEPARATOR = re.compile(r"(?i)sep=(.)")
# The format of a number that is shown with zeros before it.
_ZEROS = re.compile(r"0{2,40}")
# The number of the row as a spreadsheet shows it, the header being 1.
Numbered = tuple[int, list[str]]


# How many of these cells are names of columns that are known.
Likeness = Callable[[Sequence[str]], int]
# So many rows may stand above the header; so many known columns make a row one.
TITLES, PLAIN = 20, 2


def _plain(_cells: Sequence[str]) -> int:
    return 0


class Table:
    """A header and its rows."""

    def __init__(self, name: str, lines: Iterator[Numbered], likeness: Likeness = _plain) -> None:
        self.name = name
        first = list(islice(lines, TITLES))
        if not first:
            raise errors.SheetEmpty(name=name)
        # Titles may stand above it; where no row is plainly a header, the first one is.
        self.likeness, place = max((likeness(cells), -place) for place, (_, cells) in enumerate(first))
        place = -place if self.likeness >= PLAIN and likeness(first[0][1]) == 0 else 0
        found = first[place]
        self._lines = chain(first[place + 1 :], lines)
        self.header = [cell.strip() for cell in found[1]]
        while self.header and not self.header[-1]:
            self.header.pop()
        if len(self.header) > MOST_COLUMNS:
            raise errors.TooManyColumns(most=MOST_COLUMNS)
        seen: set[str] = set()
        for column in self.header:
            if column and column in seen:
                raise errors.ColumnTwice(name=name, column=column)
            seen.add(column)

    def rows(self) -> Iterator[Numbered]:
        """Rows with something in them. Raises what reading raises, and ``TooManyRows``."""
        text = 0
        for count, (number, cells) in enumerate(self._lines):
            if count >= MOST_ROWS:
                raise errors.TooManyRows(most=MOST_ROWS)
            length = sum(map(len, cells))
            text += length
            if length > LONGEST_LINE or text > MOST_TEXT:
                raise errors.ArchiveBomb(name=self.name)
            if any(cell and not cell.isspace() for cell in cells):
                yield number, cells


def decoded(name: str, pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines of text, their ends kept. Raises ``WrongEncoding``."""
    decoder: codecs.IncrementalDecoder | None = None
    rest, lines, old = "", 0, False
    for piece in pieces:
        if decoder is None:
            # Spreadsheets that write UTF-16 say so with a mark.
            wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("strict")
            text = _text(decoder, piece, name, lines, final=False)
            # So did an old Mac end its lines.
            old = "\r" in text and "\n" not in text
        else:
            text = _text(decoder, piece, name, lines, final=False)
        rest += text.replace("\r", "\n") if old else text
        # Not splitlines(): to Python a form feed ends a line, and to CSV it does not.
        *whole, rest = rest.split("\n")
        lines += len(whole)
        if len(rest) > LONGEST_LINE:
            raise errors.CsvMalformed(name=name, row=lines + 1, why="a line is longer than a book")
        for line in whole:
            yield f"{line}\n"
    if decoder is not None:
        rest += _text(decoder, b"", name, lines, final=True)
    if rest:
        yield rest


# What Western, Central European and Turkish Windows write alike: of these it is plain what they mean.
_ALIKE = frozenset(
    code
    for code in range(0x80, 0x100)
    if len({bytes([code]).decode(page, "replace") for page in ("cp1250", "cp1252", "cp1254")} - {"\ufffd"}) == 1
)
# Words of another script: more letters in a row than any Latin word has with accents, or none beside them.
_OTHER_SCRIPT = re.compile(rb"[\xc0-\xff]{3}|(?<![A-Za-z\xc0-\xff])[\xc0-\xff]{1,2}(?![A-Za-z\xc0-\xff])")


def is_windows_1252(content: bytes) -> bool:
    """Whether bytes that are no UTF-8 can only be a Latin text of Windows."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        high = {code for code in content if code > 0x7F}
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return high <= _ALIKE and not wide and b"\0" not in content and _OTHER_SCRIPT.search(content) is None
    return False


def _text(decoder: codecs.IncrementalDecoder, piece: bytes, name: str, lines: int, *, final: bool) -> str:
    try:
        text = decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        row = lines + 1 + piece[: error.start].count(b"\n")
        raise errors.WrongEncoding(name=name, row=row) from error
    if "\0" in text:
        # UTF-16 without a mark, or no text at all.
        raise errors.WrongEncoding(name=name, row=lines + 1 + text[: text.index("\0")].count("\n"))
    return text


def _delimiter(header: str) -> str:
    """What stands between the columns: a comma, or what Excel writes where the comma is for decimals."""
    return max(",;\t", key=header.count)


def csv_table(name: str, pieces: Iterable[bytes], likeness: Likeness = _plain) -> Table:
    """A CSV file in UTF-8, with or without a mark; comma, semicolon or tab.

    Raises:
        WrongEncoding, SheetEmpty, ColumnTwice, TooManyColumns; and while it is read CsvMalformed, TooManyRows.
    """
    return Table(name, _csv_lines(name, decoded(name, pieces)), likeness)


def _csv_lines(name: str, lines: Iterator[str]) -> Iterator[Numbered]:
    header = next((line for line in lines if line.strip()), None)
    if header is None:
        return
    said = _SEPARATOR.fullmatch(header.strip("\r\n"))
    first = [] if said else [header]
    # What is a header and what a title above it is not known yet.
    first += islice(lines, TITLES)
    delimiter = said[1] if said else _delimiter(max(first, key=lambda line: max(map(line.count, ",;\t"))))
    reader = csv.reader(chain(first, lines), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise errors.CsvMalformed(name=name, row=number, why="a cell is longer than a page")
            yield number, cells
    except csv.Error as error:
        raise errors.CsvMalformed(name=name, row=number + 1, why="its quotation marks do not fit") from error


def xlsx_table(name: str, file: IO[bytes], likeness: Likeness = _plain) -> Table:
    """The sheet of a spreadsheet that people see; of several, the one with known columns. A formula comes as its text,
    so that whoever reads it can refuse it.

    Raises:
        SheetUnreadable, SheetEmpty, ColumnTwice, TooManyColumns; as ``archive.opened``; and while it is read
        SheetUnreadable, TooManyRows.
    """
    with archive.opened(file, folders=True) as source:
        parts.check(source)
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheets = [worksheet for worksheet in book.worksheets if worksheet.sheet_state == "visible"] or book.worksheets[
            :1
        ]
    except _DAMAGED as error:
        raise _unreadable(error) from error
    tables = {}
    for sheet in sheets[:MOST_SHEETS]:
        # One column more than may be: that is seen, and a row is never as wide as a sheet can be.
        width = min(sheet.max_column or MOST_COLUMNS + 1, MOST_COLUMNS + 1)
        with suppress(errors.SheetEmpty):
            tables[sheet.title] = Table(name, _sheet_lines(_unharmed(sheet.iter_rows(max_col=width))), likeness)
    meant = [title for title, each in tables.items() if each.likeness >= PLAIN]
    if not tables:
        raise errors.SheetEmpty(name=name)
    if len(meant) > 1:
        raise errors.SheetsSeveral(sheets=", ".join(meant)[:200])
    return tables[meant[0]] if meant else next(iter(tables.values()))


def _unreadable(error: Exception) -> errors.SheetUnreadable:
    return errors.SheetUnreadable(why=str(error)[:200] or type(error).__name__)


def _unharmed(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Rows as they are unpacked; openpyxl reads no further than it is asked, and so finds damage late."""
    while True:
        try:
            cells = next(rows, None)
        except _DAMAGED as error:
            raise _unreadable(error) from error
        if cells is None:
            return
        yield cells


def _sheet_lines(rows: Iterable[Sequence[Any]]) -> Iterator[Numbered]:
    for number, cells in enumerate(rows, start=1):
        # A sheet may say that it is a million rows long; blank ones count, so that it ends.
        if number > MOST_ROWS:
            raise errors.TooManyRows(most=MOST_ROWS)
        said = ["" if cell.value is None else _shown(cell) for cell in cells]
        if number == 1 or any(said):
            yield number, said


def _shown(each: Any) -> str:
    """What a person sees in a cell."""
    cell = each.value
    if each.data_type == "e":
        return Failed(cell)
    if isinstance(cell, str):
        return cell if each.data_type == "f" else guarded(cell)
    if isinstance(cell, int | float) and _ZEROS.fullmatch(form := each.number_format or ""):
        return str(round(cell)).zfill(len(form))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def written_csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """CSV lines as bytes, RFC 4180."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow(row)
        if buffer.tell() > 64 * 1024:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
