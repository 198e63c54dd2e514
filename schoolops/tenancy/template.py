"""The DDL of one school's schema, made from the migrations once per release and replayed for every new school.

Replaying takes 0.25 s however many schools there are; running the migrations takes ten times as long and grows.
"""

from __future__ import annotations

import functools
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from schoolops.context import inside
from schoolops.indexes import registry as indexes
from schoolops.tenancy import migrating, owner
from schoolops.tenancy.errors import TemplateMissing
from schoolops.tenancy.inlining import inlined

# Not school_…: no school may ever have this name, since it is dropped before each build.
TEMPLATE_SCHEMA = "template_of_a_school"
# Django's own record of what it made: the columns, first the app's, then the thing's.
RECORDS = {"django_migrations": ("app", "name", "applied"), "django_content_type": ("app_label", "model")}
_HEADER = re.compile(r"^-- fingerprint: ([0-9a-f]{64})$", re.MULTILINE)


class Scratch:
    """A school that exists only while its DDL is written down."""

    pk = 0
    slug = "template"
    schema_name = TEMPLATE_SCHEMA
    role_name = "none"


def school_apps() -> frozenset[str]:
    """Labels of the apps whose tables stand in every school's schema."""
    return frozenset(config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS)


@functools.cache
def expected_migrations() -> tuple[tuple[str, str], ...]:
    """Every (app label, migration) a school's schema must have, sorted."""
    labels = school_apps()
    return tuple(
        sorted(key for key in MigrationLoader(None, ignore_no_migrations=True).graph.nodes if key[0] in labels)
    )


def fingerprint() -> str:
    """SHA-256 over the migrations and indexes that the code declares for a school."""
    lines = [f"{label}.{name}" for label, name in expected_migrations()]
    lines += [spec.create_sql("") for spec in indexes.school_indexes()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def build(pg_dump: Path) -> str:
    """Run the migrations and build the indexes in a scratch schema, and return its DDL as text.

    Needs the provisioning login and a ``pg_dump`` not older than the server.
    """
    name = sql.Identifier(TEMPLATE_SCHEMA)
    with owner.owner_connection() as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        try:
            migrate_school(Scratch())
            _renumber(connection)
            for spec in indexes.school_indexes():
                connection.execute(spec.create_sql(TEMPLATE_SCHEMA))
                connection.execute(spec.mark_sql(TEMPLATE_SCHEMA))
            return _normalised(_dump(pg_dump))
        finally:
            connections["admin"].close()
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))


def migrate_school(school: Any, *, verbosity: int = 0) -> None:
    """Run the migrations of TENANT_APPS in one school's schema, as the owner."""
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415 - needs the models

    ContentType.objects.clear_cache()
    with inside(school):
        migrating.migrate(verbosity=verbosity)
    ContentType.objects.clear_cache()
    # Django also records the apps whose tables stand in public: a school's record must not change with them.
    schema, ours = sql.Identifier(school.schema_name), list(school_apps())
    with owner.owner_connection() as connection:
        for table, (app, *_) in RECORDS.items():
            connection.execute(
                sql.SQL("DELETE FROM {}.{} WHERE {} <> ALL(%s)").format(
                    schema, sql.Identifier(table), sql.Identifier(app)
                ),
                [ours],
            )


def _renumber(connection: psycopg.Connection[Any]) -> None:
    """Write Django's own rows anew in order of name, whatever order they were written in."""
    for table, columns in RECORDS.items():
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        order = sql.SQL(", ").join(map(sql.Identifier, columns[:2]))
        rewrite = sql.SQL(
            "WITH gone AS (DELETE FROM {table} RETURNING *) INSERT INTO {table} (id, {listed})"
            " SELECT row_number() OVER (ORDER BY {order}), {listed} FROM gone ORDER BY {order}"
        )
        connection.execute(rewrite.format(table=sql.Identifier(TEMPLATE_SCHEMA, table), listed=listed, order=order))
        connection.execute(
            sql.SQL("SELECT setval({}, max(id)) FROM {}").format(
                sql.Literal(f"{TEMPLATE_SCHEMA}.{table}_id_seq"), sql.Identifier(TEMPLATE_SCHEMA, table)
            )
        )


def _dump(pg_dump: Path) -> str:
    entry = settings.DATABASES["admin"]
    command = [str(pg_dump), "--schema", TEMPLATE_SCHEMA, "--no-owner", "--no-privileges", "--inserts"]
    command += ["--rows-per-insert=200", "--host", entry["HOST"], "--port", str(entry["PORT"] or 5432)]
    command += ["--username", entry["USER"], entry["NAME"]]
    # PGPASSWORD rather than the command line, which every user of the machine can read.
    environment = {"PGPASSWORD": str(entry["PASSWORD"]), "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _normalised(dump: str) -> str:
    """The dump without what differs between runs and machines."""
    without = ("--", "\\", "SET transaction_timeout", f"CREATE SCHEMA {TEMPLATE_SCHEMA}")
    kept = [line.rstrip() for line in dump.splitlines() if line.strip() and not line.startswith(without)]
    text = inlined("\n".join(kept))
    # The moment a migration ran, at the end of its row, is not part of a school's shape. A column's default is.
    ran = r"(?m)'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00'(?=\)[,;]$)"
    text = re.sub(ran, "'2026-01-01 00:00:00+00'", text)
    return (
        "-- The tables, constraints and indexes of one school. Generated by `make template`; do not edit.\n"
        f"-- fingerprint: {fingerprint()}\n{text}\n"
    )


def read() -> str:
    """The template's text.

    Raises:
        TemplateMissing: there is none, or the migrations have moved on since it was made.
    """
    path: Path = settings.SCHOOL_TEMPLATE
    if not path.exists():
        raise TemplateMissing
    text = path.read_text(encoding="utf-8")
    found = _HEADER.search(text)
    if found is None or found.group(1) != fingerprint():
        raise TemplateMissing
    return text


def replay(connection: psycopg.Connection[Any], *, schema: str) -> None:
    """Build ``schema`` from the template. The caller holds the transaction, so that it is there whole or not at all."""
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    # One simple-protocol message; the schema's name needs no quoting by construction (owner.schema_for).
    connection.execute(read().replace(TEMPLATE_SCHEMA, schema).encode())
    connection.execute("RESET ALL")
