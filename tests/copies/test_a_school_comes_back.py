"""What was backed up comes back row for row, beside what the school is now or in its place; nobody else notices."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from apps.access.models import RoleAssignment
from apps.access.permissions import ADMINISTRATOR
from apps.accounts import services as accounts
from apps.accounts.models import OneTimeLink, TokenFamily, User
from apps.students.models import Student
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, nowhere, outside_schools
from schoolops.copies import archive, restoring, tables, taking
from schoolops.copies.taking import Taken
from schoolops.tenancy import fleet, lifecycle, owner
from schoolops.tenancy.errors import NameNotConfirmed, SchoolExists
from schoolops.tenancy.models import Domain, School, SchoolState
from tests.copies.keys import Key
from tests.copies.maple import PHOTO, SPELT, WRITTEN


def counted(school: School) -> dict[str, archive.Counted]:
    with owner.owner_connection() as connection, connection.transaction():
        tables.spell_alike(connection)
        return {
            table.name: tables.counted(connection, school.schema_name, table)
            for table in tables.tables_of(connection, school.schema_name)
        }


def sequences(school: School) -> dict[str, tuple[int, bool]]:
    with owner.owner_connection() as connection:
        return tables.sequences_of(connection, school.schema_name)


def test_it_stands_beside_with_the_same_rows_and_sequences(
    maple: School, restored: Callable[..., School], elm: School
) -> None:
    was, of_elm = counted(maple), counted(elm)
    school = restored("maple-before")
    now = counted(school)
    assert was.keys() == now.keys()
    # The photo is named in the folder of the school that it is in.
    differ = {name for name in was if was[name] != now[name]}
    assert differ <= WRITTEN | {"students_student"}
    assert {name: rows.rows for name, rows in was.items() if name not in WRITTEN} == {
        name: rows.rows for name, rows in now.items() if name not in WRITTEN
    }
    with inside(school):
        assert Student.objects.filter(medical_note=SPELT).count() == 1
        stored = Student.objects.exclude(photo="").get().photo
        assert stored.name.startswith(f"{school.schema_name}/")
        with stored.open() as photo:
            assert photo.read() == PHOTO
    before, after = sequences(maple), sequences(school)
    assert {name for name in before if before[name] != after[name]} <= {"audit_auditentry_id_seq"}
    assert any(last > 1 for last, _ in after.values())
    assert counted(elm) == of_elm
    assert counted(maple) == was
    assert fleet.behind([school]) == []


def test_what_comes_next_has_a_number_that_nobody_has(restored: Callable[..., School]) -> None:
    with inside(restored("maple-next")):
        highest = max(User.objects.values_list("pk", flat=True))
        assert User.objects.create(username="zoe").pk == highest + 1


def test_beside_it_is_suspended_and_opens_to_nobody(
    maple: School, restored: Callable[..., School], client_for: Callable[[School], Client]
) -> None:
    school = restored("maple-shut", domains=["maple-shut.localhost"])
    assert (school.state, school.role_name != maple.role_name) == (SchoolState.SUSPENDED, True)
    assert client_for(school).get("/api/v1/me").status_code == 403
    with inside(school):
        assert not any(each.has_usable_password() for each in User.objects.all())
        assert not TokenFamily.objects.exists()
        assert not OneTimeLink.objects.exists()
        assert AuditEntry.objects.filter(action="tenancy.restored").count() == 1
    with inside(maple):
        assert OneTimeLink.objects.exists()


def test_brought_from_elsewhere_it_is_opened_by_a_link_for_its_administrator(
    restored: Callable[..., School], capsys: pytest.CaptureFixture[str]
) -> None:
    restored("maple-moved", domains=["maple-moved.localhost"])
    with nowhere():
        call_command("resume_school", "maple-moved")
        call_command("create_school", "maple-moved", "--administrator", "bob")
    link = next(line for line in capsys.readouterr().out.splitlines() if "/redeem#" in line)
    with inside(lifecycle.get_school("maple-moved")):
        bob = accounts.redeem_link(token=link.split("#")[1], password="a password of now")
        assert bob.username == "bob"
        assert RoleAssignment.objects.filter(user=bob, role__code=ADMINISTRATOR, institution=None).exists()


def test_a_name_that_a_school_has_is_refused(restored: Callable[..., School], maple: School) -> None:
    with pytest.raises(SchoolExists):
        restored("maple")
    assert lifecycle.get_school("maple").pk == maple.pk


def test_in_its_place_it_has_name_and_addresses_and_the_old_one_is_kept(
    maple: School, backup: Taken, key: Key, client_for: Callable[[School], Client]
) -> None:
    with inside(maple):
        late = User.objects.create(username="late")
        password = User.objects.get(username="bob").password
    with pytest.raises(NameNotConfirmed):
        restoring.restore_over(slug="maple", typed="mapel", file=backup.path, keys=key.opened())
    new, old = restoring.restore_over(slug="maple", typed="maple", file=backup.path, keys=key.opened())
    try:
        assert (new.slug, new.state) == ("maple", SchoolState.ACTIVE)
        assert new.pk != maple.pk
        assert new.sourced_id != maple.sourced_id
        assert client_for(new).get("/api/v1/me").status_code == 401
        with inside(new):
            assert not User.objects.filter(username="late").exists()
            # People log in with the passwords they had.
            assert User.objects.get(username="bob").password == password
        assert (old.pk, old.state) == (maple.pk, SchoolState.DELETED)
        with inside(old):
            assert User.objects.filter(pk=late.pk).exists()
        back = lifecycle.undelete_school(slug=old.slug, domains=["maple-old.localhost"])
        assert back.state == SchoolState.SUSPENDED
    finally:
        restoring.clear(new)
        with outside_schools():
            School.objects.filter(pk=maple.pk).update(slug="maple", state="active", deleted_at=None, state_reason="")
            Domain.objects.filter(tenant=maple).update(domain="maple.localhost")
        with inside(maple):
            User.objects.filter(pk=late.pk)._raw_delete("default")


def test_nobody_but_its_owner_reads_the_file_and_no_name_but_the_last_is_used(backup: Taken) -> None:
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    beside = sorted(each.name for each in backup.path.parent.iterdir())
    assert beside == [backup.path.name, f"{backup.path.name}.sha256"]
    said = backup.path.with_name(f"{backup.path.name}.sha256").read_text()
    assert said == f"{backup.sha256}  {backup.path.name}\n"
    for inside_it in (b"maple", b"carol", b"PNG of nobody"):
        assert inside_it not in backup.path.read_bytes()


def test_people_write_meanwhile_and_it_is_of_one_moment(maple: School, key: Key, tmp_path: Path) -> None:
    wrote: list[str] = []

    def write(said: str) -> None:
        # After its snapshot, and while its tables are held still: nobody waits for anybody.
        with inside(maple), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            Student.objects.filter(pk=first.pk).update(phone=f"+44 20 7946 0{len(wrote)}")
            User.objects.create(username=f"meanwhile-{len(wrote)}")
        wrote.append(said)

    with inside(maple):
        first = Student.objects.earliest("pk")
        logins = User.objects.count()
    try:
        taken = taking.back_up(slug="maple", folder=tmp_path, recipients=[key.public], progress=write)
        manifest = restoring.verify(taken.path, keys=key.opened()).manifest
        assert len(wrote) > 10
        assert manifest.tables["accounts_user"].rows == logins
    finally:
        with inside(maple):
            User.objects.filter(username__startswith="meanwhile-")._raw_delete("default")
            Student.objects.filter(pk=first.pk).update(phone=first.phone)


def test_nothing_is_left_of_a_backup_that_failed(maple: School, key: Key, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(said: str) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        taking.back_up(slug="maple", folder=tmp_path, recipients=[key.public], progress=stop)
    assert list(tmp_path.iterdir()) == []
    assert not list(Path(settings.MEDIA_ROOT).glob(".held-*"))
