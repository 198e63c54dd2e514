"""Spreadsheets: the sheet that is meant of an XLSX, XLS or OpenDocument file, as people see it."""

from __future__ import annotations

import datetime as dt
import os
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from apps.exchange import errors
from apps.exchange.services.reading import archive, notes, open_document, parts
from apps.exchange.services.reading.cells import Failed, guarded
from apps.exchange.services.reading.tables import MOST_COLUMNS, MOST_ROWS, PLAIN, Likeness, Numbered, Table, plain

MOST_SHEETS: Final = 20
# Between the names of several: no name of a sheet holds it.
SHEETS: Final = " / "
# The head of a compound file: an old spreadsheet, or a new one with a password.
COMPOUND: Final = b"\xd0\xcf\x11\xe0"
# Of its head (MS-CFB 2.2): the order of bytes, and how long a sector is.
_ORDER: Final = slice(28, 30)
_SECTORS: Final = slice(30, 32)
_WITH_PASSWORD: Final = "EncryptedPackage".encode("utf-16-le")
# The format of a number that is shown with zeros before it.
_ZEROS = re.compile(r"0{2,40}")
# Nobody reads one column more than may be; that there is one is seen.
_WIDEST: Final = MOST_COLUMNS + 1


def is_book(head: bytes) -> bool:
    """Whether a file that begins so is a spreadsheet."""
    return head.startswith((b"PK", COMPOUND))


@contextmanager
def book_table(name: str, file: IO[bytes], *, sheet: str = "", likeness: Likeness = plain) -> Iterator[Table]:
    """The sheet called ``sheet``, else the one of those that people see; of several, the one with known columns.

    A formula of an XLSX comes as its text, so that whoever reads it can refuse it; the others keep what it came to.

    Raises:
        SheetUnreadable, SheetEmpty, SheetsSeveral, ArchiveEncrypted, ColumnTwice, TooManyColumns; as
        ``archive.opened``; and while it is read SheetUnreadable, TooManyRows.
    """
    with sheets_of(file) as (sheets, from_1904):
        table = _meant(name, sheets, sheet, likeness)
        if from_1904:
            table.notes.append(notes.note(notes.FROM_1904))
            table.from_1904 = True
        yield table


Sheets = Mapping[str, Callable[[], Iterator[Numbered]]]


@contextmanager
def sheets_of(file: IO[bytes]) -> Iterator[tuple[Sheets, bool]]:
    """The sheets that people see, each read when it is asked for; and whether days are counted from 1904.

    Raises:
        SheetUnreadable, ArchiveEncrypted; as ``archive.opened``.
    """
    file.seek(0)
    head = file.read(4)
    with ExitStack() as stack:
        if head == COMPOUND:
            yield _old(file)
            return
        source = stack.enter_context(archive.opened(file, folders=True))
        if open_document.CONTENT in source.namelist():
            yield _open_document(source), False
            return
        parts.check(source)
        yield _new(file)


def _meant(name: str, sheets: Sheets, wanted: str, likeness: Likeness) -> Table:
    tables = {}
    for title in [wanted] if wanted in sheets else list(sheets)[:MOST_SHEETS]:
        with suppress(errors.SheetEmpty):
            tables[title] = Table(name, counted(sheets[title]()), likeness)
    meant = [title for title, each in tables.items() if each.likeness >= PLAIN]
    if not tables:
        raise errors.SheetEmpty(name=name)
    if len(meant) > 1:
        raise errors.SheetsSeveral(sheets=SHEETS.join(meant))
    title = meant[0] if meant else next(iter(tables))
    if len(sheets) > 1:
        tables[title].notes.append(notes.note(notes.SHEET, sheet=title[:100]))
    return tables[title]


def counted(lines: Iterator[Numbered]) -> Iterator[Numbered]:
    """Rows as they are unpacked: a library reads no further than it is asked, and so finds damage late."""
    while True:
        try:
            line = next(lines, None)
        except _damaged() as error:
            raise _unreadable(error) from error
        if line is None:
            return
        # A sheet may say that it is a million rows long; blank ones count, so that it ends.
        if line[0] > MOST_ROWS:
            raise errors.TooManyRows(most=MOST_ROWS)
        yield line


def _damaged() -> tuple[type[Exception], ...]:
    """What the libraries and what they stand on raise of a part that is damaged, at the beginning or in the middle."""
    from openpyxl.utils.exceptions import InvalidFileException
    from xlrd import XLRDError  # type: ignore[import-untyped]

    return (
        InvalidFileException, KeyError, ValueError, IndexError, OSError, EOFError, SyntaxError, TypeError,
        AttributeError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OverflowError, MemoryError,
        ArithmeticError, XLRDError, struct.error, AssertionError,
    )  # fmt: skip


