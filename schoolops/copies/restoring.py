"""A school from a backup: beside the one it was made of, or in its place.

The backup is read to its end before anything is made of it. The school then stands up under a schema and a role of its
own, closed to everybody, and is opened, or put in the place of the other, last and at once. A restoration that was
killed begins again with the next one under the same name, and nobody else has noticed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from psycopg import sql

from schoolops import clock, seeds
from schoolops.audit import trail
from schoolops.context import inside, outside_schools
from schoolops.copies import archive, tables
from schoolops.copies.archive import Table, Verified
from schoolops.copies.errors import BackupDamaged, BackupDoesNotFit
from schoolops.copies.shutting import shut
from schoolops.copies.taking import Progress, file_columns, silently
from schoolops.files import folders
from schoolops.tenancy import cells, endings, fleet, lifecycle, migrating, owner, resolution, template
from schoolops.tenancy.errors import NameNotConfirmed, SchoolExists, SlugInvalid, WrongState
from schoolops.tenancy.lifecycle import give_addresses
from schoolops.tenancy.models import School, SchoolState
from schoolops.tenancy.provisioning import SLUG

UNDER_WAY = "Being restored. Where nobody is at it, run the restoration again: it begins anew."
LONGEST_SLUG = 40


def verify(file: Path, *, keys: Sequence[Any], from_elsewhere: bool = False) -> Verified:
    """Read a backup to its end and change nothing. Raises what ``archive.verified`` raises."""
    return archive.verified(
        file,
        keys,
        known=frozenset(template.expected_migrations()),
        from_elsewhere=from_elsewhere,
    )


def restore_beside(
    *,
    file: Path,
    keys: Sequence[Any],
    slug: str,
    domains: list[str],
    from_elsewhere: bool = False,
    progress: Progress = silently,
) -> School:
    """Make a school called ``slug`` of a backup. It is suspended, at ``domains``: to look into, or to take things from.

    It has a row, a schema and a role of its own. Its logins are rows that open nothing; none of its jobs are there.

    Raises:
        SlugInvalid, SchoolExists, DomainTaken, SchoolElsewhere, BackupNotFound, BackupNotForThisKey, BackupDamaged,
        BackupNewer, BackupFromElsewhere, BackupDoesNotFit: nothing is left of it then.
    """
    if not SLUG.fullmatch(slug):
        raise SlugInvalid(slug=slug)
    with owner.one_at_a_time(f"create:{slug}"):
        refuse_taken(slug)
        found = verify(file, keys=keys, from_elsewhere=from_elsewhere)
        progress(f"verified: {found.head.slug} of {found.head.taken_at}, release {found.head.release}")
        school = _stand_up(found, file, keys, slug=slug, name=_called(found, slug), beside=True, progress=progress)
        with (
            _cleared_if_refused(school),
            outside_schools(),
            cells.naming(slug=slug, domains=domains),
            transaction.atomic(),
        ):
            give_addresses(school, domains)
            school.state, school.state_reason = SchoolState.SUSPENDED, f"Restored from {file.name}."[:500]
            school.save(update_fields=["state", "state_reason", "brought_up_to"])
        resolution.forget_hosts()
    return school


def restore_over(
    *,
    slug: str,
    typed: str,
    file: Path,
    keys: Sequence[Any],
    from_elsewhere: bool = False,
    progress: Progress = silently,
) -> tuple[School, School]:
    """Put what is in a backup in the place of the school ``slug``: (the school now, what it was).

    What it was is kept for thirty days, as a deleted school is, under a name of its own; ``undelete_school`` takes it
    back. Until the new one stands, the old one works on; what is written into it meanwhile stays in it.

    Raises:
        NameNotConfirmed: ``typed`` is not the slug. SchoolNotFound. WrongState: it is neither active nor suspended. And
        as ``restore_beside``.
    """
    if typed != slug:
        raise NameNotConfirmed(slug=slug)
    with owner.one_at_a_time(f"create:{slug}"):
        old = lifecycle.get_school(slug)
        if old.state not in {SchoolState.ACTIVE, SchoolState.SUSPENDED}:
            raise WrongState(slug=slug, state=old.state)
        found = verify(file, keys=keys, from_elsewhere=from_elsewhere)
        progress(f"verified: {found.head.slug} of {found.head.taken_at}, release {found.head.release}")
        meanwhile = f"restoring-{slug}"[:LONGEST_SLUG].rstrip("-")
        with owner.one_at_a_time(f"create:{meanwhile}"):
            refuse_taken(meanwhile)
            new = _stand_up(
                found, file, keys, slug=meanwhile, name=old.name, beside=False, progress=progress, schema_like=slug
            )
            with _cleared_if_refused(new):
                return _put_in_place(old.pk, new, file)


def _called(found: Verified, slug: str) -> str:
    return f"{found.head.name} ({slug})"[:200]


def refuse_taken(slug: str) -> None:
    """Raise ``SchoolExists`` where ``slug`` is a school's; clear what a restoration left that was killed."""
    with outside_schools():
        left = School.objects.filter(slug=slug).first()
    if left is None:
        return
    if left.state != SchoolState.CREATING or left.state_reason != UNDER_WAY:
        raise SchoolExists(slug=slug)
    clear(left)


