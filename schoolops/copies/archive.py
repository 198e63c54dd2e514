"""What a backup is inside its seal: a tar of parts that ``tar`` and ``psql`` read as well, and a manifest at its end.

``head.json``, which says what follows; ``tables/<table>/00000.copy`` and so on, what ``COPY … TO STDOUT`` says of each
table in order of its key, in pieces of a few megabytes; ``files/…``, what rows name, without the folder of the school;
and ``manifest.json``: the SHA-256 of every part, what was counted, and the mark of the installation. Without a manifest
it is no backup.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, TypeVar

import msgspec
from django.core import signing

from schoolops.copies import sealed
from schoolops.copies.errors import BackupDamaged, BackupFromElsewhere, BackupNewer, BackupNotFound

FORMAT: Final = 1
HEAD, MANIFEST = "head.json", "manifest.json"
# A piece of a table, and of a file while it is copied: what a backup keeps in memory.
PIECE: Final = 4 << 20
_LONGEST_JSON: Final = 64 << 20
Said = TypeVar("Said")
_TABLE = re.compile(r"tables/([a-z][a-z0-9_]{0,62})/[0-9]{5,}\.copy")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table: its columns in the order of the lines, without those that the database fills, and its key."""

    name: str
    columns: list[str]
    key: list[str]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of. ``migrations``: (app, name) of every one that its schema had, sorted."""

    format: int
    release: str
    taken_at: str
    slug: str
    name: str
    schema: str
    domains: list[str]
    migrations: list[tuple[str, str]]
    fingerprint: str
    tables: list[Table]


class Part(msgspec.Struct, frozen=True):
    """One part as it was written: name, length in bytes, SHA-256."""

    name: str
    length: int
    sha256: str


class Counted(msgspec.Struct, frozen=True):
    """Rows of a table, and the SHA-256 of all that ``COPY`` says of it."""

    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be in a backup for it to be whole.

    ``sequences``: (last value, whether it was given out). ``waiting``: jobs by task that had not run, which a backup
    does not hold. ``missing``: files that rows named and nobody stored. ``mark``: see ``mark_of``.
    """

    parts: list[Part]
    tables: dict[str, Counted]
    sequences: dict[str, tuple[int, bool]]
    waiting: dict[str, int]
    missing: list[str]
    mark: str = ""


class Verified(msgspec.Struct, frozen=True):
    """A backup that was read to its end and is what it says."""

    head: Head
    manifest: Manifest


def fingerprint_of(migrations: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over the names of migrations."""
    return hashlib.sha256("\n".join(f"{app}.{name}" for app, name in sorted(migrations)).encode()).hexdigest()


def _signer() -> signing.Signer:
    return signing.Signer(salt="schoolops.copies")


def encoded(said: Head | Manifest) -> bytes:
    """As it stands in the archive: JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(said), indent=1)


def mark_of(manifest: Manifest) -> str:
    """By which an installation knows its own backups: its secret over all that the manifest says. Empty of a mark."""
    return _signer().sign(_digest(manifest))


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(manifest, mark=""))).hexdigest()


def is_ours(manifest: Manifest) -> bool:
    """Whether this installation, with the secret it has or one it still accepts, made the backup."""
    try:
        return bool(_signer().unsign(manifest.mark) == _digest(manifest))
    except signing.BadSignature:
        return False


class Writer:
    """Writes the parts one after the other, and the manifest last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.parts: list[Part] = []

    def add(self, name: str, content: bytes | bytearray) -> None:
        """One part from memory."""
        self._write(name, len(content), io.BytesIO(content))
        self.parts.append(Part(name, len(content), hashlib.sha256(content).hexdigest()))

    def add_file(self, name: str, file: IO[bytes], length: int) -> None:
        """One part from a file that has ``length`` bytes. Raises ``OSError`` where it has fewer."""
        reading = Hashing(file)
        self._write(name, length, reading)
        self.parts.append(Part(name, length, reading.sha256.hexdigest()))

    def end(self, manifest: Manifest) -> None:
        """Write the manifest, marked as ours: from here on it is a backup."""
        said = encoded(msgspec.structs.replace(manifest, mark=mark_of(manifest)))
        self._write(MANIFEST, len(said), io.BytesIO(said))
        self._stream.write(bytes(2 * tarfile.BLOCKSIZE))

    def _write(self, name: str, length: int, content: Any) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = length, 0o600
        # By hand: a TarFile keeps all that passed, and writes on when it is let go half-way.
        self._stream.write(member.tobuf(tarfile.PAX_FORMAT))
        left = length
        while left:
            piece = content.read(min(left, 1 << 20))
            if not piece:
                raise OSError(f"{name} became shorter while it was copied.")
            self._stream.write(piece)
            left -= len(piece)
        self._stream.write(bytes(-length % tarfile.BLOCKSIZE))


class Hashing:
    """Reads through, and knows the SHA-256 of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256, self.length = file, hashlib.sha256(), 0

    def read(self, length: int = -1) -> bytes:
        piece = self._file.read(length)
        self.sha256.update(piece)
        self.length += len(piece)
        return piece


