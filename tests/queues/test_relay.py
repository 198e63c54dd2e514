"""From the ledger to the broker, whatever happens to either: fairly, shallowly, and again when nothing came of it."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from schoolops import clock, context, launcher
from schoolops.context import inside
from schoolops.observability.logging import JsonLines
from schoolops.queues import ATTENDANCE, FEES, PLATFORM, broker, task
from schoolops.queues.errors import LedgerFull
from schoolops.queues.ledger.deaths import MOST_DELIVERIES
from schoolops.queues.message import Mode
from schoolops.queues.registry import QUARANTINE_KEY
from schoolops.queues.relay.publishing import MOST_TOGETHER
from schoolops.queues.relay.relay import Relay
from schoolops.queues.worker.runner import Runner
from schoolops.tenancy import direct
from schoolops.tenancy.models import School
from tests.queues.ground import Ledger
from tests.support.proxy import Proxy


@task(queue=ATTENDANCE, name="test.relay.mark")
def mark(*, n: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (n) VALUES (%s)", [n])


@task(queue=PLATFORM, name="test.relay.tidy")
def tidy(*, n: int) -> None:
    """Another queue."""


@pytest.fixture
def relays(ledger: Ledger) -> Iterator[Callable[..., Relay]]:
    """Makes relays, and takes the lead from all of them afterwards."""
    made: list[Relay] = []

    def make(**settings: Any) -> Relay:
        made.append(Relay(**settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def relay(relays: Callable[..., Relay]) -> Relay:
    return relays()


def turn(relay: Relay, until: Callable[[], Any] = lambda: True, seconds: float = 20) -> None:
    """Let the relay look until something has happened, riding out whatever breaks, as ``run`` does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            relay.turn()
        except psycopg.Error:
            relay._forget()
        except broker.BrokerUnavailable:
            relay._redis = None
        if until():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def fetched(key: str = ATTENDANCE.broker_key) -> list[int]:
    """Take everything off a list, as a worker would; the jobs that the messages name, in order."""
    jobs: list[int] = []
    while item := broker.client().rpop(key):
        assert isinstance(item, bytes)
        body = orjson.loads(base64.b64decode(orjson.loads(item)["body"]))
        jobs += body[0][0]
    return jobs


def test_what_is_ready_is_published_once(ledger: Ledger, relay: Relay) -> None:
    jobs = [ledger.enqueue(mark, n=n) for n in range(5)]
    turn(relay)
    turn(relay)
    assert fetched() == jobs


def test_the_broker_is_kept_shallow_and_filled_again_as_jobs_end(ledger: Ledger, relay: Relay) -> None:
    with inside(ledger.school):
        mark.enqueue_many([{"n": n} for n in range(1000)])
    turn(relay)
    turn(relay)
    first = fetched()
    assert len(first) == ATTENDANCE.window
    ledger.run(*first)
    turn(relay)
    assert len(fetched()) == ATTENDANCE.window


def test_a_flooding_school_does_not_keep_another_waiting(ledger: Ledger, relay: Relay, elm: School) -> None:
    with inside(ledger.school):
        mark.enqueue_many([{"n": n} for n in range(5_000)])
    turn(relay)
    flood = fetched()
    with inside(elm):
        elms = mark.enqueue(n=1).job_id
    ledger.run(*flood)
    turn(relay)
    assert elms in fetched()


