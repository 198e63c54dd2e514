"""Taking a backup of one school: its schema and what the platform keeps of it in one snapshot, and its files."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from psycopg import sql

import schoolops
from schoolops import clock
from schoolops.copies import archive, sealed, tables
from schoolops.copies.archive import Counted, Head, Manifest, Table
from schoolops.copies.errors import NoRecipient
from schoolops.files import folders, sweeping
from schoolops.tenancy import lifecycle, owner
from schoolops.tenancy.errors import WrongState
from schoolops.tenancy.models import School, SchoolState

SUFFIX = ".school.age"
Progress = Callable[[str], None]


def silently(said: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that stands in its folder: where, the SHA-256 of the file, its bytes, and the rows in it."""

    path: Path
    sha256: str
    length: int
    rows: int


def back_up(
    *, slug: str, folder: Path, recipients: Sequence[str], progress: Progress = silently, name: str = ""
) -> Taken:
    """Put a backup of the school ``slug`` into ``folder``, sealed for ``recipients`` (public keys of age).

    It is written beside and renamed when it is whole and on the disk: what has the name of a backup is one. Rows may be
    read and written meanwhile, and nobody waits; only the shape of the tables stands still.

    Raises:
        SchoolNotFound. WrongState: it is still being made, or was moved. NoRecipient, RecipientInvalid.
        OSError: the disk refuses.
    """
    keys = sealed.recipients_of(recipients)
    if not keys:
        raise NoRecipient
    school = lifecycle.get_school(slug)
    if school.state in {SchoolState.CREATING, SchoolState.MOVED}:
        raise WrongState(slug=slug, state=school.state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with owner.one_at_a_time(f"backup:{slug}"):
        for left in folder.glob(f".{slug}-*.partial"):
            left.unlink(missing_ok=True)
        called = name or f"{slug}-{clock.machine():%Y%m%dT%H%M%S}Z{SUFFIX}"
        beside = folder / f".{slug}-{secrets.token_hex(4)}.partial"
        with written(folder / called, beside=beside) as target, sealed.sealing(target, keys) as stream:
            rows = _write(stream, school, progress)
    return Taken(folder / called, target.sha256.hexdigest(), target.length, rows)


class _Target:
    """The file as it is written, and the SHA-256 of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256, self.length = file, hashlib.sha256(), 0

    def write(self, piece: bytes) -> int:
        self.sha256.update(piece)
        self.length += len(piece)
        return self._file.write(piece)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def written(path: Path, *, beside: Path) -> Iterator[_Target]:
    """A file that only its owner may read, called ``path`` once it is whole; nothing is left of one that is not."""
    try:
        # Nobody else's for not even a moment.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            target = _Target(file)
            yield target
            file.flush()
            os.fsync(file.fileno())
        said = path.with_name(path.name + ".sha256")
        said.write_text(f"{target.sha256.hexdigest()}  {path.name}\n", encoding="ascii")
        beside.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        beside.unlink(missing_ok=True)


def _write(stream: IO[bytes], school: School, progress: Progress) -> int:
    """Write everything of ``school`` from one snapshot; returns its rows."""
    with owner.owner_connection() as connection, connection.transaction():
        # Begun before the shape is held still: the snapshot, which comes with the first look, is not older than it.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables.hold_still(connection, school.schema_name, _shape(school))
        tables.spell_alike(connection)
        head = _head(connection, school)
        writer = archive.Writer(stream)
        writer.add(archive.HEAD, archive.encoded(head))
        with folders.held(names := _named(connection, head)) as folder:
            counted = _rows(connection, writer, head, progress)
            missing = _files(writer, folder, names, school.schema_name)
        progress(f"{len(names) - len(missing)} files")
        manifest = Manifest(
            parts=writer.parts,
            tables=counted,
            sequences=tables.sequences_of(connection, school.schema_name),
            waiting=dict(_WAITING.run(connection, school.slug)),
            missing=missing,
        )
        writer.end(manifest)
    return sum(each.rows for each in counted.values())


def _shape(school: School) -> list[Table]:
    with owner.owner_connection() as connection:
        return tables.tables_of(connection, school.schema_name)


class _Asked:
    """A question about what the platform keeps of a school."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def run(self, connection: tables.Connection, *facts: Any) -> list[Any]:
        return connection.execute(self._text, facts).fetchall()


_SCHOOL = _Asked("SELECT slug, name, schema_name FROM public.tenancy_school WHERE id = %s")
_DOMAINS = _Asked("SELECT domain FROM public.tenancy_domain WHERE tenant_id = %s ORDER BY NOT is_primary, domain")
_WAITING = _Asked("SELECT task, count(*) FROM public.queues_job WHERE school = %s GROUP BY task ORDER BY task")


def _head(connection: tables.Connection, school: School) -> Head:
    ((slug, name, schema),) = _SCHOOL.run(connection, school.pk)
    rows = connection.execute(
        sql.SQL("SELECT app, name FROM {} ORDER BY app, name").format(sql.Identifier(schema, "django_migrations"))
    ).fetchall()
    migrations = sorted({(app, called) for app, called in rows})
    return Head(
        format=archive.FORMAT,
        release=schoolops.__version__,
        taken_at=clock.machine().isoformat(timespec="seconds"),
        slug=slug,
        name=name,
        schema=schema,
        domains=[domain for (domain,) in _DOMAINS.run(connection, school.pk)],
        migrations=migrations,
        fingerprint=archive.fingerprint_of(migrations),
        tables=tables.tables_of(connection, schema),
    )


def columns_of_files() -> list[tuple[str, str]]:
    """(table, column) of every column that names a file."""
    return [(model._meta.db_table, model._meta.get_field(field).column) for model, field in sweeping.fields()]


def file_columns(head: Head) -> list[tuple[str, str]]:
    """(table, column) of every column of the backup that names a file."""
    columns = {table.name: table.columns for table in head.tables}
    return [(table, column) for table, column in columns_of_files() if column in columns.get(table, ())]


def _named(connection: tables.Connection, head: Head) -> list[str]:
    """The stored files that rows name, in the school's folder."""
    names: set[str] = set()
    for table, column in file_columns(head):
        select = sql.SQL("SELECT {column} FROM {table} WHERE {column} LIKE %s").format(
            column=sql.Identifier(column), table=sql.Identifier(head.schema, table)
        )
        inside = head.schema.replace("_", r"\_") + "/%"
        names |= {name for (name,) in connection.execute(select, [inside])}
    return sorted(names)


def _rows(connection: tables.Connection, writer: archive.Writer, head: Head, progress: Progress) -> dict[str, Counted]:
    counted = {}
    for number, table in enumerate(head.tables, start=1):
        rows, sha256 = 0, hashlib.sha256()
        for piece_number, piece in enumerate(tables.rows_of(connection, head.schema, table)):
            writer.add(f"tables/{table.name}/{piece_number:05}.copy", piece)
            rows += piece.count(b"\n")
            sha256.update(piece)
            progress(f"{number}/{len(head.tables)} {table.name}: {rows} rows")
        counted[table.name] = Counted(rows, sha256.hexdigest())
    return counted


def _files(writer: archive.Writer, folder: Path, names: list[str], schema: str) -> list[str]:
    missing = []
    for name in names:
        inside = name.removeprefix(f"{schema}/")
        try:
            file = (folder / name).open("rb")
        except FileNotFoundError:
            missing.append(inside)
            continue
        with file:
            writer.add_file(f"files/{inside}", file, os.fstat(file.fileno()).st_size)
    return missing
