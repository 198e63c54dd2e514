"""A file that is not whole, not ours, not for this key or of a later release is refused before anything changes."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from schoolops.context import nowhere, outside_schools
from schoolops.copies import archive, restoring, sealed, taking
from schoolops.copies.errors import (
    BackupDamaged,
    BackupDoesNotFit,
    BackupFromElsewhere,
    BackupNewer,
    BackupNotForThisKey,
    BackupNotFound,
    IdentityInvalid,
    NoRecipient,
    RecipientInvalid,
)
from schoolops.copies.taking import Taken
from schoolops.tenancy import owner
from schoolops.tenancy.errors import SchoolExists, SchoolNotFound
from schoolops.tenancy.models import School
from schoolops.tenancy.provisioning import create_school
from tests.copies.keys import Key

Parts = dict[str, bytes]


@pytest.fixture(autouse=True)
def nothing_changed(committed: None) -> Iterator[None]:
    def standing() -> tuple[Any, ...]:
        with outside_schools(), owner.owner_connection() as connection:
            schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^school_' ORDER BY 1")
            return schemas.fetchall(), list(School.objects.order_by("pk").values_list("pk", "slug", "state"))

    was = standing()
    yield
    assert standing() == was


@pytest.fixture
def parts(maple: School, backup: Taken, key: Key) -> Parts:
    return {name: content.read() for name, content in archive.parts(backup.path, sealed.identities_in(key.file))}


@pytest.fixture
def sealed_again(parts: Parts, key: Key, tmp_path: Path) -> Callable[..., Path]:
    """``sealed_again(change)``: the backup with its parts changed, marked as ours or not, and sealed."""

    def seal(change: Callable[[Parts], object] = lambda _: None, *, honest: bool = True, marked: bool = True) -> Path:
        changed = dict(parts)
        change(changed)
        if honest:
            changed[archive.MANIFEST] = _counted(changed, marked=marked)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, content in changed.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        path = tmp_path / "changed.school.age"
        path.write_bytes(pyrage.encrypt(out.getvalue(), sealed.recipients_of([key.public])))
        return path

    return seal


def _counted(parts: Parts, *, marked: bool) -> bytes:
    manifest = msgspec.json.decode(parts[archive.MANIFEST], type=archive.Manifest)
    listed, tables = [], dict.fromkeys(manifest.tables, (0, b""))
    for name, content in parts.items():
        if name == archive.MANIFEST:
            continue
        listed.append(archive.Part(name, len(content), hashlib.sha256(content).hexdigest()))
        if (table := archive.table_of(name)) in tables:
            rows, before = tables[table]
            tables[table] = rows + content.count(b"\n"), before + content
    manifest = msgspec.structs.replace(
        manifest,
        parts=listed,
        tables={
            name: archive.Counted(rows, hashlib.sha256(content).hexdigest()) for name, (rows, content) in tables.items()
        },
        mark="",
    )
    return archive.encoded(msgspec.structs.replace(manifest, mark=archive.mark_of(manifest) if marked else "no:mark"))


def restore(path: Path, key: Key, **more: Any) -> None:
    restoring.restore_beside(file=path, keys=key.opened(), slug="maple-refused", domains=[], **more)


@pytest.mark.parametrize("length", [0, 10, 150, 1_000, 70_000, -1])
def test_a_file_that_was_cut_short(backup: Taken, key: Key, tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.age"
    cut.write_bytes(backup.path.read_bytes()[:length])
    with pytest.raises(BackupDamaged):
        restore(cut, key)


@pytest.mark.parametrize("at", [3, 250, 5_000, -5])
def test_a_file_of_which_a_bit_is_another(backup: Taken, key: Key, tmp_path: Path, at: int) -> None:
    content = bytearray(backup.path.read_bytes())
    content[at] ^= 1
    changed = tmp_path / "changed.age"
    changed.write_bytes(content)
    with pytest.raises((BackupDamaged, BackupNotForThisKey)):
        restore(changed, key)


def test_a_file_for_another_key_or_that_is_not_there_or_no_key(backup: Taken, key: Key, tmp_path: Path) -> None:
    other = Key(tmp_path / "other.key")
    with pytest.raises(BackupNotForThisKey):
        restore(backup.path, other)
    with pytest.raises(BackupNotFound):
        restore(tmp_path / "nowhere.age", key)
    for wrong in (tmp_path / "no.key", backup.path):
        with pytest.raises(IdentityInvalid) as refused:
            sealed.identities_in(wrong)
        assert "SECRET" not in str(refused.value.__context__)


def _without(name: str) -> Callable[[Parts], object]:
    return lambda parts: parts.pop(name)


def _head(**changes: Any) -> Callable[[Parts], object]:
    def change(parts: Parts) -> None:
        parts[archive.HEAD] = msgspec.json.encode(msgspec.json.decode(parts[archive.HEAD]) | changes)

    return change


def _in_rows(table: str, old: bytes, new: bytes) -> Callable[[Parts], object]:
    def change(parts: Parts) -> None:
        name = f"tables/{table}/00000.copy"
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new, 1)

    return change


def test_one_that_seals_parts_which_are_not_those_of_its_manifest(sealed_again: Callable[..., Path], key: Key) -> None:
    for change in (
        _without(archive.MANIFEST),
        _without("tables/students_student/00000.copy"),
        _in_rows("students_student", b"\t", b"\t\t"),
        lambda parts: parts.update({"tables/students_student/00001.copy": b""}),
        lambda parts: parts.update({"config.py": b""}),
        _head(name="Another"),
    ):
        with pytest.raises(BackupDamaged):
            restore(sealed_again(change, honest=False), key)


def test_a_file_in_it_that_leads_out_of_the_folder(sealed_again: Callable[..., Path], key: Key) -> None:
    for name in ("files/../../../etc/cron.d/x", "files//etc/cron.d/x", "files/"):
        with pytest.raises(BackupDamaged):
            restore(sealed_again(lambda parts, name=name: parts.update({name: b"x"})), key)


def test_one_of_a_later_release(sealed_again: Callable[..., Path], key: Key) -> None:
    migrations = [("students", "0999_later")]
    with pytest.raises(BackupNewer, match=r"students\.0999_later"):
        restore(sealed_again(_head(migrations=migrations, fingerprint=archive.fingerprint_of(migrations))), key)
    with pytest.raises(BackupNewer, match="format is 2"):
        restore(sealed_again(_head(format=2, tables="told otherwise")), key)


def test_one_that_another_installation_made(sealed_again: Callable[..., Path], backup: Taken, key: Key) -> None:
    with pytest.raises(BackupFromElsewhere):
        restore(sealed_again(marked=False), key)
    with override_settings(SECRET_KEY="x" * 60, SECRET_KEY_FALLBACKS=[]), pytest.raises(BackupFromElsewhere):
        restore(backup.path, key)
    with override_settings(SECRET_KEY="x" * 60, SECRET_KEY_FALLBACKS=[]):
        found = restoring.verify(backup.path, keys=key.opened(), from_elsewhere=True)
    assert found.head.slug == "maple"


def test_rows_that_the_tables_refuse(sealed_again: Callable[..., Path], parts: Parts, key: Key) -> None:
    links = "tables/students_studentguardian/00000.copy"
    student = parts[links].split(b"\t")
    for change in (
        # A row names one that is not there.
        _without("tables/students_guardian/00000.copy"),
        # Two rows are one; a line that is none; a value of another kind.
        lambda parts: parts.update({links: parts[links] * 2}),
        lambda parts: parts.update({links: b"1\n"}),
        lambda parts: parts.update({links: parts[links].replace(student[0], b"x", 1)}),
    ):
        with pytest.raises(BackupDoesNotFit):
            restore(sealed_again(change), key)


def test_tables_that_are_not_those_of_its_release(sealed_again: Callable[..., Path], parts: Parts, key: Key) -> None:
    tables = msgspec.json.decode(parts[archive.HEAD])["tables"]
    with pytest.raises(BackupDoesNotFit, match="access_role "):
        restore(sealed_again(_head(tables=[{**tables[0], "columns": ["religion"]}, *tables[1:]])), key)


def test_a_backup_for_nobody_or_of_nothing(maple: School, key: Key, tmp_path: Path) -> None:
    for recipients, refusal in (
        ([], NoRecipient),
        (["age1nobody"], RecipientInvalid),
        ([key.secret], RecipientInvalid),
    ):
        with pytest.raises(refusal) as refused:
            taking.back_up(slug="maple", folder=tmp_path, recipients=recipients)
        # Whoever names the secret half by mistake does not find it in a log.
        assert key.secret not in str(refused.value)
    with pytest.raises(SchoolNotFound):
        taking.back_up(slug="nobody", folder=tmp_path, recipients=[key.public])
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_in_one_line(backup: Taken, key: Key, capsys: pytest.CaptureFixture[str]) -> None:
    for command, said in (
        (("backup", "maple", "--folder", "/nowhere", "--recipient", "age1x"), "no public key"),
        (("backup", "maple"), "BACKUP_FOLDER"),
        (("restore", str(backup.path), "--identity", str(key.file), "--over", "maple", "--confirm", "no"), "not match"),
        (("restore", str(backup.path), "--identity", str(key.file), "--into", "oak"), "already is a school"),
    ):
        with nowhere(), override_settings(BACKUP_FOLDER=""), pytest.raises(CommandError, match=said):
            call_command("school", *command)
    with nowhere():
        call_command("school", "verify", str(backup.path), "--identity", str(key.file))
    assert "maple (Maple School)" in capsys.readouterr().out


def test_what_is_being_restored_is_not_finished_as_a_new_school(committed: None) -> None:
    school = restoring.registered(slug="half", name="Half", like="half")
    with pytest.raises(SchoolExists):
        create_school(slug="half", name="Half", domains=["half.localhost"])
    restoring.clear(school)
