"""Django's ``migrate`` on the owner's connection, for the shared tables or, inside a school, for its own.

A migration that waits for a table keeps everybody who comes after it from that table. So no statement of one, whatever
it runs, waits for a lock longer than people would notice; it gives up what it has, lets them pass, and tries again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import OperationalError, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from schoolops.tenancy import rendering

LONGEST_LOCK_MS = 800
# Above the longest job (120 s), which may hold a table for as long as it runs.
PATIENCE_S = 180.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
pause = time.sleep


class Executor(MigrationExecutor):
    """Django's with four changes.

    * Migrations of tables that do not stand here are only remembered and recorded.
    * An operation has the models that it looks at, and no others (``rendering``).
    * A migration that cannot have a lock within ``LONGEST_LOCK_MS`` is undone and tried again, for ``PATIENCE_S``.
    * A migration and the record of it are one transaction. Django records those with foreign keys in another, and a
      kill between the two leaves what the next run trips over.
    """

    def _migrate_all_forwards(
        self,
        state: ProjectState,
        plan: list[tuple[Migration, bool]],
        full_plan: list[tuple[Migration, bool]],
        fake: bool,  # noqa: FBT001 - as Django calls it
        fake_initial: bool,  # noqa: FBT001
    ) -> ProjectState:
        wanted = {migration for migration, _ in plan}
        for migration in (each for each, _ in full_plan if each in wanted):
            # Where nothing is rendered, nothing is kept up to date.
            vars(state).pop("apps", None)
            if router.allow_migrate(self.connection.alias, migration.app_label):
                state = self.apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
            else:
                migration.mutate_state(state, preserve=False)
                self.record_migration(migration)  # type: ignore[call-arg, arg-type] # The stubs are of an earlier Django.
        return state

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,  # noqa: FBT001, FBT002 - as Django calls it
        fake_initial: bool = False,  # noqa: FBT001, FBT002
    ) -> ProjectState:
        """Raises what the migration raises, with a note of which it was."""
        until, shortest = time.monotonic() + PATIENCE_S, SHORTEST_PAUSE_S
        while True:
            try:
                if fake or fake_initial:
                    return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
                # Its operations change the state they are given, and those of a try that failed did not happen.
                return self._apply(state.clone(), migration, fake=fake)
            except Exception as refused:
                if not (migration.atomic and _was_busy(refused) and time.monotonic() < until):
                    refused.add_note(f"in {migration.app_label}.{migration.name}")
                    raise
            pause(random.uniform(shortest / 2, shortest))  # noqa: S311 - two that wait for each other must not keep step
            shortest = min(2 * shortest, LONGEST_PAUSE_S)

    def _apply(self, state: ProjectState, migration: Migration, *, fake: bool) -> ProjectState:
        if self.progress_callback:
            self.progress_callback("apply_start", migration, fake)
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {LONGEST_LOCK_MS}")
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            state = rendering.apply(migration, state, editor)
            while editor.deferred_sql:
                editor.execute(editor.deferred_sql.pop(0), None)
            self.record_migration(migration)  # type: ignore[call-arg, arg-type] # The stubs are of an earlier Django.
        if self.progress_callback:
            self.progress_callback("apply_success", migration, fake)
        return state


def _was_busy(refused: Exception) -> bool:
    """Whether somebody else has what was wanted: at another moment it goes."""
    busy = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
    return isinstance(refused, OperationalError) and isinstance(refused.__cause__, busy)


# The command names its executor and has no door for another.
django_migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]


def migrate(*, verbosity: int = 0) -> None:
    """Bring the tables of where the caller stands up to the code."""
    options: dict[str, Any] = {"database": "admin", "verbosity": verbosity, "interactive": False}
    call_command(django_migrate.Command(), **options)


def migrate_to(recorded: Iterable[tuple[str, str]]) -> None:
    """Make the tables of where the caller stands as they are with ``recorded``, (app, migration) each, and no more."""
    executor = Executor(connections["admin"])
    recorded = set(recorded)
    parents = {(parent.key, child) for child in recorded for parent in executor.loader.graph.node_map[child].parents}
    followed = {parent for parent, child in parents if parent[0] == child[0]}
    executor.migrate(sorted(recorded - followed))
