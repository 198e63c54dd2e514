"""Making the indexes of one schema those that are declared, while people work on its tables.

``CREATE INDEX CONCURRENTLY`` locks nobody out, but waits for every transaction in the database that began before it, at
whatever school, and leaves an invalid index when it is cancelled, killed or refused: every write keeps it up, no query
reads it. No timeout of the server ends it: a second connection watches, cancels it when it has waited too long, and
says for whom; what is left is dropped before anything else is done, now or by the next run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql

from schoolops.indexes.registry import MARK, IndexSpec

Connection = psycopg.Connection[Any]
Connect = Callable[[], AbstractContextManager[Connection]]
LOOKED_S = 0.25
pause = time.sleep

# Schema, index, the mark it was given when it was built (half-built ones have none), whether queries may use it.
PRESENT = """
    SELECT n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), i.indisvalid
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
     WHERE n.nspname = ANY(%s)"""
# Under the school's lock nobody builds here but who was killed, and whose session has not noticed.
_ORPHANS = """
    SELECT pg_terminate_backend(p.pid, 5000)
      FROM pg_stat_progress_create_index p JOIN pg_class c ON c.oid = p.relid JOIN pg_stat_activity a ON a.pid = p.pid
     WHERE p.datname = current_database() AND c.relnamespace = %s::regnamespace
       AND a.application_name LIKE 'schoolops:%%' AND p.pid <> pg_backend_pid()"""
_WAITS_FOR = """
    SELECT b.pid, coalesce(nullif(b.application_name, ''), b.usename, ''), now() - b.xact_start
      FROM pg_stat_activity a CROSS JOIN unnest(pg_blocking_pids(a.pid)) AS held(pid)
      JOIN pg_stat_activity b ON b.pid = held.pid
     WHERE a.pid = %s AND a.wait_event_type = 'Lock'"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one statement may wait for others (s), how often it is tried, and how long it pauses between (s)."""

    wait_s: float = 60.0
    attempts: int = 3
    pause_s: float = 2.0


class NotBuilt(Exception):
    """An index could not be built, and nothing of it is left; the message says why."""


@dataclass(frozen=True, slots=True)
class Drift:
    """By what the indexes of a schema differ from those declared.

    ``changed`` are built from another definition or not valid, ``undeclared`` were ours and are declared no longer.
    """

    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.missing, *self.changed, *self.undeclared}))


Found = dict[str, tuple[str, bool]]


def drift_of(present: Found, specs: Sequence[IndexSpec]) -> Drift:
    """``present``: name → (mark, valid) of every index there. What we did not make is none of our business."""
    wanted = {spec.name: spec.mark for spec in specs}
    return Drift(
        tuple(name for name in wanted if name not in present),
        tuple(name for name, mark in wanted.items() if name in present and present[name] != (mark, True)),
        tuple(sorted(name for name, (mark, _) in present.items() if mark.startswith(MARK) and name not in wanted)),
    )


def present_in(connection: Connection, schemas: Sequence[str]) -> dict[str, Found]:
    """Schema → the indexes there, those of keys and constraints too."""
    found: dict[str, Found] = {schema: {} for schema in schemas}
    for schema, name, mark, valid in connection.execute(PRESENT, [list(schemas)]):
        found[schema][name] = (mark, valid)
    return found


def make(
    connect: Connect,
    schema: str,
    specs: Sequence[IndexSpec],
    *,
    patience: Patience | None = None,
    others_too: bool = True,
) -> None:
    """Build what is missing or changed of ``specs`` in ``schema``; ``others_too``: drop what is declared no longer.

    The caller sees to it that nobody else does the same here.

    Raises:
        NotBuilt: one could not be; those before it are as declared, and it is not there at all.
    """
    work = _Work(connect, schema, patience or Patience())
    with connect() as connection:
        connection.execute(_ORPHANS, [schema])
        found = present_in(connection, [schema])[schema]
    drift = drift_of(found, specs)
    for spec in specs:
        if spec.name in drift.missing or spec.name in drift.changed:
            work.build(spec, found)
    if others_too:
        for name in drift.undeclared:
            work.drop(name)


