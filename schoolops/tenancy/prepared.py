"""Statements that are prepared once per connection and asked inside the wall, past Django's cursor.

Django binds on the client and has each statement parsed and planned anew; and a cursor, whichever it is, takes as long
again as the server does: 45 of 80 µs for a statement that does nothing. So these go to libpq directly, blocking, which
a deadline does not interrupt; what may wait for somebody's lock says so (``waits``), and is waited for as psycopg does.
Prepared by protocol, so that a PgBouncer in transaction mode (1.21 or newer) goes along.

The wall is that of every cursor: before each statement the connection moves to where the context says. PostgreSQL plans
a prepared statement anew when the search path is another than when it was planned, and checks the role's rights each
time it runs, so even what was prepared in one school's turn reads the next one's rows in the next one's place. It costs
more than the statement, so each school's are its own, as far as a connection keeps them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import generators, pq
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

    from schoolops.tenancy.backend.base import DatabaseWrapper

Row = tuple[Any, ...]
_PLACE = re.compile(r"%s|%%")
_NAMED = re.compile(r"%\((\w+)\)s")


# So many statements of whatever schools does a connection keep, the latest; each is 0.2 MB of its backend, or less.
MOST: Final = 600
# From this libpq on a statement is closed by protocol, which a PgBouncer follows.
_CLOSES: Final = 17_00_00


@dataclass(slots=True)
class Prepared:
    """What we keep with a psycopg connection: the names of what is prepared, and the runner's limits that are set.

    Names by where the connection stood, and the statement: planning takes longer than running, and what is prepared for
    another school is planned anew.
    """

    connection: psycopg.Connection[Any]
    names: OrderedDict[tuple[bytes | None, str], bytes] = field(default_factory=OrderedDict)
    limits: tuple[int, bool] = (0, False)
    number: int = 0

    def fetch_one(self, statement: str, parameters: Sequence[str | int]) -> Row | None:
        """The first row of ``statement``, whose places are each ``%s`` and have a type; begins a transaction if due.

        Raises:
            psycopg.Error: as a cursor would.
        """
        result, reading = self._asked(statement, parameters)
        return cast(Row, reading.load_row(0, tuple)) if result.ntuples else None

    def fetch_all(self, statement: str, parameters: Sequence[str | int | None], *, waits: bool = False) -> list[Row]:
        """Every row. As ``fetch_one``; ``waits``: so that a deadline interrupts it."""
        result, reading = self._asked(statement, parameters, waits=waits)
        return cast(list[Row], reading.load_rows(0, result.ntuples, tuple))

    def ask_plainly(self, statement: bytes, *parameters: str) -> bytes:
        """The first value of ``statement``, whose places are ``$1`` and on. Not prepared: whoever answers knows it.

        Raises:
            psycopg.Error: as a cursor would.
        """
        server = self._begun()
        result = _checked(server, server.exec_params(statement, [each.encode() for each in parameters]))
        return cast(bytes, result.get_value(0, 0))

    def _begun(self) -> PGconn:
        """The server's end; within a transaction, where one is due."""
        server = self.connection.pgconn
        if server.transaction_status == TransactionStatus.IDLE and not self.connection.autocommit:
            _checked(server, server.exec_(b"BEGIN"))
        return server

    def _asked(
        self, statement: str, parameters: Sequence[str | int | None], *, waits: bool = False
    ) -> tuple[PGresult, Any]:
        server = self._begun()
        # Before PostgreSQL 18 no server says where it stands: there is one of each then, planned anew for every school.
        there = server.parameter_status(b"search_path"), statement
        known = there in self.names
        texts = [_encoded(parameter) for parameter in parameters]
        try:
            result = self._answered(server, there, texts, waits=waits)
        except psycopg.errors.FeatureNotSupported:
            # A migration gave a column another type: what was prepared before is refused from then on, unasked.
            self.names.pop(there, None)
            if not known or server.transaction_status != TransactionStatus.IDLE:
                raise
            result = self._answered(server, there, texts, waits=waits)
        reading = Transformer(self.connection)
        reading.set_pgresult(result)
        return result, reading

    def _answered(self, server: PGconn, there: tuple[bytes | None, str], texts: list[Any], *, waits: bool) -> PGresult:
        name = self.names.get(there)
        if name is None:
            name = self._prepare(server, there)
        else:
            self.names.move_to_end(there)
        if waits:
            server.send_query_prepared(name, texts)
            return _checked(server, self.connection.wait(generators.execute(server))[-1])
        return _checked(server, server.exec_prepared(name, texts))

    def _prepare(self, server: PGconn, there: tuple[bytes | None, str]) -> bytes:
        statement = there[1]
        numbers = iter(range(1, len(statement)))
        native = _PLACE.sub(lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", statement)
        self.number += 1
        name = b"schoolops_%d" % self.number
        _checked(server, server.prepare(name, native.encode()))
        # Not before: one that was refused is not there.
        self.names[there] = name
        while len(self.names) > MOST:
            _, oldest = self.names.popitem(last=False)
            closed = server.close_prepared(oldest) if pq.version() >= _CLOSES else server.exec_(b"DEALLOCATE " + oldest)
            _checked(server, closed)
        return name


def _encoded(value: str | int | None) -> bytes | None:
    if value is None:
        return None
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
    return kept_with(wrapper.connection)


def kept_with(raw: Any) -> Prepared:
    """That of a psycopg connection, wherever it stands."""
    found = getattr(raw, "_prepared_by_us", None)
    if found is None:
        # Django has psycopg prepare nothing on it, so that psycopg never sends DEALLOCATE ALL, which would take ours.
        found = raw._prepared_by_us = Prepared(raw)  # noqa: SLF001 - a mark of ours on psycopg's object
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


def fetch_all(statement: str, parameters: Sequence[str | int | None], *, waits: bool = False) -> list[Row]:
    """Every row of ``statement``, timed and watched as any other. As ``fetch_one``."""
    wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
    if wrapper.queries_logged:
        with wrapper.cursor() as counted:
            counted.execute(statement, parameters)
            rows: list[Row] = counted.fetchall()
            return rows

    def asked(sql: str, given: Sequence[str | int | None], *_: Any) -> list[Row]:
        with wrapper.wrap_database_errors:
            return here(wrapper).fetch_all(sql, given, waits=waits)

    # Whoever times and watches a connection says so when it is made.
    wrapper.ensure_connection()
    for around in reversed(wrapper.execute_wrappers):
        asked = partial(around, asked)
    return asked(statement, parameters, False, {"connection": wrapper, "cursor": None})  # noqa: FBT003 - Django's


def sent(value: Any) -> str | None:
    """``value`` as PostgreSQL reads it, whatever type its place has: text, number, day, time, UUID, list of these."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | UUID | Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, Iterable):
        return "{" + ",".join(_quoted(each) for each in value) + "}"
    raise TypeError(f"{type(value)} has no text that PostgreSQL reads.")


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else cast(str, sent(value))


class Statement:
    """SQL with named places, ``%(day)s::date``: each has a type, by a cast or by what it is compared with.

    ``waits``: it may wait for somebody's lock.
    """

    def __init__(self, sql: str, *, waits: bool = False) -> None:
        self.sql = _NAMED.sub("%s", sql)
        self._waits = waits
        self._names = tuple(_NAMED.findall(sql))

    def rows(self, **values: Any) -> list[Row]:
        """What it finds, in the current school."""
        texts = {name: sent(value) for name, value in values.items()}
        return fetch_all(self.sql, [texts[name] for name in self._names], waits=self._waits)
