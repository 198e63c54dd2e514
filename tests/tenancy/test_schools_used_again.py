"""A test's school that another test had before is as one just made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from apps.access.models import Role
from apps.students.models import Student
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.schools import make_school, remove_school
from tests.factories.used_again import UsedAgain
from tests.support.shapes import shape_of


@pytest.fixture
def again(_used_again: UsedAgain | None, real_commits: None) -> UsedAgain:
    """One that keeps nothing yet."""
    assert _used_again is not None, "The tests' own servers let them do everything."
    return UsedAgain(_used_again._url)


@pytest.fixture
def used(again: UsedAgain) -> Iterator[School]:
    """A school where people have been."""
    school = make_school("used-once")
    again.learn(school)
    with inside(school):
        people.a_section(3)
        people.a_user("alice", role="head")
        Role.objects.filter(code="teacher").update(name="Taught here")
        AuditEntry.objects.create(action="tests.was-here", at=people.SCHOOL_MOMENT)
    yield school
    remove_school(school)


def _rows(school: School) -> dict[str, list[Any]]:
    with owner.owner_connection() as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [school.schema_name]
        ).fetchall()
        return {
            table: sorted(
                str(
                    {name: said for name, said in row.items() if name not in {"id", "sourced_id", "role_id", "applied"}}
                )
                for (row,) in connection.execute(f"SELECT to_jsonb(t) FROM {school.schema_name}.{table} t")
            )
            for (table,) in tables
        }


def test_it_has_the_rows_of_a_new_one(again: UsedAgain, used: School, fresh_school: Callable[..., School]) -> None:
    new = fresh_school("never-used")
    assert again.given_back(used)
    school = again.taken("used-twice", "Used Twice")
    assert school is not None
    try:
        assert (school.schema_name, school.is_active) == ("school_used_twice", True)
        assert _rows(school) == _rows(new)
        with owner.owner_connection() as connection:
            assert shape_of(connection, school.schema_name) == shape_of(connection, new.schema_name)
        with inside(school):
            assert not Student.objects.exists()
            people.a_section(2)
            assert Student.objects.count() == 2
    finally:
        remove_school(school)


CHANGES = (
    "CREATE TABLE {schema}.more (n bigint)",
    "ALTER TABLE {schema}.students_student ADD more text",
    "ALTER TABLE {schema}.students_student DROP COLUMN phone",
    "ALTER TABLE {schema}.students_student DROP CONSTRAINT students_student_sourced_id_key",
    "ALTER TABLE {schema}.audit_auditentry DISABLE TRIGGER USER",
    "CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "COMMENT ON TABLE {schema}.students_student IS 'theirs'",
    "REVOKE SELECT ON {schema}.students_student FROM {role}",
    "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
    "GRANT CREATE ON SCHEMA {schema} TO {role}",
    "ALTER ROLE {role} SET lock_timeout = '1s'",
    "ALTER ROLE {role} LOGIN",
    "GRANT {role} TO CURRENT_USER WITH INHERIT TRUE",
    "DROP SCHEMA {schema} CASCADE",
)


def test_one_that_was_changed_is_not_used_again(again: UsedAgain, used: School) -> None:
    unnoticed = []
    for change in CHANGES:
        with psycopg.connect(again._url) as connection:
            was = again._known(connection, used.schema_name, used.role_name)
            connection.execute(change.format(schema=used.schema_name, role=used.role_name).encode())
            if again._known(connection, used.schema_name, used.role_name) == was:
                unnoticed.append(change)
            connection.rollback()
    assert unnoticed == []
    with owner.owner_connection() as owning:
        owning.execute(CHANGES[0].format(schema=used.schema_name).encode())
    assert not again.given_back(used)
    assert again.taken("used-twice", "Used Twice") is None
