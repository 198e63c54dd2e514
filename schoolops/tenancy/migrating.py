"""Django's ``migrate`` on the owner's connection, for the shared tables or, inside a school, for its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState


class Executor(MigrationExecutor):
    """Django's, but migrations of tables that do not stand here are only remembered and recorded.

    Django renders the models anew for each of their operations, which does nothing and takes most of the time.
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
            if router.allow_migrate(self.connection.alias, migration.app_label):
                _ = state.apps  # Rendered once before its operations, which keep it up to date.
                state = self.apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
            else:
                vars(state).pop("apps", None)
                migration.mutate_state(state, preserve=False)
                self.record_migration(migration)  # type: ignore[call-arg, arg-type] # The stubs are of an earlier Django.
        return state


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
