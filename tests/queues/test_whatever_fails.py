"""No way of failing escapes: whatever a body raises is a failed try, written down, and its worker goes on."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from celery.exceptions import Ignore, Reject, Retry
from django.db import connection

from schoolops import context
from schoolops.context import current_school, inside, outside_schools
from schoolops.errors import Invalid, NotFound
from schoolops.queues import ATTENDANCE, REPORTS, NotSent, calling_outside, current_job, finishing, task
from schoolops.queues.desk import letters as desk
from schoolops.queues.desk import requests
from schoolops.queues.ledger import janitor
from schoolops.queues.management.commands.dead_letters import AtTheTerminal
from schoolops.redis.connection import platform_redis
from tests.queues.ground import Ledger

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Speechless(Exception):
    """It cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Unpicklable(Exception):
    """Celery would have to carry it between processes."""

    def __init__(self) -> None:
        self.hold = lambda: None
        super().__init__("it holds a lambda")


FAILURES: dict[str, BaseException] = {
    "an exception": ValueError("no"),
    "leaving": SystemExit(0),
    "Ctrl-C": KeyboardInterrupt(),
    "no memory": MemoryError(),
    "the end of a generator": GeneratorExit(),
    "Celery's way to reject": Reject("no", requeue=False),
    "Celery's way to requeue": Reject("no", requeue=True),
    "Celery's way to ignore": Ignore(),
    "Celery's way to retry": Retry("later"),
    "what cannot be pickled": Unpicklable(),
    "what has no words": Speechless(),
    "words that PostgreSQL does not hold": ValueError("\0 \ud800"),
    "an error of ours": Invalid("The bank knows no such account."),
}


@task(queue=ATTENDANCE, name="test.whatever", tries=2)
def whatever(*, how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (n) VALUES (1)")
    raise FAILURES[how]


@task(queue=REPORTS, name="test.whatever_leased", leased=True, tries=2)
def whatever_leased(*, how: str) -> None:
    with finishing():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect (n) VALUES (1)")
        raise FAILURES[how]


@pytest.mark.parametrize("declared", [whatever, whatever_leased], ids=["one transaction", "leased"])
def test_it_is_a_failed_try_and_at_last_a_dead_letter(ledger: Ledger, declared: Any) -> None:
    jobs = {ledger.enqueue(declared, how=how): how for how in FAILURES}
    ledger.run(*jobs)
    assert [(row.pk, row.attempts, row.lease_until) for row in ledger.jobs()] == [(job, 1, None) for job in jobs]
    ledger.make_due()
    ledger.run(*jobs)
    letters = {letter.pk: letter for letter in ledger.letters()}
    assert set(letters) == set(jobs)
    for job, how in jobs.items():
        assert (letters[job].reason, letters[job].payload) == ("exhausted", {"how": how})
        assert type(FAILURES[how]).__qualname__ in letters[job].traceback
    assert {each.outcome for each in ledger.attempts()} == {"failed"}
    assert len(ledger.attempts()) == 2 * len(jobs)
    assert ledger.effects() == []


def test_a_broken_statement_of_the_body_is_the_bodys_failure(ledger: Ledger) -> None:
    @task(queue=ATTENDANCE, name="test.broken_sql")
    def broken_sql() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    ledger.run(ledger.enqueue(broken_sql))
    assert [each.error_class for each in ledger.attempts()] == ["ProgrammingError"]


def test_what_it_leaves_must_be_json(ledger: Ledger) -> None:
    @task(queue=ATTENDANCE, name="test.leaves_an_object", tracked=True)
    def leaves_an_object() -> object:
        return object()

    ledger.run(ledger.enqueue(leaves_an_object))
    assert [each.error_class for each in ledger.attempts()] == ["TypeError"]
    assert ledger.outcomes() == []


# --- how its way is told ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("leased", "outcome", "arrows"),
    [
        (False, None, ["receive", "claim", "effect", "finish"]),
        (True, None, ["receive", "claim", "effect", "finish"]),
        (False, ValueError("no"), ["receive", "claim", "bury"]),
        (False, NotFound("nobody is there"), ["receive", "claim", "discard"]),
    ],
)
def test_every_arrow_is_one_log_line_and_one_count(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, leased: bool, outcome: Exception | None, arrows: list[str]
) -> None:
    @task(
        queue=ATTENDANCE, name=f"test.told_{leased}_{type(outcome).__name__}", leased=leased, refused="discard", tries=1
    )
    def told() -> None:
        if outcome is not None:
            raise outcome

    with caplog.at_level(logging.DEBUG, logger="schoolops.queues"):
        ledger.run(ledger.enqueue(told))
    lines = [record.facts for record in caplog.records if hasattr(record, "facts")]
    assert [line["arrow"] for line in lines] == ["enqueue", *arrows]
    assert {line["jobs"] for line in lines} == {1}


