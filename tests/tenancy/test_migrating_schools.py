"""``migrate`` brings every school up to the code, and one that cannot be does not keep the others waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as DjangosMigrate
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from apps.attendance.models import AttendanceCode
from apps.attendance.services import codes
from schoolops.context import inside, outside_schools
from schoolops.health import doctor
from schoolops.indexes import registry
from schoolops.tenancy import fleet, owner
from schoolops.tenancy.models import School
from schoolops.tenancy.router import SchoolRouter

Fresh = Callable[..., School]


def migrate() -> str:
    out = StringIO()
    with outside_schools():
        call_command("migrate", verbosity=0, stdout=out, stderr=out)
    return out.getvalue()


def take_back_the_append_only_migration(school: School) -> None:
    """As a school stands that was made before ``attendance.0004``."""
    try:
        with inside(school):
            call_command(DjangosMigrate(), "attendance", "0003", database="admin", verbosity=0)
    finally:
        connections["admin"].close()


def drop_an_index(school: School) -> None:
    with owner.owner_connection() as owning:
        owning.execute(f"DROP INDEX {school.schema_name}.audit_by_object")


def leave_an_index_invalid(school: School) -> None:
    """As CREATE INDEX CONCURRENTLY leaves it when it is cancelled."""
    with owner.owner_connection() as owning:
        table = f"{school.schema_name}.audit_auditentry"
        owning.execute(f"DROP INDEX {school.schema_name}.audit_by_object")
        owning.execute(
            f"INSERT INTO {table} (at, actor_id, actor_name, action, object_type, object_id, reason, request_id)"
            " SELECT now(), '', '', '', '', '', '', '' FROM generate_series(1, 2)"
        )
        with pytest.raises(Exception, match="could not create unique index"):
            owning.execute(f"CREATE UNIQUE INDEX CONCURRENTLY audit_by_object ON {table} (object_id)")


def test_a_current_fleet_has_nothing_to_do(real_commits: None) -> None:
    assert fleet.behind(fleet.made_schools()) == []
    assert migrate() == "Shared tables are current; 0 schools were behind.\n"


@pytest.mark.parametrize("older", [take_back_the_append_only_migration, drop_an_index, leave_an_index_invalid])
def test_a_school_that_is_behind_is_brought_up(fresh_school: Fresh, older: Callable[[School], None]) -> None:
    school, current = fresh_school(), fresh_school()
    older(school)
    assert fleet.behind(fleet.made_schools()) == [school]
    out = migrate()
    assert f"{school.slug}: migrated" in out
    assert current.slug not in out
    assert fleet.behind([school]) == []
    with owner.owner_connection() as owning:
        valid = owning.execute(
            "SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = %s::regclass",
            [f"{school.schema_name}.audit_by_object"],
        ).fetchone()
        assert valid == (True, False)


def test_two_deployments_at_once_bring_a_school_up_once(fresh_school: Fresh) -> None:
    school = fresh_school()
    drop_an_index(school)

    def deploy(_: int) -> str:
        try:
            return migrate()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as deployments:
        said = "".join(deployments.map(deploy, range(2)))
    assert said.count(f"{school.slug}: migrated") == 1
    assert said.count("Shared tables are current") == 2
    assert fleet.behind([school]) == []


def test_what_migrate_makes_belongs_to_the_schools_role(fresh_school: Fresh) -> None:
    school = fresh_school()
    take_back_the_append_only_migration(school)
    with owner.owner_connection() as owning:
        owning.execute(f"CREATE TABLE {school.schema_name}.made_by_a_migration (id bigint)")
        migrate()
        assert owning.execute(
            "SELECT has_table_privilege(%s, %s, 'SELECT, INSERT')",
            [school.role_name, f"{school.schema_name}.made_by_a_migration"],
        ).fetchone() == (True,)


def test_a_school_without_its_schema_does_not_keep_the_others_waiting(fresh_school: Fresh) -> None:
    gone, behind = fresh_school(), fresh_school()
    drop_an_index(behind)
    with owner.owner_connection() as owning:
        owning.execute(f"DROP SCHEMA {gone.schema_name} CASCADE")
    with pytest.raises(CommandError, match=rf"Not brought up: {gone.slug}\."):
        migrate()
    assert fleet.behind([behind]) == []


def test_a_school_that_refuses_its_migration_does_not_keep_the_others_waiting(fresh_school: Fresh) -> None:
    refusing, behind = fresh_school(), fresh_school()
    with owner.owner_connection() as owning:
        # The migration will want to make what is already there.
        owning.execute(
            f"DELETE FROM {refusing.schema_name}.django_migrations WHERE app = 'audit' AND name = '0002_append_only'"
        )
    drop_an_index(behind)
    with pytest.raises(CommandError, match=rf"Not brought up: {refusing.slug}\."):
        migrate()
    assert fleet.behind([behind]) == []


def test_whatever_goes_wrong_in_one_schools_migration_is_said_and_stops_no_other(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that new code cannot read is no error of the database."""
    odd, even = fresh_school(), fresh_school()
    for school in (odd, even):
        drop_an_index(school)
    bring_up = fleet.bring_up

    def some(school: School) -> None:
        if school.slug == odd.slug:
            raise ValueError("month must be in 1..12")
        bring_up(school)

    monkeypatch.setattr(fleet, "bring_up", some)
    out = StringIO()
    with outside_schools(), pytest.raises(CommandError, match=odd.slug):
        call_command("migrate", verbosity=0, stdout=out, stderr=out)
    assert f"{odd.slug}: ValueError: month must be in 1..12" in out.getvalue()
    assert f"{even.slug}: migrated" in out.getvalue()


