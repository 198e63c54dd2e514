"""Whatever the order in which a reader, a writer and the forgetting go, nobody reads the old value afterwards.

The real entry on a real Redis and a real database; only the order of steps is ours, and the clock a reader waits by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from apps.institutions.models import Institution
from schoolops.cache import CacheEntry, entry, outage
from schoolops.context import inside
from schoolops.redis import connection as redis_connection
from schoolops.tenancy.models import School
from tests.cache.interleaving import Act, every_order, pause, two_actors


class SteppedPipeline(redis.client.Pipeline):
    """Lets others go first before it is sent."""

    def execute(self, raise_on_error: bool = True) -> Any:
        pause()
        return super().execute(raise_on_error)


class SteppedRedis(redis.Redis):
    """Lets others go first before every command. Without a circuit, which would open on a busy machine."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        pause()
        return super().execute_command(*args, **options)

    def look_at(self, names: Sequence[str]) -> Any:
        return self.execute_command("MGET", *names)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> SteppedPipeline:
        return SteppedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class Clock:
    """Whoever sleeps has waited long enough, and lets others go first."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += entry.PATIENCE_S
        pause()


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> SteppedRedis:
    made = SteppedRedis(
        connection_pool=redis_connection.pool(settings.REDIS_URL, command_timeout_s=5, connect_timeout_s=5, most=16)
    )
    for module in (entry, outage):
        monkeypatch.setattr(module, "client", lambda _alias: made)
    monkeypatch.setattr(entry, "time", Clock())
    return made


@pytest.fixture
def ash(fresh_school: Callable[..., School]) -> Iterator[School]:
    """A school with one campus, whose name is what everybody reads."""
    school = fresh_school()
    with inside(school):
        Institution.objects.create(name="0", code="A")
        yield school


def _name() -> str:
    pause()
    return str(Institution.objects.values_list("name", flat=True).get())


class Cached:
    """Ours."""

    def __init__(self, *, strict: bool) -> None:
        self.entry = CacheEntry("test-interleaved", str, ttl_s=60, strict=strict)

    def get(self) -> str:
        return self.entry.get(1, load=_name)

    def forget(self) -> None:
        self.entry.forget(1)

    def close(self) -> None:
        entry._entries.pop("test-interleaved")


class Naive:
    """What most people write: fill on a miss, delete after the commit."""

    def __init__(self, redis: SteppedRedis) -> None:
        self.redis = redis

    def get(self) -> str:
        known = self.redis.get("test:naive")
        if known is not None:
            return bytes(known).decode()
        name = _name()
        self.redis.set("test:naive", name, ex=60)
        return name

    def forget(self) -> None:
        transaction.on_commit(lambda: self.redis.delete("test:naive"))

    def close(self) -> None:
        self.redis.delete("test:naive")


def _count(school: School, cache: Cached | Naive, *, writes: int, warm: bool) -> tuple[int, int]:
    """(orders tried, orders after which the old name is read)."""
    number = 0
    # The stamps of a school that nobody has asked about yet are made on the way: steps that only the first run has.
    cache.get()

    def prepare() -> list[Act]:
        nonlocal number
        number += writes
        Institution.objects.update(name=str(number - writes))
        cache.forget()
        if warm:
            assert cache.get() == str(number - writes)
        finished: list[str] = []

        def write() -> None:
            for later in range(writes - 1, -1, -1):
                with transaction.atomic():
                    Institution.objects.update(name=str(number - later))
                    cache.forget()
                    pause()
                finished.append(str(number - later))

        def read() -> None:
            # Whoever begins when the write is done reads what it wrote.
            at_least = finished[-1] if finished else None
            value = cache.get()
            if isinstance(cache, Cached) and at_least is not None:
                assert int(value) >= int(at_least)

        return [read, write]

    def in_the_school(play: Act) -> None:
        try:
            with inside(school):
                play()
        finally:
            connection.close()

    orders = stale = 0
    with two_actors(in_the_school) as actors:
        for _ in every_order(actors, prepare):
            orders += 1
            stale += cache.get() != str(number)
    cache.close()
    return orders, stale


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("writes", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_no_order_leaves_the_old_value(
    ash: School, stepped: SteppedRedis, strict: bool, warm: bool, writes: int
) -> None:
    orders, stale = _count(ash, Cached(strict=strict), writes=writes, warm=warm)
    assert orders >= 6
    assert stale == 0


def test_deleting_after_the_commit_leaves_it_in_some(ash: School, stepped: SteppedRedis) -> None:
    """The control: were our orders too few to find a race, they would not find this one."""
    orders, stale = _count(ash, Naive(stepped), writes=1, warm=False)
    assert 0 < stale < orders


def test_the_clock_of_a_waiting_reader_is_ours(ash: School, stepped: SteppedRedis) -> None:
    """Another process is loading and never finishes: the reader asks the database itself, without waiting for it."""
    cache = Cached(strict=False)
    key = f"tenant:{ash.pk}:test-interleaved:v1:1:loading"
    stepped.set(key, b"somebody", px=60_000)
    assert cache.get() == "0"
    cache.close()
