"""A school to the server of another cell: copied while it works, held still for a moment, compared, and opened there.

What happens when, and what a kill leaves:

1. One snapshot of its rows is copied into a schema that nobody can reach, and every row compared. Killed: the next run
   begins anew.
2. Its tables are locked against writers. What was written since the snapshot follows, jobs too, and is compared.
   The other server commits, then ours, which says that the school has moved and lets nobody write any more. Killed
   before: as above, and the locks are gone with the session.
3. It is opened there. Killed before: the next run does that. Between 2 and 3 people are told to try again.

Whoever writes meanwhile waits for the lock, and is told to try again where it takes longer than a request waits.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
import redis
from django.conf import settings
from psycopg import sql
from psycopg.types.json import Jsonb

from schoolops.context import outside_schools
from schoolops.copies import restoring, tables
from schoolops.copies.archive import Table
from schoolops.copies.errors import BackupDoesNotFit, NotMovable, OldCopyNeeded, StillInUse
from schoolops.copies.taking import Progress, silently
from schoolops.redis.connection import patient_redis
from schoolops.tenancy import cells, direct, fleet, lifecycle, owner, resolution, template
from schoolops.tenancy.errors import NameNotConfirmed, WrongState
from schoolops.tenancy.migrating import LONGEST_LOCK_MS, PATIENCE_S
from schoolops.tenancy.models import School, SchoolState

ON_ITS_WAY = "On its way here from another cell. Where nobody is at it, run the move again."
PAUSE_S = 1.0
# Shared tables whose rows go with their school, and the column with a job's number. The other cell counts jobs itself.
LEDGER = {
    "queues_job": "id",
    "queues_deadletter": "id",
    "queues_attempt": "job_id",
    "queues_outcome": "job_id",
    "queues_oncekey": "job_id",
    "queues_rememberedanswer": None,
}
# Those that stay: what was done and counted here.
STAYS = frozenset({"queues_backlog", "queues_operatoraction", "rollouts_step", "copies_drill"})
pause = time.sleep


@dataclass(frozen=True, slots=True)
class Moved:
    """What moving came to: rows, those of them that changed while they were copied, jobs, and how long it took.

    For ``readonly_seconds`` nobody could write.
    """

    slug: str
    cell: str
    rows: int = 0
    followed: int = 0
    jobs: int = 0
    copy_seconds: float = 0.0
    readonly_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Way:
    """A school, where to, and what it is called there."""

    school: School
    cell: str

    @property
    def schema(self) -> str:
        return str(self.school.schema_name)

    @property
    def role(self) -> str:
        return owner.role_for(self.schema, self.cell)


def move(*, slug: str, to: str, progress: Progress = silently) -> Moved:
    """Move the school ``slug`` from this process's cell to the cell ``to``, or finish a move that was killed.

    What it was here is kept, and lets nobody write, until ``remove_old_copy``. Files are not moved: cells share them.

    Raises:
        CellUnknown, SchoolNotFound. WrongState: it is neither active nor suspended. NotMovable, StillInUse: nothing was
        changed. BackupDoesNotFit: its tables are not those of the release. psycopg.Error: a server is away.
    """
    direct.databases(to)
    if to == settings.CELL:
        raise NotMovable(slug=slug, cell=to, why="that is where it is")
    with owner.one_at_a_time(f"create:{slug}"), owner.one_at_a_time(f"create:{slug}", to):
        way = _Way(lifecycle.get_school(slug), to)
        if way.school.state == SchoolState.MOVED and way.school.database == to:
            progress("it was moved; opened, where that was not done yet")
            _open(way)
            return Moved(slug, to, jobs=_send_after(way))
        if way.school.state not in {SchoolState.ACTIVE, SchoolState.SUSPENDED}:
            raise WrongState(slug=slug, state=way.school.state)
        # Neither a migration nor an index meanwhile.
        with owner.one_at_a_time(f"school:{way.schema}"):
            _refuse(way)
            _make_room(way)
            began = time.monotonic()
            since = _copy(way, progress)
            copied = time.monotonic()
            progress(f"copied in {copied - began:.1f} s")
            rows, followed, jobs, held_since = _switch(way, since, progress)
            _open(way)
            readonly = time.monotonic() - held_since
        return Moved(slug, to, rows, followed, jobs + _send_after(way), copied - began, readonly)


def remove_old_copy(*, slug: str, typed: str) -> None:
    """Remove what a school that was moved was here. There is no way back to it.

    Raises:
        NameNotConfirmed: ``typed`` is not the slug. SchoolNotFound. WrongState: it was not moved. OldCopyNeeded.
    """
    if typed != slug:
        raise NameNotConfirmed(slug=slug)
    school = lifecycle.get_school(slug)
    if school.state != SchoolState.MOVED:
        raise WrongState(slug=slug, state=school.state)
    there = {known.slug: known.state for known in cells.look(school.database).schools}
    if there.get(slug) not in {SchoolState.ACTIVE, SchoolState.SUSPENDED}:
        raise OldCopyNeeded(slug=slug, why=f"in {school.database} it is {there.get(slug, 'not there')}")
    _send_after(_Way(school, school.database))
    owner.drop_school(schema=school.schema_name, role=school.role_name)
    owner.forget_rows(names=[slug, school.schema_name])
    with outside_schools():
        school.delete()
    resolution.forget_hosts()


# --- before anything is done ------------------------------------------------------------------------------------------
def _refuse(way: _Way) -> None:
    def because(why: str) -> NotMovable:
        return NotMovable(slug=way.school.slug, cell=way.cell, why=why)

    if fleet.behind([way.school]):
        raise because("it is not brought up to this release; manage.py migrate_schools")
    here, there = cells.look(settings.CELL), cells.look(way.cell)
    if here.migrations != there.migrations:
        raise because("that cell is of another release; manage.py cells --run migrate")
    hosts = {host for each in here.schools if each.slug == way.school.slug for host in each.hosts}
    if taken := hosts & {host for each in there.schools if each.slug != way.school.slug for host in each.hosts}:
        raise because(f"that cell has {', '.join(sorted(taken))}")


def _make_room(way: _Way) -> None:
    """Clear what a move left that was killed, and put the school's row there. Raises ``NotMovable``."""
    slug = way.school.slug
    with owner.owner_connection(way.cell) as there:
        found = there.execute(
            "SELECT slug, state_reason FROM public.tenancy_school WHERE slug = %s OR schema_name = %s",
            [slug, way.schema],
        ).fetchall()
        stands = there.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [way.schema]).fetchone()
        if found not in ([], [(slug, ON_ITS_WAY)]) or (stands and not found):
            why = "something of its name is there; manage.py school forget removes the old copy of one that moved"
            raise NotMovable(slug=slug, cell=way.cell, why=why)
        owner.drop_school(schema=way.schema, role=way.role, cell=way.cell)
        owner.forget_rows(names=[slug, way.schema], cell=way.cell)
        row = _row(way)
        listed = sql.SQL(", ").join(map(sql.Identifier, row))
        with there.transaction():
            there.execute("DELETE FROM public.tenancy_school WHERE slug = %s", [slug])
            insert = sql.SQL("INSERT INTO public.tenancy_school ({}) VALUES ({})")
            there.execute(insert.format(listed, sql.SQL(", ").join(map(sql.Literal, row.values()))))


