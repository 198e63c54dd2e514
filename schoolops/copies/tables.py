"""The tables of one schema as PostgreSQL knows them: out by COPY in order of their keys, in again, and checked after.

Nothing here knows a model: a school of an earlier release is copied by what stands in its schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from schoolops.copies.archive import PIECE, Counted, Table
from schoolops.copies.errors import BackupDoesNotFit

Connection = psycopg.Connection[Any]

# What the text of a value depends on.
_SPELLING = """
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL client_encoding = 'UTF8';
    SET LOCAL xmloption = 'content'; SET LOCAL search_path = ''
"""
_TABLES = """
    SELECT c.relname,
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
           coalesce((SELECT array_agg(k.attname::text ORDER BY array_position(i.indkey::int2[], k.attnum))
                       FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY(i.indkey)
                      WHERE i.indrelid = c.oid AND i.indisprimary), '{}')
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     GROUP BY c.oid, c.relname ORDER BY c.relname
"""
_SEQUENCES = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'S' ORDER BY 1
"""
_FOREIGN_KEYS = """
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE k.connamespace = to_regnamespace(%s) AND k.contype = 'f' AND k.conparentid = 0
       AND NOT (k.condeferrable AND %s) ORDER BY 1, 2
"""


def spell_alike(connection: Connection) -> None:
    """Let values read, within this transaction, as they do on every server of ours."""
    connection.execute(_SPELLING)


def tables_of(connection: Connection, schema: str) -> list[Table]:
    """Every table of ``schema``, by name."""
    return [
        Table(name=name, columns=columns or [], key=key)
        for name, columns, key in connection.execute(_TABLES, [schema]).fetchall()
    ]


def hold_still(connection: Connection, schema: str, tables: list[Table]) -> None:
    """Let nobody change the shape of ``tables`` until the transaction ends; who reads or writes rows is not held up."""
    if tables:
        named = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(named))


def _listed(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def rows_of(connection: Connection, schema: str, table: Table) -> Iterator[bytearray]:
    """What COPY says of ``table`` in the order of its key, in pieces of whole lines of about ``PIECE``."""
    statement = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _listed(table.columns), sql.Identifier(schema, table.name), _listed(table.key or table.columns)
    )
    piece = bytearray()
    with connection.cursor().copy(statement) as copying:
        for line in copying:
            piece += line
            if len(piece) >= PIECE and piece.endswith(b"\n"):
                yield piece
                piece = bytearray()
    if piece:
        yield piece


def counted(connection: Connection, schema: str, table: Table) -> Counted:
    """Rows of ``table``, and the SHA-256 of all that COPY says of it."""
    rows, sha256 = 0, hashlib.sha256()
    for piece in rows_of(connection, schema, table):
        rows += piece.count(b"\n")
        sha256.update(piece)
    return Counted(rows, sha256.hexdigest())


_DIGEST = sql.SQL("count(*), concat_ws(' ', sum(hashtextextended(said, 0)), sum(hashtextextended(said, 1)))")


def _said(schema: str, table: Table, where: sql.Composable) -> sql.Composed:
    return sql.SQL('(SELECT ROW({})::text COLLATE "C" AS said FROM {} t {}) AS rows').format(
        _listed(table.columns), sql.Identifier(schema, table.name), where
    )


def digest_of(connection: Connection, schema: str, table: Table, where: sql.Composable) -> tuple[int, str]:
    """As ``digests_of``, of the rows ``t`` of ``table`` for which it is so."""
    asked = sql.SQL("SELECT {} FROM {}").format(_DIGEST, _said(schema, table, where))
    rows, said = connection.execute(asked).fetchone() or (0, "")
    return rows, said


def digests_of(connection: Connection, schema: str, tables: list[Table]) -> dict[str, tuple[int, str]]:
    """Rows of each table, and a sum of 128 bits over all of them, whatever their order. The server's work alone."""
    union = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {} FROM {}").format(sql.Literal(table.name), _DIGEST, _said(schema, table, sql.SQL("")))
        for table in tables
    )
    return {name: (rows, said) for name, rows, said in connection.execute(union)}


def sequences_of(connection: Connection, schema: str) -> dict[str, tuple[int, bool]]:
    """Where each sequence of ``schema`` stands: its last value, and whether it was given out."""
    names = [name for (name,) in connection.execute(_SEQUENCES, [schema])]
    if not names:
        return {}
    union = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, last_value, is_called FROM {}").format(sql.Literal(name), sql.Identifier(schema, name))
        for name in names
    )
    return {name: (last, given_out) for name, last, given_out in connection.execute(union)}


def set_sequences(connection: Connection, schema: str, sequences: dict[str, tuple[int, bool]]) -> None:
    """Let the sequences of ``schema`` stand there. Raises ``BackupDoesNotFit`` where it has others."""
    if set(sequences) != set(sequences_of(connection, schema)):
        raise BackupDoesNotFit(what="it has other sequences than its release")
    for name, (last, given_out) in sequences.items():
        place = sql.Identifier(schema, name).as_string(connection)
        connection.execute("SELECT setval(%s::regclass, %s, %s)", [place, last, given_out])


@contextmanager
def unguarded(connection: Connection, schema: str, tables: list[Table], *, few: bool = False) -> Iterator[None]:
    """In the block the rows of ``tables`` may be written in any order; keys are checked behind it, all at once.

    What triggers would do is in the rows that are written. The caller holds the transaction. ``few``: rows are written;
    then keys that can wait are checked for these alone, instead of for all there are.

    Raises:
        BackupDoesNotFit: a row names one that is not there.
    """
    keys = connection.execute(_FOREIGN_KEYS, [schema, few]).fetchall()
    for table, name, _ in keys:
        drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        connection.execute(drop.format(sql.Identifier(schema, table), sql.Identifier(name)))
    _triggers(connection, schema, tables, "DISABLE")
    connection.execute("SET CONSTRAINTS ALL DEFERRED")
    yield
    with fitting("a row names one that is not there"):
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _triggers(connection, schema, tables, "ENABLE")
    for table, name, definition in keys:
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} " + definition)
        with fitting(f"a row of {table} names one that is not there"):
            connection.execute(add.format(sql.Identifier(schema, table), sql.Identifier(name)))


def _triggers(connection: Connection, schema: str, tables: list[Table], what: str) -> None:
    for table in tables:
        connection.execute(sql.SQL(f"ALTER TABLE {{}} {what} TRIGGER USER").format(sql.Identifier(schema, table.name)))


def empty(connection: Connection, schema: str, tables: list[Table]) -> None:
    """Take out what the migrations, or the template, put in."""
    for table in tables:
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, table.name)))


def fill(connection: Connection, schema: str, table: Table, pieces: Iterable[bytes | bytearray]) -> None:
    """Put lines of ``table`` back, however they are cut into ``pieces``. Raises ``BackupDoesNotFit``."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(schema, table.name), _listed(table.columns))
    with fitting(f"a row of {table.name} is refused"), connection.cursor().copy(statement) as copying:
        for piece in pieces:
            copying.write(piece)


@contextmanager
def fitting(what: str) -> Iterator[None]:
    """Raise ``BackupDoesNotFit`` for what the database says of rows."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError) as refused:
        raise BackupDoesNotFit(what=f"{what}: {refused.diag.message_primary or type(refused).__name__}") from refused
