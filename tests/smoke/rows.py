"""What stands in a school's tables, read with the login that owns them: to see that nothing has changed."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, LiteralString, Self

import psycopg
from psycopg import sql

UUIDS: LiteralString = """
SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'sourced_id'
"""
TABLES: LiteralString = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY 1
"""
# Whoever is named here would be a leak in an answer of the other school.
RUNNING = ("received", "applying", "undoing")
NAMED = ("students_student", "students_guardian", "staff_staffmember")


class Rows(AbstractContextManager["Rows"]):
    """A connection of the provisioning login."""

    def __init__(self, admin_url: str) -> None:
        self._connection = psycopg.connect(admin_url.replace("postgres://", "postgresql://", 1), autocommit=True)
        self._tables: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def schema_of(self, slug: str) -> str:
        """The schema of a school."""
        found = self._connection.execute("SELECT schema_name FROM tenancy_school WHERE slug = %s", [slug]).fetchone()
        assert found is not None
        return str(found[0])

    def checksums(self, schema: str) -> dict[str, tuple[int, str]]:
        """(number of rows, checksum of all of them) per table."""
        if schema not in self._tables:
            self._tables[schema] = [name for (name,) in self._connection.execute(TABLES, [schema]).fetchall()]
        one = sql.SQL(
            "SELECT {name}, count(*), COALESCE(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
        )
        query = sql.SQL(" UNION ALL ").join(
            one.format(name=sql.Literal(table), table=sql.Identifier(schema, table)) for table in self._tables[schema]
        )
        return {name: (count, checksum) for name, count, checksum in self._connection.execute(query).fetchall()}

    def ids(self, schema: str) -> frozenset[str]:
        """Every public id of the school."""
        tables = [name for (name,) in self._connection.execute(UUIDS, [schema]).fetchall()]
        query = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT sourced_id::text FROM {}").format(sql.Identifier(schema, table)) for table in tables
        )
        return frozenset(name for (name,) in self._connection.execute(query).fetchall())

    def names(self, schema: str) -> frozenset[str]:
        """Given and family names of people, together as they are written."""
        found: set[str] = set()
        for table in NAMED:
            query = sql.SQL("SELECT given_name, family_name FROM {}").format(sql.Identifier(schema, table))
            found |= {f"{given} {family}".strip() for given, family in self._connection.execute(query).fetchall()}
        return frozenset(name for name in found if len(name) > 3)

    def expire(self, schema: str, token: str) -> None:
        """Let an access token have ended an hour ago."""
        query = sql.SQL("UPDATE {} SET expires_at = expires_at - interval '1 hour' WHERE digest = %s").format(
            sql.Identifier(schema, "accounts_token")
        )
        changed = self._connection.execute(query, [hashlib.sha256(token.encode()).digest()])
        assert changed.rowcount == 1

    def track(self, slug: str, user_id: str) -> int:
        """The number of a new tracked job of this user, to run in a year."""
        found = self._connection.execute(
            "INSERT INTO queues_job (school, queue, task, meta, run_at, tracked)"
            " VALUES (%s, 'reports', 'smoke.nothing', jsonb_build_object('user', %s::text),"
            " now() + interval '1 year', true)"
            " RETURNING id",
            [slug, user_id],
        ).fetchone()
        assert found is not None
        return int(found[0])

    def working(self, schema: str) -> bool:
        """Whether a worker is at an import, at results of exams or at bills, or has some before it."""
        query = sql.SQL(
            "SELECT EXISTS (SELECT FROM {} WHERE state = ANY(%s)) OR EXISTS (SELECT FROM queues_job j"
            " JOIN tenancy_school s ON s.slug = j.school"
            " WHERE s.schema_name = %s AND j.queue IN ('examinations', 'fees'))"
        ).format(sql.Identifier(schema, "exchange_import"))
        return bool(self._connection.execute(query, [list(RUNNING), schema]).fetchall()[0][0])

    def stop(self, schema: str, run: str) -> None:
        """Let an import have been set aside half-way."""
        query = sql.SQL("UPDATE {} SET state = 'stopped', started_at = now() WHERE sourced_id = %s").format(
            sql.Identifier(schema, "exchange_import")
        )
        changed = self._connection.execute(query, [run])
        assert changed.rowcount == 1

    def changed(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        """The tables that differ."""
        return sorted(table for table in {*before, *after} if before.get(table) != after.get(table))
