"""A school whose schema or role is gone: 503 in one shape, nobody logs in, public is neither read nor written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.test import Client
from psycopg import sql

from apps.accounts.models import User
from schoolops.context import inside, outside_schools
from schoolops.tenancy import owner, resolution
from schoolops.tenancy.models import School
from tests.tenancy.markers import mark

pytestmark = pytest.mark.urls("tests.tenancy.urls")
PASSWORD = "a long enough password"


def drop_the_schema(owning: psycopg.Connection[Any], school: School) -> None:
    owning.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(school.schema_name)))


def rename_the_schema(owning: psycopg.Connection[Any], school: School) -> None:
    owning.execute(sql.SQL("ALTER SCHEMA {} RENAME TO renamed_away").format(sql.Identifier(school.schema_name)))


def misspell_the_schema(owning: psycopg.Connection[Any], school: School) -> None:
    with outside_schools():
        School.objects.filter(pk=school.pk).update(schema_name="school_mispelt")


def misspell_the_role(owning: psycopg.Connection[Any], school: School) -> None:
    with outside_schools():
        School.objects.filter(pk=school.pk).update(role_name="role_mispelt")


def drop_the_role(owning: psycopg.Connection[Any], school: School) -> None:
    for statement in (
        "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON SCHEMA {schema} FROM {role}",
        "DROP ROLE {role}",
    ):
        owning.execute(
            sql.SQL(statement).format(schema=sql.Identifier(school.schema_name), role=sql.Identifier(school.role_name))
        )


def take_the_role_away(owning: psycopg.Connection[Any], school: School) -> None:
    owning.execute(
        sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(school.role_name), sql.Identifier(owner.web_login()))
    )


def shared_rows(owning: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows each shared table has."""
    tables = owning.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        row = owning.execute(sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))).fetchone()
        counts[table] = row[0] if row else -1
    return counts


@pytest.fixture
def operator(real_commits: None) -> Any:
    """Somebody with the same name and password in public, whom a school that fell through would find."""
    with outside_schools():
        user = User(username="alice", given_name="Operator")
        user.set_password(PASSWORD)
        user.save()
        yield user
        # Not delete(): it looks into a school's tables for what belongs to the user.
        User.objects.filter(pk=user.pk)._raw_delete("default")


@pytest.mark.parametrize(
    "breakage",
    [
        drop_the_schema,
        rename_the_schema,
        misspell_the_schema,
        misspell_the_role,
        drop_the_role,
        take_the_role_away,
    ],
)
def test_a_broken_school_is_closed(
    fresh_school: Callable[..., School],
    operator: User,
    client_for: Callable[[School], Client],
    breakage: Callable[[psycopg.Connection[Any], School], None],
) -> None:
    school = fresh_school()
    mark(school)
    with inside(school):
        alice = User(username="alice")
        alice.set_password(PASSWORD)
        alice.save()
    browser = client_for(school)
    credentials = {"username": "alice", "password": PASSWORD}
    assert browser.get("/where").json()["marker"] == school.slug
    assert browser.post("/log-in", credentials).json() == {"user": "alice"}

    with owner.owner_connection() as owning:
        before = shared_rows(owning)
        breakage(owning, school)
        resolution.forget_hosts()
        for answer in (
            browser.get("/where"),
            browser.get("/where-async"),
            browser.post("/log-in", credentials),
            browser.post("/write"),
        ):
            assert answer.status_code == 503, answer.content
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "tenancy:school-unreachable"
            assert "alice" not in answer.content.decode().lower()
        assert shared_rows(owning) == before
        owning.execute("DROP SCHEMA IF EXISTS renamed_away CASCADE")


def test_one_broken_school_leaves_the_others_alone(
    fresh_school: Callable[..., School], client_for: Callable[[School], Client]
) -> None:
    broken, sound = fresh_school(), fresh_school()
    mark(sound)
    with owner.owner_connection() as owning:
        drop_the_schema(owning, broken)
    for _ in range(3):
        assert client_for(broken).get("/where").status_code == 503
        assert client_for(sound).get("/where").json()["marker"] == sound.slug