def _row(way: _Way) -> dict[str, object]:
    fields = [field for field in School._meta.concrete_fields if not field.primary_key]
    said: dict[str, object] = {str(field.column): getattr(way.school, field.attname) for field in fields}
    return said | {
        "role_name": way.role,
        "database": way.cell,
        "state": SchoolState.CREATING.value,
        "state_reason": ON_ITS_WAY,
    }


# --- while it works ---------------------------------------------------------------------------------------------------
def _copy(way: _Way, progress: Progress) -> int:
    """One snapshot of all rows; returns the number of the oldest transaction that may not be in it."""
    schema = way.schema
    with owner.owner_connection() as here, owner.owner_connection(way.cell) as there:
        ours = tables.tables_of(here, schema)
        with here.transaction(), there.transaction():
            here.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            tables.hold_still(here, schema, ours)
            tables.spell_alike(here)
            row = here.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()
            template.replay(there, schema=schema)
            tables.spell_alike(there)
            theirs = tables.tables_of(there, schema)
            if {each.name: set(each.columns) for each in ours} != {each.name: set(each.columns) for each in theirs}:
                raise BackupDoesNotFit(what="its tables have other columns than the release")
            with tables.unguarded(there, schema, theirs):
                tables.empty(there, schema, theirs)
                for number, table in enumerate(ours, start=1):
                    tables.fill(there, schema, table, tables.rows_of(here, schema, table))
                    progress(f"{number}/{len(ours)} {table.name}")
            _compare(here, there, schema, ours)
            progress("every row compared")
            owner.grant_school(there, schema=schema, role=way.role, cell=way.cell)
        # The first who asks there is to find plans for what is there.
        restoring.analyse(there, schema)
    return int(row[0]) if row else 0


# --- the moment it is held still --------------------------------------------------------------------------------------
def _switch(way: _Way, since: int, progress: Progress) -> tuple[int, int, int, float]:
    """(rows, rows that followed, jobs, since when nobody writes). Gives way to whoever works, and tries again."""
    until, tries = time.monotonic() + PATIENCE_S, 0
    while True:
        try:
            return _switched(way, since)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, _JobInHand) as busy:
            if time.monotonic() > until:
                raise StillInUse(slug=way.school.slug, what=str(busy).splitlines()[0]) from busy
            tries += 1
            progress(f"in use; tried again ({tries})")
        pause(PAUSE_S)