# --- what a job carries, and what it leaves ---------------------------------------------------------------------------
def test_the_request_and_its_trace_travel_along(ledger: Ledger) -> None:
    carried = ((context.request_id, "r-1"), (context.traceparent, TRACE))
    seen: list[tuple[str | None, str | None, str]] = []

    @task(queue=ATTENDANCE, name="test.traced")
    def traced() -> None:
        seen.append((context.request_id.get(), context.traceparent.get(), current_school().slug))

    tokens = [(variable, variable.set(value)) for variable, value in carried]
    try:
        job = ledger.enqueue(traced)
    finally:
        for variable, token in tokens:
            variable.reset(token)
    ledger.run(job)
    assert seen == [("r-1", TRACE, ledger.school.slug)]
    assert context.request_id.get() is None


def test_what_older_code_wrote_is_read_by_newer_code_that_gives_the_new_argument_a_default(ledger: Ledger) -> None:
    seen: list[str] = []

    @task(queue=ATTENDANCE, name="test.grown")
    def grown(*, n: int, colour: str = "green") -> None:
        seen.append(colour)

    job = ledger.enqueue(grown, n=1)
    ledger.sql("""UPDATE queues_job SET payload = '{"n": 1}' WHERE id = %s""", job)
    ledger.run(job)
    assert seen == ["green"]


@pytest.mark.parametrize("when", ["returned", "inside"])
def test_a_leased_job_leaves_its_result(ledger: Ledger, when: str) -> None:
    @task(queue=REPORTS, name=f"test.leaves_{when}", leased=True, tracked=True)
    def leaves() -> dict[str, int] | None:
        with finishing():
            if when == "inside":
                current_job().result = {"pages": 3}
        return {"pages": 3} if when == "returned" else None

    ledger.run(ledger.enqueue(leaves))
    assert [(outcome.state, outcome.result) for outcome in ledger.outcomes()] == [("done", {"pages": 3})]


def test_a_provider_that_takes_keys_is_given_the_same_one_at_every_try(ledger: Ledger) -> None:
    keys: list[str] = []

    @task(queue=REPORTS, name="test.keyed", outside="keyed")
    def keyed() -> None:
        with calling_outside() as key:
            keys.append(key)
            if len(keys) == 1:
                raise TimeoutError("the gateway did not answer")
            if len(keys) == 2:
                raise NotSent("it is closed")

    job = ledger.enqueue(keyed)
    for _ in range(2):
        ledger.run(job)
        ledger.make_due()
    assert [letter.reason for letter in ledger.letters()] == ["exhausted"], "reports are tried twice"
    assert keys == [f"schoolops-job-{job}"] * 2


def test_outcomes_are_kept_for_seven_days_and_dead_letters_for_ever(ledger: Ledger) -> None:
    @task(queue=ATTENDANCE, name="test.kept", tracked=True, once_per=("n",), tries=1)
    def kept(*, n: int) -> None:
        if n < 0:
            raise ValueError("no")

    ledger.run(ledger.enqueue(kept, n=1), ledger.enqueue(kept, n=-1))
    [(least,)] = ledger.sql("SELECT min(expires_at) - now() FROM queues_outcome")
    assert dt.timedelta(days=6, hours=23) < least <= dt.timedelta(days=7)
    assert janitor.sweep() == {"keys": 0, "answers": 0, "outcomes": 0, "attempts": 0}
    ledger.sql("UPDATE queues_outcome SET expires_at = now() - interval '1 second'")
    ledger.sql("UPDATE queues_oncekey SET expires_at = now() - interval '1 second'")
    ledger.sql("UPDATE queues_attempt SET at = now() - interval '1 year'")
    ledger.sql("UPDATE queues_deadletter SET dead_at = now() - interval '9 years'")
    assert janitor.sweep() == {"keys": 2, "answers": 0, "outcomes": 2, "attempts": 0}
    assert len(ledger.letters()) == len(ledger.attempts()) == 1


@task(queue=ATTENDANCE, name="test.once_a_day", once_per=("n",), tries=1)
def once_a_day(*, n: int) -> None:
    raise ValueError(f"not {n}")


@pytest.mark.parametrize("redis", ["knows", "forgot"])
def test_what_was_withdrawn_or_decided_against_may_be_asked_for_again(ledger: Ledger, redis: str) -> None:
    def again() -> int:
        if redis == "forgot":
            platform_redis().flushdb()
        return ledger.enqueue(once_a_day, n=1)

    first = ledger.enqueue(once_a_day, n=1)
    with inside(ledger.school):
        requests.cancel(first, user=None)
    second = again()
    assert second != first
    assert again() == second
    ledger.run(second)
    assert again() == second, "it lies on the desk, where it may be sent back"
    with outside_schools():
        desk.discard([second], by=AtTheTerminal(), reason="the office does it by hand")
    assert again() not in {first, second}
