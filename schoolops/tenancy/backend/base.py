"""django-tenants' engine with three changes, each measured or earned:

1. Where a cursor stands comes from ``schoolops.context`` (a ContextVar), so threads, async code and jobs agree.
2. ``search_path`` and role are set together, in one statement, and only when they differ from what the server reports
   (PostgreSQL 18 reports ``search_path``; before that we remember it until the transaction ends).
3. Nothing chosen raises. A failing switch raises. ``public`` is never on a school's path.

Each move, and the look at a connection before a request uses it, asks which backend answers. Where it is another than
before, a pooler shares backends between transactions: this process then reads and writes nothing more.

Every statement asks again, not only every new cursor: a cursor kept from one school reads the next one's rows in the
next one's place.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ClassVar

import psycopg
from django.db import DatabaseError, IntegrityError, OperationalError
from django.db.backends.postgresql.base import CursorDebugWrapper as DjangoDebugCursor
from django.db.backends.postgresql.introspection import TableInfo
from django.db.backends.utils import CursorWrapper as DjangoCursor
from django.db.transaction import TransactionManagementError
from django.utils.functional import cached_property
from django_tenants.postgresql_backend import base as django_tenants_base
from django_tenants.postgresql_backend.introspection import DatabaseSchemaIntrospection
from psycopg import sql
from psycopg.pq import TransactionStatus

from schoolops import context
from schoolops.errors import NoCurrentSchool
from schoolops.resilience import route_groups
from schoolops.tenancy.errors import CommitUnanswered, SchoolUnreachable, SharedBackend, schema_is_gone
from schoolops.tenancy.prepared import kept_with

log = logging.getLogger("schoolops.tenancy")

EXTENSIONS_SCHEMA = "extensions"
PUBLIC = "public"
SWITCH = b"SELECT pg_backend_pid(), set_config('search_path', $1, false), set_config('role', $2, false)"


class SchoolIntrospection(DatabaseSchemaIntrospection):  # type: ignore[misc]
    """Django's list of tables, through an index: the stock query reads every relation of every school."""

    def get_table_list(self, cursor: Any) -> list[TableInfo]:
        cursor.execute(
            """
            SELECT c.relname,
                   CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END,
                   obj_description(c.oid, 'pg_class')
              FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n'
               AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = %s)
               AND c.relkind IN ('f', 'm', 'p', 'r', 'v')
            """,
            [self.connection.schema_name],
        )
        return [TableInfo(*row) for row in cursor.fetchall() if row[0] not in self.ignored_tables]


class _AsksFirst:
    """A cursor that moves to the current school before each statement."""

    db: DatabaseWrapper
    cursor: Any

    def _execute(self, *args: Any) -> Any:
        self.db.move()
        return super()._execute(*args)  # type: ignore[misc]

    def _executemany(self, *args: Any) -> Any:
        self.db.move()
        return super()._executemany(*args)  # type: ignore[misc]

    def callproc(self, *args: Any) -> Any:
        self.db.move()
        return super().callproc(*args)  # type: ignore[misc]

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        self.db.move()
        return self.cursor.copy(*args, **kwargs)

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        self.db.move()
        return self.cursor.stream(*args, **kwargs)


class SchoolCursor(_AsksFirst, DjangoCursor):
    pass


class SchoolDebugCursor(_AsksFirst, DjangoDebugCursor):
    """Where statements are kept to be counted, a COPY is one."""

    def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        with self.debug_sql(statement if isinstance(statement, str) else statement.as_string()):
            return super().copy(statement, *args, **kwargs)


