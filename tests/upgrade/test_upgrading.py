"""Schools that the release before made, with rows and decisions of their own, have everything of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from config.env import BASE_DIR
from schoolops import launcher
from schoolops.indexes import registry
from schoolops.tenancy import fleet, owner
from tests.copies.keys import Key
from tests.copies.maple import WRITTEN
from tests.support.shapes import shape_of

RELEASED = Path(__file__).with_name("before_0.1.0.sql")
NAME_IN_DUMP = "released_schoolops"
SCHOOLS = ("ash", "yew")
# What is counted up where something is added to a row's surroundings; Django's own record of what it made.
COUNTERS = {"version", "access_version"}
RECORDS = {"django_migrations", "django_content_type"}

# What the release before told apart and nobody else does.
READ_THE_SAME = (
    "UPDATE school_yew.students_student SET admission_number = 'a00010' WHERE admission_number = 'A00011'",
    "UPDATE school_yew.accounts_user SET username = 'bób' WHERE username = 'carol'",
    "UPDATE school_yew.attendance_attendancecode SET code = 'á' WHERE code = 'HD'",
)

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Installation:
    """A database of its own, and the programs of this release that work on it: ``tests.upgrade.programs`` runs them."""

    database: str
    admin_url: str
    programs: subprocess.Popen[str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        asked, answers = self.programs.stdin, self.programs.stdout
        assert asked is not None
        assert answers is not None
        asked.write(json.dumps(command) + "\n")
        asked.flush()
        code, out, err = json.loads(answers.readline())
        return subprocess.CompletedProcess(command, code, out, err)

    def manage(self, *command: str) -> str:
        done = self.run("manage.py", *command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def killed_at(self, step: str) -> None:
        """``migrate``, ended by SIGKILL when it comes to ``step``."""
        program = f"""
import os, signal, django
django.setup()
from django.core.management import call_command
from schoolops import seeds
from schoolops.tenancy import fleet, owner, template
from schoolops.tenancy.models import School
{step} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
call_command("migrate", verbosity=0)
"""
        assert self.run("-c", program).returncode == -9

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    def rows(self, school: str, only: Rows | None = None) -> Rows:
        """All rows of a school by table, with the tables and columns of ``only`` where given."""
        schema, found = f"school_{school}", {}
        with psycopg.connect(self.admin_url) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
            for table in sorted({name for (name,) in tables} - RECORDS):
                select = sql.SQL("SELECT to_jsonb(t) FROM {} t ORDER BY 1").format(sql.Identifier(schema, table))
                listed = [row for (row,) in connection.execute(select)]
                known = set(listed[0] if listed else ()) - COUNTERS
                if only is not None:
                    known = set(only[table][0]) if only.get(table) else set()
                found[table] = [{name: row[name] for name in sorted(known)} for row in listed]
        return found


def _remove(database: str) -> None:
    with owner.owner_connection() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        roles = connection.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) OR rolname = %s",
            [f"{database}__", f"{database}_web"],
        ).fetchall()
        for (role,) in roles:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture(scope="module")
def restore(django_db_setup: None) -> Iterator[Callable[[str], Installation]]:
    """``restore(name)``: the two schools as the release before left them, in a database of the test's own."""
    made: list[Installation] = []

    def make(name: str) -> Installation:
        database = f"{owner.database_name()}_{name}"
        _remove(database)
        admin_url, web_url = launcher.ensure_logins(os.environ["DATABASE_ADMIN_URL"], database)
        with psycopg.connect(admin_url, autocommit=True) as connection:
            for school in SCHOOLS:
                role = sql.Identifier(f"{database}__school_{school}")
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
            connection.execute(RELEASED.read_text(encoding="utf-8").replace(NAME_IN_DUMP, database).encode())
        programs = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.upgrade.programs"],
            env={**os.environ, "DATABASE_URL": web_url, "DATABASE_ADMIN_URL": admin_url},
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made.append(Installation(database, admin_url, programs))
        return made[-1]

    yield make
    for installation in made:
        installation.programs.communicate()
        assert installation.programs.returncode == 0
        _remove(installation.database)


