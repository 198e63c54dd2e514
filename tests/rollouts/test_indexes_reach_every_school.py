"""``manage.py indexes``: nobody is locked out, nothing is left half-built, and what is not as declared is told."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from schoolops import clock
from schoolops.context import outside_schools
from schoolops.health import builtin, doctor, drifted, gauges
from schoolops.indexes import IndexSpec, building, registry
from schoolops.observability import metrics
from schoolops.rollouts import indexing
from schoolops.rollouts.models import Rollout, Stage
from schoolops.tenancy import fleet, owner
from schoolops.tenancy.models import School

Fresh = Callable[..., School]
TABLE = "audit_auditentry"
NAME = "audit_by_object"
IMPATIENT = building.Patience(wait_s=0.0, attempts=1)


def indexes(*arguments: str, fails: int = 0) -> str:
    """What the command says; ``fails``: with which code it ends."""
    out, code = StringIO(), 0
    try:
        with outside_schools():
            call_command("indexes", *arguments, stdout=out, stderr=out, skip_checks=True)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as refused:
        code = refused.returncode
        out.write(str(refused))
    assert code == fails, out.getvalue()
    return out.getvalue()


def run(statement: str) -> None:
    with owner.owner_connection() as owning:
        owning.execute(statement.encode())


def entries(school: School, number: int) -> None:
    run(
        f"INSERT INTO {school.schema_name}.{TABLE} (at, actor_id, actor_name, action, object_type, object_id, reason,"
        f" request_id) SELECT now(), '', '', '', '', '', '', '' FROM generate_series(1, {number})"
    )


def standing(school: School) -> dict[str, tuple[str, bool]]:
    with owner.owner_connection() as owning:
        return building.present_in(owning, [school.schema_name])[school.schema_name]


def only(*specs: IndexSpec) -> Callable[[], list[IndexSpec]]:
    names = {spec.name for spec in specs}
    rest = [spec for spec in registry.school_indexes() if spec.name not in names]
    return lambda: [*rest, *specs]


def as_declared(school: School) -> bool:
    return building.drift_of(standing(school), registry.school_indexes()) == building.Drift()


def test_a_plan_names_what_differs_and_changes_nothing(fresh_school: Fresh) -> None:
    school, current = fresh_school(), fresh_school()
    run(f"DROP INDEX {school.schema_name}.{NAME}")
    run(f"CREATE INDEX by_hand ON {school.schema_name}.{TABLE} (reason)")
    said = indexes("plan", "--schools=fresh-*", fails=2)
    assert said == (
        f"{school.slug}: missing: {NAME}; made by hand: by_hand\n1 of 2 schools differ from what is declared.\n"
    )
    assert not as_declared(school)
    assert indexes("plan", f"--schools={current.slug}") == "0 of 1 schools differ from what is declared.\n"


def test_what_differs_is_built_and_what_is_declared_no_longer_goes(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = fresh_school(), fresh_school()
    run(f"DROP INDEX {one.schema_name}.{NAME}")
    run(f"CREATE INDEX by_hand ON {one.schema_name}.{TABLE} (reason)")
    (spec,) = (spec for spec in registry.school_indexes() if spec.name == "audit_by_actor")
    kept = [each for each in registry.school_indexes() if each.name != "audit_by_time"]
    changed = [replace(each, columns=("at",), condition="") if each == spec else each for each in kept]
    monkeypatch.setattr(registry, "school_indexes", lambda: changed)
    said = indexes("apply", "--schools=fresh-*")
    assert sorted(said.splitlines()) == sorted(
        [f"{one.slug} {NAME}: done"]
        + [f"{school.slug} {name}: done" for school in (one, other) for name in ("audit_by_actor", "audit_by_time")]
    )
    assert as_declared(one)
    assert as_declared(other)
    assert "by_hand" in standing(one)
    assert "audit_by_time" not in standing(one)
    assert indexes("apply", "--schools=fresh-*") == "Every school has the indexes that are declared.\n"
    number = last_run()
    said = indexes("rollback", str(number))
    assert f"{one.slug} {NAME}: dropped" in said
    assert NAME not in standing(one)


def last_run() -> int:
    with outside_schools():
        return int(Rollout.objects.latest("pk").pk)


def test_a_transaction_at_another_school_is_waited_for_and_named_and_nothing_is_left(
    fresh_school: Fresh, elm: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = fresh_school()
    run(f"DROP INDEX {blocked.schema_name}.{NAME}")
    monkeypatch.setattr(building, "LOOKED_S", 0.02)
    with owner.owner_connection() as working, working.transaction():
        working.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        working.execute(f"SELECT count(*) FROM {elm.schema_name}.{TABLE}")
        pid = working.info.backend_pid
        said = indexes("apply", f"--schools={blocked.slug}", "--max-wait=0.1", fails=1)
    assert said.count(f"waited 0.1 s for pid {pid} (schoolops:owner") == indexing.ROUNDS
    assert NAME not in standing(blocked)
    assert "tried 3 times" in indexes("status")
    assert indexes("apply", f"--schools={blocked.slug}") == f"{blocked.slug} {NAME}: done\n"
    assert as_declared(blocked)


def test_who_is_in_the_way_at_one_school_does_not_keep_the_next_waiting(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes into the table itself and does not commit; the others are built meanwhile."""
    held, free = fresh_school(), fresh_school()
    for school in (held, free):
        run(f"DROP INDEX {school.schema_name}.{NAME}")
    monkeypatch.setattr(building, "LOOKED_S", 0.02)
    with owner.owner_connection() as working, working.transaction():
        working.execute(f"LOCK TABLE {held.schema_name}.{TABLE} IN ACCESS EXCLUSIVE MODE")
        indexes("apply", "--schools=fresh-*", "--max-wait=0.1", fails=1)
    assert as_declared(free)
    assert NAME not in standing(held)