def _unreadable(error: Exception) -> errors.SheetUnreadable:
    return errors.SheetUnreadable(why=str(error)[:200] or type(error).__name__)


# --- XLSX -------------------------------------------------------------------------------------------------------------
def _new(file: IO[bytes]) -> tuple[Sheets, bool]:
    from openpyxl import load_workbook
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        there = [each for each in book.worksheets if each.sheet_state == "visible"] or book.worksheets[:1]
    except _damaged() as error:
        raise _unreadable(error) from error
    return {each.title: _rows_of(each) for each in there}, book.epoch == CALENDAR_MAC_1904


def _rows_of(sheet: Any) -> Callable[[], Iterator[Numbered]]:
    def rows() -> Iterator[Numbered]:
        # A row is never as wide as a sheet can be.
        cells: Iterable[Sequence[Any]] = sheet.iter_rows(max_col=min(sheet.max_column or _WIDEST, _WIDEST))
        for number, row in enumerate(cells, start=1):
            if number > MOST_ROWS:
                raise errors.TooManyRows(most=MOST_ROWS)
            said = ["" if cell.value is None else _shown(cell) for cell in row]
            if number == 1 or any(said):
                yield number, said

    return rows


def _shown(each: Any) -> str:
    """What a person sees in a cell."""
    cell = each.value
    if each.data_type == "e":
        return Failed(cell)
    if isinstance(cell, str):
        return cell if each.data_type == "f" else guarded(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(cell, each.number_format or "")
    return _day(cell) if isinstance(cell, dt.date) else str(cell)


def _number(value: float, form: str) -> str:
    if _ZEROS.fullmatch(form):
        return str(round(value)).zfill(len(form))
    return str(int(value)) if float(value).is_integer() else str(value)


def _day(value: dt.date) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value.isoformat()


# --- XLS --------------------------------------------------------------------------------------------------------------
def _old(file: IO[bytes]) -> tuple[Sheets, bool]:
    import xlrd

    file.seek(0)
    content = file.read()
    if _WITH_PASSWORD in content:
        raise errors.ArchiveEncrypted
    # The library goes by what the head says of its sectors, however small.
    if content[_ORDER] != b"\xfe\xff" or content[_SECTORS] not in {b"\x09\x00", b"\x0c\x00"}:
        raise errors.SheetUnreadable(why="its head is damaged")
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            book = xlrd.open_workbook(file_contents=content, formatting_info=True, on_demand=True, logfile=nowhere)
        there = [each for each in range(book.nsheets) if not _is_hidden(book, each)] or [0]
    except _damaged() as error:
        if "encrypted" in str(error):
            raise errors.ArchiveEncrypted from error
        raise _unreadable(error) from error
    return {book.sheet_names()[each]: _old_rows(book, each) for each in there}, book.datemode == 1


def _is_hidden(book: Any, place: int) -> bool:
    return bool(book._sheet_visibility[place])  # noqa: SLF001 - else every sheet is read to know


def _old_rows(book: Any, place: int) -> Callable[[], Iterator[Numbered]]:
    def rows() -> Iterator[Numbered]:
        sheet = book.sheet_by_index(place)
        for number in range(sheet.nrows):
            said = [_old_shown(book, cell) for cell in sheet.row(number)[:_WIDEST]]
            if number == 0 or any(said):
                yield number + 1, said

    return rows


def _old_shown(book: Any, cell: Any) -> str:
    import xlrd

    value = cell.value
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Failed(xlrd.error_text_from_code.get(value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "true" if value else "false"
    if cell.ctype == xlrd.XL_CELL_DATE:
        with suppress(xlrd.xldate.XLDateError, OverflowError):
            return _day(xlrd.xldate.xldate_as_datetime(value, book.datemode))
    if cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
        return _number(value, book.format_map[book.xf_list[cell.xf_index].format_key].format_str)
    return guarded(str(value))


# --- OpenDocument -----------------------------------------------------------------------------------------------------
def _open_document(source: zipfile.ZipFile) -> Sheets:
    def reading(title: str) -> Callable[[], Iterator[Numbered]]:
        return lambda: open_document.rows_of(source, title, widest=_WIDEST)

    return {title: reading(title) for title in open_document.visible_sheets(source)}
