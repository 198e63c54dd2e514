"""Schools on two servers: each process works for one of them, operators see both, and a school moves while it works."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings, settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections, transaction

from apps.students.models import Student
from config.env import Environment
from schoolops.context import inside, outside_schools
from schoolops.copies import moving, tables, taking
from schoolops.copies.errors import NotMovable, OldCopyNeeded, StillInUse
from schoolops.health import doctor
from schoolops.queues import ATTENDANCE, task
from schoolops.queues.models import Job, Outcome
from schoolops.queues.worker.runner import Runner
from schoolops.tenancy import cells, fleet, lifecycle, owner
from schoolops.tenancy.direct import CellUnknown
from schoolops.tenancy.errors import SchoolElsewhere, SchoolNotFound, WrongState
from schoolops.tenancy.models import School, SchoolState
from tests.cells.north import North
from tests.copies import maple
from tests.copies.keys import Key
from tests.factories.schools import make_school

Client = Callable[[School], Any]


@task(queue=ATTENDANCE, tracked=True)
def note_down(*, n: int) -> None:
    Student.objects.update(medical_note=f"noted {n}")


@pytest.fixture
def both(north: North, real_commits: None, tmp_path: Path, settings: LazySettings) -> Iterator[North]:
    """This process works for home and knows of north; no school but Oak and Elm is left in either."""
    settings.MEDIA_ROOT = str(tmp_path)
    with north.known():
        yield north
    with north.entered():
        maple.remove_all_but_oak_and_elm()
    maple.remove_all_but_oak_and_elm()


def digests(school: School, cell: str = "") -> dict[str, tuple[int, str]]:
    with owner.owner_connection(cell) as asking, asking.transaction():
        tables.spell_alike(asking)
        return tables.digests_of(asking, school.schema_name, tables.tables_of(asking, school.schema_name))


def sequences(school: School, cell: str = "") -> dict[str, tuple[int, bool]]:
    with owner.owner_connection(cell) as asking:
        return tables.sequences_of(asking, school.schema_name)


def notes(school: School) -> set[str]:
    with inside(school):
        return set(Student.objects.values_list("medical_note", flat=True))


def enqueue(school: School, n: int) -> int:
    with inside(school), transaction.atomic():
        return int(note_down.enqueue(n=n).job_id)


def jobs() -> list[int]:
    with outside_schools():
        return list(Job.objects.order_by("id").values_list("id", flat=True))


def noted_down() -> list[int]:
    """Beside them a school has what its rolls tell guardians."""
    with outside_schools():
        return list(Job.objects.filter(task=note_down.name).order_by("id").values_list("id", flat=True))


def said(*arguments: str) -> str:
    out = io.StringIO()
    with outside_schools():
        call_command(*arguments, stdout=out, skip_checks=True)
    return out.getvalue()


# --- a cell -----------------------------------------------------------------------------------------------------------
def test_a_process_is_told_what_its_cell_has(north: North) -> None:
    said = {"DATABASE_URL": "postgres://home", "DATABASE_ADMIN_URL": "postgres://admin", "REDIS_URL": "redis://home"}
    ours = Environment(said | north.variables)
    assert (ours.cell, ours.text("DATABASE_URL")) == ("home", "postgres://home")
    theirs = Environment(said | north.variables | {"CELL": "north"})
    assert {name: theirs.text(name) for name in said} == north.servers.environment()
    assert list(theirs.others()) == ["home"]
    assert theirs.others()["home"].text("REDIS_URL") == "redis://home"
    with pytest.raises(ImproperlyConfigured, match="no cell south"):
        Environment(said | north.variables | {"CELL": "south"})
    assert Environment(said).others() == {}


def test_a_school_of_a_cell_stands_and_works_on_its_server_alone(both: North, client_for: Client) -> None:
    with both.entered():
        school = make_school("larch")
        assert school.database == "north"
        assert client_for(school).get("/office/login/").status_code == 200
        with inside(school), transaction.atomic():
            job = note_down.enqueue(n=1).job_id
        Runner(patience_s=0).run([job], 30)
        with outside_schools():
            assert Outcome.objects.get(job_id=job).state == "done"
    assert client_for(school).get("/office/login/").status_code == 404
    with pytest.raises(SchoolNotFound):
        lifecycle.get_school("larch")
    with owner.owner_connection() as here:
        assert not here.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [school.schema_name]).fetchone()


def test_a_name_or_an_address_is_given_once_in_all_cells(both: North) -> None:
    with both.entered():
        make_school("larch")
    with pytest.raises(SchoolElsewhere, match="larch belongs to a school of the cell north"):
        make_school("larch", domains=["other.localhost"])
    with pytest.raises(SchoolElsewhere, match=r"larch\.localhost"):
        make_school("fir", domains=["LARCH.localhost"])
    assert [school.slug for school in fleet.unfinished_schools()] == []
    with both.entered(), pytest.raises(SchoolElsewhere, match="oak belongs to a school of the cell home"):
        make_school("oak", domains=[])


def test_indexes_and_backups_of_a_cell_are_of_its_schools(both: North, tmp_path: Path) -> None:
    key = Key(tmp_path / "key")
    with both.entered():
        school = make_school("larch")
        with owner.owner_connection() as owning:
            owning.execute(f"DROP INDEX {school.schema_name}.audit_by_object".encode())
        assert fleet.behind(fleet.made_schools()) == [school]
        said("indexes", "apply")
        assert fleet.behind(fleet.made_schools()) == []
        assert said("migrate_schools", "--plan").startswith("0 of 1 schools")
        assert taking.back_up(slug="larch", folder=tmp_path, recipients=[key.public]).rows
    assert "larch" not in [school.slug for school in fleet.made_schools()]


def test_operators_see_all_cells(both: North) -> None:
    with both.entered():
        make_school("larch")
    assert "larch.localhost north;" in said("cells", "--hosts").splitlines()
    assert "oak.localhost home;" in said("cells", "--hosts").splitlines()
    assert [line.split()[:2] for line in said("cells").splitlines()[1:]] == [["home", "2"], ["north", "1"]]


@pytest.mark.proof
def test_operators_do_one_thing_in_each_cell(both: North) -> None:
    with both.entered():
        make_school("larch")
    program = [sys.executable, "-W", "ignore", str(settings.MANAGE), "cells", "--run", "list_schools", "--skip-checks"]
    done = subprocess.run(both.command(*program, cell="home"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours, theirs = done.stdout.partition("--- north")[::2]
    assert "--- home" in ours
    assert ("oak" in ours, "larch" in ours, "larch" in theirs) == (True, False, True)


def test_doctor_says_where_cells_do_not_agree(both: North, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = doctor.EXAMINATIONS["cells"]()
    assert (line.colour, line.what) == ("green", "Cells: home, north; this is home")
    look = cells.look

    def other_release(cell: str) -> cells.Look:
        found = look(cell)
        return found if cell == "home" else cells.Look(cell, look("home").schools, frozenset())

    monkeypatch.setattr(cells, "look", other_release)
    lines = [line.what for line in doctor.EXAMINATIONS["cells"]() if line.colour == "red"]
    assert lines[0] == "The cells home and north are of different releases"
    assert "oak.localhost" in lines[1]
    monkeypatch.undo()
    monkeypatch.setitem(settings.OTHER_CELLS["north"]["default"], "PORT", "1")
    (line, _) = doctor.EXAMINATIONS["cells"]()
    assert line.what.startswith("The cell north cannot be asked")


# --- moving -----------------------------------------------------------------------------------------------------------
def test_a_school_moves_with_all_its_rows_and_jobs(both: North, client_for: Client) -> None:
    school = maple.made()
    with both.entered(), outside_schools(), connection.cursor() as cursor:
        # Numbers of jobs there are others' already.
        cursor.execute("SELECT nextval('queues_job_id_seq') FROM generate_series(1, 50)")
    enqueue(school, 7)
    before, counted, waiting = digests(school), sequences(school), len(jobs())
    came = moving.move(slug="maple", to="north")
    assert (came.rows, came.jobs) == (sum(rows for rows, _ in before.values()), waiting)
    assert digests(school, "north") == before == digests(school)
    assert sequences(school, "north") == counted
    assert "maple                   in north" in said("list_schools")
    moved = lifecycle.get_school("maple")
    assert (moved.state, moved.database) == (SchoolState.MOVED, "north")
    assert moved not in fleet.made_schools()
    answer = client_for(school).get("/api/v1/students")
    assert (answer.status_code, answer.json()["code"]) == (503, "tenancy:school-moved")
    assert jobs() == []
    with both.entered():
        theirs = lifecycle.get_school("maple")
        assert (theirs.state, theirs.sourced_id) == (SchoolState.ACTIVE, school.sourced_id)
        assert fleet.behind([theirs]) == []
        assert client_for(theirs).get("/office/login/").status_code == 200
        assert len(jobs()) == waiting
        (job,) = noted_down()
        assert job > 50
        Runner(patience_s=0).run([job], 30)
        assert notes(theirs) == {"noted 7"}
    # What it was here is kept, and nothing is written into it any more.
    assert "noted 7" not in notes(school)
    with inside(school), pytest.raises(Exception, match="permission denied"):
        Student.objects.update(medical_note="lost")


def test_it_works_on_while_it_is_copied_and_what_changes_follows(both: North, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row is written anew, one goes, one comes, and two change numbers that only one may have."""
    school = maple.made()
    switch = moving._switch

    def meanwhile(*arguments: Any) -> Any:
        with inside(school), transaction.atomic():
            first, second, *_ = Student.objects.order_by("id")
            numbers = first.admission_number, second.admission_number
            Student.objects.filter(pk=first.pk).update(admission_number="free", medical_note="written meanwhile")
            Student.objects.filter(pk=second.pk).update(admission_number=numbers[0])
            Student.objects.filter(pk=first.pk).update(admission_number=numbers[1])
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM accounts_onetimelink")
                cursor.execute("INSERT INTO django_session VALUES ('came', '', now())")
        return switch(*arguments)

    monkeypatch.setattr(moving, "_switch", meanwhile)
    came = moving.move(slug="maple", to="north")
    # More look new where somebody works elsewhere on that server.
    assert came.followed >= 4
    assert digests(school, "north") == digests(school)
    with both.entered():
        assert "written meanwhile" in notes(lifecycle.get_school("maple"))


