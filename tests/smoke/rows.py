"""What stands in a school's tables, read with the login that owns them: to see that nothing has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
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
# A row that is new or changed has the number of a later transaction than every row before: whatever is written, one of
# the two differs.
VERSION: LiteralString = "SELECT {name}, count(*), coalesce(sum(xmin::text::bigint), 0) FROM {table}"
CHECKSUM: LiteralString = "SELECT count(*), COALESCE(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
# Whoever is named here would be a leak in an answer of the other school.
RUNNING = ("received", "applying", "undoing")
NAMED = ("students_student", "students_guardian", "staff_staffmember")


@cache
def versions(schema: str, tables: tuple[str, ...]) -> bytes:
    """The query for the version of each of these tables."""
    each = (sql.SQL(VERSION).format(name=sql.Literal(it), table=sql.Identifier(schema, it)) for it in tables)
    return sql.SQL(" UNION ALL ").join(each).as_bytes()


class Rows(AbstractContextManager["Rows"]):
    """A connection of the provisioning login."""

    def __init__(self, admin_url: str) -> None:
        self._connection = psycopg.connect(admin_url.replace("postgres://", "postgresql://", 1), autocommit=True)
        self._tables: dict[tuple[str, str], list[str]] = {}
        self._said: dict[tuple[str, str, str], tuple[Any, list[Any]]] = {}

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
        return {table: said[0] for table, said in self._of_each(schema, self._named(schema, TABLES), CHECKSUM).items()}

    def ids(self, schema: str) -> frozenset[str]:
        """Every public id of the school."""
        found = self._of_each(schema, self._named(schema, UUIDS), "SELECT sourced_id::text FROM {table}")
        return frozenset(name for said in found.values() for (name,) in said)

    def names(self, schema: str) -> frozenset[str]:
        """Given and family names of people, together as they are written."""
        found = self._of_each(schema, NAMED, "SELECT given_name, family_name FROM {table}")
        names = {f"{given} {family}".strip() for said in found.values() for given, family in said}
        return frozenset(name for name in names if len(name) > 3)

    def _named(self, schema: str, query: LiteralString) -> list[str]:
        if (schema, query) not in self._tables:
            found = self._connection.execute(query, [schema]).fetchall()
            self._tables[schema, query] = [name for (name,) in found]
        return self._tables[schema, query]

    def _of_each(self, schema: str, tables: Sequence[str], query: LiteralString) -> dict[str, list[Any]]:
        """What ``query`` says of each table, asked again only of those that were written since."""
        with self._connection.transaction():
            # Versions and answers are of one moment.
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for table, *version in self._connection.execute(versions(schema, tuple(tables))).fetchall():
                known = schema, table, query
                if self._said.get(known, (None,))[0] != version:
                    one = sql.SQL(query).format(table=sql.Identifier(schema, table))
                    self._said[known] = version, self._connection.execute(one).fetchall()
        return {table: self._said[schema, table, query][1] for table in tables}

    def expire(self, schema: str, token: str) -> None:
        """Let an access token have ended an hour ago."""
        query = sql.SQL("UPDATE {} SET expires_at = expires_at - interval '1 hour' WHERE digest = %s").format(
            sql.Identifier(schema, "accounts_token")
        )
        changed = self._connection.execute(query, [hashlib.sha256(token.encode()).digest()])
        assert changed.rowcount == 1

    def track(self, slug: str, user_id: str, task: str) -> int:
        """The number of a new tracked job of this user, to run in a year."""
        found = self._connection.execute(
            "INSERT INTO queues_job (school, queue, task, meta, run_at, tracked)"
            " VALUES (%s, 'reports', %s, jsonb_build_object('user', %s::text),"
            " now() + interval '1 year', true)"
            " RETURNING id",
            [slug, task, user_id],
        ).fetchone()
        assert found is not None
        return int(found[0])

    def working(self, schema: str) -> bool:
        """Whether a worker is at what changes the school's tables later, or has it before it within seconds."""
        query = sql.SQL(
            "SELECT EXISTS (SELECT FROM {} WHERE state = ANY(%s)) OR EXISTS (SELECT FROM queues_job j"
            " JOIN tenancy_school s ON s.slug = j.school WHERE s.schema_name = %s"
            " AND j.queue IN ('examinations', 'fees', 'imports', 'notifications', 'reports')"
            " AND j.task <> 'smoke.nothing'"
            " AND coalesce(j.run_at, now()) < now() + interval '10 seconds')"
        ).format(sql.Identifier(schema, "exchange_import"))
        return bool(self._connection.execute(query, [list(RUNNING), schema]).fetchall()[0][0])

    def stop(self, schema: str, run: str) -> None:
        """Let an import have been set aside half-way."""
        query = sql.SQL("UPDATE {} SET state = 'stopped', started_at = now() WHERE sourced_id = %s").format(
            sql.Identifier(schema, "exchange_import")
        )
        changed = self._connection.execute(query, [run])
        assert changed.rowcount == 1

    def became(self, schema: str, message: str, state: str) -> None:
        """Let this have become of a message: it is in doubt, or came back from its address."""
        query = sql.SQL(
            "UPDATE {} SET state = %(state)s::text, address = 'nobody@example.org', handed_at = now(),"
            " bounced_at = CASE WHEN %(state)s::text = 'bounced' THEN now() END WHERE sourced_id = %(message)s"
        ).format(sql.Identifier(schema, "notifications_message"))
        changed = self._connection.execute(query, {"state": state, "message": message})
        assert changed.rowcount == 1

    def changed(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        """The tables that differ."""
        return sorted(table for table in {*before, *after} if before.get(table) != after.get(table))
