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
from django.test import Client, override_settings

from schoolops import launcher
from schoolops.health import builtin, checks, doctor, gauges
from schoolops.observability import metrics
from schoolops.queues.desk import overview
from schoolops.queues.registry import QUEUES
from schoolops.queues.relay import broker
from schoolops.queues.worker import consumer
from schoolops.queues.worker.process import Worker
from schoolops.redis.connection import platform_redis
from tests.queues.ground import Ledger

REFUSALS = (
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    "NOREPLICAS Not enough good replicas to write.",
    "UNBLOCKED force unblock from blocking operation",
)


@pytest.mark.parametrize("said", REFUSALS, ids=lambda said: said.partition(" ")[0])
def test_an_answer_of_error_is_a_connection_that_comes_back(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery ends for good on what it does not take for a lost connection."""
    waited: list[float] = []
    # This module's alone: other threads of the run sleep, too.
    monkeypatch.setattr(consumer, "time", SimpleNamespace(sleep=waited.append))
    channel = consumer.Channel.__new__(consumer.Channel)
    channel.connection_errors = consumer.Transport.connection_errors
    channel.client = MagicMock()
    channel._flush_brpop_reauth = MagicMock()
    channel.client.parse_response.side_effect = redis.ResponseError(said)
    with pytest.raises(consumer.SentinelTransport.connection_errors, match=said.partition(" ")[0]):
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
