"""A broker that answers, but refuses to write, ends no worker, is said, and is worked with again once it writes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import redis
from django.conf import settings
from django.test import Client, override_settings

from schoolops import launcher
from schoolops.health import builtin, checks, doctor, gauges
from schoolops.observability import metrics
from schoolops.queues import broker
from schoolops.queues.desk import overview
from schoolops.queues.registry import ATTENDANCE, NOTIFICATIONS, QUEUES
from schoolops.queues.relay.relay import Relay
from schoolops.queues.worker import consumer
from schoolops.queues.worker.process import Worker
from schoolops.redis.connection import platform_redis
from tests.chaos import tasks
from tests.queues.ground import Ledger

REFUSALS: tuple[str | Exception, ...] = (
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    "NOREPLICAS Not enough good replicas to write.",
    "UNBLOCKED force unblock from blocking operation",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    redis.exceptions.NoPermissionError("NOPERM No permissions to access a key"),
    redis.exceptions.MasterDownError("MASTERDOWN Link with MASTER is down"),
    redis.InvalidResponse("Protocol error, got 'H' as reply type byte"),
)


@pytest.mark.parametrize("said", REFUSALS, ids=lambda said: str(said).partition(" ")[0])
def test_an_answer_of_error_is_a_connection_that_comes_back(
    said: str | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery ends for good on what it does not take for a lost connection."""
    waited: list[float] = []
    # Its own name for the clock: other threads of this process go on sleeping.
    monkeypatch.setattr(consumer, "time", SimpleNamespace(sleep=waited.append))
    channel = consumer.Channel.__new__(consumer.Channel)
    channel.connection_errors = consumer.Transport.connection_errors
    channel.client = MagicMock()
    channel._flush_brpop_reauth = MagicMock()
    channel.client.parse_response.side_effect = redis.ResponseError(said) if isinstance(said, str) else said
    with pytest.raises(consumer.SentinelTransport.connection_errors, match=str(said).partition(" ")[0]):
        channel._brpop_read()
    assert channel.client.connection.disconnect.called
    assert waited == [consumer.REFUSED_PAUSE_S]


@pytest.fixture
def valkey(tmp_path: Path, ledger: Ledger) -> Iterator[launcher.Servers]:
    """A server of the test's own, for the queues and all else, which may be told to refuse."""
    with launcher.start_valkey(launcher.THROWAWAY, tmp_path / "valkey") as servers:
        with override_settings(QUEUES_BROKER_URL=servers.redis_url, REDIS_URL=servers.redis_url):
            _begin_anew()
            yield servers
        _begin_anew()


def _begin_anew() -> None:
    broker.client.cache_clear()
    platform_redis.cache_clear()
    overview.forget()
    checks.forget()


def _make_it_refuse() -> None:
    broker.client().config_set("maxmemory-policy", "noeviction")
    broker.client().config_set("maxmemory", "1mb")


def test_readiness_queues_and_doctor_say_that_it_refuses_and_why(
    valkey: launcher.Servers, client_for: Callable[[Any], Client], ledger: Ledger
) -> None:
    _make_it_refuse()
    overview.forget()
    checks.forget()
    now = overview.overview()
    assert (now["status"], now["broker"].startswith("refuses to write: ")) == ("unavailable", True)
    ready = checks.readiness()["checks"]
    assert (ready["redis"]["status"], ready["queues"]["status"]) == ("degraded", "degraded")
    assert "maxmemory" in ready["redis"]["error"]
    assert "maxmemory" in ready["queues"]["broker"]
    assert any(line.colour == "red" and "refuses to write" in line.what for line in doctor.EXAMINATIONS["jobs"]())
    leads = [value for metric, _, value in gauges.of_the_queues() if metric is metrics.RELAY_LEADS]
    assert leads == [0.0], "and the alert fires"
    broker.client().config_set("maxmemory", "0")
    overview.forget()
    assert overview.overview()["broker"] == "ok"


def test_a_policy_that_evicts_jobs_is_said_by_readiness(valkey: launcher.Servers) -> None:
    assert builtin._redis() == {}
    broker.client().config_set("maxmemory-policy", "allkeys-lru")
    assert builtin._redis()["status"] == "degraded"


# --- who takes from a queue -------------------------------------------------------------------------------------------
def turn(relay: Relay, times: int = 3) -> None:
    """Some looks of the relay's, each after the broker's refusal of the one before."""
    for _ in range(times):
        relay._side_work_at = 0
        try:
            relay.turn()
        except redis.ResponseError:
            relay._redis = None


@pytest.fixture
def relay(valkey: launcher.Servers) -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()


@pytest.mark.parametrize("key", sorted(broker._KINDS))
def test_a_key_of_ours_that_a_stranger_took_is_set_aside_and_stops_nobody(
    ledger: Ledger, relay: Relay, key: str
) -> None:
    broker.client().delete(key)
    broker.client().zadd(key, {"a stranger's": 1})
    job = ledger.enqueue(tasks.careful, n=1, kind="well")
    turn(relay)
    assert list(relay.in_flight) == [job]
    assert broker.client().llen(ATTENDANCE.broker_key) == 1
    assert broker.client().type(key) != b"zset"
    if key not in {broker.HEALTH_KEY, broker.FORGETS_KEY, broker.RELAY_KEY}:
        # Those are written over, whatever stands there.
        assert broker.client().zrange(f"{broker.GARBAGE_KEY}:{key}", 0, -1) == [b"a stranger's"]
    overview.forget()
    assert overview.overview()["broker"] == "ok"


