"""Schools that one test has left are emptied and given to the next: making one anew takes ten times as long.

A school is used again only where the database's catalogues know of its schema and its role exactly what they knew when
it was made. It is given a new name, new addresses and a new row, so that nothing kept under its old ones is its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from schoolops.context import outside_schools
from schoolops.tenancy import fleet, owner, provisioning, resolution
from schoolops.tenancy.models import School, SchoolState

# Each row of the catalogues with the transaction that wrote it: whatever is changed, and changed back, shows. A schema
# and a role that are called otherwise change none of these.
_CATALOGUES = """
    WITH space AS (SELECT oid, nspacl FROM pg_namespace WHERE nspname = %(schema)s),
         login AS (SELECT * FROM pg_roles WHERE rolname = %(role)s),
         classes AS (SELECT c.oid, c.xmin FROM pg_class c JOIN space ON c.relnamespace = space.oid)
    SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
        SELECT 'c' || oid || ' ' || xmin AS line FROM classes
        UNION ALL SELECT 'a' || a.attrelid || ' ' || a.attnum || ' ' || a.xmin
                    FROM pg_attribute a JOIN classes ON a.attrelid = classes.oid
        UNION ALL SELECT 'k' || k.oid || ' ' || k.xmin FROM pg_constraint k JOIN space ON k.connamespace = space.oid
        UNION ALL SELECT 't' || t.oid || ' ' || t.xmin FROM pg_trigger t JOIN classes ON t.tgrelid = classes.oid
        UNION ALL SELECT 'p' || p.oid || ' ' || p.xmin FROM pg_proc p JOIN space ON p.pronamespace = space.oid
        UNION ALL SELECT 'y' || y.oid || ' ' || y.xmin FROM pg_type y JOIN space ON y.typnamespace = space.oid
        UNION ALL SELECT 'i' || i.indexrelid || ' ' || i.xmin FROM pg_index i JOIN classes ON i.indexrelid = classes.oid
        UNION ALL SELECT 'd' || d.objoid || ' ' || d.xmin FROM pg_description d JOIN classes ON d.objoid = classes.oid
        UNION ALL SELECT 's' || (space.oid::text) || ' ' || replace(nspacl::text, %(role)s, '') FROM space
        UNION ALL SELECT 'r' || (rolcanlogin::text) || rolsuper || rolinherit || rolcreaterole || rolcreatedb FROM login
        UNION ALL SELECT 'm' || m.oid || ' ' || m.xmin FROM pg_auth_members m JOIN login
                    ON login.oid IN (m.roleid, m.member)
        UNION ALL SELECT 'g' || g.setconfig::text FROM pg_db_role_setting g JOIN login ON g.setrole = login.oid
        UNION ALL SELECT 'o' || h.dbid || ' ' || h.classid || ' ' || h.objid || ' ' || h.objsubid
                    FROM pg_shdepend h JOIN login ON h.refobjid = login.oid AND h.refclassid = 'pg_authid'::regclass
    ) AS known
"""
_COLUMNS = """
    SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""
_DIGEST = "(SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} t)"
# A process that the test left behind may hold a row: then the school is made anew, as if there were none of this.
_PATIENCE = "SET LOCAL lock_timeout = '2s'; SET LOCAL session_replication_role = 'replica'"


@dataclass(frozen=True, slots=True)
class _Kept:
    """An empty school nobody stands in: its names, and what it held and the catalogues knew of it when it was made."""

    schema: str
    role: str
    known: str
    columns: dict[str, list[str]]
    first: dict[str, tuple[str, bytes]]


class UsedAgain:
    """The schools of one worker's database. ``url`` leads there, by a login that may do everything."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._given: dict[int, _Kept] = {}
        self._kept: list[_Kept] = []

    def taken(self, slug: str, name: str) -> School | None:
        """One of those that are kept, now called ``slug``; ``None`` where there is none."""
        if not self._kept:
            return None
        schema = owner.schema_for(slug)
        kept = self._kept.pop()
        now = replace(kept, schema=schema, role=owner.role_for(schema))
        with self._working() as connection:
            for kind, old, new in (("SCHEMA", kept.schema, now.schema), ("ROLE", kept.role, now.role)):
                rename = sql.SQL(f"ALTER {kind} {{}} RENAME TO {{}}")
                connection.execute(rename.format(sql.Identifier(old), sql.Identifier(new)))
        with outside_schools():
            school = provisioning._register(slug=slug, name=name, domains=[f"{slug}.localhost"])
            school.state, school.brought_up_to = SchoolState.ACTIVE, fleet.head()
            school.save(update_fields=["state", "brought_up_to"])
        resolution.forget_hosts()
        self._given[school.pk] = now
        return school

    def learn(self, school: School) -> None:
        """Remember what ``school``, which was just made, holds."""
        schema = school.schema_name
        with self._working() as connection:
            columns: dict[str, list[str]] = dict(connection.execute(_COLUMNS, [schema]).fetchall())
            first = {
                table: (digest, self._copied(connection, schema, table, columns[table]))
                for table, digest in self._digests(connection, schema, columns)
                if digest is not None
            }
            known = self._known(connection, schema, school.role_name)
        self._given[school.pk] = _Kept(schema, school.role_name, known, columns, first)

    def given_back(self, school: School) -> bool:
        """Empty ``school`` and keep it, if it is still what was made; its row goes with its name."""
        kept = self._given.pop(school.pk, None)
        if kept is None:
            return False
        try:
            with self._working() as connection:
                if self._known(connection, kept.schema, kept.role) != kept.known:
                    return False
                self._empty(connection, kept)
        except psycopg.Error:
            return False
        with outside_schools():
            School.objects.filter(pk=school.pk).delete()
        resolution.forget_hosts()
        self._kept.append(kept)
        return True

    def _working(self) -> Any:
        connection = psycopg.connect(self._url)
        connection.execute(_PATIENCE)
        return connection

    @staticmethod
    def _known(connection: psycopg.Connection[Any], schema: str, role: str) -> str:
        row = connection.execute(_CATALOGUES, {"schema": schema, "role": role}).fetchone()
        return str(row and row[0])

    @staticmethod
    def _digests(
        connection: psycopg.Connection[Any], schema: str, tables: dict[str, list[str]]
    ) -> list[tuple[str, str | None]]:
        each = [
            sql.SQL("SELECT {}, " + _DIGEST).format(sql.Literal(table), sql.Identifier(schema, table))
            for table in tables
        ]
        return connection.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()

    @staticmethod
    def _copied(connection: psycopg.Connection[Any], schema: str, table: str, columns: list[str]) -> bytes:
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(schema, table), listed)
        with connection.cursor().copy(statement) as copying:
            return b"".join(bytes(part) for part in copying)

    def _empty(self, connection: psycopg.Connection[Any], kept: _Kept) -> None:
        for table, digest in self._digests(connection, kept.schema, kept.columns):
            was, rows = kept.first.get(table, (None, b""))
            if digest == was:
                continue
            place = sql.Identifier(kept.schema, table)
            connection.execute(sql.SQL("DELETE FROM {}").format(place))
            if rows:
                listed = sql.SQL(", ").join(map(sql.Identifier, kept.columns[table]))
                with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(place, listed)) as copying:
                    copying.write(rows)