def drop(connect: Connect, schema: str, name: str, *, patience: Patience | None = None) -> None:
    """Drop an index while people work. Raises ``NotBuilt`` where somebody is in the way for too long."""
    _Work(connect, schema, patience or Patience()).drop(name)


@dataclass(slots=True)
class _Work:
    connect: Connect
    schema: str
    patience: Patience
    analysed: set[str] = field(default_factory=set)

    def build(self, spec: IndexSpec, found: Found) -> None:
        """Queries keep the old one until the new one is built; without the mark, given last, it is built anew."""
        beside = replace(spec, name=f"{spec.name}_new")
        if beside.name in found:
            self.drop(beside.name)
        serves = found.get(spec.name, ("", False))[1]
        if spec.name in found and not serves:
            self.drop(spec.name)
        made = beside if serves else spec
        self._tried(f"{self.schema}.{spec.name}", lambda: self._create(made))
        if serves:
            self.drop(spec.name)
            with self.connect() as connection:
                connection.execute(
                    sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                        sql.Identifier(self.schema, beside.name), sql.Identifier(spec.name)
                    )
                )
        with self.connect() as connection:
            if spec.has_statistics_of_its_own:
                connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(self.schema, spec.table)))
            connection.execute(spec.mark_sql(self.schema).encode())

    def drop(self, name: str) -> None:
        statement = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(self.schema, name))
        self._tried(f"{self.schema}.{name}", lambda: self._watched(statement))

    def _create(self, spec: IndexSpec) -> None:
        try:
            self._watched(sql.SQL(spec.create_sql(self.schema, concurrently=True)))
        except BaseException:
            # Whatever it was, a stop signal too: first what is left goes.
            self.drop(spec.name)
            raise

    def _tried(self, what: str, act: Callable[[], None]) -> None:
        for attempt in range(1, self.patience.attempts + 1):
            try:
                act()
            except psycopg.Error as refused:
                # What is wrong with the rows is wrong with them at the next try.
                if attempt == self.patience.attempts or not isinstance(refused, psycopg.OperationalError):
                    raise NotBuilt(f"{what}: {str(refused).strip()}") from refused
                pause(self.patience.pause_s * attempt)
            else:
                return

    def _watched(self, statement: sql.SQL | sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute("SET lock_timeout = 0; SET statement_timeout = 0")
            # Who is killed leaves a session that would go on building.
            connection.execute("SET client_connection_check_interval = '2s'")
            with _watching(self.connect, connection.info.backend_pid, self.patience.wait_s) as blocked:
                try:
                    connection.execute(statement)
                except psycopg.errors.QueryCanceled as cancelled:
                    if not blocked:
                        raise
                    raise psycopg.OperationalError(blocked[0]) from cancelled


@contextmanager
def _watching(connect: Connect, pid: int, wait_s: float) -> Iterator[list[str]]:
    """Cancel what ``pid`` does once it has waited for others for ``wait_s`` on end; the list then says for whom."""
    blocked: list[str] = []
    ended = threading.Event()

    def watch() -> None:
        with connect() as watching:
            since: float | None = None
            while not ended.wait(LOOKED_S):
                holders = watching.execute(_WAITS_FOR, [pid]).fetchall()
                since = (since or time.monotonic()) if holders else None
                if since is not None and time.monotonic() - since >= wait_s:
                    named = ", ".join(f"pid {holder} ({name}, for {age})" for holder, name, age in holders)
                    blocked.append(f"waited {wait_s:g} s for {named}")
                    watching.execute("SELECT pg_cancel_backend(%s)", [pid])
                    return

    watcher = threading.Thread(target=watch, name="index-watchdog", daemon=True)
    watcher.start()
    try:
        yield blocked
    finally:
        ended.set()
        watcher.join()