def test_a_writer_loses_nothing_and_a_reader_sees_no_end(both: North) -> None:
    school = maple.made()
    written, read, refused = [], [], []
    ended = threading.Event()

    def write() -> None:
        try:
            for n in range(100_000):
                with inside(school), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("INSERT INTO django_session VALUES (%s, '', now())", [f"n{n}"])
                written.append(f"n{n}")
        except Exception as failure:  # noqa: BLE001 - looked at below
            refused.append(str(failure))
        finally:
            connections.close_all()

    def look() -> None:
        try:
            while not ended.is_set():
                with inside(school):
                    read.append(Student.objects.count())
        finally:
            connections.close_all()

    both_ = [threading.Thread(target=write), threading.Thread(target=look)]
    for each in both_:
        each.start()
    moving.move(slug="maple", to="north")
    ended.set()
    for each in both_:
        each.join()
    assert "permission denied" in refused[0]
    assert set(read) == {6}
    with owner.owner_connection("north") as there:
        kept = there.execute(f"SELECT session_key FROM {school.schema_name}.django_session".encode()).fetchall()
    assert {key for (key,) in kept} >= set(written)
    assert written


@pytest.mark.parametrize(
    "at",
    [
        pytest.param("_copy", marks=pytest.mark.proof),
        pytest.param("_switched", marks=pytest.mark.proof),
        pytest.param("_compare", marks=pytest.mark.proof),
        "_send",
        "_open",
    ],
)
def test_a_move_that_broke_off_is_done_by_moving_again(both: North, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    school = maple.made()
    before, real = digests(school), getattr(moving, at)

    def breaks(*arguments: Any) -> Any:
        if at != "_open":
            real(*arguments)
        raise psycopg.OperationalError("the server is away")

    monkeypatch.setattr(moving, at, breaks)
    enqueue(school, 7)
    with pytest.raises(psycopg.OperationalError):
        moving.move(slug="maple", to="north")
    monkeypatch.undo()
    stands = lifecycle.get_school("maple")
    if at in {"_copy", "_compare", "_send"}:
        assert (stands.state, len(noted_down())) == (SchoolState.ACTIVE, 1)
        assert notes(school)
    moving.move(slug="maple", to="north")
    assert digests(school, "north") == before
    with both.entered():
        assert lifecycle.get_school("maple").state == SchoolState.ACTIVE
        assert len(noted_down()) == 1


@pytest.mark.proof
def test_a_suspended_school_is_suspended_there_for_the_same_reason(
    both: North, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_school("maple")
    lifecycle.suspend_school(slug="maple", reason="Bills. Since May.")
    opened = moving._open
    monkeypatch.setattr(moving, "_open", lambda _: None)
    moving.move(slug="maple", to="north")
    monkeypatch.setattr(moving, "_open", opened)
    moving.move(slug="maple", to="north")
    with both.entered():
        school = lifecycle.get_school("maple")
        assert (school.state, school.state_reason) == (SchoolState.SUSPENDED, "Bills. Since May.")


def test_what_is_enqueued_as_it_goes_goes_after_it(both: North, monkeypatch: pytest.MonkeyPatch) -> None:
    school, opened = make_school("maple"), moving._open

    def opening(way: moving._Way) -> None:
        enqueue(school, 9)
        opened(way)

    monkeypatch.setattr(moving, "_open", opening)
    assert moving.move(slug="maple", to="north").jobs == 1
    assert jobs() == []


@pytest.mark.proof
def test_the_old_copy_stays_until_a_person_removes_it(both: North) -> None:
    school = make_school("maple")
    with pytest.raises(WrongState):
        moving.remove_old_copy(slug="maple", typed="maple")
    moving.move(slug="maple", to="north")
    with both.entered():
        # It does not come back over what is there of it.
        with pytest.raises(NotMovable, match="old copy"):
            moving.move(slug="maple", to="home")
        lifecycle.suspend_school(slug="maple", reason="Looked at")
        lifecycle.delete_school(slug="maple", typed="maple", reason="A mistake")
    with pytest.raises(OldCopyNeeded, match="deleted"):
        moving.remove_old_copy(slug="maple", typed="maple")
    with both.entered():
        lifecycle.undelete_school(slug="maple", domains=["maple.localhost"])
    moving.remove_old_copy(slug="maple", typed="maple")
    assert owner.remains(schema=school.schema_name, role=school.role_name, names=["maple"]) == []
    with pytest.raises(SchoolNotFound):
        lifecycle.get_school("maple")
    with both.entered():
        moving.move(slug="maple", to="home")
    assert lifecycle.get_school("maple").state == SchoolState.SUSPENDED


def test_who_works_in_it_is_not_stopped_and_a_job_in_hand_is_waited_for(
    both: North, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = make_school("maple")
    monkeypatch.setattr(moving, "PATIENCE_S", 0)
    monkeypatch.setattr(moving, "pause", lambda _: None)
    with owner.owner_connection() as working, working.transaction():
        working.execute(f"INSERT INTO {school.schema_name}.django_session VALUES ('k', '', now())".encode())
        with pytest.raises(StillInUse, match="lock timeout"):
            moving.move(slug="maple", to="north")
    job = enqueue(school, 1)
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("UPDATE queues_job SET lease_until = now() + interval '1 hour' WHERE id = %s", [job])
    with pytest.raises(StillInUse, match="1 of its jobs"):
        moving.move(slug="maple", to="north")
    assert lifecycle.get_school("maple").state == SchoolState.ACTIVE


def test_a_job_goes_along_once_however_often_the_move_waits(both: North, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(make_school("maple"), 1)
    with ExitStack() as busy:
        working = busy.enter_context(owner.owner_connection())
        busy.enter_context(working.transaction())
        working.execute("SELECT 1 FROM public.tenancy_school WHERE slug = 'maple' FOR UPDATE")
        monkeypatch.setattr(moving, "pause", lambda _: busy.close())
        assert moving.move(slug="maple", to="north").jobs == 1
    with both.entered():
        assert len(jobs()) == 1


def test_what_cannot_be_moved_is_refused_before_anything_is_done(both: North) -> None:
    school = make_school("maple")
    with pytest.raises(CellUnknown):
        moving.move(slug="maple", to="south")
    with pytest.raises(NotMovable, match="that is where it is"):
        moving.move(slug="maple", to="home")
    with owner.owner_connection() as owning:
        owning.execute(f"DROP INDEX {school.schema_name}.audit_by_object".encode())
    with pytest.raises(NotMovable, match="not brought up"):
        moving.move(slug="maple", to="north")
    with owner.owner_connection("north") as there:
        assert not there.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [school.schema_name]).fetchone()


def test_of_every_shared_table_it_is_said_whether_its_rows_go_along(both: North) -> None:
    with owner.owner_connection() as asking:
        found = set(owner._tables_of_schools(asking)) | owner._KEPT_TABLES
    assert found == set(moving.LEDGER) | moving.STAYS
