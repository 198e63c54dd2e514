"""A school without a database, a value as large as somebody's permissions, and the processes that read beside us."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import redis
from django.conf import settings

from schoolops.cache import CacheEntry
from schoolops.context import inside

KEYS_PER_SCHOOL = 50_000
SCHOOLS = 20
LOAD_S = 0.1


@dataclass(frozen=True)
class Place:
    """As much of a school as a cache needs."""

    pk: int
    slug: str = "bench"
    schema_name: str = "school_bench"
    role_name: str = "bench"


class Role(msgspec.Struct, frozen=True):
    """Shaped like ``apps.access.caches.Held``, which needs a database to be asked for."""

    role: str
    scope: str
    institution_id: int | None
    permissions: frozenset[str]


class Value(msgspec.Struct, frozen=True):
    """Somebody's permissions: about a kilobyte."""

    timezone: str
    roles: tuple[Role, ...]


VALUE = Value(
    "Europe/London", (Role("registrar", "everything", None, frozenset(f"students.permission-{n}" for n in range(32))),)
)
ENTRY = CacheEntry("bench", Value, ttl_s=3600)
HERD = CacheEntry("bench-herd", Value, ttl_s=3600)


def plain() -> redis.Redis:
    """redis-py with timeouts, and nothing of ours: its own pool, its own connections."""
    return redis.Redis(
        connection_pool=redis.ConnectionPool.from_url(
            settings.REDIS_URL,
            socket_timeout=30,
            socket_connect_timeout=5,
            socket_keepalive=True,
            health_check_interval=30,
            protocol=2,
            max_connections=64,
        )
    )


_FILL = """
for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('SET', 'tenant:' .. ARGV[1] .. ':bench:v1:' .. number, ARGV[4])
end
"""


def fill() -> int:
    """A million values, fifty thousand for each of twenty schools; how many there are."""
    client, value = plain(), b"x" * 64
    for school in range(1, SCHOOLS + 1):
        for first in range(1, KEYS_PER_SCHOOL, 5_000):
            client.eval(_FILL, 0, school, first, first + 4_999, value)
    return int(client.dbsize())


# --- a neighbour who reads --------------------------------------------------------------------------------------------
def _read(url: str, stop: Any, found: Any) -> None:
    client = redis.Redis.from_url(url)
    client.set("tenant:999:bench", b"1")
    reads: list[tuple[float, float]] = []
    while not stop.is_set():
        began = time.monotonic()
        client.get("tenant:999:bench")
        took = time.monotonic() - began
        if took > 0.0005 or len(reads) % 64 == 0:
            reads.append((began, took))
        time.sleep(0.0002)
    found.send(reads)


class Reader:
    """A process that reads one value of another school all the time. ``stall(began, ended)``: its longest wait then."""

    def __enter__(self) -> Reader:
        context = multiprocessing.get_context("fork")
        self._stop = context.Event()
        self._mine, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_read, args=(settings.REDIS_URL, self._stop, theirs), daemon=True)
        self._process.start()
        time.sleep(0.3)
        self._reads: list[tuple[float, float]] = []
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._reads = self._mine.recv()
        self._process.join(10)

    def stall_ms(self, began: float, ended: float) -> float:
        """After the block: the longest read that overlapped with this stretch of ``time.monotonic()``."""
        waits = [took for at, took in self._reads if at < ended and at + took > began]
        return 1000 * max(waits, default=0.0)


# --- many who miss at once --------------------------------------------------------------------------------------------
def _miss(number: int, threads: int, ready: Any, loads: Any) -> None:
    together = threading.Barrier(threads)

    def load() -> Value:
        with loads.get_lock():
            loads.value += 1
        time.sleep(LOAD_S)
        return VALUE

    def ask() -> None:
        with inside(Place(7)):
            together.wait(60)
            HERD.get("herd", number, load=load)

    each = [threading.Thread(target=ask) for _ in range(threads)]
    ready.wait(60)
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


def loads_of_a_herd(number: int, *, processes: int = 4, threads: int = 50) -> int:
    """How often the value was loaded when ``processes`` × ``threads`` ask for it at once and nobody has it."""
    context = multiprocessing.get_context("fork")
    ready, loads = context.Barrier(processes), context.Value("i", 0)
    herd = [context.Process(target=_miss, args=(number, threads, ready, loads)) for _ in range(processes)]
    for process in herd:
        process.start()
    for process in herd:
        process.join(60)
    return int(loads.value)
