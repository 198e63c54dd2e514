"""Tables of text, row by row: the header first, then ``(number, cells)`` without blank rows; those of CSV as well."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from apps.exchange import errors
from apps.exchange.services.reading import archive, notes

MOST_ROWS = 200_000
MOST_COLUMNS = 500
LONGEST_CELL = 32_000
LONGEST_LINE = 1_000_000
# Of all cells together: one text that stands in a spreadsheet once may be pointed at by every cell.
MOST_TEXT = 64 * archive.MEGABYTE
_SEPARATOR = re.compile(r"(?i)sep=(.)")
# The number of the row as a spreadsheet shows it, the header being 1.
Numbered = tuple[int, list[str]]


# How many of these cells are names of columns that are known.
Likeness = Callable[[Sequence[str]], int]
# So many rows may stand above the header; so many known columns make a row one.
TITLES, PLAIN = 20, 2


def plain(_cells: Sequence[str]) -> int:
    """None of them is known."""
    return 0


class Table:
    """A header and its rows. ``notes``: what was read leniently; ``from_1904``: its days are counted from then."""

    from_1904 = False

    def __init__(
        self, name: str, lines: Iterator[Numbered], likeness: Likeness = plain, said: list[notes.Note] | None = None
    ) -> None:
        self.name = name
        self.notes = [] if said is None else said
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


def decoded(name: str, pieces: Iterable[bytes], said: list[notes.Note]) -> Iterator[str]:
    """Lines of text, their ends kept; what is lenient about it is ``said``. Raises ``WrongEncoding``."""
    decoder: codecs.IncrementalDecoder | None = None
    rest, lines, old = "", 0, False
    for piece in pieces:
        if decoder is None:
            # Spreadsheets that write UTF-16 say so with a mark.
            wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("strict")
            text = _text(decoder, piece, name, lines, final=False)
            # So did an old Mac end its lines.
            old = "\r" in text.rstrip("\r") and "\n" not in text
            said += [notes.note(note, name=name) for note, so in ((notes.UTF_16, wide), (notes.OLD_MAC, old)) if so]
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


def is_windows_1252(pieces: Iterable[bytes]) -> bool:
    """Whether bytes that are no UTF-8 can only be a Latin text of Windows."""
    utf_8 = alike = True
    rest = b""
    for piece in chain(pieces, (b"\n",)):
        rest += piece
        # Words stay whole.
        end = max(map(rest.rfind, (b"\n", b"\r", b",", b";", b"\t"))) + 1
        block, rest = rest[:end], rest[end:]
        if b"\0" in block:
            return False
        if not block.isascii():
            alike = alike and {code for code in block if code > 0x7F} <= _ALIKE and not _OTHER_SCRIPT.search(block)
            utf_8 = utf_8 and _is_utf_8(block)
    return alike and not utf_8


def _is_utf_8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


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


def csv_table(name: str, pieces: Iterable[bytes], likeness: Likeness = plain) -> Table:
    """A CSV file in UTF-8, with or without a mark; comma, semicolon or tab.

    Raises:
        WrongEncoding, SheetEmpty, ColumnTwice, TooManyColumns; and while it is read CsvMalformed, TooManyRows.
    """
    said: list[notes.Note] = []
    return Table(name, _csv_lines(name, decoded(name, pieces, said), said), likeness, said)


def _csv_lines(name: str, lines: Iterator[str], notes_of: list[notes.Note]) -> Iterator[Numbered]:
    header = next((line for line in lines if line.strip()), None)
    if header is None:
        return
    said = _SEPARATOR.fullmatch(header.strip("\r\n"))
    first = [] if said else [header]
    if said:
        notes_of.append(notes.note(notes.SEPARATOR, name=name, separator=said[1]))
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
