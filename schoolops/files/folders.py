"""The folder of a school as a whole: what of it a copy takes along, and how it comes back in another school's."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from django.conf import settings

from schoolops import clock

PIECE = 1 << 20
LONGEST_S = 86_400


class Content(Protocol):
    """What is read piece by piece."""

    def read(self, length: int = -1, /) -> bytes: ...


@contextmanager
def held(names: Iterable[str]) -> Iterator[Path]:
    """A folder in which those of the stored files ``names`` that exist stay as they are until the block ends.

    Links, where the disk has them: the file of a row that is deleted meanwhile is there until it has been copied.
    """
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(".held-*"):
        # Of a process that was killed; none works at one copy for so long.
        if clock.machine().timestamp() - left.stat().st_mtime > LONGEST_S:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".held-", dir=root) as folder:
        for name in names:
            stored, here = root / name, Path(folder) / name
            here.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(stored, here, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError:
                shutil.copyfile(stored, here)
        yield Path(folder)


def contents(schema: str) -> Iterator[tuple[str, str]]:
    """Each file in the folder of ``schema``: its name below it, and its SHA-256."""
    folder = Path(settings.MEDIA_ROOT) / schema
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                yield str(path.relative_to(folder)), hashlib.file_digest(file, "sha256").hexdigest()


def remove(schema: str) -> None:
    """Remove the folder of ``schema`` with all that is in it."""
    folder = Path(settings.MEDIA_ROOT) / schema
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def put(schema: str, name: str, content: Content | IO[bytes]) -> None:
    """Store ``content`` as ``name``, relative and without ``..``, in the folder of ``schema``.

    Raises ``FileExistsError``, ``ValueError`` for a name that leads elsewhere.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError(f"{name} leads out of the folder.")
    path = Path(settings.MEDIA_ROOT) / schema / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while piece := content.read(PIECE):
            file.write(piece)
    if settings.FILE_UPLOAD_PERMISSIONS is not None:
        path.chmod(settings.FILE_UPLOAD_PERMISSIONS)
