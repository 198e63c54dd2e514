"""Killed at a random moment, releases and index runs are gone on with, and every school ends as a new one is."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings

from schoolops.context import outside_schools
from schoolops.indexes import registry
from schoolops.rollouts.models import Rollout, Stage
from schoolops.tenancy import fleet, owner
from schoolops.tenancy.models import School
from tests.support.kills import KILLS
from tests.support.shapes import shape_of

Fresh = Callable[..., School]
pytestmark = pytest.mark.proof
SCHOOLS = 4
AUDIT = ("audit_by_object", "audit_by_actor", "audit_by_time")


def age(school: School) -> None:
    """As one that lacks some indexes."""
    with owner.owner_connection() as owning:
        for name in AUDIT:
            owning.execute(f"DROP INDEX IF EXISTS {school.schema_name}.{name}".encode())


def take_back_a_migration(school: School) -> None:
    with owner.owner_connection() as owning:
        owning.execute(
            f"DELETE FROM {school.schema_name}.django_migrations"
            " WHERE (app, name) IN (('accounts', '0006_no_second_copies'), ('access', '0003_no_second_copies'))"
        )


def fill(school: School) -> None:
    with owner.owner_connection() as owning:
        owning.execute(
            f"INSERT INTO {school.schema_name}.audit_auditentry (at, actor_id, actor_name, action, object_type,"
            " object_id, reason, request_id) SELECT now(), 'a', '', '', '', '', '', ''"
            " FROM generate_series(1, 20000)".encode()
        )


def manage(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", str(settings.MANAGE), arguments[0], "--skip-checks", *arguments[1:]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def shapes(schools: list[School]) -> list[dict[str, set[tuple[object, ...]]]]:
    with owner.owner_connection() as owning:
        return [shape_of(owning, school.schema_name) for school in schools]


def rows(school: School) -> int:
    with owner.owner_connection() as owning:
        row = owning.execute(f"SELECT count(*) FROM {school.schema_name}.audit_auditentry".encode()).fetchone()
    return int(row[0]) if row else -1


@pytest.mark.parametrize(
    "command", [("migrate_schools",), ("migrate_schools", "--parallel=2"), ("indexes", "apply")], ids=" ".join
)
def test_killed_at_random_it_is_gone_on_with(fresh_school: Fresh, command: tuple[str, ...]) -> None:
    template = fresh_school()
    schools = [fresh_school() for _ in range(SCHOOLS)]
    for school in schools:
        fill(school)
    before = [rows(school) for school in schools]
    moments = random.Random(20261130)
    killed = 0

    def set_back() -> None:
        for school in schools:
            age(school)
            if command[0] == "migrate_schools":
                take_back_a_migration(school)

    set_back()
    began = time.monotonic()
    manage(*command).communicate(timeout=240)
    whole = time.monotonic() - began
    for _ in range(KILLS):
        set_back()
        running = manage(*command)
        # From where the first connection may be made to where all of it is done, on this machine and today.
        time.sleep(whole * moments.uniform(0.4, 1.0))
        killed += running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.communicate()
        # Another may still be at a school on its behalf, and is waited for.
        going_on = manage(*command)
        said, _ = going_on.communicate(timeout=240)
        assert going_on.returncode == 0, said
        assert fleet.behind(schools) == []
        like, *made = shapes([template, *schools])
        assert made == [like] * SCHOOLS
    assert killed
    assert [rows(school) for school in schools] == before
    with outside_schools():
        assert not Rollout.objects.exclude(stage__in=[Stage.DONE, Stage.SUPERSEDED]).exists()


def test_who_reads_and_writes_meanwhile_waits_at_most_a_second(fresh_school: Fresh) -> None:
    """Every statement has a second, and none is refused."""
    schools = [fresh_school(), fresh_school()]
    for school in schools:
        fill(school)
        age(school)
        take_back_a_migration(school)
    running = manage("migrate_schools")
    asked = 0
    with owner.owner_connection() as using:
        using.execute("SET statement_timeout = '1s'")
        while running.poll() is None:
            for school in schools:
                table = f"{school.schema_name}.django_session"
                using.execute(f"INSERT INTO {table} VALUES (gen_random_uuid(), '', now())".encode())
                using.execute(f"SELECT count(*) FROM {table} WHERE session_key = 'x'".encode())
                asked += 1
    said, _ = running.communicate()
    assert running.returncode == 0, said
    assert asked > 100
    assert fleet.behind(schools) == []


def test_fifty_schools_end_equal(fresh_school: Fresh) -> None:
    schools = [fresh_school() for _ in range(50)]
    for number, school in enumerate(schools):
        age(school) if number % 2 else take_back_a_migration(school)
    running = manage("migrate_schools", f"--canary={schools[0].slug}", "--parallel=2")
    said, _ = running.communicate()
    assert running.returncode == 0, said
    assert fleet.behind(schools) == schools[1:]
    running = manage("migrate_schools", "--continue", "--parallel=2")
    said, _ = running.communicate()
    assert running.returncode == 0, said
    first, *others = shapes(schools)
    assert others == [first] * 49
    with owner.owner_connection() as owning:
        marks = owning.execute(
            "SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s)"
            " AND d.description LIKE 'schoolops:%%'",
            [[school.schema_name for school in schools]],
        ).fetchone()
    assert marks == (50 * len(registry.school_indexes()),)
