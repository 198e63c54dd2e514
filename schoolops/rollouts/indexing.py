"""The declared indexes on their way to every school, and what the whole fleet says of those it has."""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from schoolops import clock
from schoolops.context import outside_schools
from schoolops.indexes import building
from schoolops.indexes import registry as indexes
from schoolops.rollouts import course
from schoolops.rollouts.errors import NoSuchRollout
from schoolops.rollouts.models import Kind, Rollout, Stage, Step, StepState
from schoolops.rollouts.releasing import told
from schoolops.tenancy import fleet, owner
from schoolops.tenancy.models import School

# Once round the fleet, and twice more to those where somebody was in the way.
ROUNDS = 3
Say = Callable[[Step], None]
Hours = tuple[dt.time, dt.time]


@dataclass(frozen=True, slots=True)
class Standing:
    """The indexes of one school: how they differ from those declared, and which somebody made by hand."""

    school: School
    drift: building.Drift
    invalid: tuple[str, ...]
    by_hand: tuple[str, ...]


def schools(pattern: str = "*") -> list[School]:
    """The schools with a schema whose slug matches ``pattern``, as in ``oak*``."""
    found = [school for school in fleet.made_schools() if fnmatch.fnmatchcase(school.slug, pattern)]
    gone = fleet.without_schema(found)
    return [school for school in found if school not in gone]


def standing(of: Sequence[School], connection: psycopg.Connection[Any]) -> Iterator[Standing]:
    """How the indexes of each of ``of`` stand. One query, for which any login will do, asks 200 schools."""
    declared = indexes.school_indexes()
    ours = {spec.name for spec in declared} | _of_the_template()
    for start in range(0, len(of), fleet.SCHOOLS_PER_QUERY):
        chunk = of[start : start + fleet.SCHOOLS_PER_QUERY]
        present = building.present_in(connection, [school.schema_name for school in chunk])
        for school in chunk:
            found = present[school.schema_name]
            yield Standing(
                school,
                building.drift_of(found, declared),
                tuple(sorted(name for name, (_, valid) in found.items() if not valid)),
                tuple(
                    sorted(n for n, (mark, _) in found.items() if n not in ours and not mark.startswith("schoolops:"))
                ),
            )


def _of_the_template() -> set[str]:
    """Every index that a new school has, those of keys and constraints too."""
    text = settings.SCHOOL_TEMPLATE.read_text(encoding="utf-8")
    made = r"^CREATE (?:UNIQUE )?INDEX (\S+)|^    (?:ADD )?CONSTRAINT (\S+) (?:PRIMARY KEY|UNIQUE|EXCLUDE)"
    return {name or key for name, key in re.findall(made, text, re.MULTILINE)}


# --- on their way -----------------------------------------------------------------------------------------------------
def apply(
    of: Sequence[School],
    *,
    say: Say,
    only: Sequence[str] = (),
    patience: building.Patience | None = None,
    hours: Hours | None = None,
) -> Rollout | None:
    """Build what is missing and drop what is no longer declared in the schools ``of``, one index after the other.

    A school that refuses an index, or where somebody is in the way for too long, keeps none of the others waiting: it
    is come back to twice. Stopped or killed, the next call goes on.

    Args:
        of: schools with a schema.
        say: told of each step that ended.
        only: names of indexes; all where empty.
        patience: of each try.
        hours: begin nothing outside them, by the clock of this machine.

    Returns:
        the rollout; ``None`` where there was nothing to do.
    """
    with owner.owner_connection() as asking:
        found = list(standing(of, asking))
    wanted = [(each.school.slug, name) for each in found for name in each.drift.names if not only or name in only]
    with outside_schools():
        open_one = course.open_rollout(Kind.INDEXES)
        if not wanted and open_one is None:
            return None
        rollout = course.begin(Kind.INDEXES, target=_target(), canaries=[])
        course.list_steps(rollout, wanted)
        known = {school.slug: school for school in of}
        for left_over in reversed(range(ROUNDS)):
            while not (stopped := not within(hours)) and (step := course.claim(rollout, canary=False)) is not None:
                _do(step, known[step.school], patience)
                say(step)
            left = rollout.steps.filter(state=StepState.FAILED)
            if stopped or not left.exists():
                break
            if left_over:
                left.update(state=StepState.PENDING)
        unended = rollout.steps.exclude(state=StepState.DONE).exists()
        course.move_to(rollout, Stage.FAILED if unended else Stage.DONE)
    return rollout


