"""From the first release on schools have run what was released: it stays as it was, and what follows only adds."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import Any

import pytest
from django.db import models
from django.db.migrations import operations as ops
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation

import schoolops
from config import gates
from config.env import BASE_DIR
from config.management.commands import released_migrations as releases
from schoolops import append_only

FIRST = {"clubs.0001_initial": "a" * 64}


def later(*operations: Operation, **says: Any) -> dict[str, Migration]:
    migration = type("Migration", (Migration,), {"operations": list(operations), **says})("0002_more", "clubs")
    return {"clubs.0002_more": migration}


def test_every_migration_there_is_only_adds_to_what_was_released() -> None:
    migrations = releases.our_migrations()
    released = releases.read(releases.RELEASED.read_text(encoding="utf-8"))
    assert len(released) > 30
    assert list(releases.changed(released, {n: releases.digest(m) for n, m in migrations.items()})) == []
    assert list(releases.not_only_adding(released, migrations)) == []


def test_a_released_migration_is_neither_edited_nor_removed() -> None:
    assert list(releases.changed(FIRST, {**FIRST, "clubs.0002_more": "c" * 64})) == []
    assert [each.split()[:6] for each in releases.changed(FIRST, {"clubs.0001_initial": "b" * 64})] == [
        ["clubs.0001_initial", "was", "released", "and", "has", "been"]
    ]
    assert [each.split()[:6] for each in releases.changed(FIRST, {})] == [
        ["clubs.0001_initial", "was", "released", "and", "is", "gone:"]
    ]


TAKEN = [
    ops.DeleteModel("Club"),
    ops.RemoveField("club", "room"),
    ops.RenameField("club", "room", "place"),
    ops.RenameModel("Club", "Society"),
    ops.AlterField("club", "room", models.CharField(max_length=2)),
    ops.AddField("club", "room", models.CharField(max_length=2, default="")),
    ops.RunPython(ops.RunPython.noop),
    ops.RunSQL("ALTER TABLE clubs_club DROP COLUMN room"),
    ops.RunSQL([("DELETE FROM clubs_club WHERE id = %s", [1])]),
    ops.RunSQL("TRUNCATE clubs_club"),
    ops.RunSQL(["SELECT 1", "ALTER TABLE clubs_club ALTER COLUMN room SET NOT NULL"]),
    ops.SeparateDatabaseAndState(database_operations=[ops.RunSQL("alter table clubs_club rename to societies")]),
]


@pytest.mark.parametrize("operation", TAKEN, ids=lambda each: type(each).__name__)
def test_what_takes_something_away_says_why_it_may(operation: Operation) -> None:
    assert len(list(releases.not_only_adding(FIRST, later(operation)))) == 1
    assert list(releases.not_only_adding(FIRST, later(operation, takes_away="Unread since 0.1.2."))) == []
    # What was released with it is not asked again.
    assert list(releases.not_only_adding({**FIRST, "clubs.0002_more": ""}, later(operation))) == []


@pytest.mark.parametrize(
    "operation",
    [
        ops.CreateModel("Room", [("id", models.BigAutoField(primary_key=True))]),
        ops.AddField("club", "room", models.CharField(max_length=2, default="", db_default="")),
        ops.AddField("club", "room", models.CharField(max_length=2, null=True)),
        ops.RunSQL("INSERT INTO clubs_club SELECT"),
        append_only.keep("clubs_club"),
        ops.SeparateDatabaseAndState(state_operations=[ops.RemoveField("club", "room")]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_adds_is_let_through(operation: Operation) -> None:
    assert list(releases.not_only_adding(FIRST, later(operation))) == []


def test_a_table_that_the_migration_makes_has_no_rows_to_lack_anything() -> None:
    made = ops.CreateModel("Room", [("id", models.BigAutoField(primary_key=True))])
    floor = models.CharField(max_length=2)
    assert list(releases.not_only_adding(FIRST, later(made, ops.AddField("room", "floor", floor)))) == []
    assert len(list(releases.not_only_adding(FIRST, later(made, ops.AddField("club", "floor", floor))))) == 1


def test_a_release_is_called_the_same_everywhere() -> None:
    """By the package, by what an installation says of itself, and by the newest heading of the changelog."""
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)(?: - (\S+))?$", changelog, re.MULTILINE)
    released = [(name, day) for name, day in headings if name != "Unreleased"]
    assert released[0][0] == project["version"] == schoolops.__version__
    assert all(dt.date.fromisoformat(day) for _, day in released)


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (ops.RunPython(ops.RunPython.noop), {}),
        (ops.RunSQL("SELECT 1"), {}),
        (ops.AddField("club", "room", models.TextField(null=True)), {"atomic": False}),
    ],
)
def test_a_later_migration_can_be_tried_again_and_taken_back(operation: Operation, says: dict[str, Any]) -> None:
    """Where somebody works on the table it is undone whole, and a school may have to go back."""
    assert len(list(releases.not_to_be_tried_again(FIRST, later(operation, **says)))) == 1
    assert list(releases.not_to_be_tried_again({**FIRST, "clubs.0002_more": "c"}, later(operation, **says))) == []
    back = ops.RunSQL("SELECT 1", ops.RunSQL.noop)
    assert list(releases.not_to_be_tried_again(FIRST, later(back))) == []


def test_what_squawk_finds_may_be_where_somebody_said_why_of_that_migration_and_rule() -> None:
    file = "/tmp/clubs.0002_more.sql"
    texts = {file: 'BEGIN;\nALTER TABLE "clubs_club" ADD "size" integer NOT NULL;\nCOMMIT;\n'}
    found = [
        {"file": file, "line": 1, "rule_name": rule, "message": "It locks."}
        for rule in ("changing-column-type", "adding-required-field")
    ]
    settled = [{"why": "Few rows.", "migrations": ["clubs.0002_more"], "rules": ["changing-column-type"]}]
    assert list(gates.unsettled(found, texts, settled)) == ["clubs.0002_more: adding-required-field: It locks."]
    assert list(gates.unsettled(found[:1], texts, settled)) == []
    # Of a table that the same release makes there are no rows yet.
    made = texts | {"/tmp/clubs.0001_initial.sql": 'CREATE TABLE "clubs_club" ("id" bigint NOT NULL);'}
    assert list(gates.unsettled(found, made, [])) == []


def test_what_is_settled_is_of_migrations_there_are_and_says_why() -> None:
    said = tomllib.loads((BASE_DIR / "config" / "squawk.toml").read_text(encoding="utf-8"))["settled"]
    assert {name for each in said for name in each["migrations"]} <= set(releases.our_migrations())
    assert all(each["why"] for each in said)
