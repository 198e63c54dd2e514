"""Which schools are behind the code, and bringing one up. One query asks all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connections, transaction
from psycopg import sql

from schoolops import seeds
from schoolops.context import inside, outside_schools
from schoolops.indexes import building
from schoolops.indexes import registry as indexes
from schoolops.tenancy import owner, template
from schoolops.tenancy.models import School, SchoolState

SCHOOLS_PER_QUERY = 200


def made_schools() -> list[School]:
    """Every school of this cell that has been made, deleted ones included while they are kept, in order of slug."""
    with outside_schools():
        return list(School.objects.exclude(state__in=[SchoolState.CREATING, SchoolState.MOVED]).order_by("slug"))


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
    """What ``school`` has less than the code gives, or more; with both empty it has not been offered the seeds."""

    school: School
    migrations: tuple[str, ...]
    indexes: building.Drift


def behind(schools: list[School]) -> list[School]:
    """Those of ``schools`` (all with a schema) that lack something which the code gives a school.

    What was brought up to ``head()`` and has lost a migration or an index since, or has one too many, is behind too.
    """
    return [lack.school for lack in lacking(schools)]


def lacking(schools: list[School]) -> Iterator[Lack]:
    """What each school that is ``behind`` lacks, in the order of ``schools``. One query asks ``SCHOOLS_PER_QUERY``."""
    current = head()
    expected_migrations = {f"{label}.{name}" for label, name in template.expected_migrations()}
    declared = indexes.school_indexes()
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
            present = building.present_in(connection, [school.schema_name for school in chunk])
            for school in chunk:
                missing = expected_migrations - migrations.get(school.schema_name, set())
                drift = building.drift_of(present[school.schema_name], declared)
                if school.brought_up_to != current or missing or drift.names:
                    yield Lack(school, tuple(sorted(missing)), drift)


def bring_up_shared() -> None:
    """Build the indexes of the shared tables that are missing or changed, without locking writers."""
    building.make(owner.owner_connection, "public", indexes.shared_indexes())


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
        building.make(owner.owner_connection, school.schema_name, indexes.school_indexes())
        with owner.owner_connection() as connection, connection.transaction():
            owner.grant_school(connection, schema=school.schema_name, role=school.role_name)
        with inside(school), transaction.atomic():
            seeds.sow()
        school.brought_up_to = head()
        with outside_schools():
            school.save(update_fields=["brought_up_to"])