@pytest.mark.parametrize("served", [False, True], ids=["missing", "changed"])
def test_rows_that_cannot_be_indexed_leave_nothing_behind(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    school = fresh_school()
    entries(school, 2)
    name = NAME if served else "audit_never"
    odd = IndexSpec(name, TABLE, ("(1 / (id - id))",), purpose="divides by nothing")
    monkeypatch.setattr(registry, "school_indexes", only(odd))
    said = indexes("apply", f"--schools={school.slug}", fails=1)
    assert "division by zero" in said
    after = standing(school)
    assert all(valid for _, valid in after.values())
    assert f"{name}_new" not in after
    # What served queries still does.
    assert (name in after) is served


def test_a_unique_index_over_rows_that_are_not_leaves_nothing_behind(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = fresh_school()
    entries(school, 2)
    spec = IndexSpec("audit_unique", TABLE, ("object_id",), purpose="stands once")
    create = IndexSpec.create_sql

    def unique(self: IndexSpec, schema: str, *, concurrently: bool = False) -> str:
        said = create(self, schema, concurrently=concurrently)
        return said.replace("CREATE INDEX", "CREATE UNIQUE INDEX") if self.name == spec.name else said

    monkeypatch.setattr(IndexSpec, "create_sql", unique)
    with pytest.raises(building.NotBuilt, match="could not create unique index"):
        building.make(owner.owner_connection, school.schema_name, [spec], others_too=False)
    assert spec.name not in standing(school)


def test_what_a_killed_build_left_is_never_taken_for_an_index(fresh_school: Fresh) -> None:
    """Half-built ones under the name itself, under the name of the new one, and one that is declared no longer."""
    school = fresh_school()
    entries(school, 2)
    run(f"DROP INDEX {school.schema_name}.{NAME}")
    for name in (NAME, f"{NAME}_new", "audit_once_ours"):
        with pytest.raises(Exception, match="could not create unique index"):
            run(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {school.schema_name}.{TABLE} (object_id)")
    run(f"COMMENT ON INDEX {school.schema_name}.audit_once_ours IS 'schoolops:0123456789abcdef'")
    assert sum(not valid for _, valid in standing(school).values()) == 3
    assert f"not valid: {NAME}, {NAME}_new, audit_once_ours" in indexes("plan", f"--schools={school.slug}", fails=2)
    indexes("apply", f"--schools={school.slug}")
    assert as_declared(school)
    assert all(valid for _, valid in standing(school).values())


def test_two_runs_at_once_build_each_index_once(fresh_school: Fresh) -> None:
    schools = [fresh_school(), fresh_school()]
    for school in schools:
        run(f"DROP INDEX {school.schema_name}.{NAME}")
    raised: list[BaseException] = []

    def make(school: School) -> None:
        try:
            fleet.bring_up(school)
        except BaseException as refused:  # noqa: BLE001 - asserted on below
            raised.append(refused)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=[school]) for school in (*schools, *schools)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    assert all(as_declared(school) for school in schools)


def test_nothing_is_begun_outside_quiet_hours(fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    school = fresh_school()
    run(f"DROP INDEX {school.schema_name}.{NAME}")
    now = clock.machine().astimezone()
    later = f"{now + dt.timedelta(hours=2):%H:%M}-{now + dt.timedelta(hours=3):%H:%M}"
    assert "1 indexes are left" in indexes("apply", f"--schools={school.slug}", f"--quiet-hours={later}", fails=1)
    assert not as_declared(school)
    around = f"{now - dt.timedelta(hours=2):%H:%M}-{now + dt.timedelta(hours=3):%H:%M}"
    indexes("apply", f"--schools={school.slug}", f"--quiet-hours={around}")
    assert as_declared(school)
    assert "--quiet-hours is written" in indexes("apply", "--quiet-hours=at night", fails=1)


@pytest.mark.parametrize(
    ("hours", "at", "inside"),
    [
        ("22:00-05:00", "23:30", True), ("22:00-05:00", "04:59", True), ("22:00-05:00", "05:00", False),
        ("22:00-05:00", "12:00", False), ("01:00-05:00", "03:00", True), ("01:00-05:00", "00:59", False),
    ],
)  # fmt: skip
def test_quiet_hours_may_lie_about_midnight(monkeypatch: pytest.MonkeyPatch, hours: str, at: str, inside: bool) -> None:
    moment = dt.datetime.combine(dt.date(2026, 11, 30), dt.time.fromisoformat(at)).astimezone()
    monkeypatch.setattr(clock, "machine", lambda: moment)
    begin, end = map(dt.time.fromisoformat, hours.split("-"))
    assert indexing.within((begin, end)) is inside


def test_told_to_stop_it_leaves_the_rest_to_the_next_run(fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    school = fresh_school()
    run(f"DROP INDEX {school.schema_name}.{NAME}")
    watched = building._Work._watched
    stops = iter([KeyboardInterrupt()])

    def stopped(self: building._Work, statement: Any) -> None:
        watched(self, statement)
        for stop in stops:
            raise stop

    monkeypatch.setattr(building._Work, "_watched", stopped)
    assert "nothing half-built is left" in indexes("apply", f"--schools={school.slug}", fails=130)
    assert NAME not in standing(school)
    indexes("apply", f"--schools={school.slug}")
    assert as_declared(school)
    with outside_schools():
        assert Rollout.objects.get().stage == Stage.DONE


def test_verify_finds_what_is_made_of_something_else_whatever_it_says_of_itself(fresh_school: Fresh) -> None:
    tampered, _, _ = fresh_school(), fresh_school(), fresh_school()
    mark, _ = standing(tampered)[NAME]
    run(f"DROP INDEX {tampered.schema_name}.{NAME}")
    run(f"CREATE INDEX {NAME} ON {tampered.schema_name}.{TABLE} (reason)")
    run(f"COMMENT ON INDEX {tampered.schema_name}.{NAME} IS '{mark}'")
    assert "0 of 3" in indexes("plan", "--schools=fresh-*")
    said = indexes("verify", "--schools=fresh-*", fails=2)
    assert said.startswith(f"{tampered.slug}: unlike other schools: {NAME}\n1 of 3")
    indexes("drop", NAME, f"--schools={tampered.slug}")
    indexes("apply", f"--schools={tampered.slug}")
    assert "0 of 3" in indexes("verify", "--schools=fresh-*")


def test_no_index_of_a_school_repeats_another(fresh_school: Fresh) -> None:
    school = fresh_school()
    assert indexing.report([school]).repeated == []
    run(f"CREATE INDEX again ON {school.schema_name}.{TABLE} (object_type, object_id)")
    assert indexing.report([school]).repeated == [("again", NAME)]


def test_an_index_is_unused_when_no_school_uses_it(fresh_school: Fresh) -> None:
    one, other = fresh_school(), fresh_school()
    for school in (one, other):
        run(f"CREATE INDEX by_reason ON {school.schema_name}.{TABLE} (reason)")
    assert "by_reason" in {row[0] for row in indexing.report([one, other]).unused}
    with owner.owner_connection() as asking:
        asking.execute("SET enable_seqscan = off")
        asking.execute(f"SELECT count(*) FROM {other.schema_name}.{TABLE} WHERE reason = 'x'")
        asking.execute("SELECT pg_stat_force_next_flush()")
    assert "by_reason" not in {row[0] for row in indexing.report([one, other]).unused}
    assert f"by_reason on {TABLE}, in 1 schools" in indexes("report", f"--schools={one.slug}")


def test_an_index_is_bloated_when_other_schools_need_a_part_of_it(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SMALLEST_PAGES", 2)
    bloated, usual, third = fresh_school(), fresh_school(), fresh_school()
    for school, number in ((bloated, 9000), (usual, 1500), (third, 1500)):
        entries(school, number)
    run(f"ALTER TABLE {bloated.schema_name}.{TABLE} DISABLE TRIGGER USER")
    run(f"DELETE FROM {bloated.schema_name}.{TABLE} WHERE id > 1500")
    for school in (bloated, usual, third):
        run(f"VACUUM ANALYZE {school.schema_name}.{TABLE}")
    found = {(schema, index) for schema, index, _, _ in indexing.report([bloated, usual, third]).bloated}
    assert (bloated.schema_name, f"{TABLE}_pkey") in found
    assert {schema for schema, _ in found} == {bloated.schema_name}


def test_statistics_are_gathered_where_they_are_missing(fresh_school: Fresh) -> None:
    school = fresh_school()
    with owner.owner_connection() as asking:
        made = asking.execute("SELECT count(*) FROM pg_tables WHERE schemaname = %s", [school.schema_name]).fetchone()
    assert made is not None
    assert indexes("analyze", f"--schools={school.slug}") == f"{made[0]} tables of 1 schools analysed.\n"
    entries(school, 40)
    with owner.owner_connection() as flushing:
        flushing.execute("SELECT pg_stat_force_next_flush()")
    assert indexes("analyze", f"--schools={school.slug}", "--stale-only") == "1 tables of 1 schools analysed.\n"


def test_an_index_over_some_rows_is_analysed_once_it_is_built(fresh_school: Fresh) -> None:
    school = fresh_school()
    spec = IndexSpec("audit_some", TABLE, ("at",), condition="action <> ''", purpose="some rows")
    building.make(owner.owner_connection, school.schema_name, [spec], others_too=False)
    with owner.owner_connection() as asking:
        row = asking.execute(
            "SELECT last_analyze IS NOT NULL FROM pg_stat_all_tables WHERE schemaname = %s AND relname = %s",
            [school.schema_name, TABLE],
        ).fetchone()
    assert row == (True,)
    assert spec.has_statistics_of_its_own
    assert not replace(spec, condition="").has_statistics_of_its_own


def test_the_doctor_names_schools_whose_indexes_are_not_as_declared(fresh_school: Fresh) -> None:
    school = fresh_school()
    assert [line for line in doctor.EXAMINATIONS["indexes"]() if school.slug in line.what] == []
    run(f"DROP INDEX {school.schema_name}.{NAME}")
    (line,) = (line for line in doctor.EXAMINATIONS["indexes"]() if school.slug in line.what)
    assert (line.colour, line.remedy) == ("yellow", "manage.py indexes apply")
    assert NAME in line.what


def test_readiness_counts_schools_whose_indexes_are_not_as_declared(fresh_school: Fresh) -> None:
    school = fresh_school()
    before = _drifted()
    run(f"COMMENT ON INDEX {school.schema_name}.{NAME} IS NULL")
    assert _drifted() - before == {school.slug}
    assert builtin._indexes() == {"schools": len(before) + 1, "status": "degraded"}
    assert list(gauges.of_the_indexes()) == [(metrics.INDEX_DRIFT, (), len(before) + 1)]
    indexes("apply", f"--schools={school.slug}")
    assert _drifted() == before


def _drifted() -> set[str]:
    drifted.forget()
    return set(drifted.drifted())
