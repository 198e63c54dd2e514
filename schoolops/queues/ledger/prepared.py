"""The two statements that every job pays for, enqueue and claim, prepared once per connection.

Django binds on the client and has each statement parsed and planned anew; and a cursor, whichever it is, takes as long
again as the server does: 45 of 80 µs for a statement that does nothing. So these go to libpq directly, blocking, which
a deadline does not interrupt: no statement may be asked here that waits for somebody's lock. Prepared by protocol, so
that a PgBouncer in transaction mode (1.21 or newer) goes along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

    from schoolops.tenancy.backend.base import DatabaseWrapper

Row = tuple[Any, ...]
_PLACE = re.compile(r"%s")


@dataclass(slots=True)
class Prepared:
    """What we keep with a psycopg connection: the names of what is prepared, and the runner's limits that are set."""

    connection: psycopg.Connection[Any]
    names: dict[str, bytes] = field(default_factory=dict)
    limits: tuple[int, bool] = (0, False)

    def fetch_one(self, statement: str, parameters: Sequence[str | int]) -> Row | None:
        """The first row of ``statement``, whose places are each ``%s`` and have a type; begins a transaction if due.

        Raises:
            psycopg.Error: as a cursor would.
        """
        server = self.connection.pgconn
        if server.transaction_status == TransactionStatus.IDLE and not self.connection.autocommit:
            _checked(server, server.exec_(b"BEGIN"))
        name = self.names.get(statement) or self._prepare(server, statement)
        result = _checked(server, server.exec_prepared(name, [_encoded(each) for each in parameters]))
        if not result.ntuples:
            return None
        reading = Transformer(self.connection)
        reading.set_pgresult(result)
        return reading.load_row(0, tuple)

    def _prepare(self, server: PGconn, statement: str) -> bytes:
        numbers = iter(range(1, statement.count("%s") + 1))
        native = _PLACE.sub(lambda _: f"${next(numbers)}", statement)
        name = b"schoolops_jobs_%d" % len(self.names)
        _checked(server, server.prepare(name, native.encode()))
        # Not before: one that was refused is not there.
        self.names[statement] = name
        return name


def _encoded(value: str | int) -> bytes:
    text = str(value).encode()
    if b"\0" in text:
        # libpq would send what stands before it.
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text


def _checked(server: PGconn, result: PGresult) -> PGresult:
    if result.status in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
        return result
    failure = psycopg.errors.error_from_result(result)
    if server.status == ConnStatus.BAD:
        raise psycopg.OperationalError(str(failure)) from failure
    raise failure


def here(wrapper: DatabaseWrapper | None = None) -> Prepared:
    """That of the current thread's connection (``wrapper``, where it is at hand), which stands where the context says.

    Raises:
        NoCurrentSchool, SchoolUnreachable, django.db.Error: as for any cursor.
    """
    wrapper = wrapper or cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
    wrapper.ensure_connection()
    wrapper.validate_no_broken_transaction()
    # Before there is a connection nobody can move; ensure_connection made one.
    wrapper.move()
    raw = wrapper.connection
    found = getattr(raw, "_jobs", None)
    if found is None:
        # Django has psycopg prepare nothing on it, so that psycopg never sends DEALLOCATE ALL, which would take ours.
        found = raw._jobs = Prepared(raw)  # noqa: SLF001 - a mark of ours on psycopg's object
    return cast(Prepared, found)


def fetch_one(statement: str, parameters: Sequence[str | int]) -> Row | None:
    """The first row of ``statement``. Where somebody counts statements, Django's own cursor is used, to be counted."""
    # Asked for once: each look through ``django.db.connection`` costs 2 µs.
    wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
    if wrapper.queries_logged:
        with wrapper.cursor() as counted:
            counted.execute(statement, parameters)
            row: Row | None = counted.fetchone()
            return row
    with wrapper.wrap_database_errors:
        return here(wrapper).fetch_one(statement, parameters)
