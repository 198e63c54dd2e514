"""The two statements that every job pays for, enqueue and claim, prepared once per connection.

Django binds on the client and has each statement parsed and planned anew. By protocol, so that a PgBouncer in
transaction mode (1.21 or newer) goes along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from schoolops.tenancy.backend.base import DatabaseWrapper


@dataclass(slots=True)
class Prepared:
    """What we keep with a psycopg connection: a cursor that prepares, and the runner's limits that are set."""

    cursor: psycopg.Cursor[Any]
    limits: tuple[int, bool] = (0, False)


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
        # Django turns preparing off; its own client-side cursors never prepare anything.
        raw.prepare_threshold = 5
        found = raw._jobs = Prepared(psycopg.Cursor(raw))  # noqa: SLF001 - a mark of ours on psycopg's object
    return cast(Prepared, found)


def fetch_one(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of ``statement``. Where somebody counts statements, Django's own cursor is used, to be counted."""
    # Asked for once: each look through ``django.db.connection`` costs 2 µs.
    wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
    if wrapper.queries_logged:
        with wrapper.cursor() as counted:
            counted.execute(statement, parameters)
            row: tuple[Any, ...] | None = counted.fetchone()
            return row
    with wrapper.wrap_database_errors:
        cursor = here(wrapper).cursor
        cursor.execute(statement, parameters, prepare=True)
        return cast("tuple[Any, ...] | None", cursor.fetchone())
