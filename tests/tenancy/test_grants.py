"""What the database itself refuses: the wall as PostgreSQL sees it, for every object there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from schoolops.context import inside, outside_schools
from schoolops.tenancy import owner
from schoolops.tenancy.models import School

RELATIONS = """
    SELECT c.oid, n.nspname || '.' || c.relname, c.relkind::text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
SEQUENCE_RIGHTS = ("SELECT", "USAGE", "UPDATE")


@pytest.fixture
def owning(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    """The provisioning login, which may look at every right."""
    with owner.owner_connection() as found:
        yield found


def held(owning: psycopg.Connection[Any], role: str, schema: str) -> tuple[int, set[tuple[str, str]]]:
    """How many relations ``schema`` has, and each (relation, right) that ``role`` holds on one of them."""
    relations = owning.execute(RELATIONS, [schema]).fetchall()
    found = set()
    for oid, name, kind in relations:
        function, rights = (
            ("has_sequence_privilege", SEQUENCE_RIGHTS) if kind == "S" else ("has_table_privilege", TABLE_RIGHTS)
        )
        for right in rights:
            row = owning.execute(f"SELECT {function}(%s, %s::oid, %s)", [role, oid, right]).fetchone()
            if row and row[0]:
                found.add((name, right))
    return len(relations), found


def functions_of(owning: psycopg.Connection[Any], role: str, schema: str) -> list[tuple[str, bool]]:
    return owning.execute(
        "SELECT p.oid::regprocedure::text, has_function_privilege(%s, p.oid, 'EXECUTE')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %s",
        [role, schema],
    ).fetchall()


def schema_rights(owning: psycopg.Connection[Any], role: str, schema: str) -> tuple[bool, bool]:
    row = owning.execute(
        "SELECT has_schema_privilege(%s, %s, 'USAGE'), has_schema_privilege(%s, %s, 'CREATE')",
        [role, schema, role, schema],
    ).fetchone()
    assert row
    return row[0], row[1]


def test_a_school_holds_no_right_on_any_shared_table(owning: psycopg.Connection[Any], oak: School) -> None:
    count, rights = held(owning, oak.role_name, "public")
    assert count > 5
    assert rights == set()
    assert schema_rights(owning, oak.role_name, "public") == (False, False)


def test_a_school_holds_no_right_on_another(owning: psycopg.Connection[Any], oak: School, elm: School) -> None:
    count, rights = held(owning, oak.role_name, elm.schema_name)
    assert count > 20
    assert rights == set()
    assert schema_rights(owning, oak.role_name, elm.schema_name) == (False, False)
    functions = functions_of(owning, oak.role_name, elm.schema_name)
    assert functions
    assert [name for name, may in functions if may] == []


def test_a_school_holds_what_it_needs_on_its_own(owning: psycopg.Connection[Any], oak: School) -> None:
    _, rights = held(owning, oak.role_name, oak.schema_name)
    assert (f"{oak.schema_name}.accounts_user", "INSERT") in rights
    assert not {right for right in rights if right[1] in {"TRUNCATE", "REFERENCES", "TRIGGER"}}
    assert schema_rights(owning, oak.role_name, oak.schema_name) == (True, False)


def test_a_school_cannot_rewrite_its_trail(owning: psycopg.Connection[Any], oak: School) -> None:
    _, rights = held(owning, oak.role_name, oak.schema_name)
    of = {
        name: {right for table, right in rights if table == f"{oak.schema_name}.{name}"}
        for name in ("audit_auditentry", "django_migrations", "django_content_type")
    }
    assert of == {
        "audit_auditentry": {"SELECT", "INSERT"},
        "django_migrations": {"SELECT"},
        "django_content_type": {"SELECT"},
    }


def test_the_web_login_owns_nothing_and_may_make_nothing(owning: psycopg.Connection[Any]) -> None:
    login = owner.web_login()
    assert (
        owning.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
            " WHERE rolname = %s",
            [login],
        ).fetchone()
        == (False,) * 5
    )
    assert owning.execute(
        "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE r.rolname = %s AND d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'",
        [login],
    ).fetchone() == (0,)
    for schema in ("public", "extensions", "platform"):
        assert schema_rights(owning, login, schema)[1] is False
    assert owning.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CREATE'),"
        " has_database_privilege(%s, current_database(), 'TEMP')",
        [login, login],
    ).fetchone() == (False, False)


def test_the_web_login_holds_nothing_of_a_school_without_its_role(owning: psycopg.Connection[Any], oak: School) -> None:
    count, rights = held(owning, owner.web_login(), oak.schema_name)
    assert count > 20
    assert rights == set()
    assert schema_rights(owning, owner.web_login(), oak.schema_name) == (False, False)


def test_nobody_logs_in_as_a_school(owning: psycopg.Connection[Any], oak: School) -> None:
    assert owning.execute(
        "SELECT rolcanlogin, rolcreaterole, rolsuper FROM pg_roles WHERE rolname = %s", [oak.role_name]
    ).fetchone() == (False, False, False)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {elm}.audit_auditentry",
        "INSERT INTO {elm}.django_session (session_key, session_data, expire_date) VALUES ('a', 'b', now())",
        "SELECT nextval('{elm}.accounts_user_id_seq')",
        "SELECT {elm}.refuse_change()",
        "SELECT * FROM public.tenancy_school",
        "SELECT * FROM public.django_session",
        "UPDATE public.tenancy_school SET state = 'deleted'",
        "SET LOCAL ROLE {elm_role}; SET LOCAL ROLE NONE; CREATE TABLE public.theirs (id int)",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "TRUNCATE audit_auditentry",
        "DROP TABLE audit_auditentry",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER ALL",
    ],
)
def test_statements_of_oak_that_are_refused(db: None, oak: School, elm: School, statement: str) -> None:
    statement = statement.format(elm=elm.schema_name, elm_role=elm.role_name)
    with inside(oak), pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        run(statement)


def test_outside_schools_no_school_can_be_read(db: None, oak: School) -> None:
    with outside_schools(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run(f"SELECT * FROM {oak.schema_name}.audit_auditentry")


def test_a_forgotten_role_is_refused_even_with_the_right_path(db: None, oak: School) -> None:
    # Without USAGE on the schema its tables are not even found.
    with inside(oak), pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        run("SET LOCAL ROLE NONE; SELECT * FROM audit_auditentry")


def test_granting_twice_changes_nothing(owning: psycopg.Connection[Any], oak: School) -> None:
    before = held(owning, oak.role_name, oak.schema_name)
    with suppress(psycopg.Rollback), owning.transaction():
        owner.grant_school(owning, schema=oak.schema_name, role=oak.role_name)
        assert held(owning, oak.role_name, oak.schema_name) == before
