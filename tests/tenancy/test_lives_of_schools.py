"""Suspended, resumed, deleted, purged: what operators do to a school, and what people at its door are told."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from psycopg import sql

from schoolops import clock, context
from schoolops.context import inside, outside_schools
from schoolops.rollouts.models import Kind, Rollout, Stage
from schoolops.tenancy import lifecycle, owner
from schoolops.tenancy.errors import NameNotConfirmed, NotSuspended, SchoolExists, SchoolNotFound, WrongState
from schoolops.tenancy.models import Domain, School, SchoolState
from schoolops.tenancy.provisioning import create_school
from tests.tenancy.markers import mark, whose

pytestmark = pytest.mark.urls("tests.tenancy.urls")
Fresh = Callable[..., School]
Browser = Callable[[School], Client]
DAY = dt.timedelta(days=1)


def run(*command: str) -> str:
    out = StringIO()
    with outside_schools():
        call_command(*command, stdout=out)
    return out.getvalue()


def schema_exists(school: School) -> bool:
    with owner.owner_connection() as owning:
        return bool(owning.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [school.schema_name]).fetchone())


def role_exists(school: School) -> bool:
    with owner.owner_connection() as owning:
        return bool(owning.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [school.role_name]).fetchone())


def test_an_unknown_host_is_not_found(db: None) -> None:
    answer = Client(headers={"host": "nobody.localhost"}).get("/where")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "tenancy:unknown-host"


@pytest.mark.parametrize(
    "host", ["oak.localhost.evil.org", "..", "oak localhost", "oak.localhost:80:80", "[::1", "x" * 300]
)
def test_a_host_that_is_none_of_ours_is_not_found(db: None, host: str) -> None:
    assert Client(headers={"host": host}).get("/where").status_code == 404


@pytest.mark.parametrize("host", ["oak.localhost", "OAK.localhost", "oak.localhost:8000", "oak.localhost."])
def test_a_host_is_known_however_it_is_written(db: None, oak: School, host: str) -> None:
    assert Client(headers={"host": host}).get("/where").json()["schema"] == oak.schema_name


@pytest.mark.parametrize("host", ["nobody.localhost", "oak.localhost", "localhost", "10.0.0.1"])
def test_health_needs_no_school(host: str) -> None:
    assert Client(headers={"host": host}).get("/health").status_code == 200


def test_a_suspended_school_is_shut_and_opens_again(fresh_school: Fresh, client_for: Browser) -> None:
    school = fresh_school()
    mark(school)
    browser = client_for(school)
    assert browser.get("/where").status_code == 200

    assert "is suspended" in run("suspend_school", school.slug, "--reason", "unpaid")
    answer = browser.get("/where")
    assert answer.status_code == 403
    assert answer.json()["code"] == "tenancy:school-suspended"
    assert "unpaid" not in answer.content.decode()

    assert "is active" in run("resume_school", school.slug)
    assert browser.get("/where").json()["marker"] == school.slug


def test_only_an_active_school_is_suspended_and_only_a_suspended_one_resumed(fresh_school: Fresh) -> None:
    school = fresh_school()
    with pytest.raises(WrongState):
        lifecycle.resume_school(slug=school.slug)
    lifecycle.suspend_school(slug=school.slug, reason="unpaid")
    with pytest.raises(WrongState):
        lifecycle.suspend_school(slug=school.slug, reason="again")
    with pytest.raises(SchoolNotFound):
        lifecycle.suspend_school(slug="nobody", reason="unpaid")


def test_deleting_needs_suspension_and_the_name_typed(fresh_school: Fresh) -> None:
    school = fresh_school()
    with pytest.raises(NotSuspended):
        lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="left")
    lifecycle.suspend_school(slug=school.slug, reason="left")
    for typed in ("", school.slug.upper(), f"{school.slug} "):
        with pytest.raises(NameNotConfirmed):
            lifecycle.delete_school(slug=school.slug, typed=typed, reason="left")
    with pytest.raises(CommandError, match="does not match"):
        run("delete_school", school.slug, "--reason", "left", "--confirm", "oak")
    assert "kept for 30 days" in run("delete_school", school.slug, "--reason", "left", "--confirm", school.slug)


def test_a_deleted_school_is_kept_for_thirty_days_and_gone_after(fresh_school: Fresh, client_for: Browser) -> None:
    school, other = fresh_school(), fresh_school()
    mark(school)
    mark(other)
    moment = dt.datetime(2028, 2, 1, 12, tzinfo=dt.UTC)
    with clock.frozen(moment):
        lifecycle.suspend_school(slug=school.slug, reason="left")
        lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="left")
        assert client_for(school).get("/where").status_code == 404
        with pytest.raises(SchoolExists):
            create_school(slug=school.slug, name="again", domains=["again.localhost"])
    with outside_schools():
        assert not Domain.objects.filter(tenant_id=school.pk).exists()

    with clock.frozen(moment + 30 * DAY):
        assert lifecycle.purge_deleted_schools() == ([], {})
        with inside(school):
            assert whose() == school.slug
    with clock.frozen(moment + 30 * DAY + dt.timedelta(seconds=1)):
        assert run("purge_deleted_schools") == f"Purged 1: {school.slug}.\n"
        assert lifecycle.purge_deleted_schools() == ([], {})
    assert not schema_exists(school)
    assert not role_exists(school)
    with outside_schools():
        assert not School.objects.filter(slug=school.slug).exists()
    with inside(other):
        assert whose() == other.slug


_NUMBERS = itertools.count(1)


def _an_old_rollout() -> int:
    with outside_schools():
        made = Rollout.objects.create(kind=Kind.INDEXES, target="x", stage=Stage.DONE, began_at=clock.now())
        return int(made.pk)


def _leave_traces(school: School, folder: Path) -> None:
    """A file, rows of the shared tables, and a large object that belongs to the school's role."""
    (folder / school.schema_name / "imports").mkdir(parents=True)
    (folder / school.schema_name / "imports" / "roster.csv").write_text("Ada")
    with owner.owner_connection() as connection:
        for table in owner._tables_of_schools(connection):
            columns = connection.execute(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass"
                " AND attnum > 0 AND NOT attisdropped AND (attnotnull AND NOT atthasdef OR attname = 'school')"
                " AND attidentity = ''",
                [f"public.{table}"],
            ).fetchall()
            worth = {"school": school.slug, "rollout_id": str(_an_old_rollout())}
            zero = {
                "bigint": str(next(_NUMBERS)),
                "integer": "0",
                "smallint": "0",
                "double precision": "0",
                "jsonb": "{}",
                "boolean": "false",
            }
            zero |= {"timestamp with time zone": "2026-01-01", "uuid": str(uuid4()), "bytea": ""}
            values = [worth.get(name, zero.get(kind.partition("(")[0], "x")) for name, kind in columns]
            connection.execute(
                sql.SQL("INSERT INTO public.{} ({}) VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
                    sql.SQL(", ").join(sql.SQL("%s") for _ in columns),
                ),
                values,
            )
        role = sql.Identifier(school.role_name)
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(role))
        (number,) = connection.execute("SELECT lo_create(0)").fetchone() or (0,)
        connection.execute(sql.SQL("ALTER LARGE OBJECT {} OWNER TO {}").format(sql.Literal(number), role))