def _target() -> str:
    return hashlib.sha256("\n".join(spec.create_sql("") for spec in indexes.school_indexes()).encode()).hexdigest()


def _do(step: Step, school: School, patience: building.Patience | None) -> None:
    try:
        with owner.one_at_a_time(f"school:{school.schema_name}"):
            specs = [spec for spec in indexes.school_indexes() if spec.name == step.item]
            if specs:
                building.make(owner.owner_connection, school.schema_name, specs, patience=patience, others_too=False)
            else:
                building.drop(owner.owner_connection, school.schema_name, step.item, patience=patience)
    except building.NotBuilt as refused:
        course.end(step, failure=str(refused))
    except Exception as refused:  # noqa: BLE001 - whatever it is, it is this school's
        course.end(step, failure=told(refused))
    except BaseException:
        # Told to stop: what was begun is gone, and is begun anew by the next run.
        course.put_back(step)
        raise
    else:
        course.end(step)


def within(hours: Hours | None) -> bool:
    """Whether it is now one of ``hours``, which may lie about midnight."""
    if hours is None:
        return True
    begin, end = hours
    now = clock.machine().astimezone().time()
    return begin <= now < end if begin <= end else now >= begin or now < end


def take_back(number: int, *, say: Say) -> None:
    """Drop what rollout ``number`` built. Raises ``NoSuchRollout``, ``building.NotBuilt``."""
    with outside_schools():
        rollout = Rollout.objects.filter(pk=number, kind=Kind.INDEXES).first()
        if rollout is None:
            raise NoSuchRollout(number=number)
        if rollout.stage not in (Stage.DONE, Stage.SUPERSEDED):
            course.move_to(rollout, Stage.SUPERSEDED)
        done = list(rollout.steps.filter(state=StepState.DONE, attempts__gt=0).order_by("school", "item"))
        known = {school.slug: school for school in schools()}
    for step in done:
        if step.school in known:
            drop(known[step.school], step.item)
            say(step)


def drop(school: School, name: str) -> None:
    """Drop one index of ``school`` while people work. Raises ``building.NotBuilt``."""
    with owner.one_at_a_time(f"school:{school.schema_name}"):
        building.drop(owner.owner_connection, school.schema_name, name)


_BUILDING = """
    SELECT n.nspname, c.relname, coalesce(x.relname, ''), p.phase, p.blocks_done, p.blocks_total, p.current_locker_pid
      FROM pg_stat_progress_create_index p JOIN pg_class c ON c.oid = p.relid
      JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class x ON x.oid = p.index_relid
     WHERE p.datname = current_database()"""


def being_built() -> list[tuple[Any, ...]]:
    """(schema, table, index, phase, blocks done, blocks in all, pid it waits for) of each build that runs now."""
    with owner.owner_connection() as connection:
        return connection.execute(_BUILDING).fetchall()


# --- what the fleet says ----------------------------------------------------------------------------------------------
_DEFINITIONS = """
    SELECT c.relname, replace(pg_get_indexdef(i.indexrelid), n.nspname || '.', '')
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = %s"""
# PostgreSQL writes the casts of a condition otherwise once it was dumped and read again.
_CASTS = re.compile(r"::(?:text|character varying)(?:\[\])?|[()]")


def other_definitions(of: Sequence[School]) -> Iterator[tuple[School, str]]:
    """(school, index) for each index that is made of something else in this school than in most, whatever it says."""
    seen: dict[School, dict[str, str]] = {}
    with owner.owner_connection() as connection:
        for school in of:
            rows = connection.execute(_DEFINITIONS, [school.schema_name])
            seen[school] = {name: _CASTS.sub("", definition) for name, definition in rows}
    counted: dict[str, Counter[str]] = {}
    for found in seen.values():
        for name, definition in found.items():
            counted.setdefault(name, Counter())[definition] += 1
    for school, found in seen.items():
        for name, definition in sorted(found.items()):
            if definition != counted[name].most_common(1)[0][0]:
                yield school, name