def clear(school: School) -> None:
    """Take away all there is of a school that nobody ever reached."""
    folders.remove(school.schema_name)
    owner.drop_school(schema=school.schema_name, role=school.role_name)
    with outside_schools():
        School.objects.filter(pk=school.pk).delete()


class _cleared_if_refused:  # noqa: N801 - reads as the block does
    """Nothing is left of ``school`` where the block fails."""

    def __init__(self, school: School) -> None:
        self._school = school

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            clear(self._school)


def _stand_up(
    found: Verified,
    file: Path,
    keys: Sequence[Any],
    *,
    slug: str,
    name: str,
    beside: bool,
    progress: Progress,
    schema_like: str = "",
) -> School:
    """A school that is all there, at head, and still closed; its row is not saved as open."""
    school = registered(slug=slug, name=name, like=schema_like or slug)
    with _cleared_if_refused(school):
        if _is_of_this_release(found):
            with owner.owner_connection() as connection, connection.transaction():
                template.replay(connection, schema=school.schema_name)
                fill(connection, found, file, keys, schema=school.schema_name, progress=progress)
                owner.grant_school(connection, schema=school.schema_name, role=school.role_name)
            with inside(school), transaction.atomic():
                seeds.sow()
            school.brought_up_to = fleet.head()
        else:
            progress("made by an earlier release: its tables as they were, then migrated")
            _as_it_was(school, found)
            with owner.owner_connection() as connection, connection.transaction():
                fill(connection, found, file, keys, schema=school.schema_name, progress=progress)
            fleet.bring_up(school)
        with owner.owner_connection() as connection:
            analyse(connection, school.schema_name)
        with inside(school), transaction.atomic():
            shut(beside=beside)
            trail.record(
                trail.SYSTEM,
                "tenancy.restored",
                school,
                after={"taken_at": found.head.taken_at, "release": found.head.release, "file": file.name},
            )
        progress("stands")
    return school


def registered(*, slug: str, name: str, like: str) -> School:
    """A row for it, with a schema and a role that nobody else has."""
    with outside_schools(), transaction.atomic():
        # Whoever was called so before: nothing of it runs or shows in this one.
        endings.end(slug)
        for schema in _schemas(like):
            if not School.objects.filter(schema_name=schema).exists() and not _stands(schema):
                break
        folders.remove(schema)
        school = School(
            slug=slug,
            name=name,
            schema_name=schema,
            role_name=owner.role_for(schema),
            created_at=clock.now(),
            state=SchoolState.CREATING,
            state_reason=UNDER_WAY,
        )
        school.save()
    return school


def _schemas(slug: str) -> Iterator[str]:
    """Names for a schema. Two low lines beside each other stand in none that ``create_school`` gives."""
    plain = owner.schema_for(slug)
    yield plain
    yield from (f"{plain}__{number}" for number in itertools.count(2))


def _stands(schema: str) -> bool:
    with owner.owner_connection() as connection:
        return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone() is not None


def _is_of_this_release(found: Verified) -> bool:
    return set(found.head.migrations) == set(template.expected_migrations())


def _as_it_was(school: School, found: Verified) -> None:
    """The school's tables as the release had them that made the backup."""
    with owner.owner_connection() as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(school.schema_name)))
    try:
        with inside(school):
            migrating.migrate_to(found.head.migrations)
    finally:
        connections["admin"].close()


