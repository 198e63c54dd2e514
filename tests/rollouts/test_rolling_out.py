"""``migrate_schools``: some schools first, some at a time, and none that keeps another from being served."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, migrations, models
from django.db.migrations.migration import Migration
from django.test import Client

from schoolops.context import inside, outside_schools
from schoolops.rollouts import course, releasing
from schoolops.rollouts.models import Kind, Rollout, Stage, Step, StepState
from schoolops.tenancy import fleet, migrating, owner
from schoolops.tenancy.models import School

Fresh = Callable[..., School]
AUDIT = "audit_auditentry"


def migrate_schools(*arguments: str, **options: Any) -> str:
    out = StringIO()
    with outside_schools():
        call_command("migrate_schools", *arguments, verbosity=0, stdout=out, stderr=out, skip_checks=True, **options)
    return out.getvalue()


def drop_an_index(school: School) -> None:
    with owner.owner_connection() as owning:
        owning.execute(f"DROP INDEX {school.schema_name}.audit_by_object")


def refuse(school: School) -> None:
    """Its next migration will want to make what is already there."""
    with owner.owner_connection() as owning:
        owning.execute(f"DELETE FROM {school.schema_name}.django_migrations WHERE app = 'exchange' AND name >= '0007'")


def last() -> Rollout:
    with outside_schools():
        return Rollout.objects.latest("pk")


def steps() -> list[Step]:
    with outside_schools():
        return list(last().steps.order_by("school"))


def test_a_plan_says_what_each_school_lacks_and_changes_nothing(fresh_school: Fresh) -> None:
    one, other, current = fresh_school(), fresh_school(), fresh_school()
    drop_an_index(one)
    refuse(other)
    said = migrate_schools("--plan")
    assert f"{one.slug}: indexes audit_by_object\n" in said
    assert f"{other.slug}: migrations exchange.0007_sheet_and_notes" in said
    assert current.slug not in said
    assert fleet.behind([one, other, current]) == [one, other]
    with outside_schools():
        assert not Rollout.objects.exists()


def test_the_others_wait_until_a_person_has_looked_at_the_canaries(fresh_school: Fresh) -> None:
    canary, other = fresh_school(), fresh_school()
    for school in (canary, other):
        drop_an_index(school)
    said = migrate_schools(f"--canary={canary.slug}")
    assert f"[1/1] {canary.slug}: migrated" in said
    assert "migrate_schools --continue" in said
    assert fleet.behind([canary, other]) == [other]
    for command in ("migrate_schools", "migrate"):
        with outside_schools(), pytest.raises(CommandError, match=f"The schools {canary.slug} have it"):
            call_command(command, verbosity=0, stdout=StringIO(), skip_checks=True)
    assert fleet.behind([canary, other]) == [other]
    assert f"[1/1] {other.slug}: migrated" in migrate_schools("--continue")
    assert fleet.behind([canary, other]) == []
    assert last().stage == Stage.DONE
    with pytest.raises(CommandError, match="No rollout waits"):
        migrate_schools("--continue")


def test_canaries_that_refuse_keep_the_others_as_they_are(fresh_school: Fresh) -> None:
    canary, other = fresh_school(), fresh_school()
    refuse(canary)
    drop_an_index(other)
    with pytest.raises(CommandError, match=rf"Not brought up: {canary.slug}\."):
        migrate_schools(f"--canary={canary.slug}")
    assert fleet.behind([canary, other]) == [canary, other]
    said = migrate_schools("--status")
    assert f"{canary.slug}, tried 1 times: ProgrammingError:" in said
    assert "(in exchange.0007_sheet_and_notes)" in said
    # Mended by hand; they still go first.
    with owner.owner_connection() as owning:
        owning.execute(
            f"INSERT INTO {canary.schema_name}.django_migrations (app, name, applied) SELECT app, name, applied"
            f" FROM {other.schema_name}.django_migrations WHERE app = 'exchange' AND name >= '0007'"
        )
    assert "the others wait" in migrate_schools()
    assert fleet.behind([canary, other]) == [other]


def test_a_canary_nobody_knows_is_refused(real_commits: None) -> None:
    with pytest.raises(CommandError, match="There is no school called nowhere"):
        migrate_schools("--canary=nowhere")


def test_a_school_that_refuses_serves_on_and_says_where(fresh_school: Fresh, client_for: Callable[..., Client]) -> None:
    school = fresh_school()
    refuse(school)
    with pytest.raises(CommandError):
        migrate_schools()
    assert client_for(school).get("/office/login/").status_code == 200
    (step,) = steps()
    assert (step.state, step.attempts) == (StepState.FAILED, 1)
    assert "already exists" in step.failure
    assert step.failure.endswith("(in exchange.0007_sheet_and_notes)")


def test_what_was_interrupted_is_gone_on_with(fresh_school: Fresh) -> None:
    """As a run leaves it that was killed: the rollout open, one school begun, one not, one done since by another."""
    begun, not_begun, done = fresh_school(), fresh_school(), fresh_school()
    for school in (begun, not_begun):
        drop_an_index(school)
    with outside_schools():
        rollout = course.begin(Kind.RELEASE, target=fleet.head(), canaries=[])
        course.list_steps(rollout, [(school.slug, "") for school in (begun, not_begun, done)])
        first = course.claim(rollout, canary=False)
    assert first is not None
    said = migrate_schools()
    assert f"{not_begun.slug}: migrated" in said
    assert "[2/2]" in said
    assert fleet.behind([begun, not_begun, done]) == []
    again = last()
    assert (again, again.stage) == (rollout, Stage.DONE)
    tried = {step.school: step.attempts for step in steps()}
    expected = {begun.slug: 1, not_begun.slug: 1, done.slug: 0}
    expected[first.school] += 1
    assert tried == expected


def test_a_rollout_to_what_is_no_longer_the_code_is_superseded(fresh_school: Fresh) -> None:
    school = fresh_school()
    drop_an_index(school)
    with outside_schools():
        older = course.begin(Kind.RELEASE, target="0" * 64, canaries=[school.slug])
        course.move_to(older, Stage.WAITING)
    migrate_schools()
    assert fleet.behind([school]) == []
    with outside_schools():
        assert Rollout.objects.get(pk=older.pk).stage == Stage.SUPERSEDED
    assert last().stage == Stage.DONE


def test_one_step_is_claimed_by_one_process(fresh_school: Fresh) -> None:
    with outside_schools():
        rollout = course.begin(Kind.RELEASE, target="1" * 64, canaries=[])
        course.list_steps(rollout, [("ash", ""), ("elder", "")])
        claimed = [course.claim(rollout, canary=False) for _ in range(3)]
    assert [step and step.school for step in claimed] == ["ash", "elder", None]


def test_processes_that_die_leave_their_steps_as_failed(fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process can be started at all: every one of them ends at once."""
    school = fresh_school()
    drop_an_index(school)
    monkeypatch.setattr(releasing.sys, "executable", "/bin/false")
    with pytest.raises(CommandError, match=rf"Not brought up: {school.slug}\."):
        migrate_schools("--parallel=2")
    assert [step.failure for step in steps()] == ["No process was left to begin it."]
    monkeypatch.undo()
    assert f"[1/1] {school.slug}: migrated" in migrate_schools()


