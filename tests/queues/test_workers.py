"""Real worker processes, really killed: what was in hand is done once, and whoever kills its process is kept apart."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from schoolops.queues import ATTENDANCE, broker, message, registry
from schoolops.queues.ledger import deaths as direct
from schoolops.queues.worker import journal
from schoolops.queues.worker.journal import Journal, Suspect
from schoolops.queues.worker.runner import Runner
from tests.chaos import tasks
from tests.chaos.processes import wait_until
from tests.queues.ground import Ledger
from tests.queues.installation import LONG, Installation

pytestmark = pytest.mark.proof


def well(installation: Installation, *numbers: int, queue: str = "attendance", kind: str = "well") -> list[int]:
    chosen = registry.find(f"chaos.atomic.{queue}")
    return [installation.ledger.enqueue(chosen, n=n, kind=kind) for n in numbers]


def test_a_worker_killed_with_its_effect_written_and_not_committed(installation: Installation) -> None:
    installation.arm("effect")
    installation.start("attendance", "quarantine")
    well(installation, 1)
    os.kill(installation.caught("effect"), signal.SIGKILL)
    installation.comes_to_rest()
    assert installation.effects() == [1]
    assert installation.ledger.letters() == []
    assert [attempt.outcome for attempt in installation.ledger.attempts()] == ["crashed"]


def test_a_worker_killed_just_after_the_commit(installation: Installation) -> None:
    installation.arm("finish")
    installation.start("attendance", "quarantine")
    well(installation, 1)
    os.kill(installation.caught("finish"), signal.SIGKILL)
    well(installation, 2)
    installation.comes_to_rest()
    assert installation.effects() == [1, 2]
    assert installation.ledger.attempts() == []


def test_a_child_killed_with_a_job_in_hand_while_its_sibling_goes_on(installation: Installation) -> None:
    installation.arm("effect")
    installation.start("examinations", "quarantine")
    well(installation, *range(10), queue="examinations")
    os.kill(installation.caught("effect"), signal.SIGKILL)
    installation.comes_to_rest()
    assert installation.effects() == list(range(10))
    assert installation.ledger.letters() == []


@pytest.mark.parametrize("queue", ["attendance", "examinations"])
def test_a_job_that_kills_its_process_is_buried_alone(installation: Installation, queue: str) -> None:
    installation.start(queue, "quarantine")
    well(installation, *range(20), queue=queue)
    [poison] = well(installation, 99, queue=queue, kind="poison")
    well(installation, *range(20, 40), queue=queue)
    installation.comes_to_rest()
    [letter] = installation.ledger.letters()
    assert (letter.pk, letter.reason, letter.crashes, letter.payload["kind"]) == (poison, "poison", 3, "poison")
    assert installation.effects() == list(range(40))


NASTY: tuple[bytes, ...] = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"not json",
    b"\xff\xfe\x00",
    b'{"body": "W10=", "headers": {}, "properties": {}}',
    json.dumps({"body": "!", "properties": {"body_encoding": "base64"}}).encode(),
)


def altered(**changes: object) -> bytes:
    """A good message with one thing wrong."""
    mode = message.Mode.ONE_TRANSACTION
    good = json.loads(message.build([10**15], task="x", broker_key=ATTENDANCE.broker_key, timeout_s=30, mode=mode))
    for path, value in changes.items():
        where = good
        *parents, last = path.split("__")
        for parent in parents:
            where = where[parent]
        where[last.replace("_", "-") if last.startswith("content") else last] = value
    return json.dumps(good).encode()


def test_garbage_in_the_broker_stops_no_worker(installation: Installation) -> None:
    empty, no_args = base64.b64encode(b"[]").decode(), base64.b64encode(b"[1, 2]").decode()
    nasty = [
        *NASTY,
        altered(body=empty),
        altered(body=no_args),
        altered(body=base64.b64encode(b'[[["x"],30,0],{},{}]').decode()),
        altered(body=base64.b64encode(b'[[[1],30,0],{"self": 1},{}]').decode()),
        altered(body=base64.b64encode(b"[[[1],30,7],{},{}]").decode()),
        altered(headers__task="apps.unknown.task"),
        altered(headers__eta="yesterday"),
        altered(content_type="application/x-python-serialize"),
        altered(content_encoding="utf-7"),
        altered(properties__body_encoding="rot13"),
        altered(properties={}),
    ]
    installation.start("attendance")
    assert wait_until(lambda: b"jobs.attendance" in broker.client().hgetall(broker.BOOT_KEY), LONG)
    worker = installation.supervisor.children["attendance"].process
    assert worker is not None
    broker.client().lpush(ATTENDANCE.broker_key, *nasty)
    well(installation, 1, 2, 3)
    installation.comes_to_rest()
    assert worker.poll() is None
    assert installation.effects() == [1, 2, 3]
    assert broker.client().llen(broker.GARBAGE_KEY) == len(nasty)


def test_work_that_hears_nothing_is_killed_and_has_failed_by_its_time(installation: Installation) -> None:
    installation.start("examinations")
    installation.ledger.enqueue(tasks.deaf, n=1, kind="well")
    assert wait_until(lambda: bool(installation.ledger.letters()), 90), installation.logs()
    [letter] = installation.ledger.letters()
    assert (letter.reason, letter.attempts, letter.crashes) == ("timeout", 2, 0)
    assert installation.effects() == []


def test_threads_that_hear_nothing_are_cut_off_and_end_their_process_when_they_are_too_many(
    installation: Installation,
) -> None:
    installation.start("notifications", "quarantine")
    deaf = [installation.ledger.enqueue(tasks.deaf_on_threads, n=n, kind="well") for n in range(3)]
    assert wait_until(lambda: len(installation.ledger.letters()) == 3, 150), installation.logs()
    letters = installation.ledger.letters()
    assert [(letter.pk, letter.reason, letter.crashes) for letter in letters] == [(job, "timeout", 0) for job in deaf]
    log = (installation.folder / "notifications.log").read_text()
    assert log.count("its database connection is cut") >= 3
    assert "do not stop; this process drains and ends" in log
    well(installation, 7, queue="attendance")
    installation.worker("attendance")
    installation.comes_to_rest()
    assert installation.effects() == [7], "what the deaf had written went with their connections"


def test_a_leading_relay_that_is_killed_is_followed_by_the_one_that_stands_by(installation: Installation) -> None:
    relays = [installation.program(f"relay-{number}", "manage", "relay") for number in (1, 2)]
    assert wait_until(lambda: leading() > 0, LONG), installation.logs()
    [leader] = [relay for relay in relays if relay.process and relay.process.pid == leading()]
    [standby] = [relay for relay in relays if relay is not leader]
    installation.worker("attendance")
    well(installation, *range(50))
    leader.wanted = False
    leader.kill()
    well(installation, *range(50, 100))
    installation.comes_to_rest()
    assert standby.process
    assert leading() == standby.process.pid
    assert installation.effects() == list(range(100))


def leading() -> int:
    """The pid of the relay that leads; 0 while none does."""
    return int((broker.client().get(broker.RELAY_KEY) or b"0").rsplit(b":", 1)[-1])


def test_sigterm_lets_what_runs_be_finished_and_loses_nothing_that_was_fetched(installation: Installation) -> None:
    installation.start("attendance")
    for n in range(8):
        installation.ledger.enqueue(tasks.careful, n=n, kind="well")
    child = installation.supervisor.children["attendance"]
    journals = installation.folder / "journal"
    assert wait_until(lambda: in_hand(journals) > 0, LONG), installation.logs()
    child.wanted = False
    assert child.process is not None
    child.process.terminate()
    assert child.process.wait(LONG) == 0
    done = installation.effects()
    assert done
    assert installation.ledger.attempts() == []
    installation.worker("attendance")
    installation.comes_to_rest()
    assert installation.effects() == list(range(8))


def in_hand(folder: Path) -> int:
    return sum(len(Journal(path).suspects()) for path in folder.glob("*.journal"))


def test_a_worker_that_was_stopped_wakes_up_late_and_is_fenced(installation: Installation) -> None:
    installation.start("notifications")
    job = installation.ledger.enqueue(tasks.slow, n=1, kind="well")
    assert wait_until(lambda: any(row.lease_until for row in installation.ledger.jobs()), LONG), installation.logs()
    process = installation.supervisor.children["notifications"].process
    assert process is not None
    stopped = psutil.Process(process.pid)
    stopped.suspend()
    # Its lease runs out meanwhile, and another worker does the job.
    installation.ledger.sql("UPDATE queues_job SET lease_until = now() - interval '1 second'")
    Runner().run_leased(job, 20)
    assert installation.effects() == [1]
    stopped.resume()
    log = installation.folder / "notifications.log"
    assert wait_until(lambda: "fenced" in log.read_text(), LONG), installation.logs()
    assert installation.effects() == [1]
    assert installation.ledger.jobs() == installation.ledger.letters() == []


def test_a_stopped_worker_keeps_others_from_the_job_until_the_database_ends_it(installation: Installation) -> None:
    """In one transaction the row lock is the fence; idle_in_transaction_session_timeout takes it from a sleeper."""
    installation.start("attendance")
    job = installation.ledger.enqueue(tasks.careful, n=1, kind="well")
    assert wait_until(lambda: in_hand(installation.folder / "journal") > 0, LONG), installation.logs()
    time.sleep(0.3)
    process = installation.supervisor.children["attendance"].process
    assert process is not None
    stopped = psutil.Process(process.pid)
    stopped.suspend()
    Runner().run([job], 20)
    assert [row.pk for row in installation.ledger.jobs()] == [job], "the sleeper holds it"
    installation.ledger.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(state, 'idle in transaction')"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    Runner().run([job], 20)
    stopped.resume()
    installation.comes_to_rest()
    assert installation.effects() == [1]


def test_a_death_that_is_reported_twice_is_counted_once(ledger: Ledger) -> None:
    job = ledger.enqueue(registry.find("chaos.atomic.attendance"), n=1, kind="well")
    for incident, crashes in ((7, 1), (7, 1), (8, 2)):
        direct.report_dead_process([Suspect(job, over_time=False, incident=incident)], worker="test")
        assert [row.crashes for row in ledger.jobs()] == [crashes]
    direct.report_dead_process([Suspect(job, over_time=False, incident=9)], worker="test")
    assert [letter.reason for letter in ledger.letters()] == ["poison"]


def test_nobody_takes_the_journal_of_a_dead_worker_while_its_suspects_are_reported(tmp_path: Path) -> None:
    # Two workers at once, so that there are two journals; then both die, the second with a job in hand.
    first, second = journal.claim(tmp_path, "attendance")[0], journal.claim(tmp_path, "attendance")[0]
    second.journal.begin(0, 7)
    first.close_lock()
    second.close_lock()
    successor, found, orphans = journal.claim(tmp_path, "attendance")
    assert [each.job_id for each in found] == [7]
    beside, also_found, _ = journal.claim(tmp_path, "attendance")
    assert also_found == []
    beside.journal.begin(0, 8)
    journal.forget(successor, orphans)
    assert [each.job_id for each in beside.journal.suspects()] == [8]
    successor.close_lock()
    beside.journal.clear()
    beside.close_lock()