def test_a_school_that_is_still_being_made_is_named_by_migrate_and_doctor(fresh_school: Fresh) -> None:
    half = fresh_school()
    with outside_schools():
        School.objects.filter(pk=half.pk).update(state="creating")
    assert f"{half.slug}: still being made; run create_school {half.slug} again" in migrate()
    said = [line.what for line in doctor.EXAMINATIONS["schools"]()]
    assert said == [f"{half.slug}: still being made"]


def test_the_web_login_migrates_nothing(db: None) -> None:
    with outside_schools():
        assert MigrationExecutor(connection).loader.applied_migrations
        assert SchoolRouter().allow_migrate("default", "audit") is False
        assert SchoolRouter().allow_migrate("admin", "audit") is True
        assert SchoolRouter().allow_migrate("admin", "students") is False


def indexes_of(school: School) -> dict[str, str]:
    with owner.owner_connection() as owning:
        return dict(
            owning.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s", [school.schema_name]
            ).fetchall()
        )


def test_a_changed_index_is_built_anew_and_one_that_is_no_longer_declared_is_dropped(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = fresh_school()
    as_made = indexes_of(school)
    declared = registry.school_indexes()
    changed = [replace(spec, columns=("at",)) for spec in declared if spec.name == "audit_by_object"]
    removed = next(spec.name for spec in declared if spec.table == "audit_auditentry" and spec != changed[0]
                   and spec.name != "audit_by_object")  # fmt: skip
    kept = [spec for spec in declared if spec.name not in {"audit_by_object", removed}]
    monkeypatch.setattr(registry, "school_indexes", lambda: [*kept, *changed])
    with owner.owner_connection() as owning:
        # An operator's own, and what a build leaves that was killed before the old one was dropped.
        owning.execute(f"CREATE INDEX by_hand ON {school.schema_name}.audit_auditentry (reason)")
        owning.execute(f"CREATE INDEX audit_by_object_new ON {school.schema_name}.audit_auditentry (reason)")
    assert fleet.behind([school]) == [school]
    fleet.bring_up(school)
    now = indexes_of(school)
    assert now["audit_by_object"].endswith("USING btree (at)")
    assert now.keys() ^ as_made.keys() == {removed, "by_hand"}
    assert fleet.behind([school]) == []


def test_what_only_the_seeds_bring_makes_a_school_be_behind(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = fresh_school()
    assert fleet.behind([school]) == []
    monkeypatch.setattr(codes, "FIRST_CODES", (*codes.FIRST_CODES, codes.FirstCode("Y", "New", codes.IN, "present")))
    assert fleet.behind([school]) == [school]
    fleet.bring_up(school)
    with inside(school):
        assert AttendanceCode.objects.filter(code="Y").exists()
    assert fleet.behind([school]) == []