@pytest.fixture(scope="module")
def before() -> dict[str, Rows]:
    """The rows of both schools before anything was done."""
    return {}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("keys") / "operator.key")


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="module")
def upgraded(restore: Callable[[str], Installation], before: dict[str, Rows], backups: Path, key: Key) -> Installation:
    """Restored, one backed up, brought up by ``migrate``, and with a new school beside the two."""
    installation = restore("upgraded")
    for statement in READ_THE_SAME:
        installation.sql(statement)
    before |= {school: installation.rows(school) for school in SCHOOLS}
    installation.manage("migrate", "--verbosity=0", "--shared-only")
    installation.manage("school", "backup", "ash", "--folder", str(backups), "--recipient", key.public)
    said = installation.manage("migrate", "--verbosity=0")
    assert said == "ash: migrated\nyew: migrated\nShared tables are current; 2 schools were behind.\n"
    installation.manage("create_school", "elder", "--name", "Elder", "--domain", "elder.localhost")
    return installation


def _marks(installation: Installation, schema: str) -> dict[str, str]:
    return dict(
        installation.sql(
            "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c"
            f" WHERE c.relnamespace = '{schema}'::regnamespace AND obj_description(c.oid, 'pg_class') IS NOT NULL"
        )
    )


@pytest.mark.parametrize("school", SCHOOLS)
def test_it_has_the_tables_and_indexes_of_a_new_school(upgraded: Installation, school: str) -> None:
    with psycopg.connect(upgraded.admin_url) as connection:
        made, new = (shape_of(connection, f"school_{each}") for each in (school, "elder"))
    for part, expected in new.items():
        assert made[part] == expected, part
    wanted = {spec.name: spec.mark for spec in registry.school_indexes()}
    assert _marks(upgraded, f"school_{school}") == _marks(upgraded, "school_elder") == wanted
    assert upgraded.sql("SELECT DISTINCT brought_up_to FROM public.tenancy_school") == [(fleet.head(),)]


@pytest.mark.parametrize("school", SCHOOLS)
def test_it_has_been_offered_what_a_new_school_has(upgraded: Installation, school: str) -> None:
    made, new = (
        upgraded.sql(f"SELECT subject, item FROM school_{each}.seeds_offered ORDER BY 1, 2")
        for each in (school, "elder")
    )
    assert made == new
    # Beside what it took away, and what it made.
    held = "SELECT r.code, p.permission FROM {0}.access_role r JOIN {0}.access_rolepermission p ON p.role_id = r.id"
    lacking = set(upgraded.sql(held.format("school_elder"))) - set(upgraded.sql(held.format(f"school_{school}")))
    assert lacking == {("guardian", "leave.request"), ("registrar", "exports.roster")}
    codes = "SELECT code FROM school_{}.attendance_attendancecode"
    assert set(upgraded.sql(codes.format("elder"))) - set(upgraded.sql(codes.format(school))) == {("H",)}


@pytest.mark.parametrize("school", SCHOOLS)
def test_its_books_and_who_takes_money_are_those_of_a_new_school(upgraded: Installation, school: str) -> None:
    held = upgraded.sql(
        f"SELECT r.code FROM school_{school}.access_role r JOIN school_{school}.access_rolepermission p"
        " ON p.role_id = r.id WHERE p.permission = 'fees.collect'"
    )
    assert ("accountant",) in held
    campuses = upgraded.sql(f"SELECT count(*) FROM school_{school}.institutions_institution")
    accounts = upgraded.sql(
        f"SELECT count(*) FROM school_{school}.fees_account WHERE (code, purpose) = ('5900', 'differences')"
    )
    assert campuses == accounts != [(0,)]


@pytest.mark.parametrize("school", SCHOOLS)
def test_every_row_reads_as_before(upgraded: Installation, before: dict[str, Rows], school: str) -> None:
    was = before[school]
    is_now = upgraded.rows(school, only=was)
    assert len(was["attendance_attendancerecord"]) == 6
    for table, rows in was.items():
        assert [row for row in rows if row not in is_now[table]] == [], table


@pytest.mark.parametrize("school", SCHOOLS)
def test_a_day_of_work_passes(upgraded: Installation, school: str) -> None:
    done = upgraded.run("-m", "tests.upgrade.day", school)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"marks": 6, "taken_by": "Bob"}