class _JobInHand(Exception):
    """A worker has one of its jobs, and says so only in the end."""


def _switched(way: _Way, since: int) -> tuple[int, int, int, float]:
    schema, slug = way.schema, way.school.slug
    with owner.owner_connection() as here, owner.owner_connection(way.cell) as there, here.transaction():
        here.execute(f"SET LOCAL lock_timeout = {LONGEST_LOCK_MS}")
        ours = tables.tables_of(here, schema)
        named = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in ours)
        # Readers go on.
        here.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(named))
        began = time.monotonic()
        tables.spell_alike(here)
        leased = here.execute(
            "SELECT count(*) FILTER (WHERE lease_until > clock_timestamp()) FROM"
            " (SELECT lease_until FROM public.queues_job WHERE school = %s FOR UPDATE) AS jobs",
            [slug],
        ).fetchone()
        if leased and leased[0]:
            raise _JobInHand(f"{leased[0]} of its jobs are with workers")
        with there.transaction():
            tables.spell_alike(there)
            mine, theirs = _counts(here, schema, ours, since), _counts(there, schema, ours, since)
            behind = [each for each in ours if mine[each.name][1] or mine[each.name][0] != theirs[each.name][0]]
            followed = 0
            if behind:
                with tables.unguarded(there, schema, behind, few=True):
                    followed = sum(_follow(here, there, schema, table, since) for table in behind)
            tables.set_sequences(there, schema, tables.sequences_of(here, schema))
            rows = sum(count for count, _ in mine.values())
            jobs = _send(here, there, slug)
            # Before the other server commits: what waits here for a lock in vain leaves nothing there.
            # Whoever waited for the locks finds that he may not write any more.
            here.execute(
                sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {} FROM {}").format(
                    sql.Identifier(schema), sql.Identifier(way.school.role_name)
                )
            )
            here.execute(
                "UPDATE public.tenancy_school SET state = 'moved', database = %s, state_reason = %s WHERE slug = %s",
                [way.cell, f"Moved to {way.cell}; it was {way.school.state}. {way.school.state_reason}"[:500], slug],
            )
    return rows, followed, jobs, began


def _young(since: int) -> sql.Composed:
    # Ages, since numbers of transactions come round. A row that is frozen may look young, and is written again in vain.
    return sql.SQL("age(t.xmin) <= age({}::xid)").format(sql.Literal(str(since % 2**32)))


def _counts(connection: tables.Connection, schema: str, ours: list[Table], since: int) -> dict[str, tuple[int, int]]:
    """Of each table, rows, and those of them that were written since."""
    union = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*), count(*) FILTER (WHERE {}) FROM {} t").format(
            sql.Literal(table.name), _young(since), sql.Identifier(schema, table.name)
        )
        for table in ours
    )
    return {name: (rows, young) for name, rows, young in connection.execute(union)}


