"""Each index that was asked for has one of ours that answers its query, and the query reads more pages without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from config.asked_indexes import ASKED, Asked
from schoolops.tenancy import owner
from schoolops.tenancy.models import School

ROWS = 20_000
# What the queries ask by; every other column says something of its own in each row.
ASKED_BY = {
    "section_id": "i % 400", "year_id": "i % 5", "grade_level_id": "i % 40", "institution_id": "i % 40",
    "student_id": "i % 2000", "role_id": "i % 400", "user_id": "i % 2500",
    "starts_on": "date '2026-01-01' + i % 50", "day": "date '2026-01-01' + i % 180",
}  # fmt: skip
OF_TYPE = {
    "bigint": "i", "integer": "i", "smallint": "0", "numeric": "0", "boolean": "false", "uuid": "gen_random_uuid()",
    "date": "date '2026-01-01' + i % 180", "timestamp with time zone": "now()", "jsonb": "'{}'",
    "time without time zone": "time '08:00'",
}  # fmt: skip
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL), a.atttypmod - 4, a.attnotnull
      FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' ORDER BY a.attnum"""


def fill(connection: psycopg.Connection[Any], table: str) -> None:
    """``ROWS`` rows that keep no rule but those of unique keys: what is asked is what a plan reads."""
    rules = connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype IN ('f', 'c', 'x')", [table]
    ).fetchall()
    for (rule,) in rules:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {rule}".encode())
    connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    columns, values = [], []
    for name, kind, longest, needed in connection.execute(_COLUMNS, [table]).fetchall():
        if name in ASKED_BY or needed or name == "email":
            columns.append(f'"{name}"')
            text = f"left('x' || i, {longest if longest > 0 else 100})"
            values.append(ASKED_BY.get(name) or OF_TYPE.get(kind, text))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM generate_series(1, {ROWS}) i"
        " ON CONFLICT DO NOTHING".encode()
    )


@pytest.fixture
def filled(fresh_school: Callable[..., School]) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, standing in a school whose tables are full."""
    school = fresh_school("asked")
    with owner.owner_connection() as connection:
        connection.execute(f"SET search_path = {school.schema_name}, extensions".encode())
        connection.execute("CREATE TABLE tenancy_domain (LIKE public.tenancy_domain INCLUDING ALL)")
        for (name,) in connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'tenancy_domain'::regclass"
            " AND NOT indisunique"
        ).fetchall():
            connection.execute(f"DROP INDEX {name}".encode())
        for table in sorted({each.table for each in ASKED}):
            fill(connection, table)
            connection.execute(f"VACUUM ANALYZE {table}".encode())
        yield connection


def explained(connection: psycopg.Connection[Any], query: str) -> tuple[str, int]:
    """The plan as text, and how many pages it read."""
    # Once before, so that what the planner reads for the first time is not counted.
    for _ in range(2):
        row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode()).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return json.dumps(plan), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def without(connection: psycopg.Connection[Any], each: Asked) -> tuple[str, int]:
    with connection.transaction(force_rollback=True):
        rule = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conindid = to_regclass(%s) AND contype = 'u'", [each.ours]
        ).fetchone()
        drop = f"ALTER TABLE {each.table} DROP CONSTRAINT {rule[0]}" if rule else f"DROP INDEX {each.ours}"
        connection.execute(drop.encode())
        return explained(connection, each.query)


def test_each_query_uses_its_index_and_costs_more_pages_without(filled: psycopg.Connection[Any]) -> None:
    assert len({each.asked for each in ASKED}) == 10
    found = {}
    for each in ASKED:
        plan, pages = explained(filled, each.query)
        other_plan, more = without(filled, each)
        found[each.ours] = (f'"{each.ours}"' in plan, f'"{each.ours}"' in other_plan, more > 2 * pages, pages, more)
    assert {name: seen[:3] for name, seen in found.items()} == dict.fromkeys(found, (True, False, True)), found