def test_who_comes_late_is_next_but_one_in_a_line_that_another_fills(
    ledger: Ledger, relay: Relay, elm: School, oak: School
) -> None:
    """Nothing of the flood has ended, so its window is full; order within each school stays."""
    with inside(ledger.school):
        mark.enqueue_many([{"n": n} for n in range(5_000)])
    turn(relay)
    with inside(elm):
        elms = [mark.enqueue(n=n).job_id for n in range(3)]
    turn(relay)
    with inside(oak):
        oaks = [mark.enqueue(n=n).job_id for n in range(2)]
    turn(relay)
    line = fetched()
    # A message of the flood carries eight, since so many wait.
    places = {job: line.index(job) // MOST_TOGETHER for job in (*elms, *oaks)}
    assert max(places.values()) <= 2
    assert [job for job in line if job in elms] == elms
    assert [job for job in line if job in oaks] == oaks
    flood = [job for job in line if job not in places]
    assert flood == sorted(flood)
    assert len(flood) == ATTENDANCE.window


def test_a_school_alone_whose_jobs_take_their_time_has_no_more_out_than_the_window(
    ledger: Ledger, relays: Callable[..., Relay]
) -> None:
    seconds = [0.0]
    relay = relays(clock=lambda: seconds[0])
    with inside(ledger.school):
        mark.enqueue_many([{"n": n} for n in range(1000)])
    for _ in range(5):
        relay.turn()
        seconds[0] += 3
    assert len(relay.in_flight) == len(fetched()) == ATTENDANCE.window


def test_what_waits_in_line_makes_no_school_slow(ledger: Ledger, relays: Callable[..., Relay], elm: School) -> None:
    """Oak's jobs have waited for a minute, since nobody fetched; Elm's are put among them, not before."""
    seconds = [0.0]
    relay = relays(clock=lambda: seconds[0])
    oaks = [ledger.enqueue(mark, n=n) for n in range(3)]
    relay.turn()
    seconds[0] = 60
    with inside(elm):
        elms = [mark.enqueue(n=n).job_id for n in range(3)]
    relay.turn()
    assert fetched() == [job for pair in zip(oaks, elms, strict=True) for job in pair]


def test_a_school_whose_jobs_do_not_end_lets_another_go_first(
    ledger: Ledger, relays: Callable[..., Relay], elm: School
) -> None:
    """Oak fills the window and hangs; Elm's job, come later, is the next that a worker takes."""
    seconds = [0.0]
    relay = relays(clock=lambda: seconds[0])
    with inside(ledger.school):
        mark.enqueue_many([{"n": n} for n in range(2 * ATTENDANCE.window)])
    relay.turn()
    held = fetched()
    assert len(held) == ATTENDANCE.window
    for each in held[ATTENDANCE.width :]:
        # They wait in line behind those that hang.
        broker.hand_back(ATTENDANCE.broker_key, [each], timeout_s=30, mode=Mode.ONE_TRANSACTION)
    seconds[0] = 6
    with inside(elm):
        elms = [mark.enqueue(n=n).job_id for n in range(3)]
    relay.turn()
    line = fetched()
    assert line[:3] == elms
    assert set(line[3:]) == set(held[ATTENDANCE.width :]), "and no more of Oak's until some of it ends"


def test_a_window_is_shared_evenly(ledger: Ledger, relay: Relay, elm: School, oak: School) -> None:
    schools: dict[int, str] = {}
    for school in (ledger.school, elm, oak):
        with inside(school):
            schools |= {each.job_id: school.slug for each in mark.enqueue_many([{"n": n} for n in range(300)])}
    turn(relay)
    assert set(Counter(schools[job] for job in fetched()).values()) == {ATTENDANCE.window // 3}


def test_a_higher_priority_goes_first_within_a_school(ledger: Ledger, relay: Relay) -> None:
    low = ledger.enqueue(mark, n=1)
    high = ledger.enqueue(mark, n=2, priority=5)
    turn(relay)
    assert fetched() == [high, low]


def test_a_job_waits_for_its_moment_and_a_paused_queue_for_its_operator(ledger: Ledger, relay: Relay) -> None:
    job = ledger.enqueue(mark, n=1)
    ledger.sql("UPDATE queues_job SET run_at = now() + interval '1 hour'")
    ledger.sql("INSERT INTO queues_queuestate (queue, paused_at, paused_by, reason) VALUES ('platform', now(), '', '')")
    ledger.enqueue(tidy, n=1)
    turn(relay)
    assert fetched() == fetched(PLATFORM.broker_key) == []
    ledger.sql("UPDATE queues_job SET run_at = now() - interval '1 second' WHERE id = %s", job)
    relay._side_work_at = 0
    turn(relay, lambda: relay.in_flight)
    assert fetched() == [job]


def test_a_suspect_goes_to_the_quarantine_alone(ledger: Ledger, relay: Relay) -> None:
    jobs = [ledger.enqueue(mark, n=n) for n in range(40)]
    ledger.sql("UPDATE queues_job SET crashes = 1 WHERE id = %s", jobs[0])
    turn(relay)
    assert jobs[0] not in fetched()
    assert fetched(QUARANTINE_KEY) == [jobs[0]]


def test_one_leads_and_the_other_stands_by_until_the_leader_is_gone(
    ledger: Ledger, relay: Relay, relays: Callable[..., Relay]
) -> None:
    standby = relays()
    job = ledger.enqueue(mark, n=1)
    turn(relay)
    standby.turn()
    assert fetched() == [job]
    assert not standby.in_flight
    # The leader's host is gone: its backend ends.
    ledger.sql("SELECT pg_terminate_backend(%s)", relay._connection.info.backend_pid if relay._connection else 0)
    turn(standby, lambda: standby.in_flight)
    assert fetched() == [job]


def test_two_leaders_publish_twice_and_the_work_is_done_once(
    ledger: Ledger, relay: Relay, relays: Callable[..., Relay]
) -> None:
    other = relays()
    other._ensure_connection()
    other._leads = True
    job = ledger.enqueue(mark, n=1)
    turn(relay)
    turn(other)
    twice = fetched()
    assert twice == [job, job]
    Runner().run(twice, 30)
    assert ledger.effects() == [1]


def test_a_message_that_a_worker_took_to_its_grave_is_published_after_its_lease(
    ledger: Ledger, relays: Callable[..., Relay]
) -> None:
    relay = relays(lease_margin_s=-29.5)
    job = ledger.enqueue(mark, n=1)
    turn(relay)
    assert fetched() == [job]
    turn(relay, lambda: broker.client().llen(ATTENDANCE.broker_key))
    assert fetched() == [job]
    assert ledger.jobs()[0].deliveries == 1


def test_a_worker_that_begins_is_given_at_once_what_its_predecessor_had(ledger: Ledger, relay: Relay) -> None:
    job = ledger.enqueue(mark, n=1)
    turn(relay)
    assert fetched() == [job]
    broker.say_booted(ATTENDANCE.broker_key)
    turn(relay, lambda: broker.client().llen(ATTENDANCE.broker_key))
    assert fetched() == [job]
    assert ledger.jobs()[0].deliveries == 0, "it is not the job's fault"


def test_a_job_that_never_comes_to_anything_lies_on_the_desk(
    ledger: Ledger, relays: Callable[..., Relay], caplog: pytest.LogCaptureFixture
) -> None:
    relay = relays(lease_margin_s=-29.99)
    token = context.request_id.set("the-request")
    ledger.enqueue(mark, n=1)
    context.request_id.reset(token)
    ledger.sql("UPDATE queues_job SET deliveries = 24")
    arrived: list[int] = []
    turn(relay, lambda: arrived.extend(fetched()) or ledger.letters())
    [letter] = ledger.letters()
    assert letter.reason == "no_outcome"
    assert letter.meta["request_id"] == "the-request"
    [buried] = [line for line in caplog.records if getattr(line, "facts", {}).get("reason") == "no_outcome"]
    assert orjson.loads(JsonLines().format(buried))["requestId"] == "the-request"
    assert ledger.jobs() == []


def test_a_night_without_workers_buries_nobody_and_publishes_nothing_twice(
    ledger: Ledger, relays: Callable[..., Relay]
) -> None:
    """The relay's own clock goes through fourteen hours in which nobody fetches anything."""
    hours = [0.0]
    relay = relays(clock=lambda: hours[0] * 3600)
    jobs = [ledger.enqueue(mark, n=n) for n in range(3)]
    for step in range(14 * 60):
        hours[0] = step / 60
        relay.turn()
    assert ledger.letters() == []
    assert [job.deliveries for job in ledger.jobs()] == [0, 0, 0]
    assert fetched() == jobs


def test_what_was_fetched_and_lost_over_and_over_is_counted_by_fetches(
    ledger: Ledger, relays: Callable[..., Relay]
) -> None:
    hours = [0.0]
    relay = relays(clock=lambda: hours[0] * 3600)
    ledger.enqueue(mark, n=1)
    fetches = 0
    while not ledger.letters() and hours[0] < 48:
        relay.turn()
        fetches += len(fetched())
        hours[0] += 1
    assert fetches == MOST_DELIVERIES
    assert [letter.reason for letter in ledger.letters()] == ["no_outcome"]


def test_a_job_that_holds_its_row_holds_up_neither_relay_nor_another_school(
    ledger: Ledger, relays: Callable[..., Relay], elm: School
) -> None:
    """Oak's job runs, and long: the relay finds it overdue, and goes on to publish Elm's."""
    seconds = [0.0]
    relay = relays(clock=lambda: seconds[0])
    stuck = ledger.enqueue(mark, n=1)
    # Its last chance is over as well, but nobody is buried who is at work.
    ledger.sql("UPDATE queues_job SET deliveries = 25")
    relay.turn()
    assert fetched() == [stuck]
    leading = relay._ensure_connection().info.backend_pid
    with direct.connect("a test", statement_s=60, lock_s=60) as worker:
        worker.execute("BEGIN")
        worker.execute("DELETE FROM queues_job WHERE id = %s", [stuck])
        seconds[0] = 61
        with inside(elm):
            elms = tidy.enqueue(n=1).job_id
        relay.turn()
        assert fetched(PLATFORM.broker_key) == [elms]
        assert relay._ensure_connection().info.backend_pid == leading, "it kept its lead"
        worker.execute("ROLLBACK")
    assert [job.deliveries for job in ledger.jobs()] == [25, 0]
    assert ledger.letters() == []


def test_a_leader_that_stands_still_loses_the_lead(ledger: Ledger, relays: Callable[..., Relay]) -> None:
    stalled, standby = relays(stalled_s=0.5), relays()
    stalled.turn()
    job = ledger.enqueue(mark, n=1)
    # It asks for nothing any more, and its connection stays open.
    turn(standby, lambda: standby.in_flight)
    assert fetched() == [job]
    with pytest.raises(psycopg.Error):
        stalled.turn()
    stalled._forget()
    stalled.turn()
    assert not stalled._leads


def test_every_connection_of_ours_is_encrypted_as_the_settings_say_and_waits_for_nobody(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/ours.pem", "pool": {"min_size": 1}}
    with monkeypatch.context() as stated:
        stated.setitem(settings.DATABASES["default"], "OPTIONS", options)
        said = direct.parameters("default")
    assert (said["sslmode"], said["sslrootcert"]) == ("verify-full", "/etc/ssl/ours.pem")
    assert "pool" not in said
    with direct.connect("a test", statement_s=30, lock_s=1, idle_s=10) as ours:
        shown = [ours.execute(f"SHOW {name}").fetchone() for name in ("statement_timeout", "lock_timeout")]
    assert shown == [("30s",), ("1s",)]


def test_nothing_opens_a_connection_past_the_one_place_that_limits_it() -> None:
    product = Path(launcher.__file__).parents[1]
    found = [
        str(file.relative_to(product))
        for file in product.rglob("*.py")
        if "psycopg.connect(" in file.read_text(encoding="utf-8")
    ]
    # The launcher makes the logins of servers that nobody uses yet.
    assert sorted(found) == ["launcher/logins.py", "tenancy/direct.py"]


def test_too_many_waiting_are_refused_until_they_are_fewer(
    ledger: Ledger, elm: School, relays: Callable[..., Relay]
) -> None:
    relay = relays(most_per_school=3, most_in_all=100)
    for n in range(4):
        ledger.enqueue(mark, n=n)
    turn(relay)
    with pytest.raises(LedgerFull) as full:
        ledger.enqueue(mark, n=9)
    assert full.value.retry_after == 60
    with inside(elm):
        mark.enqueue(n=1)
    ledger.run()
    relay._counted_at = float("-inf")
    relay._side_work_at = 0
    turn(relay)
    ledger.enqueue(mark, n=9)
    relay.most_in_all = 0
    relay._counted_at = float("-inf")
    relay._side_work_at = 0
    turn(relay)
    with inside(elm), pytest.raises(LedgerFull):
        mark.enqueue(n=2)


def test_a_clock_that_is_wrong_moves_no_lease(ledger: Ledger, relay: Relay) -> None:
    """Leases go by the database's clock and by monotonic time; the application's clock may say what it likes."""
    job = ledger.enqueue(mark, n=1)
    turn(relay)
    assert fetched() == [job]
    with clock.frozen(dt.datetime(2040, 1, 1, tzinfo=dt.UTC)):
        turn(relay)
        assert fetched() == []
        soon = ledger.enqueue(mark, n=2, run_at=dt.datetime(2040, 1, 1, 0, 0, 0, 1000, tzinfo=dt.UTC))
        turn(relay, lambda: soon in relay.in_flight)


# --- the broker's own faults ------------------------------------------------------------------------------------------
@pytest.fixture
def valkey(tmp_path: Path, ledger: Ledger) -> Iterator[launcher.Servers]:
    """A broker of the test's own, without persistence, to be killed."""
    with launcher.start_valkey(launcher.THROWAWAY, tmp_path / "valkey") as servers:
        broker.client.cache_clear()
        with override_settings(QUEUES_BROKER_URL=servers.redis_url):
            yield servers
        broker.client.cache_clear()


def test_a_broker_that_is_killed_and_forgets_everything_loses_no_job(
    ledger: Ledger, valkey: launcher.Servers, relays: Callable[..., Relay]
) -> None:
    relay = relays()
    jobs = [ledger.enqueue(mark, n=n) for n in range(20)]
    turn(relay)
    valkey.kill_valkey()
    jobs.append(ledger.enqueue(mark, n=20))
    with contextlib.suppress(broker.BrokerUnavailable):
        relay._side_work_at = 0
        relay.turn()
    relay._redis = None
    valkey.restart_valkey()
    broker.client.cache_clear()
    arrived: set[int] = set()
    turn(relay, lambda: arrived.update(fetched()) or arrived == set(jobs))
    ledger.run(*arrived)
    assert ledger.effects() == list(range(21))


def test_a_broker_that_is_flushed_loses_no_job(
    ledger: Ledger, valkey: launcher.Servers, relays: Callable[..., Relay]
) -> None:
    relay = relays()
    jobs = [ledger.enqueue(mark, n=n) for n in range(20)]
    turn(relay)
    broker.client().flushall()
    turn(relay, lambda: broker.client().llen(ATTENDANCE.broker_key))
    assert sorted(fetched()) == jobs


def test_a_broker_that_is_full_loses_no_job(
    ledger: Ledger, valkey: launcher.Servers, relays: Callable[..., Relay]
) -> None:
    relay = relays()
    broker.client().config_set("maxmemory-policy", "noeviction")
    broker.client().config_set("maxmemory", "1mb")
    job = ledger.enqueue(mark, n=1)
    with pytest.raises(broker.BrokerUnavailable, match="maxmemory"):
        relay.turn()
    assert [row.pk for row in ledger.jobs()] == [job]
    broker.client().config_set("maxmemory", "0")
    turn(relay, lambda: relay.in_flight)
    assert fetched() == [job]


def test_a_broker_that_does_not_answer_stops_nobody_from_enqueueing(
    ledger: Ledger, valkey: launcher.Servers, relays: Callable[..., Relay]
) -> None:
    address = urlsplit(valkey.redis_url)
    with Proxy(("127.0.0.1", address.port or 0)) as proxy:
        through = address._replace(netloc=f":{address.password}@127.0.0.1:{proxy.port}").geturl()
        with override_settings(QUEUES_BROKER_URL=through):
            broker.client.cache_clear()
            relay = relays()
            proxy.black_hole = True
            job = ledger.enqueue(mark, n=1)
            with pytest.raises(broker.BrokerUnavailable):
                relay.turn()
            proxy.black_hole = False
            proxy.reset()
            turn(relay, lambda: relay.in_flight)
            assert set(fetched()) == {job}
        broker.client.cache_clear()


def test_a_broker_that_is_stopped_and_goes_on_loses_no_job(
    ledger: Ledger, valkey: launcher.Servers, relays: Callable[..., Relay]
) -> None:
    relay = relays()
    assert valkey.valkey_pid
    os.kill(valkey.valkey_pid, signal.SIGSTOP)
    job = ledger.enqueue(mark, n=1)
    try:
        with pytest.raises(broker.BrokerUnavailable):
            relay.turn()
    finally:
        os.kill(valkey.valkey_pid, signal.SIGCONT)
    turn(relay, lambda: relay.in_flight)
    assert job in fetched()


def test_money_commits_to_disk_and_the_rest_does_not_wait(ledger: Ledger) -> None:
    assert FEES.durable_commit
    assert not ATTENDANCE.durable_commit
    seen: list[str] = []

    @task(queue=FEES, name="test.relay.pay")
    def pay(*, n: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            seen.extend(cursor.fetchone())

    for durable in (True, False, True):
        Runner().run([ledger.enqueue(pay, n=1)], 30, durable=durable)
    assert seen == ["on", "off", "on"]
