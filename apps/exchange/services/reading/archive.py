"""Archives, opened with care: nothing is unpacked to disk, and nothing is read further than a roster can be long."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from apps.exchange import errors
from schoolops.folding import fold

MEGABYTE = 2**20
LARGEST_UPLOAD = 32 * MEGABYTE
LARGEST_UNPACKED = 256 * MEGABYTE
MOST_FILES = 64
# Text packs ten to one; a roster of blanks perhaps fifty to one.
HIGHEST_RATIO = 200
SMALL = MEGABYTE
# Sixty-four names, each as long as a name can be on any disk.
LARGEST_DIRECTORY = 64 * 1024
PACKED = (
    ".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".jar", ".xlsx", ".xlsm", ".xlsb", ".xls",
    ".docx", ".pptx", ".ods", ".odt",
)  # fmt: skip
# How such files begin, whatever they are called.
PACKED_HEADS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
# What macOS and Windows put beside the files.
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


CONTENT_TYPES = "[Content_Types].xml"
# What the library raises of archives that are none, cut off, or lie.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, struct.error,
    IndexError, KeyError, OverflowError, MemoryError, UnicodeError, lzma.LZMAError,
)  # fmt: skip


# Of a spreadsheet, XLSX or OpenDocument: such have folders.
_OF_BOOKS = frozenset({CONTENT_TYPES, "content.xml"})
# Of one that nobody here reads.
_OTHERS = {"Index/Document.iwa": "Numbers", "xl/workbook.bin": "XLSB", "word/document.xml": "DOCX"}


@contextmanager
def opened(file: IO[bytes], *, folders: bool = False) -> Iterator[zipfile.ZipFile]:
    """The archive in ``file``; with ``folders`` its files may lie in some, as a spreadsheet's parts do. Else its tables
    lie in one place, be it a folder.

    Raises:
        ArchiveDamaged, ArchiveEncrypted, ArchiveTooManyFiles, ArchivePath, ArchiveNested, ArchiveFileTwice,
        ArchiveBomb.
    """
    with _listed(file) as archive:
        _check(archive.infolist(), folders=folders)
        for entry in archive.infolist():
            if entry.file_size and _begins(archive, entry).startswith(PACKED_HEADS):
                raise errors.ArchiveNested(name=entry.filename)
        yield archive


def directory(file: IO[bytes]) -> list[str]:
    """The names in an archive, of which nothing is unpacked. Raises as ``opened``."""
    with _listed(file) as archive:
        names = archive.namelist()
        _check(archive.infolist(), folders=is_book(names) or other_book(names) != "")
    return names


def is_book(names: Iterable[str]) -> bool:
    """Whether an archive with these files is a spreadsheet."""
    return not _OF_BOOKS.isdisjoint(names)


def other_book(names: Iterable[str]) -> str:
    """What an archive with these files is, where it is of another program; else nothing."""
    return next((_OTHERS[name] for name in names if name in _OTHERS), "")


def tables_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The CSV files of an archive that was opened, by their names without folder and ending, folded."""
    return {fold(entry.filename.rpartition("/")[2][:-4]): entry for entry in archive.infolist() if _is_table(entry)}


def _is_table(entry: zipfile.ZipInfo) -> bool:
    return fold(entry.filename).endswith(".csv") and not _is_litter(entry.filename)


def _is_litter(name: str) -> bool:
    return name.startswith(LITTER) or name.rsplit("/", 1)[-1] in LITTER


def _listed(file: IO[bytes]) -> zipfile.ZipFile:
    file.seek(0)
    try:
        # The library reads the whole directory, however long: its end says how long that is.
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001 - the very record it will go by
        if end and (end[zipfile._ECD_SIZE] > LARGEST_DIRECTORY):  # type: ignore[attr-defined]  # noqa: SLF001
            raise errors.ArchiveTooManyFiles(most=MOST_FILES)
        file.seek(0)
        return zipfile.ZipFile(file)
    except DAMAGED as error:
        raise errors.ArchiveDamaged(why=str(error) or "it ends too early") from error


def _begins(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    return next(Measured(archive, entry).chunks(8), b"")


def _check(entries: list[zipfile.ZipInfo], *, folders: bool) -> None:
    if len(entries) > MOST_FILES:
        raise errors.ArchiveTooManyFiles(most=MOST_FILES)
    seen: set[str] = set()
    # A folder that was packed instead of the files in it: plain, as long as all of them lie there.
    there = {entry.filename.rpartition("/")[0] for entry in entries if _is_table(entry)}
    folders = folders or len(there) == 1
    for entry in entries:
        name = entry.filename
        if _is_litter(name):
            continue
        _check_name(entry, folders=folders)
        if name.casefold() in seen:
            raise errors.ArchiveFileTwice(name=name)
        seen.add(name.casefold())
        if entry.flag_bits & 0x1:
            raise errors.ArchiveEncrypted
        if name.lower().rstrip(". ").endswith(PACKED):
            raise errors.ArchiveNested(name=name)
        if entry.file_size > max(SMALL, entry.compress_size * HIGHEST_RATIO):
            raise errors.ArchiveBomb(name=name)
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise errors.ArchiveBomb(name="the archive")


def _check_name(entry: zipfile.ZipInfo, *, folders: bool) -> None:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    tricky = "\\" in name or ":" in name or name.startswith("/") or ".." in parts or not name.isprintable()
    if tricky or (not folders and len(parts) > 1) or stat.S_ISLNK(entry.external_attr >> 16):
        raise errors.ArchivePath(name=ascii(name)[1:-1][:120])


class Measured:
    """A file inside an archive, read no further than it says it is long. Raises ``ArchiveBomb``, ``ArchiveDamaged``."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        self._name, self._left = entry.filename, min(entry.file_size, LARGEST_UNPACKED)
        try:
            self._file = archive.open(entry)
        except DAMAGED as error:
            raise errors.ArchiveDamaged(why=str(error)) from error

    def chunks(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """The content, piece by piece."""
        with self._file as file:
            while True:
                try:
                    piece = file.read(size)
                except DAMAGED as error:
                    raise errors.ArchiveDamaged(why=f"{self._name}: {error}") from error
                if not piece:
                    return
                self._left -= len(piece)
                if self._left < 0:
                    raise errors.ArchiveBomb(name=self._name)
                yield piece
