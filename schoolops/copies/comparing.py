"""What differs between a school and a copy of it, by table and by row, so that what is missed can be taken back.

Columns that a restoration shuts are left out, and what is private or secret of people is not said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from schoolops import privacy
from schoolops.copies import tables
from schoolops.copies.archive import Table
from schoolops.copies.errors import NoSuchTable
from schoolops.copies.shutting import shut_columns
from schoolops.copies.taking import columns_of_files
from schoolops.tenancy import owner
from schoolops.tenancy.models import School


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one table: rows that only one of the two schools has, and rows of one key that are not the same."""

    table: str
    only_now: int
    only_then: int
    changed: int


def differences(now: School, then: School) -> list[Difference]:
    """The tables whose rows are not the same in both, by name."""
    found = []
    with owner.owner_connection() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in _common(connection, now, then):
            counts = sql.SQL(
                "SELECT count(*) FILTER (WHERE b IS NULL), count(*) FILTER (WHERE a IS NULL),"
                " count(*) FILTER (WHERE a IS NOT NULL AND b IS NOT NULL) FROM ({}) d"
            ).format(_differing(table, now, then))
            row = connection.execute(counts).fetchone()
            if row is not None and any(row):
                found.append(Difference(table.name, *row))
    return found


def rows(now: School, then: School, *, table: str) -> Iterator[dict[str, Any]]:
    """Each row of ``table`` that differs: ``{"key", "now", "then"}``, ``None`` where a school has none.

    Raises ``NoSuchTable``.
    """
    with owner.owner_connection() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        asked = next((each for each in _common(connection, now, then) if each.name == table), None)
        if asked is None:
            raise NoSuchTable(table=table)
        with connection.cursor("differing", row_factory=dict_row) as cursor:
            for row in cursor.execute(_differing(asked, now, then)):
                both = {"now": row["a"], "then": row["b"]}
                key = [(row["a"] or row["b"])[column] for column in asked.key]
                yield {"key": key} | {name: said and privacy.without_private(said) for name, said in both.items()}


def _common(connection: tables.Connection, now: School, then: School) -> list[Table]:
    """Tables with a key that both have, with the columns that both have and a restoration leaves alone."""
    theirs = {table.name: table for table in tables.tables_of(connection, then.schema_name)}
    found = []
    for table in tables.tables_of(connection, now.schema_name):
        shut = shut_columns(table.name)
        if table.name not in theirs or shut == frozenset() or not table.key:
            continue
        known = set(theirs[table.name].columns) - (shut or set())
        found.append(Table(name=table.name, columns=[each for each in table.columns if each in known], key=table.key))
    return found


def _differing(table: Table, now: School, then: School) -> sql.Composed:
    """``a``, ``b``: the row now and then as JSON, of each that is not the same."""
    on = sql.SQL(" AND ").join(sql.SQL("a.{0} = b.{0}").format(sql.Identifier(column)) for column in table.key)
    return sql.SQL(
        "SELECT to_jsonb(a) AS a, to_jsonb(b) AS b FROM ({a}) a FULL JOIN ({b}) b ON {on}"
        " WHERE to_jsonb(a) IS DISTINCT FROM to_jsonb(b)"
    ).format(a=_side(table, now), b=_side(table, then), on=on)


def _side(table: Table, school: School) -> sql.Composed:
    # The same file is named in the folder of each school.
    files = {column for of, column in columns_of_files() if of == table.name}
    columns = sql.SQL(", ").join(
        sql.SQL("replace({0}, {1}, '') AS {0}").format(sql.Identifier(column), sql.Literal(f"{school.schema_name}/"))
        if column in files
        else sql.Identifier(column)
        for column in table.columns
    )
    return sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(school.schema_name, table.name))
