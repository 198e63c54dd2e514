"""The parts of a spreadsheet, looked at before a library reads any of them: what each is, and how much of it there is.

What a part is, its content type and its root element say, together; neither its name, nor a comment, an encoding or a
mark at its head. No part may declare a document type, and with it entities, in any encoding.
"""

from __future__ import annotations

import posixpath
import zipfile
from typing import Final
from xml.parsers import expat

from apps.exchange import errors
from apps.exchange.services.reading import archive
from apps.exchange.services.reading.tables import MOST_ROWS

# What is read whole before the first row: the texts of all cells, the styles. Sheets themselves are streamed.
LARGEST_PART = 32 * archive.MEGABYTE
MOST_ELEMENTS: Final = 1_000_000
DEEPEST: Final = 64
MOST_ATTRIBUTES: Final = 100
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_MAIN: Final = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_SHEET_ROOTS: Final = frozenset(f"{space} worksheet" for space in _MAIN)
_ROWS: Final = frozenset(f"{space} row" for space in _MAIN)
_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"


def check(source: zipfile.ZipFile) -> None:
    """Raises ``SheetUnreadable``, ``ArchiveBomb``; ``TooManyRows`` of any sheet, the hidden ones too."""
    kinds = _Kinds()
    for entry in source.infolist():
        if entry.filename == archive.CONTENT_TYPES:
            _look(source, entry, kinds)
    for entry in source.infolist():
        if entry.filename.endswith("/") or entry.filename == archive.CONTENT_TYPES:
            continue
        declared = kinds.of(entry.filename)
        if not _is_xml(declared, entry.filename):
            # Pictures and the like, which nobody opens.
            continue
        part = _Part(entry, is_sheet=declared == SHEET)
        _look(source, entry, part)


def _is_xml(declared: str, name: str) -> bool:
    return declared.endswith(("+xml", "/xml")) or name.lower().endswith((".xml", ".rels", ".vml"))


class _Seen:
    """What every part is held to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = self.elements = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST or len(attributes) > MOST_ATTRIBUTES:
            raise errors.SheetUnreadable(why="it is nested too deeply")

    def end(self, _name: str) -> None:
        self.depth -= 1

    def read(self, size: int) -> None:
        """So many bytes of it were looked at."""


class _Kinds(_Seen):
    """``[Content_Types].xml``: what each part is."""

    def __init__(self) -> None:
        super().__init__(archive.CONTENT_TYPES)
        self._parts: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._size = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        super().begin(name, attributes)
        said = attributes.get("ContentType", "").strip().lower()
        if name == f"{_TYPES} Override":
            self._parts[attributes.get("PartName", "").casefold()] = said
        elif name == f"{_TYPES} Default":
            self._endings[attributes.get("Extension", "").casefold()] = said

    def read(self, size: int) -> None:
        self._size += size
        if self._size > archive.MEGABYTE:
            raise errors.ArchiveBomb(name=self.name)

    def of(self, name: str) -> str:
        """The content type of a part; empty, where nobody says."""
        declared = self._parts.get(f"/{name}".casefold())
        return declared if declared is not None else self._endings.get(posixpath.splitext(name)[1][1:].casefold(), "")


class _Part(_Seen):
    def __init__(self, entry: zipfile.ZipInfo, *, is_sheet: bool) -> None:
        super().__init__(entry.filename)
        self._is_sheet, self._size, self._rows = is_sheet, 0, 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self.elements == 0:
            self._is_sheet = self._is_sheet and name in _SHEET_ROOTS
        super().begin(name, attributes)
        if self._is_sheet:
            # Here, and not when they are read: the library looks through a sheet to its end for how long it is.
            self._rows += name in _ROWS
            if self._rows > MOST_ROWS:
                raise errors.TooManyRows(most=MOST_ROWS)
        elif self.elements > MOST_ELEMENTS:
            raise errors.ArchiveBomb(name=self.name)

    def read(self, size: int) -> None:
        self._size += size
        # Before the root is known nothing is a sheet: a comment of thirty megabytes is none.
        if self._size > LARGEST_PART and not (self._is_sheet and self.elements):
            raise errors.ArchiveBomb(name=self.name)


def _look(source: zipfile.ZipFile, entry: zipfile.ZipInfo, part: _Seen) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = part.begin, part.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        for piece in archive.Measured(source, entry).chunks():
            part.read(len(piece))
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no names
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise errors.SheetUnreadable(why=f"{entry.filename}: {error}"[:200]) from error


def _refuse(*_said: object) -> None:
    raise errors.SheetUnreadable(why="it declares entities")
