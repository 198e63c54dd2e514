"""The provisioning login: fresh connections that own every schema, and the names they give."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from schoolops import append_only, folding
from schoolops.launcher.logins import shut_the_catalogue
from schoolops.tenancy import direct

IDENTIFIER_LENGTH = 63
# Above the longest job (120 s). Whoever waits for a table keeps all who come later from it.
LONGEST_WAIT_S = 180


def web_login(cell: str = "") -> str:
    """The login that requests use; it is granted every school's role and owns nothing."""
    return str(direct.parameters("default", cell)["user"])


def database_name(cell: str = "") -> str:
    return str(direct.parameters("default", cell)["dbname"])


_TAKE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
ASKED_AGAIN_S = 0.1


@contextmanager
def owner_connection(cell: str = "") -> Iterator[psycopg.Connection[Any]]:
    """A fresh autocommit connection of the provisioning login (of ``cell``; empty: ours), closed afterwards.

    Fresh, because DDL in a backend that has cached hundreds of schools' plans is ten times slower.
    """
    connection = direct.connect("owner", alias="admin", cell=cell, statement_s=0, lock_s=LONGEST_WAIT_S)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def one_at_a_time(work: str, cell: str = "") -> Iterator[None]:
    """Wait until nobody else in this database does ``work``, in whatever process, and keep others waiting meanwhile."""
    with owner_connection(cell) as connection:
        # However long the other one takes. Asked again and again: a statement that waits has a snapshot, and the other
        # one's CREATE INDEX CONCURRENTLY would wait for that.
        while connection.execute(_TAKE, [f"schoolops:{work}"]).fetchone() != (True,):
            time.sleep(ASKED_AGAIN_S)
        yield


def within_identifier(name: str) -> str:
    """``name``, shortened with a digest of itself where PostgreSQL would silently cut it (63 bytes)."""
    if len(name) <= IDENTIFIER_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: IDENTIFIER_LENGTH - 11]}_{digest}"


def schema_for(slug: str) -> str:
    """The schema of the school ``slug``: letters, digits and underscores only, so it never needs quoting."""
    return "school_" + slug.replace("-", "_")


def role_for(schema: str, cell: str = "") -> str:
    """The role of ``schema``. Roles are known to the whole cluster, so the database's name is part of it."""
    return within_identifier(f"{database_name(cell)}__{schema}")


def ensure_groundwork() -> None:
    """Schemas, extensions, functions and grants that every school stands on. Idempotent; run before the migrations."""
    web = sql.Identifier(web_login())
    with owner_connection() as connection, connection.transaction():
        # Two commands at once would race on CREATE EXTENSION.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('schoolops:groundwork'))")
        connection.execute("CREATE SCHEMA IF NOT EXISTS extensions")
        connection.execute("CREATE SCHEMA IF NOT EXISTS platform")
        for extension in ("btree_gist", "pg_trgm", "unaccent"):
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA extensions").format(sql.Identifier(extension))
            )
        for statement in folding.statements():
            connection.execute(statement.encode())
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        # `platform` holds SECURITY DEFINER functions only; a school's role reaches shared tables through them alone.
        connection.execute("GRANT USAGE ON SCHEMA extensions, platform TO PUBLIC")
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(web))
        shut_the_catalogue(connection, web_login())


def grant_shared_tables() -> None:
    """Let the web login (outside schools) use the shared tables. Run after the migrations of ``public``."""
    web = sql.Identifier(web_login())
    with owner_connection() as connection, connection.transaction():
        for statement in (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "REVOKE INSERT, UPDATE, DELETE ON public.django_migrations FROM {}",
            "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
        ):
            connection.execute(sql.SQL(statement).format(web))


def grant_school(connection: psycopg.Connection[Any], *, schema: str, role: str, cell: str = "") -> None:
    """Create the school's role where missing and grant it its schema, nothing else. Idempotent."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role), "web": sql.Identifier(web_login(cell))}
    if not exists:
        connection.execute(sql.SQL("CREATE ROLE {role} NOLOGIN").format(**names))
    for statement in (
        "GRANT {role} TO {web} WITH INHERIT FALSE, SET TRUE",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON {schema}.django_migrations, {schema}.django_content_type FROM {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    for table in append_only.tables():
        revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.{table} FROM {role}")
        connection.execute(revoke.format(table=sql.Identifier(table), **names))


def drop_school(*, schema: str, role: str, cell: str = "") -> None:
    """Remove the schema with all its data, and the role with all that it owns. There is no way back."""
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    with owner_connection(cell) as connection, connection.transaction():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {schema} CASCADE").format(**names))
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            # What stands outside its schema, as large objects do, would keep the role, and with it the whole purge.
            connection.execute(sql.SQL("GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(**names))
            connection.execute(sql.SQL("DROP OWNED BY {role}").format(**names))
            connection.execute(sql.SQL("DROP ROLE {role}").format(**names))


# Who did what to which school, and when: it tells of operators, and outlives the school.
_KEPT_TABLES = frozenset({"queues_operatoraction"})


def _tables_of_schools(connection: psycopg.Connection[Any]) -> list[str]:
    """The shared tables whose rows say whose they are, in a column ``school``."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attname = 'school' AND NOT a.attisdropped ORDER BY 1"
    )
    return [table for (table,) in rows if table not in _KEPT_TABLES]


def forget_rows(*, names: list[str], cell: str = "") -> None:
    """Delete what the shared tables hold of a school: jobs, letters, kept answers, and whatever is added."""
    with owner_connection(cell) as connection, connection.transaction():
        for table in _tables_of_schools(connection):
            connection.execute(
                sql.SQL("DELETE FROM public.{} WHERE school = ANY(%s)").format(sql.Identifier(table)), [names]
            )


def remains(*, schema: str, role: str, names: list[str]) -> list[str]:
    """What is still there of a school, one line each."""
    with owner_connection() as connection:
        found = [
            f"{what} {name}"
            for what, name, query in (
                ("schema", schema, "SELECT 1 FROM pg_namespace WHERE nspname = %s"),
                ("role", role, "SELECT 1 FROM pg_roles WHERE rolname = %s"),
            )
            if connection.execute(query, [name]).fetchone()
        ]
        for table in _tables_of_schools(connection):
            row = connection.execute(
                sql.SQL("SELECT count(*) FROM public.{} WHERE school = ANY(%s)").format(sql.Identifier(table)), [names]
            ).fetchone()
            if row and row[0]:
                found.append(f"{row[0]} rows of {table}")
    return found