def fill(
    connection: tables.Connection,
    found: Verified,
    file: Path,
    keys: Sequence[Any],
    *,
    schema: str,
    at_home: bool = True,
    progress: Progress = silently,
) -> None:
    """Put rows, sequences and files of a backup into ``schema``, which has its tables, in the caller's transaction.

    ``at_home``: rows name files in the folder of ``schema``, not in that of the school they are of.

    Raises:
        BackupDoesNotFit: its tables are not those of the schema, or a row is refused. BackupDamaged: it was changed
        since it was verified.
    """
    tables.spell_alike(connection)
    head = found.head
    present = tables.tables_of(connection, schema)
    for said, stands in itertools.zip_longest(head.tables, present):
        if said is None or stands is None or said.name != stands.name or set(said.columns) != set(stands.columns):
            raise BackupDoesNotFit(what=f"of {(said or stands).name} it has other columns than its release")
    with tables.unguarded(connection, schema, present):
        tables.empty(connection, schema, present)
        _pour(connection, found, file, keys, schema=schema, progress=progress)
        if at_home:
            _lead_to(connection, head, schema)
    tables.set_sequences(connection, schema, found.manifest.sequences)
    # Files are on the disk before the rows that name them are.
    os.sync()


def _pour(
    connection: tables.Connection, found: Verified, file: Path, keys: Sequence[Any], *, schema: str, progress: Progress
) -> None:
    by_name = {table.name: table for table in found.head.tables}
    expected = {part.name: part for part in found.manifest.parts}

    def pieces(parts: Iterator[tuple[str, Any]]) -> Iterator[bytes]:
        for name, content in parts:
            reading = archive.Hashing(content)
            while piece := reading.read(1 << 20):
                yield piece
            if reading.sha256.hexdigest() != expected[name].sha256:
                raise BackupDamaged(what=f"{name} was changed since it was verified")

    def of_what(part: tuple[str, Any]) -> Table | None:
        return by_name.get(archive.table_of(part[0]) or "")

    done = 0
    for table, parts in itertools.groupby(archive.parts(file, keys), key=of_what):
        if table is not None:
            tables.fill(connection, schema, table, pieces(parts))
            done += 1
            progress(f"{done} {table.name}: {found.manifest.tables[table.name].rows} rows")
            continue
        for name, content in parts:
            if inside_folder := archive.file_of(name):
                folders.put(schema, inside_folder, content)


def _lead_to(connection: tables.Connection, head: archive.Head, schema: str) -> None:
    """Let what names a file name it in the folder of ``schema``."""
    if schema == head.schema:
        return
    for table, column in file_columns(head):
        statement = sql.SQL("UPDATE {table} SET {column} = %s || substr({column}, %s) WHERE starts_with({column}, %s)")
        connection.execute(
            statement.format(table=sql.Identifier(schema, table), column=sql.Identifier(column)),
            [f"{schema}/", len(head.schema) + 2, f"{head.schema}/"],
        )


def analyse(connection: tables.Connection, schema: str) -> None:
    for table in tables.tables_of(connection, schema):
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table.name)))


def _put_in_place(old_key: int, new: School, file: Path) -> tuple[School, School]:
    """From one moment to the next ``new`` has the name and the addresses of the old one."""
    with outside_schools(), transaction.atomic():
        old = School.objects.select_for_update().get(pk=old_key)
        slug, state, reason = old.slug, old.state, old.state_reason
        # Jobs speak of rows that are not those of the backup.
        endings.end(slug)
        old.slug = _kept_as(slug)
        old.state, old.deleted_at = SchoolState.DELETED, clock.now()
        old.state_reason = f"Its place was given to the backup {file.name}."[:500]
        old.save(update_fields=["slug", "state", "state_reason", "deleted_at"])
        old.domains.update(tenant=new)
        new.slug, new.name, new.state, new.state_reason = slug, old.name, state, reason
        new.save(update_fields=["slug", "name", "state", "state_reason", "brought_up_to"])
        transaction.on_commit(resolution.forget_hosts)
    resolution.forget_here()
    return new, old


def _kept_as(slug: str) -> str:
    """A name that no school has, for what ``slug`` was."""
    day = f"{clock.now():%Y%m%d}"
    for number in itertools.count(1):
        ending = f"-until-{day}" + (f"-{number}" if number > 1 else "")
        name = slug[: LONGEST_SLUG - len(ending)].rstrip("-") + ending
        if not School.objects.filter(slug=name).exists():
            return name
    raise AssertionError("unreachable")
