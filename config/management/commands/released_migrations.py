"""``manage.py released_migrations [--write]``: what a release has of migrations stays, and later ones only add."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation

from config.env import BASE_DIR

RELEASED = BASE_DIR / "config" / "migrations.txt"
HEADER = (
    "# The migrations of the releases so far, each with the SHA-256 of its file. A later release only adds lines:\n"
    "# `python -m config.gates --write migrations` before it is tagged.\n"
)
# What the release before cannot work with while it still serves, or would miss when it is rolled back to.
TAKES_AWAY = (
    ops.DeleteModel, ops.RemoveField, ops.RenameField, ops.RenameModel, ops.AlterModelTable, ops.AlterField,
)  # fmt: skip
# A trigger that refuses TRUNCATE takes nothing.
SQL_TAKES_AWAY = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|SCHEMA|TYPE|VIEW|MATERIALIZED|SEQUENCE|FUNCTION)|(?<!BEFORE )TRUNCATE"
    r"|DELETE\s+FROM|RENAME|SET\s+NOT\s+NULL|ALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE)\b",
    re.IGNORECASE,
)


class Command(BaseCommand):
    help = "Compare the migrations with those that were released (config/migrations.txt), or write them down."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write them down, when a release is made")

    def handle(self, *args: Any, **options: Any) -> None:
        migrations = our_migrations()
        digests = {name: digest(migration) for name, migration in migrations.items()}
        if options["write"]:
            lines = [f"{name} {found}\n" for name, found in sorted(digests.items())]
            RELEASED.write_text(HEADER + "".join(lines), encoding="utf-8")
        released = read(RELEASED.read_text(encoding="utf-8"))
        wrong = [
            *changed(released, digests),
            *not_only_adding(released, migrations),
            *not_to_be_tried_again(released, migrations),
        ]
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"{len(released)} released migrations are as they were, {len(digests) - len(released)} add")


def our_migrations() -> dict[str, Migration]:
    """``app.name`` → migration, of the apps in this repository."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found: Mapping[tuple[str, str], Migration] = loader.disk_migrations
    return {
        f"{label}.{name}": migration
        for (label, name), migration in found.items()
        if migration.__module__.startswith(("apps.", "schoolops."))
    }


def digest(migration: Migration) -> str:
    """SHA-256 of its file."""
    return hashlib.sha256(Path(str(sys.modules[migration.__module__].__file__)).read_bytes()).hexdigest()


def read(text: str) -> dict[str, str]:
    """``app.name`` → SHA-256, of the list's text."""
    lines = (line.partition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: found for name, _, found in lines}


def changed(released: Mapping[str, str], digests: Mapping[str, str]) -> Iterator[str]:
    """Sentences about released migrations that are no longer what they were: schools have run them."""
    for name, was in released.items():
        if name not in digests:
            yield f"{name} was released and is gone: put it back, schools have run it."
        elif digests[name] != was:
            yield f"{name} was released and has been edited: put it back and write another one."


def not_only_adding(released: Iterable[str], migrations: Mapping[str, Migration]) -> Iterator[str]:
    """Sentences about later migrations that the release before could not live with, and that do not say why it can.

    A migration says so in ``takes_away = "why"``.
    """
    for name in sorted(migrations.keys() - set(released)):
        migration = migrations[name]
        if getattr(migration, "takes_away", ""):
            continue
        for what in taken_away(migration.operations):
            yield f"{name}: {what}. The release before still works with it: say in `takes_away` why it can do without."


def not_to_be_tried_again(released: Iterable[str], migrations: Mapping[str, Migration]) -> Iterator[str]:
    """Sentences about later migrations that cannot be undone whole: where a table is in use each is tried again."""
    for name in sorted(migrations.keys() - set(released)):
        migration = migrations[name]
        if not migration.atomic:
            yield f"{name}: not atomic. What cannot be in a transaction, as building an index, is not for a migration."
        for operation in migration.operations:
            if isinstance(operation, ops.RunPython | ops.RunSQL) and not operation.reversible:
                yield f"{name}: {operation.describe()} cannot be taken back: say how, or noop."


def taken_away(operations: Iterable[Operation]) -> Iterator[str]:
    """What these operations take from the release before, each as a sentence without its full stop."""
    operations = list(operations)
    # Of these the release before has written no rows.
    made = {each.name_lower for each in operations if isinstance(each, ops.CreateModel)}
    for operation in operations:
        if isinstance(operation, ops.SeparateDatabaseAndState):
            yield from taken_away(operation.database_operations)
        elif isinstance(operation, TAKES_AWAY):
            yield operation.describe()
        elif isinstance(operation, ops.RunPython):
            yield "it runs Python, of which nobody can see what it takes"
        elif isinstance(operation, ops.RunSQL):
            for statement in _statements(operation.sql):
                if found := SQL_TAKES_AWAY.search(statement):
                    yield f"it runs “{found.group()}”"
        elif isinstance(operation, ops.AddField) and operation.model_name_lower not in made:
            field = operation.field
            if not (field.null or field.many_to_many or field.generated or field.has_db_default()):
                yield f"{operation.describe()}, which a row written by the release before lacks: give it a db_default"


def _statements(sql: Any) -> Iterator[str]:
    if isinstance(sql, str):
        yield sql
    else:
        for each in sql:
            yield each if isinstance(each, str) else each[0]