def test_words_of_strangers_end_no_relay_and_no_overview(ledger: Ledger, relay: Relay) -> None:
    turn(relay)
    broker.client().rpush(broker.AGAIN_KEY, b"\xff", "12 monkeys", "")
    broker.client().hset(broker.BOOT_KEY, b"\xff", "again")
    broker.client().hset(broker.WORKERS_KEY, b"\xff@host#1", "soon")
    job = ledger.enqueue(tasks.careful, n=1, kind="well")
    turn(relay)
    assert list(relay.in_flight) == [job]
    overview.forget()
    assert overview.overview()["silent"] == []


def test_a_list_that_is_refused_keeps_no_other_queue_waiting_and_doubles_nothing_there(
    ledger: Ledger, relay: Relay
) -> None:
    """Rights at the broker that leave out one queue: its jobs wait in the ledger."""
    turn(relay)
    refused, accepted = ledger.enqueue(tasks.careful, n=1, kind="well"), ledger.enqueue(tasks.slow, n=1, kind="well")
    admin = redis.Redis.from_url(settings.QUEUES_BROKER_URL)
    every = [key for key in broker._KINDS if key != ATTENDANCE.broker_key]
    admin.acl_setuser("default", enabled=True, reset_keys=True, keys=every, commands=["+@all"])
    turn(relay, 5)
    assert list(relay.in_flight) == [accepted]
    assert broker.client().llen(NOTIFICATIONS.broker_key) == 1
    admin.acl_setuser("default", enabled=True, keys=["*"], commands=["+@all"])
    turn(relay)
    assert sorted(relay.in_flight) == [refused, accepted]


def test_a_queue_without_a_worker_and_one_that_stands_still_are_named(ledger: Ledger) -> None:
    names = [*QUEUES, "quarantine"]
    overview.forget()
    assert overview.overview()["unmanned"] == names
    for name in names:
        broker.say_alive(f"{name}@here#1")
    broker.say_alive("fees@there#1")
    overview.forget()
    now = overview.overview()
    assert (now["unmanned"], now["silent"], now["queues"]["fees"]["workers"]) == ([], [], 2)
    seconds, _ = broker.client().time()
    for name in ("imports@here#1", "fees@there#1"):
        broker.client().hset(broker.WORKERS_KEY, name, seconds - 40)
    broker.client().hset(broker.WORKERS_KEY, "fees@gone#1", seconds - 3600)
    overview.forget()
    checks.forget()
    now = overview.overview()
    assert (now["status"], now["unmanned"]) == ("degraded", ["imports"])
    unmanned = {labels: value for metric, labels, value in gauges.of_the_queues() if metric is metrics.JOBS_UNMANNED}
    assert unmanned == {(name,): float(name == "imports") for name in names}
    assert now["silent"] == ["fees@there#1", "imports@here#1"]
    assert checks.readiness()["checks"]["queues"]["unmanned"] == ["imports"]
    said = {line.what for line in doctor.EXAMINATIONS["jobs"]() if line.colour == "red"}
    assert {"imports: no worker takes from this queue", "The worker fees@there#1 stands still"} <= said


def test_a_worker_beats_from_its_boot_on_until_it_is_told_to_end(ledger: Ledger, tmp_path: Path) -> None:
    worker = Worker(QUEUES["fees"], tmp_path)
    worker.boot()
    until = time.monotonic() + 20
    while not (beats := broker.client().hgetall(broker.WORKERS_KEY)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [name.partition(b"@")[0] for name in beats] == [b"fees"]
    worker.end()
    assert broker.client().hgetall(broker.WORKERS_KEY) == {}


@pytest.mark.proof
def test_workers_outlive_a_broker_that_refuses_and_a_stopped_one_is_named(
    valkey: launcher.Servers, installation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real workers: Redis cannot save, then can again; then one is stopped as it stands."""
    from tests.chaos.processes import wait_until  # noqa: PLC0415 - its tasks need the apps
    from tests.queues.installation import LONG  # noqa: PLC0415
    from tests.queues.test_workers import well  # noqa: PLC0415

    installation.environment["REDIS_URL"] = valkey.redis_url
    installation.start("attendance")
    assert wait_until(lambda: bool(broker.client().hgetall(broker.WORKERS_KEY)), LONG), installation.logs()
    process = installation.supervisor.children["attendance"].process
    _make_it_refuse()
    time.sleep(5)
    assert process.poll() is None, installation.logs()
    broker.client().config_set("maxmemory", "0")
    well(installation, 1, 2, 3)
    installation.comes_to_rest()
    assert sorted(installation.effects()) == [1, 2, 3]
    assert process.poll() is None
    os.kill(process.pid, signal.SIGSTOP)
    try:

        def named() -> bool:
            overview.forget()
            return "attendance" in (overview.overview()["unmanned"] or ())

        assert wait_until(named, 60)
    finally:
        os.kill(process.pid, signal.SIGCONT)
