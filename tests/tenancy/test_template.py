"""The template is what the migrations make, and says so when it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg import sql

from schoolops.indexes import registry
from schoolops.tenancy import owner, template
from schoolops.tenancy.errors import TemplateMissing
from schoolops.tenancy.models import School
from tests.support.shapes import SHAPE, shape_of


@dataclass
class MigratedByHand:
    pk = 0
    slug = "by-hand"
    schema_name = "school_migrated_by_hand"
    role_name = "none"


@pytest.fixture(scope="module")
def migrated(django_db_setup: None, django_db_blocker: Any) -> Any:
    """A schema made by the migrations themselves and the declared indexes."""
    made = MigratedByHand()
    with django_db_blocker.unblock(), owner.owner_connection() as owning:
        owning.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(made.schema_name)))
        try:
            template.migrate_school(made)
            for spec in registry.school_indexes():
                owning.execute(spec.create_sql(made.schema_name))
            yield made
        finally:
            connections["admin"].close()
            owning.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(made.schema_name)))


def test_a_replayed_school_is_what_the_migrations_make(
    real_commits: None, migrated: MigratedByHand, oak: School
) -> None:
    with owner.owner_connection() as owning:
        replayed, by_migration = (shape_of(owning, schema) for schema in (oak.schema_name, migrated.schema_name))
        for part in SHAPE:
            assert replayed[part] == by_migration[part], part
        assert len(replayed["columns"]) > 50
        for query in (
            "SELECT app, name FROM {}.django_migrations ORDER BY app, name",
            "SELECT app_label, model FROM {}.django_content_type ORDER BY app_label, model",
        ):
            rows = [
                owning.execute(sql.SQL(query).format(sql.Identifier(schema))).fetchall()
                for schema in (oak.schema_name, migrated.schema_name)
            ]
            assert rows[0]
            assert rows[0] == rows[1]


def test_the_comparison_sees_a_lost_constraint(real_commits: None, migrated: MigratedByHand, oak: School) -> None:
    with owner.owner_connection() as owning, owning.transaction(force_rollback=True):
        owning.execute(f"ALTER TABLE {migrated.schema_name}.accounts_user DROP CONSTRAINT user_username_form")
        assert shape_of(owning, oak.schema_name) != shape_of(owning, migrated.schema_name)


def test_the_template_in_the_repository_is_current(real_commits: None) -> None:
    call_command("build_school_template", check=True, verbosity=0)


def test_a_changed_template_fails_the_check(
    real_commits: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted, current = tmp_path / "school.sql", settings.SCHOOL_TEMPLATE.read_text()
    drifted.write_text(current.replace("NOT NULL", "NULL", 1))
    monkeypatch.setattr(settings, "SCHOOL_TEMPLATE", drifted)
    # What the test before this one has built.
    monkeypatch.setattr(template, "build", lambda _: current)
    with pytest.raises(CommandError, match="make template"):
        call_command("build_school_template", check=True, verbosity=0)


@pytest.mark.parametrize("text", [None, "", "-- fingerprint: " + "0" * 64 + "\n"])
def test_a_stale_template_makes_no_school(text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "school.sql"
    if text is not None:
        stale.write_text(text)
    monkeypatch.setattr(settings, "SCHOOL_TEMPLATE", stale)
    with pytest.raises(TemplateMissing):
        template.read()
