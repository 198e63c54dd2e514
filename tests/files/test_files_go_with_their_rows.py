"""A file is there when its row is committed, and is gone when it is not, whatever dies between."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client
from PIL import Image

from apps.accounts.models import User
from apps.institutions import services
from apps.institutions.models import Institution
from schoolops import clock, files
from schoolops.context import inside
from schoolops.files import sweeping
from schoolops.files.tasks import sweep
from schoolops.health import doctor
from schoolops.tenancy import lifecycle
from schoolops.tenancy.models import School
from tests.factories.people import a_school_year, a_user

Fresh = Callable[..., School]


def picture(side: int = 8) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side), "navy").save(written, "PNG")
    return written.getvalue()


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def school(fresh_school: Fresh) -> Iterator[School]:
    """A committed school with a campus, which the test works in."""
    made = fresh_school()
    with inside(made):
        a_school_year(name="Campus", sections=("7 B",))
        yield made


@pytest.fixture
def administrator(school: School) -> User:
    return a_user("erin", role="administrator")


def campus() -> Institution:
    return Institution.objects.get()


def stored(media: Path) -> set[str]:
    return {path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()}


def set_logo(by: User, side: int = 8) -> str:
    return services.set_logo(institution=campus(), content=picture(side), by=by).logo.name


def grow_old(media: Path) -> None:
    """Everything stored was written two days ago."""
    then = (clock.machine() - timedelta(days=2)).timestamp()
    for name in stored(media):
        os.utime(media / name, (then, then))


# --- while everything lives -------------------------------------------------------------------------------------------
def test_a_picture_put_in_the_place_of_another_is_there_and_the_other_is_gone(media: Path, administrator: User) -> None:
    first = set_logo(administrator)
    second = set_logo(administrator, side=9)
    assert stored(media) == {second} != {first}
    # The same picture again is another file: a name is given once.
    third = set_logo(administrator, side=9)
    assert stored(media) == {third} != {second}
    services.remove_logo(institution=campus(), by=administrator)
    assert stored(media) == set()
    assert not campus().logo


class _Refused(Exception):
    """The rest of the transaction failed."""


Step = Callable[[], Any]


def fail() -> None:
    raise _Refused


def together(*steps: Step) -> None:
    """``steps`` in a transaction, or in a savepoint of the one that is open."""
    with transaction.atomic():
        for step in steps:
            step()


def fails(*steps: Step, why: type[Exception] = _Refused) -> None:
    """``together`` raises, and nothing of it is kept."""
    with pytest.raises(why):
        together(*steps)


def expect(of: Path, number: int) -> Step:
    def look() -> None:
        assert len(stored(of)) == number

    return look


def test_what_is_rolled_back_leaves_the_file_from_before_and_no_other(media: Path, administrator: User) -> None:
    kept = set_logo(administrator)
    replacing = (lambda: set_logo(administrator, side=9), expect(media, 2), fail)
    fails(*replacing)
    assert (stored(media), campus().logo.name) == ({kept}, kept)
    with transaction.atomic():
        fails(*replacing)
        assert stored(media) == {kept}
    assert (stored(media), campus().logo.name) == ({kept}, kept)


def test_a_file_forgotten_in_a_transaction_that_fails_is_still_there(media: Path, administrator: User) -> None:
    kept = set_logo(administrator)
    fails(lambda: services.remove_logo(institution=campus(), by=administrator), expect(media, 1), fail)
    assert (stored(media), campus().logo.name) == ({kept}, kept)


def test_an_outer_savepoint_takes_back_what_an_inner_one_kept(media: Path, administrator: User) -> None:
    with transaction.atomic():
        fails(lambda: together(lambda: set_logo(administrator)), expect(media, 1), fail)
        assert stored(media) == set()
        kept = set_logo(administrator, side=9)
    assert stored(media) == {kept}


def run(statement: str) -> Step:
    def running() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return running


def test_a_commit_that_is_refused_takes_the_file_back(media: Path, administrator: User) -> None:
    # Looked at when everything is committed: years stand at a campus that is no longer there.
    moved = run("UPDATE institutions_institution SET id = id + 1000")
    fails(lambda: set_logo(administrator), moved, expect(media, 1), why=IntegrityError)
    assert stored(media) == set()


def test_a_swallowed_error_is_no_commit_and_deletes_nothing(media: Path, administrator: User) -> None:
    def swallow() -> None:
        with suppress(DatabaseError):
            run("SELECT 1 / 0")()

    kept = set_logo(administrator)
    fails(lambda: set_logo(administrator, side=9), swallow, why=TransactionManagementError)
    assert (stored(media), campus().logo.name) == ({kept}, kept)


def lose_the_connection() -> None:
    connection.connection.pgconn.finish()


def test_a_lost_connection_takes_the_file_back(media: Path, administrator: User) -> None:
    fails(lambda: set_logo(administrator), lose_the_connection, campus, why=OperationalError)
    assert stored(media) == set()


def test_where_nobody_knows_whether_it_was_committed_the_file_stays(
    media: Path, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = connection._commit

    def answer_is_lost() -> None:
        commits()
        lose_the_connection()
        raise OperationalError("server closed the connection unexpectedly")

    fails(
        lambda: set_logo(administrator),
        lambda: monkeypatch.setattr(connection, "_commit", answer_is_lost),
        why=OperationalError,
    )
    monkeypatch.undo()
    connections.close_all()
    assert stored(media) == {campus().logo.name}


def test_half_a_file_is_taken_back_where_the_disk_is_full(
    media: Path, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = FileSystemStorage._save

    def full(storage: FileSystemStorage, name: str, content: Any) -> str:
        writes(storage, name, content)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    with pytest.raises(OSError, match="No space"):
        set_logo(administrator)
    assert stored(media) == set()


def test_a_file_that_cannot_be_deleted_fails_nobody_and_is_found_by_the_sweep(
    media: Path, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = set_logo(administrator)

    def refuses(*anything: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(FileSystemStorage, "delete", refuses)
    second = set_logo(administrator, side=9)
    monkeypatch.undo()
    grow_old(media)
    assert sweeping.sweep().unnamed == (first,)
    assert stored(media) == {second}


def test_two_uploads_at_once_leave_one_file(media: Path, school: School, administrator: User) -> None:
    failures: list[Exception] = []

    def upload(side: int) -> None:
        try:
            with inside(school):
                set_logo(administrator, side)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=upload, args=(side,)) for side in (8, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, stored(media)) == ([], {campus().logo.name})


def test_a_file_is_written_with_its_row_or_not_at_all(media: Path, administrator: User) -> None:
    row = campus()
    for call in (lambda: files.keep(row.logo, b"x", suffix=".png"), lambda: files.forget(row.logo)):
        with pytest.raises(TransactionManagementError):
            call()
    assert stored(media) == set()


def test_a_row_that_names_what_is_gone_is_answered_with_what_is_right(
    media: Path, school: School, administrator: User, client_for: Callable[[School], Client]
) -> None:
    name = set_logo(administrator)
    (media / name).unlink()
    answer = client_for(school).get(f"/api/v1/institutions/{campus().sourced_id}/logo")
    assert (answer.status_code, answer.json()["code"]) == (404, "institutions:no-logo")


# --- what dies between ------------------------------------------------------------------------------------------------
DYING = """
import django
django.setup()
import os, signal, sys
from django.db import transaction
from apps.institutions.models import Institution
from schoolops import files
from schoolops.context import inside
from schoolops.tenancy.lifecycle import get_school