def _follow(here: tables.Connection, there: tables.Connection, schema: str, table: Table, since: int) -> int:
    """Let ``table`` there be as it is here: what was written since the snapshot is written again, what is gone goes.

    What was not written since is as it was in the snapshot, and was compared there. Raises ``BackupDoesNotFit``.
    """
    place, key = sql.Identifier(schema, table.name), table.key or table.columns
    columns, keys = (sql.SQL(", ").join(map(sql.Identifier, each)) for each in (table.columns, key))
    same = sql.SQL(" AND ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(each)) for each in key)
    young = sql.SQL("WHERE {}").format(_young(since))

    def brought(of: sql.Composed, where: sql.Composable) -> int:
        """Into a table ``news`` there, what ``of`` has here."""
        there.execute("DROP TABLE IF EXISTS pg_temp.news")
        there.execute(
            sql.SQL("CREATE TEMP TABLE news ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(of, place)
        )
        out = sql.SQL("COPY (SELECT {} FROM {} t {}) TO STDOUT").format(of, place, where)
        with here.cursor().copy(out) as reading, there.cursor().copy("COPY pg_temp.news FROM STDIN") as writing:
            for piece in reading:
                writing.write(piece)
        return _count(there, sql.SQL("pg_temp.news"))

    changed = brought(columns, young)
    removed = there.execute(sql.SQL("DELETE FROM {} t USING pg_temp.news n WHERE {}").format(place, same)).rowcount
    rows = _count(here, place)
    if rows != _count(there, place) + changed:
        brought(keys, sql.SQL(""))
        gone = sql.SQL("DELETE FROM {} t WHERE NOT EXISTS (SELECT FROM pg_temp.news n WHERE {})").format(place, same)
        removed += there.execute(gone).rowcount
        brought(columns, young)
    there.execute(sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM pg_temp.news").format(place, columns))
    new = sql.SQL("WHERE EXISTS (SELECT FROM pg_temp.news n WHERE {})").format(same)
    wanted, stands = tables.digest_of(here, schema, table, young), tables.digest_of(there, schema, table, new)
    if wanted != stands or rows != _count(there, place):
        raise BackupDoesNotFit(what=f"after what changed had followed, {table.name} was not the same")
    return max(changed, removed)


def _count(connection: tables.Connection, place: sql.Composable) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(place)).fetchone()
    return int(row[0]) if row else 0


def _compare(here: tables.Connection, there: tables.Connection, schema: str, ours: list[Table]) -> None:
    """Every row of both. Raises ``BackupDoesNotFit``."""
    with ThreadPoolExecutor(2) as both:
        asked = [both.submit(tables.digests_of, connection, schema, ours) for connection in (here, there)]
        (mine, theirs) = (each.result() for each in asked)
    if mine != theirs:
        differing = sorted(name for name in mine if mine[name] != theirs[name])
        raise BackupDoesNotFit(what=f"after copying, {', '.join(differing)} are not the same")


# --- what the platform keeps of it ------------------------------------------------------------------------------------
def _send(here: tables.Connection, there: tables.Connection, slug: str) -> int:
    """Jobs, letters, outcomes and kept answers of ``slug``, under numbers that jobs have there; how many jobs."""
    rows: dict[str, list[dict[str, object]]] = {}
    for table in LEDGER:
        gone = sql.SQL("DELETE FROM {0} WHERE school = %s RETURNING to_jsonb({1})").format(
            sql.Identifier("public", table), sql.Identifier(table)
        )
        rows[table] = [row for (row,) in here.execute(gone, [slug])]
    numbered = {row[column] for table, column in LEDGER.items() if column for row in rows[table]}
    renumbered = dict(zip(sorted(numbered, key=str), _numbers(there, "queues_job", len(numbered)), strict=True))
    attempts = iter(_numbers(there, "queues_attempt", len(rows["queues_attempt"])))
    for table, column in LEDGER.items():
        for row in rows[table]:
            if table == "queues_attempt":
                row["id"] = next(attempts)
            if column:
                row[column] = renumbered[row[column]]
        place = sql.Identifier("public", table)
        insert = sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, %s) ON CONFLICT DO NOTHING")
        there.execute(insert.format(place), [Jsonb(rows[table])])
    return len(rows["queues_job"])


def _numbers(connection: tables.Connection, table: str, many: int) -> list[int]:
    asked = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    return [number for (number,) in connection.execute(asked, [f"public.{table}", many])]


def _send_after(way: _Way) -> int:
    """What was enqueued for it here from outside while it went."""
    with (
        owner.owner_connection() as here,
        owner.owner_connection(way.cell) as there,
        here.transaction(),
        # Its commit is the first: what a kill leaves between the two is there twice, not lost.
        there.transaction(),
    ):
        return _send(here, there, way.school.slug)


# --- and opened -------------------------------------------------------------------------------------------------------
def _open(way: _Way) -> None:
    """Let it be reached there, where that was not done before, and let both cells look its addresses up anew."""
    slug = way.school.slug
    with owner.owner_connection() as here:
        domains = here.execute(
            "SELECT d.domain, d.is_primary FROM public.tenancy_domain d JOIN public.tenancy_school s"
            " ON s.id = d.tenant_id WHERE s.slug = %s ORDER BY d.id",
            [slug],
        ).fetchall()
    state = _state_before(way)
    with owner.owner_connection(way.cell) as there, there.transaction():
        opened = there.execute(
            "UPDATE public.tenancy_school SET state = %s, state_reason = %s"
            " WHERE slug = %s AND state = 'creating' AND state_reason = %s RETURNING id",
            [*state, slug, ON_ITS_WAY],
        ).fetchone()
        for domain, primary in domains if opened else ():
            there.execute(
                "INSERT INTO public.tenancy_domain (domain, is_primary, tenant_id) VALUES (%s, %s, %s)",
                [domain, primary, opened[0] if opened else None],
            )
    resolution.forget_hosts()
    _forget_there(way.cell)


def _state_before(way: _Way) -> tuple[str, str]:
    """(state, reason) as they were before it moved; read when that was another run."""
    if way.school.state != SchoolState.MOVED:
        return str(way.school.state), str(way.school.state_reason)
    said = str(way.school.state_reason).removeprefix(f"Moved to {way.cell}; it was ")
    state, _, reason = said.partition(".")
    return state, reason.strip()


def _forget_there(cell: str) -> None:
    """As ``resolution.forget_hosts``, of the other cell's processes; without its Redis they find out in a minute."""
    try:
        resolution.mark(patient_redis(settings.REDIS_OF_OTHER_CELLS[cell]))
    except redis.RedisError:
        return
