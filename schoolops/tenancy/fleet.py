"""Which schools are behind the code, and bringing one up. One query asks all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from django.db import connections, transaction
from psycopg import sql

from schoolops import seeds
from schoolops.context import inside, outside_schools
from schoolops.indexes import registry as indexes
from schoolops.tenancy import owner, template
from schoolops.tenancy.models import School, SchoolState

SCHOOLS_PER_QUERY = 200
INVALID = "invalid"
# (schema, index, the mark it was given when it was built). Half-built ones have none.
_INDEXES = """
    SELECT n.nspname, c.relname,
           CASE WHEN i.indisvalid THEN coalesce(obj_description(c.oid, 'pg_class'), '') ELSE 'invalid' END
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
     WHERE n.nspname = ANY(%s)"""


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


def head() -> str:
    """SHA-256 over all that the code gives a school: migrations, indexes, seeds."""
    return hashlib.sha256(f"{template.fingerprint()} {seeds.fingerprint()}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Lack:
    """What ``school`` has less than the code gives, or more; with all three empty it has not been offered the seeds."""

    school: School
    migrations: tuple[str, ...]
    indexes: tuple[str, ...]
    not_declared: tuple[str, ...]


def behind(schools: list[School]) -> list[School]:
    """Those of ``schools`` (all with a schema) that lack something which the code gives a school.

    What was brought up to ``head()`` and has lost a migration or an index since, or has one too many, is behind too.
    """
    return [lack.school for lack in lacking(schools)]


def lacking(schools: list[School]) -> Iterator[Lack]:
    """What each school that is ``behind`` lacks, in the order of ``schools``. One query asks ``SCHOOLS_PER_QUERY``."""
    current = head()
    expected_migrations = {f"{label}.{name}" for label, name in template.expected_migrations()}
    expected_indexes = _marks_of(indexes.school_indexes())
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
            present: dict[str, dict[str, str]] = {school.schema_name: {} for school in chunk}
            for schema, name, mark in connection.execute(_INDEXES, [list(present)]):
                present[schema][name] = mark
            for school in chunk:
                missing = expected_migrations - migrations.get(school.schema_name, set())
                ours = _ours(present[school.schema_name])
                if school.brought_up_to != current or missing or ours != expected_indexes:
                    yield Lack(
                        school,
                        tuple(sorted(missing)),
                        tuple(sorted(name for name, mark in expected_indexes.items() if ours.get(name) != mark)),
                        tuple(sorted(ours.keys() - expected_indexes.keys())),
                    )


def _marks_of(specs: list[indexes.IndexSpec]) -> dict[str, str]:
    return {spec.name: spec.mark for spec in specs}


def _ours(present: dict[str, str]) -> dict[str, str]:
    return {name: mark for name, mark in present.items() if mark.startswith(indexes.MARK)}


def bring_up_shared() -> None:
    """Build the indexes of the shared tables that are missing or changed, without locking writers."""
    with owner.owner_connection() as connection:
        _build(connection, "public", indexes.shared_indexes())


def _build(connection: psycopg.Connection[Any], schema: str, specs: list[indexes.IndexSpec]) -> None:
    """Make the indexes of ``schema`` those that are declared. What we did not make is left alone."""
    present = {name: mark for _, name, mark in connection.execute(_INDEXES, [[schema]])}

    def drop(name: str) -> None:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name)))

    for spec in specs:
        if present.get(spec.name) == spec.mark:
            continue
        # Queries keep the old one until the new one is built. What a build that failed left would be called done.
        rebuilt = replace(spec, name=f"{spec.name}_new")
        if rebuilt.name in present:
            drop(rebuilt.name)
        if present.get(spec.name, INVALID) == INVALID:
            if spec.name in present:
                drop(spec.name)
            connection.execute(spec.create_sql(schema, concurrently=True))
        else:
            connection.execute(rebuilt.create_sql(schema, concurrently=True))
            drop(spec.name)
            connection.execute(
                sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                    sql.Identifier(schema, rebuilt.name), sql.Identifier(spec.name)
                )
            )
        # Last: without the mark it is built anew.
        connection.execute(spec.mark_sql(schema))
    for name in _ours(present).keys() - _marks_of(specs).keys():
        drop(name)


def bring_up(school: School) -> None:
    """Run the missing migrations, make the indexes those declared, renew the grants, and sow what is new.

    Each step can be repeated; that the school has everything is written down last. Whoever else is at this school, in
    whatever process, is waited for.
    """
    with owner.one_at_a_time(f"school:{school.schema_name}"):
        lack = next(lacking([school]), None)
        if lack is None:
            # Whoever was at it has done it.
            return
        if lack.migrations or school.brought_up_to != head():
            try:
                template.migrate_school(school)
            finally:
                connections["admin"].close()
        with owner.owner_connection() as connection:
            _build(connection, school.schema_name, indexes.school_indexes())
            with connection.transaction():
                owner.grant_school(connection, schema=school.schema_name, role=school.role_name)
        with inside(school), transaction.atomic():
            seeds.sow()
        school.brought_up_to = head()
        with outside_schools():
            school.save(update_fields=["brought_up_to"])