def test_what_reads_the_same_stays_and_nothing_joins_it(upgraded: Installation) -> None:
    said = upgraded.sql(
        "SELECT admission_number, admission_number_twin FROM school_yew.students_student"
        " WHERE lower(admission_number) = 'a00010' ORDER BY 2"
    )
    assert said == [("A00010", 0), ("a00010", 1)]
    twins = upgraded.sql("SELECT username FROM school_yew.accounts_user WHERE username_twin = 1")
    assert twins == [("bób",)]
    assert upgraded.sql("SELECT code FROM school_yew.attendance_attendancecode WHERE code_twin = 1") == [("á",)]
    assert upgraded.sql("SELECT count(*) FROM school_ash.students_student WHERE admission_number_twin > 0") == [(0,)]
    with pytest.raises(psycopg.errors.UniqueViolation, match="student_admission_number"):
        upgraded.sql(
            "UPDATE school_yew.students_student SET admission_number = 'Á00010' WHERE admission_number = 'A00012'"
        )
    # Of the two that are there, each can be called otherwise; the other then has the number.
    upgraded.sql("UPDATE school_yew.students_student SET admission_number = 'A99' WHERE admission_number = 'A00010'")
    left = upgraded.sql(
        "SELECT admission_number_twin FROM school_yew.students_student WHERE admission_number = 'a00010'"
    )
    assert left == [(0,)]


def test_a_backup_of_the_release_before_comes_back_with_everything_of_this_one(
    upgraded: Installation, before: dict[str, Rows], backups: Path, key: Key
) -> None:
    (file,) = backups.glob("*.age")
    said = upgraded.manage("school", "restore", str(file), "--identity", str(key.file), "--into", "ash-before")
    assert "made by an earlier release" in said
    with psycopg.connect(upgraded.admin_url) as connection:
        made, new = (shape_of(connection, f"school_{each}") for each in ("ash_before", "elder"))
    for part, expected in new.items():
        assert made[part] == expected, part
    assert _marks(upgraded, "school_ash_before") == _marks(upgraded, "school_elder")
    was = {table: rows for table, rows in before["ash"].items() if table not in WRITTEN}
    is_now = upgraded.rows("ash_before", only=was)
    for table, rows in was.items():
        assert [row for row in rows if row not in is_now[table]] == [], table


def test_what_is_brought_up_is_not_brought_up_again(upgraded: Installation) -> None:
    assert upgraded.manage("migrate", "--verbosity=0") == "Shared tables are current; 0 schools were behind.\n"


def test_killed_at_any_step_it_is_finished_by_running_it_again(restore: Callable[[str], Installation]) -> None:
    installation = restore("killed")
    was = {school: installation.rows(school) for school in SCHOOLS}
    for step in ("template.migrate_school", "owner.grant_school", "seeds.sow", "School.save"):
        installation.killed_at(step)
    assert "2 schools were behind" in installation.manage("migrate", "--verbosity=0")
    assert "0 schools were behind" in installation.manage("migrate", "--verbosity=0")
    for school in SCHOOLS:
        is_now = installation.rows(school, only=was[school])
        assert [row for row in was[school]["access_rolepermission"] if row not in is_now["access_rolepermission"]] == []
        assert _marks(installation, f"school_{school}") == {spec.name: spec.mark for spec in registry.school_indexes()}


def test_one_that_fails_keeps_no_other_waiting_and_follows_when_mended(restore: Callable[[str], Installation]) -> None:
    installation = restore("failing")
    installation.sql("CREATE TABLE school_ash.seeds_offered (what text)")
    failed = installation.run("manage.py", "migrate", "--verbosity=0")
    assert failed.returncode == 1
    assert "yew: migrated" in failed.stdout
    assert "Not brought up: ash." in failed.stderr
    assert installation.sql(
        f"SELECT slug, brought_up_to = '{fleet.head()}' FROM public.tenancy_school ORDER BY slug"
    ) == [("ash", False), ("yew", True)]
    installation.sql("DROP TABLE school_ash.seeds_offered")
    said = installation.manage("migrate", "--verbosity=0")
    assert said == "ash: migrated\nShared tables are current; 1 schools were behind.\n"