class _Content:
    """What is in one part. Raises ``BackupDamaged`` where it ends early."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, length: int = -1) -> bytes:
        try:
            return self._file.read(length)
        except (tarfile.TarError, EOFError, ValueError) as refused:
            raise BackupDamaged(what="it does not open to its end") from refused


def table_of(name: str) -> str | None:
    """Whose rows are in the part ``name``; ``None`` where it holds no rows."""
    found = _TABLE.fullmatch(name)
    return found and found.group(1)


def file_of(name: str) -> str | None:
    """Which file is in the part ``name``, below the folder of its school; ``None`` where it holds none.

    Raises ``BackupDamaged`` for a name that leads elsewhere.
    """
    if not name.startswith("files/"):
        return None
    path = PurePosixPath(name.removeprefix("files/"))
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise BackupDamaged(what="a file in it leads out of the folder of the school")
    return str(path)


def parts(file: Path, identities: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Name and content, as a stream, of each part up to the manifest and with it; each is read before the next.

    Raises ``BackupNotFound``, ``BackupNotForThisKey``, ``BackupDamaged``.
    """
    try:
        source = file.open("rb")
    except OSError as refused:
        raise BackupNotFound(path=file) from refused
    with source, sealed.opening(source, identities) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18) as tar:
                while (member := tar.next()) is not None:
                    content = tar.extractfile(member) if member.isreg() else None
                    if content is None:
                        raise BackupDamaged(what=f"{member.name} is no file")
                    yield member.name, _Content(content)
                    # It keeps all that passed.
                    tar.members.clear()  # type: ignore[attr-defined] # Unknown to typeshed.
        except (tarfile.TarError, EOFError, ValueError) as refused:
            raise BackupDamaged(what="it is no archive of parts") from refused


def _decoded(content: IO[bytes], kind: type[Said], name: str) -> Said:
    said = content.read(_LONGEST_JSON)
    try:
        return msgspec.json.decode(said, type=kind)
    except msgspec.MsgspecError as refused:
        raise BackupDamaged(what=f"{name} cannot be read") from refused


class _Format(msgspec.Struct):
    format: int
    release: str


def _head(content: IO[bytes], known: frozenset[tuple[str, str]]) -> tuple[Head, bytes]:
    said = content.read(_LONGEST_JSON)
    # What a later format says otherwise is not to be called damaged.
    first = _decoded(io.BytesIO(said), _Format, HEAD)
    if first.format > FORMAT:
        raise BackupNewer(what=f"its format is {first.format}", release=first.release)
    head = _decoded(io.BytesIO(said), Head, HEAD)
    if strange := sorted(set(head.migrations) - known):
        raise BackupNewer(what=f"this one has no migration {'.'.join(strange[0])}", release=head.release)
    if fingerprint_of(head.migrations) != head.fingerprint:
        raise BackupDamaged(what="its migrations are not those it was sealed with")
    return head, said


def verified(
    file: Path, identities: Sequence[Any], *, known: frozenset[tuple[str, str]], from_elsewhere: bool = False
) -> Verified:
    """Read all of a backup, and say what it is.

    Args:
        known: the migrations that this release has.
        from_elsewhere: whether one that this installation did not make is taken.

    Raises:
        BackupNotFound, BackupNotForThisKey, BackupDamaged, BackupNewer, BackupFromElsewhere.
    """
    head: Head | None = None
    manifest: Manifest | None = None
    found: list[Part] = []
    tables: dict[str, tuple[int, Any]] = {}
    for name, content in parts(file, identities):
        if manifest is not None:
            raise BackupDamaged(what=f"{name} stands behind its manifest")
        if head is None:
            if name != HEAD:
                raise BackupDamaged(what="it does not begin with its head")
            head, said = _head(content, known)
            tables = {table.name: (0, hashlib.sha256()) for table in head.tables}
            found.append(Part(name, len(said), hashlib.sha256(said).hexdigest()))
        elif name == MANIFEST:
            manifest = _decoded(content, Manifest, MANIFEST)
        else:
            found.append(_read(name, content, tables))
    if head is None or manifest is None:
        raise BackupDamaged(what="it has no manifest")
    counted = {name: Counted(rows, sha256.hexdigest()) for name, (rows, sha256) in tables.items()}
    if manifest.parts != found or manifest.tables != counted:
        raise BackupDamaged(what="a part of it is not what the manifest says")
    if not from_elsewhere and not is_ours(manifest):
        raise BackupFromElsewhere
    return Verified(head, manifest)


def _read(name: str, content: IO[bytes], tables: dict[str, tuple[int, Any]]) -> Part:
    table = table_of(name)
    if table not in tables and file_of(name) is None:
        raise BackupDamaged(what=f"nothing is known of {name}")
    reading = Hashing(content)
    while piece := reading.read(1 << 20):
        if table is not None:
            rows, sha256 = tables[table]
            sha256.update(piece)
            # A line break within a value is written as \\n.
            tables[table] = (rows + piece.count(b"\n"), sha256)
    return Part(name, reading.length, reading.sha256.hexdigest())
