"""Whatever a job does, it ends once: done, tried again, on the desk, discarded, or still there."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from schoolops import context
from schoolops.context import current_school
from schoolops.errors import Conflict, NotFound
from schoolops.queues import ATTENDANCE, FEES, REPORTS, registry, task
from schoolops.queues.desk import overview
from schoolops.queues.errors import LedgerFull
from schoolops.queues.job import current_job
from schoolops.queues.registry import wait_before_next_try
from schoolops.queues.worker.runner import Runner
from schoolops.tenancy import direct, lifecycle
from tests.factories.schools import remove_school
from tests.queues.ground import Ledger, write

seen: list[Any] = []


@task(queue=ATTENDANCE)
def note(*, n: int) -> None:
    write(n)
    seen.append((current_school().slug, context.user_id.get(), current_job().attempt))


@task(queue=ATTENDANCE)
def fail(*, n: int) -> None:
    write(n)
    raise ValueError(f"no {n}")


@task(queue=ATTENDANCE)
def leave(*, n: int) -> None:
    write(n)
    raise SystemExit(3)


class AlreadyTold(Conflict):
    """That was told already."""

    code = "test:already-told"


class NobodyThere(NotFound):
    """Nobody is there."""

    code = "test:nobody-there"


@task(queue=ATTENDANCE, refused="discard")
def refuse(*, n: int) -> None:
    write(n)
    raise AlreadyTold if n % 2 else NobodyThere


@task(queue=ATTENDANCE, timeout_s=1)
def loop_forever(*, n: int) -> None:
    write(n)
    while True:
        with suppress(Exception):
            time.sleep(0.01)


@task(queue=ATTENDANCE, timeout_s=1)
def ask_the_database_forever(*, n: int) -> None:
    write(n)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


@task(queue=REPORTS, tracked=True)
def count_pages(*, n: int) -> dict[str, int]:
    write(n)
    return {"pages": n}


@pytest.fixture(autouse=True)
def _forget_what_was_seen() -> None:
    seen.clear()


def test_a_job_runs_once_in_its_school_for_the_person_who_asked(ledger: Ledger) -> None:
    token = context.user_id.set("u-7")
    job = ledger.enqueue(note, n=1)
    context.user_id.reset(token)
    ledger.run(job)
    ledger.run(job)
    assert ledger.effects() == [1]
    assert seen == [(ledger.school.slug, "u-7", 1)]
    assert ledger.jobs() == ledger.letters() == ledger.attempts() == []


def test_a_failing_job_is_tried_again_later_and_then_lies_on_the_desk_whole(ledger: Ledger) -> None:
    job = ledger.enqueue(fail, n=1)
    ledger.run(job)
    [row] = ledger.jobs()
    assert (row.attempts, row.run_at is not None) == (1, True)
    ledger.run(job)
    assert ledger.jobs()[0].attempts == 1, "it is not due yet"
    for _ in range(2):
        ledger.make_due()
        ledger.run(job)
    assert ledger.jobs() == []
    [letter] = ledger.letters()
    assert (letter.pk, letter.reason, letter.attempts, letter.payload) == (job, "exhausted", 3, {"n": 1})
    assert (letter.error_class, letter.error) == ("ValueError", "no 1")
    assert "raise ValueError" in letter.traceback
    assert [each.number for each in ledger.attempts()] == [1, 2, 3]
    assert ledger.effects() == []


def test_waits_double_to_five_minutes_and_scatter() -> None:
    for attempts, base in ((0, 1), (1, 2), (3, 8), (20, 300)):
        waits = {wait_before_next_try(ATTENDANCE, attempts) for _ in range(50)}
        assert len(waits) > 1
        assert all(0.8 * base <= wait <= 1.2 * base for wait in waits)


def test_a_body_that_leaves_has_failed_and_its_worker_has_not(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(leave, n=1))
    [attempt] = ledger.attempts()
    assert attempt.error_class == "SystemExit"
    assert ledger.effects() == []


@pytest.mark.parametrize("n", [1, 2])
def test_an_expected_refusal_is_discarded_with_its_reason_and_pages_nobody(ledger: Ledger, n: int) -> None:
    ledger.run(ledger.enqueue(refuse, n=n))
    assert ledger.jobs() == ledger.letters() == []
    [attempt] = ledger.attempts()
    assert attempt.outcome == "refused"
    assert attempt.error_class == ("test:already-told" if n % 2 else "test:nobody-there")
    assert ledger.effects() == []


def test_a_refusal_of_what_is_no_notice_waits_for_a_person(ledger: Ledger) -> None:
    @task(queue=FEES, name="test.take_money")
    def take_money(*, n: int) -> None:
        write(n)
        raise AlreadyTold

    job = ledger.enqueue(take_money, n=1)
    ledger.run(job)
    [letter] = ledger.letters()
    assert (letter.pk, letter.reason, letter.error_class) == (job, "refused", "test:already-told")
    assert ledger.effects() == []


@pytest.mark.parametrize("leased", [False, True])
def test_what_is_away_costs_no_try_and_is_waited_for(ledger: Ledger, leased: bool) -> None:
    """A full ledger, a mail server that does not answer: all day, then a person decides."""

    @task(queue=ATTENDANCE, name=f"test.needs_others_{leased}", leased=leased, tries=1)
    def needs_others(*, n: int) -> None:
        raise LedgerFull

    job = ledger.enqueue(needs_others, n=1)
    for _ in range(4):
        ledger.make_due()
        ledger.run(job)
        [row] = ledger.jobs()
        assert row.run_at is not None
    assert (row.attempts, row.meta["deferred_by"]) == (0, "queues:ledger-full")
    overview.forget()
    assert overview.overview()["queues"]["attendance"]["retrying"] == 1
    ledger.make_due()
    ledger.sql("UPDATE queues_job SET meta = meta || jsonb_build_object('deferred_since', now() - interval '25 hours')")
    ledger.run(job)
    assert [(letter.reason, letter.error_class) for letter in ledger.letters()] == [("exhausted", "queues:ledger-full")]


def test_a_lock_that_somebody_holds_costs_no_try_and_does_not_keep_the_connection(ledger: Ledger) -> None:
    job = ledger.enqueue(note, n=1)
    with direct.connect("a test", alias="admin", statement_s=60, lock_s=60) as other:
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE {ledger.school.schema_name}.effect IN ACCESS EXCLUSIVE MODE")
        ledger.run(job)
        other.execute("ROLLBACK")
    [row] = ledger.jobs()
    assert (row.attempts, row.meta["deferred_by"]) == (0, "database:lock")
    ledger.make_due()
    ledger.run(job)
    assert ledger.effects() == [1]


@pytest.mark.parametrize("endless", [loop_forever, ask_the_database_forever])
def test_a_timeout_stops_the_work_whatever_it_is_doing(ledger: Ledger, endless: Any) -> None:
    ledger.run(ledger.enqueue(endless, n=1), timeout_s=1)
    [attempt] = ledger.attempts()
    assert attempt.outcome == "timed_out"
    assert ledger.effects() == []
    for _ in range(2):
        ledger.make_due()
        ledger.run(timeout_s=1)
    assert [letter.reason for letter in ledger.letters()] == ["timeout"]


def test_two_deliveries_at_once_do_the_work_once(ledger: Ledger) -> None:
    jobs = [ledger.enqueue(note, n=n) for n in range(30)]

    def run_all() -> None:
        for job in jobs:
            Runner().run([job], 30)
        connection.close()

    threads = [threading.Thread(target=run_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.effects() == list(range(30))
    assert ledger.jobs() == []


def test_a_database_that_goes_away_leaves_the_job_as_it_was(ledger: Ledger) -> None:
    @task(queue=ATTENDANCE, name="test.lose_connection")
    def lose_connection(*, n: int) -> None:
        write(n)
        connection.connection.pgconn.finish()
        write(n)

    job = ledger.enqueue(lose_connection, n=1)
    ledger.run(job)
    [row] = ledger.jobs()
    assert (row.pk, row.attempts, row.run_at) == (job, 0, None)
    assert ledger.attempts() == []
    assert ledger.effects() == []


def test_when_writing_the_failure_fails_the_job_is_still_there(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ledger.enqueue(fail, n=1)
    monkeypatch.setattr("schoolops.queues.ledger.statements.FAIL", "SELECT nonsense(%(id)s)")
    ledger.run(job)
    monkeypatch.undo()
    assert [row.attempts for row in ledger.jobs()] == [0]
    ledger.run(job)
    assert [row.attempts for row in ledger.jobs()] == [1]


def test_an_unknown_task_waits_for_code_that_knows_it_and_then_lies_on_the_desk(ledger: Ledger) -> None:
    job = ledger.enqueue(note, n=1)
    ledger.sql("UPDATE queues_job SET task = 'apps.future.do_it'")
    patient = Runner(patience_s=600)
    patient.run([job], 30)
    [row] = ledger.jobs()
    assert (row.attempts, row.run_at is not None) == (0, True)
    ledger.make_due()
    ledger.run(job)
    [letter] = ledger.letters()
    assert (letter.reason, letter.task, letter.payload) == ("unknown_task", "apps.future.do_it", {"n": 1})


def test_a_payload_the_task_no_longer_accepts_lies_on_the_desk_by_field(ledger: Ledger) -> None:
    job = ledger.enqueue(note, n=1)
    ledger.sql("""UPDATE queues_job SET payload = '{"n": "one"}'""")
    ledger.run(job)
    [letter] = ledger.letters()
    assert letter.reason == "payload_refused"
    assert "n:" in letter.error


def test_newer_codes_payload_waits_for_newer_code(ledger: Ledger) -> None:
    job = ledger.enqueue(note, n=1)
    ledger.sql("""UPDATE queues_job SET payload = '{"n": 1, "colour": "green"}'""")
    Runner(patience_s=600).run([job], 30)
    assert [(row.attempts, row.run_at is not None) for row in ledger.jobs()] == [(0, True)]
    ledger.make_due()
    ledger.run(job)
    assert [letter.reason for letter in ledger.letters()] == ["payload_refused"]


def test_a_suspended_schools_job_lies_on_the_desk_and_goes_back(ledger: Ledger) -> None:
    job = ledger.enqueue(note, n=1)
    lifecycle.suspend_school(slug=ledger.school.slug, reason="unpaid")
    ledger.run(job)
    assert [letter.reason for letter in ledger.letters()] == ["school_suspended"]
    assert seen == []


def test_a_school_that_is_gone_leaves_its_jobs_on_the_desk(ledger: Ledger) -> None:
    slug = ledger.school.slug
    given_up, dropped = ledger.enqueue(note, n=1), ledger.enqueue(note, n=2)
    lifecycle.suspend_school(slug=slug, reason="closed")
    lifecycle.delete_school(slug=slug, typed=slug, reason="closed")
    ledger.run(given_up)
    remove_school(ledger.school)
    ledger.run(dropped)
    assert [(letter.reason, letter.school) for letter in ledger.letters()] == [("unknown_school", slug)] * 2


def test_a_tracked_jobs_result_is_written_with_its_effect(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(count_pages, n=4))
    [outcome] = ledger.outcomes()
    assert (outcome.state, outcome.result) == ("done", {"pages": 4})
    assert ledger.effects() == [4]


def test_an_enqueuer_of_the_same_notice_holds_the_waiting_one_back_until_it_commits(ledger: Ledger) -> None:
    """Otherwise the job could read the roll before the change that found it waiting."""

    @task(queue=ATTENDANCE, name="test.tell", once_per=("n",), while_waiting=True)
    def tell(*, n: int) -> None:
        write(n)

    job = ledger.enqueue(tell, n=1)
    with context.inside(ledger.school), transaction.atomic():
        assert tell.enqueue(n=1).job_id == job
        runner = threading.Thread(target=lambda: (Runner().run([job], 30), connection.close()))
        runner.start()
        runner.join()
        assert [row.pk for row in ledger.jobs()] == [job], "it was run under the caller's feet"
    ledger.run(job)
    assert ledger.effects() == [1]


def test_a_notice_that_has_begun_does_not_stand_for_a_new_one(ledger: Ledger) -> None:
    answers = []

    @task(queue=ATTENDANCE, name="test.tell_twice", once_per=("n",), while_waiting=True)
    def tell_twice(*, n: int) -> None:
        def enqueue_meanwhile() -> None:
            answers.append(ledger.enqueue(tell_twice, n=n))
            connection.close()

        write(n)
        if not answers:
            other = threading.Thread(target=enqueue_meanwhile)
            other.start()
            other.join()

    job = ledger.enqueue(tell_twice, n=1)
    ledger.run(job)
    assert answers
    assert answers != [job]
    ledger.run()
    assert ledger.effects() == [1, 1]


def test_a_claim_is_one_round_trip_and_leaves_the_connection_outside_schools(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(note, n=1), ledger.enqueue(note, n=2))
    assert ledger.sql("SELECT current_setting('role'), current_setting('search_path')") == [
        ("none", "public, extensions")
    ]
    assert os.getpid()
    assert isinstance(connection.connection, psycopg.Connection)
    assert registry.find(note.name) is note


def test_a_query_is_cancelled_at_the_limit_and_not_seconds_later(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(ask_the_database_forever, n=1), timeout_s=30)
    [attempt] = ledger.attempts()
    assert attempt.outcome == "timed_out"
    assert "canceling statement due to user request" in attempt.traceback, "not by its own time limit"


def test_a_server_that_does_not_report_its_path_is_not_trusted_to_stand_where_the_claim_left_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL 16 and 17: the claim moves the connection, and nobody tells the backend."""
    monkeypatch.setattr("schoolops.tenancy.backend.base.DatabaseWrapper._reported_path", lambda _: None)

    @task(queue=REPORTS, name="test.idle", tracked=True)
    def idle() -> dict[str, int]:
        return {"asked": 0}

    ledger.run(ledger.enqueue(idle), ledger.enqueue(count_pages, n=1), ledger.enqueue(idle))
    assert [outcome.state for outcome in ledger.outcomes()] == ["done", "done", "done"]
    assert ledger.effects() == [1]