class DatabaseWrapper(django_tenants_base.DatabaseWrapper):  # type: ignore[misc]
    """One connection. ``strict`` and ``sets_role`` are the wall; only the soak test's planted bug turns them off."""

    strict: ClassVar[bool] = True
    sets_role: ClassVar[bool] = True
    # Found to be behind a pooler that shares backends.
    shared: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._remembered: tuple[str, str] | None = None
        self._on_rollback: list[tuple[set[str], Callable[[], None]]] = []
        super().__init__(*args, **kwargs)
        self.introspection = SchoolIntrospection(self)

    # --- where we stand -------------------------------------------------------------------------------------------
    @property
    def schema_name(self) -> str:
        school = context.school_or_none()
        return school.schema_name if school is not None else PUBLIC

    @schema_name.setter
    def schema_name(self, value: object) -> None:
        """django-tenants assigns it while constructing; the context decides."""

    @property
    def tenant(self) -> context.SchoolLike | None:
        return context.school_or_none()

    @tenant.setter
    def tenant(self, value: object) -> None:
        """As for ``schema_name``."""

    def set_tenant(self, tenant: object, include_public: bool = True) -> None:  # noqa: FBT001, FBT002 - django-tenants'
        """Refused: a connection cannot be told where it stands. Use ``inside(school)``."""
        raise NoCurrentSchool("Use schoolops.tenancy.inside(school): a connection does not hold a school.")

    def set_schema_to_public(self) -> None:
        """django-tenants calls it for every new connection; the context decides."""

    def _standing(self) -> tuple[str, str]:
        """(search_path, role) for this cursor.

        Raises:
            NoCurrentSchool: neither a school nor the outside was chosen.
            SharedBackend: see ``_answered_by``.
        """
        if DatabaseWrapper.shared:
            raise SharedBackend
        here = context.place()
        if here is None and self.strict:
            raise NoCurrentSchool
        if here is None or isinstance(here, context.Outside):
            return f"{PUBLIC}, {EXTENSIONS_SCHEMA}", "none"
        return f"{quoted(here.schema_name)}, {EXTENSIONS_SCHEMA}", here.role_name if self.sets_role else "none"

    # --- moving there ---------------------------------------------------------------------------------------------
    def _cursor(self, name: str | None = None) -> Any:
        # Before a connection is made for somebody who may not use it.
        self._standing()
        return super()._cursor(name)

    def _handle_search_path(self, cursor: Any = None) -> None:
        """django-tenants' hook for a new cursor."""
        self.move()

    def _reported_path(self) -> bytes | None:
        path: bytes | None = self.connection.pgconn.parameter_status(b"search_path")
        return path

    def move(self) -> None:
        """Stand where the context says, or raise.

        Raises:
            NoCurrentSchool: neither a school nor the outside was chosen.
            SchoolUnreachable: the school's role is missing or was not granted to us.
        """
        standing = self._standing()
        if self.connection is None:
            # The statement that follows says so better.
            return
        reported = self._reported_path()
        if reported is not None:
            if reported == standing[0].encode():
                return
        elif self._remembered == standing:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            # Aborted: PostgreSQL refuses every statement until the rollback, which undoes our moves as well.
            return
        self._remembered = None
        try:
            with self.wrap_database_errors:
                self._answered_by(int(kept_with(self.connection).ask_plainly(SWITCH, *standing)))
        except DatabaseError as refused:
            if schema_is_gone(refused):
                raise SchoolUnreachable from refused
            raise
        self._remembered = standing

    def _answered_by(self, backend: int) -> None:
        """Raises ``SharedBackend``."""
        raw = self.connection
        known = getattr(raw, "_backend", None)
        if known is None:
            raw._backend = backend  # noqa: SLF001 - a mark of ours on psycopg's object
        elif known != backend:
            DatabaseWrapper.shared = True
            log.critical(
                "backend %d answers where %d did: a pooler in transaction mode; nothing goes on", backend, known
            )
            raise SharedBackend

    # --- what is taken back beside rows -----------------------------------------------------------------------------
    def on_rollback(self, undo: Callable[[], None]) -> None:
        """Call ``undo``, which raises nothing, once this transaction or a savepoint around us is rolled back.

        Where nobody knows what became of it, as when the connection is lost within COMMIT, it is not called.
        """
        self._on_rollback.append((set(self.savepoint_ids), undo))

    def _take_back(self, sid: str | None = None) -> None:
        """What was written within the savepoint ``sid``; ``None``: within the transaction."""
        pending, self._on_rollback = self._on_rollback, []
        for sids, undo in pending:
            if sid is None or sid in sids:
                undo()
            else:
                self._on_rollback.append((sids, undo))

    def is_usable(self) -> bool:
        """Django's look at a kept connection, for the same price: whether it answers, and by the same backend."""
        try:
            backend = int(kept_with(self.connection).ask_plainly(b"SELECT pg_backend_pid()"))
        except psycopg.Error:
            return False
        self._answered_by(backend)
        return True

    def was_moved(self) -> None:
        """Somebody set path and role by a statement of his own: what we remember of them no longer holds."""
        self._remembered = None

    def make_cursor(self, cursor: Any) -> Any:
        return SchoolCursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> Any:
        return SchoolDebugCursor(cursor, self)

    # --- ends. For servers that do not report the path: a SET ends with a transaction that fails --------------------
    def close(self) -> None:
        self._remembered = None
        super().close()
        self._take_back()

    def commit(self) -> None:
        """Raises ``TransactionManagementError`` where an error was swallowed.

        PostgreSQL would roll back and not say so, and what waits for the commit would go on as if there had been one.
        """
        self._remembered = None
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            raise TransactionManagementError("An error of the database was swallowed: nothing of this can be kept.")
        pending, self._on_rollback = self._on_rollback, []
        try:
            super().commit()
        except IntegrityError:
            # Refused for certain; Django rolls back next.
            self._on_rollback = pending
            raise
        except OperationalError as lost:
            # Without a state it was not the server that refused; 08 and 57P are the ends of a connection.
            state = getattr(lost.__cause__, "sqlstate", None)
            if state is None or state.startswith(("08", "57P")):
                raise CommitUnanswered(*lost.args) from lost
            raise

    def rollback(self) -> None:
        self._remembered = None
        super().rollback()
        self._take_back()

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._remembered = None
        self._take_back(sid)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._remembered = None
        with route_groups.watched_connecting():
            return super().get_new_connection(conn_params)

    # --- the bookkeeping of transactions reads no data: it needs no school and must not move us ---------------------
    # A move would also fail in a transaction that an error has aborted, where ROLLBACK TO is all that is allowed.
    def _bookkeeping(self, *statements: str) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _savepoint(self, sid: str) -> None:
        self._bookkeeping(self.ops.savepoint_create_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        self._bookkeeping(self.ops.savepoint_rollback_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        self._bookkeeping(self.ops.savepoint_commit_sql(sid))

    def check_constraints(self, table_names: Any = None) -> None:
        self._bookkeeping("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")

    @cached_property
    def pg_version(self) -> int:
        """Django's own opens a cursor for it, which would need a school before one can be connected."""
        self.ensure_connection()
        return int(self.connection.info.server_version)


# Each statement asks for its school's, three times.
@functools.lru_cache(maxsize=4096)
def quoted(identifier: str) -> str:
    """``identifier`` quoted for SQL text."""
    return sql.Identifier(identifier).as_string()
