"""Which schools are behind the code, and bringing one up. One query asks all of them."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

from schoolops.context import outside_schools
from schoolops.indexes import registry as indexes
from schoolops.tenancy import owner, template
from schoolops.tenancy.models import School, SchoolState

SCHOOLS_PER_QUERY = 200


def made_schools() -> list[School]:
    """Every school that has been made, deleted ones included while they are kept, in order of slug."""
    with outside_schools():
        return list(School.objects.exclude(state=SchoolState.CREATING).order_by("slug"))


def unfinished_schools() -> list[School]:
    """Every school whose creation was begun and not ended, in order of slug."""
    with outside_schools():
        return list(School.objects.filter(state=SchoolState.CREATING).order_by("slug"))


def without_schema(schools: list[School]) -> list[School]:
    """Those of ``schools`` whose schema, or the record of its migrations, is not in the database."""
    with owner.owner_connection() as connection:
        present = {
            schema
            for (schema,) in connection.execute(
                "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid"
                " WHERE c.relname = 'django_migrations' AND n.nspname = ANY(%s)",
                [[school.schema_name for school in schools]],
            )
        }
    return [school for school in schools if school.schema_name not in present]


def behind(schools: list[School]) -> list[School]:
    """Those of ``schools`` (all with a schema) that lack a migration or a valid index that the code declares."""
    expected_migrations = {f"{label}.{name}" for label, name in template.expected_migrations()}
    expected_indexes = {spec.name for spec in indexes.school_indexes()}
    lacking = []
    with owner.owner_connection() as connection:
        for start in range(0, len(schools), SCHOOLS_PER_QUERY):
            chunk = schools[start : start + SCHOOLS_PER_QUERY]
            union = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {}, array_agg(app || '.' || name) FROM {}.django_migrations").format(
                    sql.Literal(school.schema_name), sql.Identifier(school.schema_name)
                )
                for school in chunk
            )
            migrations = {schema: set(names or ()) for schema, names in connection.execute(union)}
            present: dict[str, set[str]] = {school.schema_name: set() for school in chunk}
            for schema, name in connection.execute(
                "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " JOIN pg_index i ON i.indexrelid = c.oid WHERE i.indisvalid AND n.nspname = ANY(%s)",
                [list(present)],
            ):
                present[schema].add(name)
            lacking += [
                school
                for school in chunk
                if not expected_migrations <= migrations.get(school.schema_name, set())
                or not expected_indexes <= present[school.schema_name]
            ]
    return lacking


def bring_up_shared() -> None:
    """Build the indexes of the shared tables that are missing, without locking writers."""
    with owner.owner_connection() as connection:
        _build(connection, "public", indexes.shared_indexes())


def _build(connection: psycopg.Connection[Any], schema: str, specs: list[indexes.IndexSpec]) -> None:
    present = dict(
        connection.execute(
            "SELECT c.relname, i.indisvalid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_index i ON i.indexrelid = c.oid WHERE n.nspname = %s",
            [schema],
        ).fetchall()
    )
    for spec in specs:
        if present.get(spec.name):
            continue
        if spec.name in present:
            # Left behind by a build that failed; IF NOT EXISTS would call it done.
            connection.execute(
                sql.SQL("DROP INDEX CONCURRENTLY {}.{}").format(sql.Identifier(schema), sql.Identifier(spec.name))
            )
        connection.execute(spec.create_sql(schema, concurrently=True))


def bring_up(school: School) -> None:
    """Run the missing migrations, build the missing indexes without locking writers, and renew the grants."""
    try:
        template.migrate_school(school)
    finally:
        connections["admin"].close()
    with owner.owner_connection() as connection:
        _build(connection, school.schema_name, indexes.school_indexes())
        with connection.transaction():
            owner.grant_school(connection, schema=school.schema_name, role=school.role_name)