# --- a table that somebody else works on ------------------------------------------------------------------------------
def lock_by_python(apps: Any, editor: Any) -> None:
    editor.execute(f"LOCK TABLE {AUDIT} IN ACCESS EXCLUSIVE MODE")


OPERATIONS = {
    "a change of the schema": migrations.AddField("auditentry", "extra", models.IntegerField(null=True)),
    "SQL": migrations.RunSQL(f"LOCK TABLE {AUDIT} IN ACCESS EXCLUSIVE MODE"),
    "Python": migrations.RunPython(lock_by_python),
}


def migration_of(operation: Any) -> Migration:
    made: Migration = type("Migration", (Migration,), {"operations": [operation]})("0099_trial", "audit")
    return made


def apply_to(school: School, migration: Migration) -> None:
    try:
        with inside(school):
            executor = migrating.Executor(connections["admin"])
            executor.apply_migration(executor.loader.project_state(), migration)
    finally:
        connections["admin"].close()


def recorded(school: School) -> bool:
    with inside(school), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations WHERE name = '0099_trial'")
        return cursor.fetchone() is not None


@pytest.mark.parametrize("what", OPERATIONS)
def test_a_migration_gives_way_to_who_works_on_the_table_and_tries_again(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    school = fresh_school()
    with owner.owner_connection() as working:
        working.execute("BEGIN")
        working.execute(f"SELECT count(*) FROM {school.schema_name}.{AUDIT}")
        paused: list[float] = []

        def pause(seconds: float) -> None:
            with owner.owner_connection() as asking:
                # Nothing waits for the table in between, so nobody queues behind what waits.
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                assert asking.execute(waiting).fetchone() == (0,)
            paused.append(seconds)
            if len(paused) == 2:
                working.execute("COMMIT")

        monkeypatch.setattr(migrating, "pause", pause)
        monkeypatch.setattr(migrating, "LONGEST_LOCK_MS", 50)
        apply_to(school, migration_of(OPERATIONS[what]))
    assert len(paused) == 2
    assert recorded(school)


def test_it_does_not_try_for_ever(fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    school = fresh_school()
    monkeypatch.setattr(migrating, "LONGEST_LOCK_MS", 20)
    monkeypatch.setattr(migrating, "PATIENCE_S", 0.1)
    with owner.owner_connection() as working, working.transaction():
        working.execute(f"SELECT count(*) FROM {school.schema_name}.{AUDIT}")
        with pytest.raises(Exception, match="lock timeout") as refused:
            apply_to(school, migration_of(OPERATIONS["SQL"]))
    assert refused.value.__notes__ == ["in audit.0099_trial"]
    assert not recorded(school)


def test_a_long_transaction_at_another_school_is_not_waited_for(fresh_school: Fresh, elm: School) -> None:
    school = fresh_school()
    with owner.owner_connection() as working, working.transaction():
        working.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        working.execute(f"SELECT count(*) FROM {elm.schema_name}.{AUDIT}")
        apply_to(school, migration_of(OPERATIONS["a change of the schema"]))
    assert recorded(school)


def test_a_migration_that_cannot_be_recorded_has_not_happened(
    fresh_school: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with a foreign key, whose constraint Django adds last: a kill before the record would leave the table."""
    school = fresh_school()
    table = migrations.CreateModel(
        "Trial",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("entry", models.ForeignKey("audit.AuditEntry", models.CASCADE, db_index=False)),
        ],
    )

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrating.Executor, "record_migration", killed)
    with pytest.raises(KeyboardInterrupt):
        apply_to(school, migration_of(table))
    monkeypatch.undo()
    with owner.owner_connection() as owning:
        assert owning.execute("SELECT to_regclass(%s)", [f"{school.schema_name}.audit_trial"]).fetchone() == (None,)
    apply_to(school, migration_of(table))
    assert recorded(school)