@dataclass(frozen=True, slots=True)
class Report:
    """What may be taken out or rebuilt. Sizes in bytes."""

    since: dt.datetime | None
    # (index, table, schools, bytes): no query has used it in any school since the statistics began.
    unused: list[tuple[str, str, int, int]]
    # (index, by which other of the same table): its columns are the first of the other's, of the same rows.
    repeated: list[tuple[str, str]]
    # (school's schema, index, bytes, times): so many times larger for each row than in the school in the middle.
    bloated: list[tuple[str, str, int, float]]


_USE = """
    SELECT s.indexrelname, min(s.relname), count(*), sum(pg_relation_size(s.indexrelid))::bigint
      FROM pg_stat_all_indexes s JOIN pg_index i USING (indexrelid)
     WHERE s.schemaname = ANY(%s) AND NOT i.indisunique AND NOT i.indisexclusion
     GROUP BY 1 HAVING sum(s.idx_scan) = 0 ORDER BY 4 DESC, 1"""
_REPEATED = """
    WITH made AS (
        SELECT i.indrelid, i.indexrelid, c.relname, i.indisunique, i.indnkeyatts AS keys,
               string_to_array(i.indkey::text, ' ') AS columns, string_to_array(i.indoption::text, ' ') AS directions,
               coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS rows
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_am m ON m.oid = c.relam
         WHERE n.nspname = ANY(%s) AND m.amname = 'btree' AND i.indexprs IS NULL)
    SELECT DISTINCT a.relname, b.relname
      FROM made a JOIN made b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid AND b.rows = a.rows
     WHERE NOT a.indisunique AND a.columns <@ b.columns AND b.columns[1:a.keys] = a.columns[1:a.keys]
       AND b.directions[1:a.keys] = a.directions AND a.keys <= b.keys
       AND (a.keys < b.keys OR b.indisunique OR a.indexrelid > b.indexrelid)
     ORDER BY 1, 2"""
_BLOATED = """
    WITH sized AS (
        SELECT n.nspname, c.relname, pg_relation_size(c.oid) AS size,
               pg_relation_size(c.oid) / greatest(c.reltuples, 1) AS per_row
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(%s) AND c.reltuples > 0 AND c.relpages > %s),
    middle AS (SELECT relname, percentile_disc(0.5) WITHIN GROUP (ORDER BY per_row) AS per_row FROM sized GROUP BY 1)
    SELECT nspname, relname, size, (sized.per_row / middle.per_row)::float8 FROM sized JOIN middle USING (relname)
     WHERE sized.per_row > %s * middle.per_row ORDER BY size DESC"""
SMALLEST_PAGES, BLOATED = 32, 3.0


def report(of: Sequence[School]) -> Report:
    """What the statistics and catalogues of all of ``of`` say together: one school's holidays prove nothing."""
    schemas = [school.schema_name for school in of]
    with owner.owner_connection() as connection:
        since = connection.execute("SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()")
        (began,) = since.fetchone() or (None,)
        return Report(
            began,
            connection.execute(_USE, [schemas]).fetchall(),
            connection.execute(_REPEATED, [schemas]).fetchall(),
            connection.execute(_BLOATED, [schemas, SMALLEST_PAGES, BLOATED]).fetchall(),
        )


_STALE = """
    SELECT schemaname, relname FROM pg_stat_all_tables
     WHERE schemaname = ANY(%s) AND (NOT %s OR n_live_tup > 0 AND (
           coalesce(last_analyze, last_autoanalyze) IS NULL OR n_mod_since_analyze > 0.2 * n_live_tup))
     ORDER BY 1, 2"""


def analyse(of: Sequence[School], *, stale_only: bool) -> int:
    """Gather statistics of the tables of ``of``, or of those that changed by a fifth; how many there were."""
    with owner.owner_connection() as connection:
        tables = connection.execute(_STALE, [[school.schema_name for school in of], stale_only]).fetchall()
        for schema, table in tables:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))
    return len(tables)