def die():
    os.kill(os.getpid(), signal.SIGKILL)

with inside(get_school(sys.argv[1])), transaction.atomic():
    row = Institution.objects.select_for_update().get()
    if sys.argv[2] == "after":
        transaction.on_commit(die)
    files.keep(row.logo, b"new", suffix=".png")
    row.save(update_fields=["logo"])
    if sys.argv[2] == "before":
        die()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_process_left_that_was_killed_around_its_commit_is_swept_once_it_is_a_day_old(
    media: Path, school: School, fresh_school: Fresh, administrator: User, when: str
) -> None:
    old = set_logo(administrator)
    other = fresh_school()
    theirs = media / other.schema_name / "branding" / "of-nobody.png"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")

    done = subprocess.run(
        [sys.executable, "-c", DYING, school.slug, when],
        env={**os.environ, "MEDIA_ROOT": str(media)},
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    ours = stored(media / school.schema_name)
    assert len(ours) == 2
    named = campus().logo.name
    assert (named == old) == (when == "before")

    # Its transaction might be under way.
    assert sweep() == {"unnamed": 0, "missing": 0}
    assert stored(media / school.schema_name) == ours
    grow_old(media)
    assert sweep() == {"unnamed": 1, "missing": 0}
    assert {f"{school.schema_name}/{name}" for name in stored(media / school.schema_name)} == {named}
    assert theirs.read_bytes() == b"theirs"


def test_the_sweep_says_what_rows_name_and_nobody_stores(media: Path, school: School, administrator: User) -> None:
    name = set_logo(administrator)
    (media / name).unlink()
    said = io.StringIO()
    call_command("sweep_files", "--school", school.slug, stdout=said)
    assert said.getvalue() == f"{school.slug}: 0 unnamed, 1 missing\n  missing: {name}\n"
    assert campus().logo.name == name


def test_checking_deletes_nothing(media: Path, school: School, administrator: User) -> None:
    (media / set_logo(administrator)).with_name("left.png").write_bytes(b"left")
    grow_old(media)
    before, said = stored(media), io.StringIO()
    call_command("sweep_files", "--check", "--school", school.slug, stdout=said)
    assert said.getvalue() == f"{school.slug}: 1 unnamed, 0 missing\n"
    assert stored(media) == before


def _of_files() -> list[tuple[str, str]]:
    return [(line.colour, line.what) for name, line in doctor.examine() if name == "files"]


def test_the_doctor_says_whether_files_and_rows_agree(
    media: Path, school: School, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"files": doctor.EXAMINATIONS["files"]})
    name = set_logo(administrator)
    assert _of_files() == [("green", "Stored files and the rows that name them agree")]
    (media / name).rename(media / f"{name}.old")
    (media / "school_of_nobody").mkdir()
    grow_old(media)
    assert _of_files() == [
        ("red", f"{school.slug}: rows name 1 files that are not stored"),
        ("yellow", "1 stored files are named by no row"),
        ("yellow", f"Folders of no school in {media}: school_of_nobody"),
    ]


def test_a_purged_school_leaves_no_file_and_the_other_keeps_its_own(
    media: Path, school: School, fresh_school: Fresh, administrator: User
) -> None:
    set_logo(administrator)
    other = fresh_school()
    with inside(other):
        a_school_year(name="Campus", sections=("7 B",))
        theirs = set_logo(a_user("erin", role="administrator"))
    lifecycle.suspend_school(slug=school.slug, reason="closing")
    lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="contract ended")
    with clock.frozen(clock.now() + timedelta(days=31)):
        assert lifecycle.purge_deleted_schools() == ([school.slug], {})
    assert stored(media) == {theirs}
