"""Work that must hold no transaction: leased jobs end once too, and a call outside is made at most once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from schoolops.errors import Conflict, Unavailable
from schoolops.queues import REPORTS, task
from schoolops.queues.job import NotSent, calling_outside, finishing, progress
from schoolops.queues.ledger.deaths import Suspect, report_dead_process
from schoolops.queues.message import Mode
from schoolops.queues.worker.runner import Runner
from tests.queues.ground import Ledger, write

seen: list[Any] = []


@task(queue=REPORTS, leased=True, tracked=True)
def print_report(*, n: int, fail: bool = False) -> dict[str, int]:
    progress(1, 2)
    assert not connection.in_atomic_block
    with finishing():
        write(n)
        if fail:
            raise ValueError("the printer is out of paper")
    return {"pages": n}


@task(queue=REPORTS)
def print_at_once(*, n: int) -> None:
    assert connection.in_atomic_block
    write(n)


@task(queue=REPORTS, outside="at_most_once")
def send_text(*, n: int, what: str = "sent") -> None:
    with calling_outside() as key:
        seen.append(key)
        if what == "broken":
            raise TimeoutError("the gateway did not answer")
        if what == "refused":
            raise NotSent("the gateway is closed")
    with finishing():
        write(n)


@pytest.fixture(autouse=True)
def _forget_what_was_seen() -> None:
    seen.clear()


def test_a_leased_job_holds_no_transaction_and_ends_with_its_effect(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(print_report, n=4))
    assert ledger.effects() == [4]
    assert ledger.jobs() == []
    [outcome] = ledger.outcomes()
    assert (outcome.state, outcome.done, outcome.of) == ("done", 1, 2)


def test_a_leased_job_that_fails_keeps_nothing(ledger: Ledger) -> None:
    job = ledger.enqueue(print_report, n=4, fail=True)
    ledger.run(job)
    assert ledger.effects() == []
    ledger.make_due()
    ledger.run(job)
    assert [letter.reason for letter in ledger.letters()] == ["exhausted"]
    assert [outcome.state for outcome in ledger.outcomes()] == ["dead"]


def test_a_worker_that_wakes_up_late_is_fenced(ledger: Ledger) -> None:
    """Its lease ran out while it was stopped; another did the job; its own last transaction is refused."""
    job = ledger.enqueue(print_report, n=4)
    overtaken = []

    @task(queue=REPORTS, name="test.sleepy", leased=True)
    def sleepy(*, n: int, fail: bool = False) -> None:
        if not overtaken:
            overtaken.append(1)
            ledger.sql("UPDATE queues_job SET lease_until = now() - interval '1 second'")
            Runner().run_leased(job, 120)
        with finishing():
            write(n)

    ledger.sql("UPDATE queues_job SET task = 'test.sleepy'")
    ledger.run(job)
    assert ledger.effects() == [4]
    assert ledger.jobs() == ledger.letters() == ledger.attempts() == []


def test_a_call_outside_is_made_at_most_once(ledger: Ledger) -> None:
    ledger.run(ledger.enqueue(send_text, n=1))
    assert (ledger.effects(), len(seen)) == ([1], 1)
    job = ledger.enqueue(send_text, n=2, what="broken")
    ledger.run(job)
    [letter] = ledger.letters()
    assert (letter.pk, letter.reason) == (job, "outcome_unknown")
    assert "the gateway did not answer" in letter.error
    assert seen == [f"schoolops-job-{job - 1}", f"schoolops-job-{job}"]


def test_a_crash_while_calling_outside_asks_a_person(ledger: Ledger) -> None:
    job = ledger.enqueue(send_text, n=1)
    ledger.sql("UPDATE queues_job SET sending_at = now(), lease_token = 1, lease_until = now() - interval '1 second'")
    ledger.run(job)
    assert [letter.reason for letter in ledger.letters()] == ["outcome_unknown"]
    assert seen == []


def test_a_process_killed_over_its_time_while_calling_outside_does_not_call_twice(ledger: Ledger) -> None:
    """Its try has failed by its time; that somebody was being called is not forgotten with it."""
    job = ledger.enqueue(send_text, n=1)
    ledger.sql("UPDATE queues_job SET sending_at = now(), lease_token = 3, lease_until = now() + interval '1 minute'")
    report_dead_process([Suspect(job, over_time=True, incident=7, token=3)], worker="the next one")
    assert [(row.attempts, row.sending_at is not None) for row in ledger.jobs()] == [(1, True)]
    ledger.make_due()
    ledger.run(job)
    assert seen == []
    assert [letter.reason for letter in ledger.letters()] == ["outcome_unknown"]


@pytest.mark.parametrize("over_time", [True, False])
def test_a_death_that_is_told_late_takes_no_lease_from_whoever_works_now(ledger: Ledger, over_time: bool) -> None:
    job = ledger.enqueue(print_report, n=4)
    ledger.sql("UPDATE queues_job SET lease_token = 2, lease_until = now() + interval '1 minute'")
    report_dead_process([Suspect(job, over_time=over_time, incident=7, token=1)], worker="the next one")
    [row] = ledger.jobs()
    assert (row.attempts, row.crashes, row.lease_until is None) == (0, 0, False)
    assert ledger.attempts() == []


@pytest.mark.parametrize("error", [ValueError("late"), Conflict("late"), Unavailable("late")])
def test_whoever_lost_the_lease_decides_nothing_about_the_job(ledger: Ledger, error: Exception) -> None:
    """Failing, refusing and waiting are fenced as finishing is."""
    job = ledger.enqueue(print_report, n=4)

    @task(queue=REPORTS, name="test.overtaken", leased=True, refused="discard")
    def overtaken(*, n: int, fail: bool = False) -> None:
        ledger.sql("UPDATE queues_job SET lease_token = lease_token + 1, lease_until = now() + interval '1 minute'")
        raise error

    ledger.sql("UPDATE queues_job SET task = 'test.overtaken'")
    ledger.run(job)
    [row] = ledger.jobs()
    assert (row.attempts, row.run_at, row.lease_token, row.lease_until is None) == (0, None, 2, False)
    assert ledger.letters() == ledger.attempts() == []


def test_what_was_certainly_not_sent_is_tried_again(ledger: Ledger) -> None:
    job = ledger.enqueue(send_text, n=1, what="refused")
    ledger.run(job)
    [row] = ledger.jobs()
    assert (row.attempts, row.sending_at) == (1, None)


def test_nothing_is_asked_of_the_database_while_waiting_outside(ledger: Ledger) -> None:
    @task(queue=REPORTS, name="test.chatty", outside="keyed")
    def chatty(*, n: int) -> None:
        with calling_outside():
            write(n)

    ledger.run(ledger.enqueue(chatty, n=1))
    assert [attempt.error_class for attempt in ledger.attempts()] == ["tenancy:no-current-school"]


@pytest.mark.parametrize("leased", [True, False])
def test_a_message_that_names_the_other_way_in_is_handed_back_and_the_job_is_done_once(
    ledger: Ledger, leased: bool
) -> None:
    """Code from before or after an upgrade published it: nothing has begun, and no try is counted."""
    handed: list[tuple[list[int], int, Mode]] = []
    runner = Runner(hand_back=lambda *message: handed.append(message))
    job = ledger.enqueue(print_report if leased else print_at_once, n=4)
    right, wrong = (Mode.LEASED, Mode.ONE_TRANSACTION) if leased else (Mode.ONE_TRANSACTION, Mode.LEASED)

    def take(mode: Mode) -> None:
        if mode is Mode.LEASED:
            runner.run_leased(job, 120)
        else:
            runner.run([job], 120)

    take(wrong)
    assert handed == [([job], 120, right)]
    assert ledger.effects() == []
    take(right)
    assert ledger.effects() == [4]
    assert ledger.jobs() == ledger.letters() == ledger.attempts() == []
