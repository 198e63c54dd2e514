"""Archives, opened with care: nothing is unpacked to disk, and nothing is read further than a roster can be long."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from apps.exchange import errors

MEGABYTE = 2**20
LARGEST_UPLOAD = 32 * MEGABYTE
LARGEST_UNPACKED = 256 * MEGABYTE
MOST_FILES = 64
# Text packs ten to one; a roster of blanks perhaps fifty to one.
HIGHEST_RATIO = 200
SMALL = MEGABYTE
PACKED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar")
# What macOS and Windows put beside the files.
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@contextmanager
def opened(file: IO[bytes], *, folders: bool = False) -> Iterator[zipfile.ZipFile]:
    """The archive in ``file``; with ``folders`` its files may lie in some, as a spreadsheet's parts do.

    Raises:
        ArchiveDamaged, ArchiveEncrypted, ArchiveTooManyFiles, ArchivePath, ArchiveNested, ArchiveFileTwice,
        ArchiveBomb.
    """
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise errors.ArchiveDamaged(why=str(error) or "it ends too early") from error
    with archive:
        _check(archive.infolist(), folders=folders)
        yield archive


def _check(entries: list[zipfile.ZipInfo], *, folders: bool) -> None:
    if len(entries) > MOST_FILES:
        raise errors.ArchiveTooManyFiles(most=MOST_FILES)
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name.startswith(LITTER) or name.rsplit("/", 1)[-1] in LITTER:
            continue
        _check_name(entry, folders=folders)
        if name.casefold() in seen:
            raise errors.ArchiveFileTwice(name=name)
        seen.add(name.casefold())
        if entry.flag_bits & 0x1:
            raise errors.ArchiveEncrypted
        if name.lower().endswith(PACKED):
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
        raise errors.ArchivePath(name=ascii(name)[1:121])


class Measured:
    """A file inside an archive, read no further than it says it is long. Raises ``ArchiveBomb``, ``ArchiveDamaged``."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        self._name, self._left = entry.filename, min(entry.file_size, LARGEST_UNPACKED)
        try:
            self._file = archive.open(entry)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise errors.ArchiveDamaged(why=str(error)) from error

    def chunks(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """The content, piece by piece."""
        with self._file as file:
            while True:
                try:
                    piece = file.read(size)
                except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                    raise errors.ArchiveDamaged(why=f"{self._name}: {error}") from error
                if not piece:
                    return
                self._left -= len(piece)
                if self._left < 0:
                    raise errors.ArchiveBomb(name=self._name)
                yield piece
