"""The master behind Sentinel is killed, then another is handed over, while four threads read and write.

Nobody who reads notices, and two seconds after Sentinel names the new master everything is written there. Prints what
it measured (``pytest -m proof -s``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from config.env import BASE_DIR
from schoolops.cache import CacheEntry, entry, outage, purge
from schoolops.context import inside
from schoolops.queues import ATTENDANCE, broker, message
from schoolops.ratelimit import windows
from schoolops.redis import boot, connection, telemetry
from schoolops.redis.connection import ALIASES, CACHE, RedisUnavailable
from schoolops.tenancy.models import School
from tests.support.failover import Group, wait_until

pytestmark = [pytest.mark.proof, pytest.mark.django_db]

THREADS = 4
RECOVERED_WITHIN_S = 2.0
# One that asks Sentinel and connects; beyond that, what a busy machine adds.
MOST_OF_A_READ_S = 2 * (CACHE.command_timeout_s + CACHE.connect_timeout_s) + 0.25
ROWS = 20


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    with Group(tmp_path) as made, override_settings(REDIS_URL=made.url, QUEUES_BROKER_URL=made.url, REDIS_PATIENCE=1):
        _fresh()
        yield made
    _fresh()
    outage._pending.clear()


def _fresh() -> None:
    connection.client.cache_clear()
    connection.platform_redis.cache_clear()
    broker.client.cache_clear()
    windows.forget_here()
    connection.circuit.reset()


@dataclass(frozen=True, slots=True)
class Step:
    """One read and one write: when they began and ended, how long the read took, and how both went."""

    began: float
    read_s: float
    loaded: bool
    refusal: str
    ended: float


class Load:
    """Four threads that read values of the cache and write to Redis, as requests would."""

    def __init__(self, school: School, sheet: CacheEntry[str]) -> None:
        self._school, self._sheet = school, sheet
        self._stop = threading.Event()
        self.steps: list[Step] = []
        self.failed: list[BaseException] = []
        self.written = dict.fromkeys(range(THREADS), -1)
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(THREADS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, n: int) -> None:
        try:
            with inside(self._school):
                for number in range(1_000_000):
                    if self._stop.is_set():
                        return
                    with connection.one_strike():
                        self.steps.append(self._step(n, number))
                    self._stop.wait(0.01)
        except BaseException as failed:  # noqa: BLE001 - told by the test
            self.failed.append(failed)

    def _step(self, n: int, number: int) -> Step:
        row, loads = (n + number) % ROWS, []

        def load() -> str:
            loads.append(row)
            return f"row {row}"

        began = time.monotonic()
        assert self._sheet.get(row, load=load) == f"row {row}"
        read = time.monotonic()
        try:
            connection.client(CACHE).set(f"platform:test:failover:{n}", number, ex=600)
            refusal, self.written[n] = "", number
        except RedisUnavailable as refused:
            refusal = f"{type(refused).__name__}: {refused}"
        return Step(began, read - began, bool(loads), refusal, time.monotonic())


def _tell(what: str, steps: list[Step], struck: float, named: float) -> None:
    during = [step for step in steps if step.began >= struck]
    refused = [step for step in during if step.refusal]
    last_refused = max((step.ended for step in refused), default=named)
    last_loaded = max((step.ended for step in during if step.loaded), default=named)
    longest = max(step.read_s for step in during)
    print(
        f"{what}: new master named after {named - struck:.2f} s, {len(refused)} of {len(during)} writes refused, last"
        f" {last_refused - named:+.2f} s, last read from the database {last_loaded - named:+.2f} s, longest read"
        f" {longest * 1000:.0f} ms"
    )
    print("  ", Counter(step.refusal.partition(":")[0] for step in refused))
    assert last_refused <= named + RECOVERED_WITHIN_S
    assert last_loaded <= named + RECOVERED_WITHIN_S
    assert longest <= MOST_OF_A_READ_S
    assert during[-1].began > named + RECOVERED_WITHIN_S, "the load ended before it could tell"


def test_readers_do_not_notice_and_writers_follow_the_master(group: Group, oak: School) -> None:
    sheet = CacheEntry("test-failover", str, ttl_s=600)
    try:
        with Load(oak, sheet) as load:
            time.sleep(2)
            first = group.master()
            killed = time.monotonic()
            group.kill_master()
            named = group.wait_for_another_master(first)
            time.sleep(RECOVERED_WITHIN_S + 2)
            wait_until(group.is_settled, "the last replica to follow")
            second, until = group.master(), len(load.steps)
            asked = time.monotonic()
            group.hand_over()
            handed_over = group.wait_for_another_master(second)
            time.sleep(RECOVERED_WITHIN_S + 2)
    finally:
        entry._entries.pop("test-failover")
    assert load.failed == []
    assert not any(step.loaded or step.refusal for step in load.steps[200:300]), "quiet before the fault"
    _tell("SIGKILL", load.steps[:until], killed, named)
    _tell("SENTINEL FAILOVER", load.steps[until:], asked, handed_over)
    third = group.server(group.master())
    assert len({first, second, group.master()}) == 3
    assert third.role()[0] == b"master"
    assert {n: int(third.get(f"platform:test:failover:{n}")) for n in range(THREADS)} == load.written


def test_the_check_names_sentinels_and_master(group: Group) -> None:
    assert boot.check(group.url) == []
    said = StringIO()
    call_command("redis_check", stdout=said)
    for port in group.sentinel_ports:
        assert f"Sentinel 127.0.0.1:{port} names: 127.0.0.1:{group.master()}" in said.getvalue()
    assert "Redis is ready." in said.getvalue()


def test_every_use_of_redis_finds_the_master(group: Group, oak: School, settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1
    for alias in ALIASES:
        name = f"platform:test:{alias.name}"
        assert connection.client(alias).set(name, alias.name)
        assert group.server(group.master()).get(name) == alias.name.encode()
    # Without Redis it would pass, and nothing would be counted.
    few = windows.Window("few", "user", 3, 3600, "open", "for tests")
    with inside(oak):
        assert [windows.count({few: "ada"})[0].left for _ in range(3)] == [2, 1, 0]
        assert purge.purge_school() >= 1
    telemetry.Buffer().send({})


def test_a_celery_worker_follows_the_master_and_still_sets_aside_what_it_cannot_read(
    group: Group, tmp_path: Path
) -> None:
    def drained(garbage: int) -> bool:
        client = broker.client()
        return client.llen(ATTENDANCE.broker_key) == 0 and client.llen(broker.GARBAGE_KEY) == garbage

    def publish(text: str) -> None:
        # Nobody's job: the worker finds no row for it, and goes on.
        ours = message.build(
            [2**40], task="", broker_key=ATTENDANCE.broker_key, timeout_s=10, mode=message.Mode.ONE_TRANSACTION
        )
        wait_until(lambda: broker.client().lpush(ATTENDANCE.broker_key, ours, text), "a broker that takes messages")

    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "config.worker", ATTENDANCE.name],
            cwd=BASE_DIR, env={**os.environ, "REDIS_URL": group.url, "REDIS_PATIENCE": "1"}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until(lambda: broker.client().hget(broker.BOOT_KEY, ATTENDANCE.broker_key), "the worker", 60)
        publish("{")
        wait_until(lambda: drained(1), "the worker to take both")
        before = group.master()
        group.kill_master()
        named = group.wait_for_another_master(before)
        publish("}")
        wait_until(lambda: drained(2), "the worker to follow", 60)
        followed = time.monotonic()
        assert worker.poll() is None
        print(f"Celery: the worker took messages of the new master {followed - named:.2f} s after it was named")
    except AssertionError:
        print((tmp_path / "worker.log").read_text()[-4000:])
        raise
    finally:
        worker.terminate()
        worker.wait(60)