def test_a_purge_ends_with_a_search_that_finds_nothing(fresh_school: Fresh, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    school, other = fresh_school(), fresh_school()
    for each in (school, other):
        _leave_traces(each, tmp_path)
    moment = clock.now()
    lifecycle.suspend_school(slug=school.slug, reason="closing")
    with clock.frozen(moment):
        lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="contract ended")
    said = {"schema": school.schema_name, "role": school.role_name, "names": [school.slug, school.schema_name]}
    with owner.owner_connection() as connection:
        tables = len(owner._tables_of_schools(connection))
    assert tables >= 5
    assert len(owner.remains(**said)) == 2 + tables

    with clock.frozen(moment + 31 * DAY):
        assert lifecycle.purge_deleted_schools() == ([school.slug], {})

    assert owner.remains(**said) == []
    assert not (tmp_path / school.schema_name).exists()
    theirs = {"schema": other.schema_name, "role": other.role_name, "names": [other.slug, other.schema_name]}
    assert len(owner.remains(**theirs)) == 2 + tables
    assert (tmp_path / other.schema_name / "imports" / "roster.csv").exists()


def test_one_school_that_cannot_be_purged_keeps_no_other(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    moment = clock.now()
    schools = sorted((fresh_school() for _ in range(3)), key=lambda each: each.slug)
    for each in schools:
        lifecycle.suspend_school(slug=each.slug, reason="closing")
        with clock.frozen(moment):
            lifecycle.delete_school(slug=each.slug, typed=each.slug, reason="contract ended")
    honest = owner.drop_school

    def refuses(*, schema: str, role: str) -> None:
        if schema == schools[0].schema_name:
            raise OSError("the disk is read-only")
        honest(schema=schema, role=role)

    monkeypatch.setattr(owner, "drop_school", refuses)
    with clock.frozen(moment + 31 * DAY):
        with pytest.raises(CommandError, match=f"Not purged: {schools[0].slug}"):
            run("purge_deleted_schools")
        with outside_schools():
            assert School.objects.filter(slug=schools[0].slug).exists()
        assert not schema_exists(schools[1])
        assert not schema_exists(schools[2])
        monkeypatch.undo()
        settings.MEDIA_ROOT = tmp_path
        assert run("purge_deleted_schools") == f"Purged 1: {schools[0].slug}.\n"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT lo_create(0)", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_open(1, 1)",
        "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_xact_lock(1)", "SELECT pg_try_advisory_lock(1)",
        "SELECT pg_advisory_lock_shared(1, 2)",
    ],
)  # fmt: skip
def test_a_school_has_neither_large_objects_nor_locks_that_others_could_wait_for(
    db: None, oak: School, statement: str
) -> None:
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with inside(oak), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_school_is_entered_in_turn_and_left_again(fresh_school: Fresh, oak: School, elm: School) -> None:
    suspended = fresh_school()
    lifecycle.suspend_school(slug=suspended.slug, reason="unpaid")
    visited = []
    for school in lifecycle.each_school():
        assert context.current_school() == school
        visited.append(school.slug)
    assert visited == ["elm", "oak"]
    assert context.place() is None
    assert [school.slug for school in lifecycle.each_school(SchoolState.SUSPENDED)] == [suspended.slug]


def test_leaving_the_round_early_leaves_the_school(real_commits: None) -> None:
    def first() -> str:
        for school in lifecycle.each_school():
            return school.slug
        return ""

    assert first() == "elm"
    assert context.place() is None


def test_the_list_names_every_school_with_its_addresses(fresh_school: Fresh) -> None:
    school = fresh_school(domains=["first.example.org", "second.example.org"])
    lines = run("list_schools").splitlines()
    assert any(line.startswith("oak ") and "oak.localhost" in line for line in lines)
    assert any(
        line.startswith(school.slug) and "first.example.org, second.example.org" in line and "active" in line
        for line in lines
    )


def test_a_refusal_of_a_command_is_one_sentence(real_commits: None) -> None:
    with pytest.raises(CommandError, match=r"^There is no school called nobody\."):
        run("suspend_school", "nobody", "--reason", "x")
