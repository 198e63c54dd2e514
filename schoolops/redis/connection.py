"""Connections to Redis or Valkey. Every option is said here, since the library's own change from version to version.

redis-py 8.1 on its own retries ten times at five seconds: a request that meets a hung server would wait a minute.
"""

from __future__ import annotations

import functools
import os
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import hiredis
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool, SentinelManagedConnection
from typing_extensions import override

from schoolops.observability.metrics import REDIS_LATENCY
from schoolops.redis import sentinel
from schoolops.resilience import Breaker, BreakerOpen, Limits

RedisUnavailable = redis.RedisError

# The outer bounds, for boot, the broker and an operator's commands: there a late answer is better than none.
COMMAND_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 10.0


# Compared as the constants they are: a client is looked up by its alias for every command.
@dataclass(frozen=True, slots=True, eq=False)
class Alias:
    """One use of Redis with a budget of its own: its pool is not shared, so a slow use cannot starve another.

    Args:
        command_timeout_s: what one command may cost a request when the server hangs.
        ttl_s: how long what is stored under this alias lives.
    """

    name: str
    purpose: str
    ttl_s: int
    # On the path of a request: below what a person notices, far above what a loaded server takes (0.1 ms).
    command_timeout_s: float = 0.15
    connect_timeout_s: float = 0.10
    most_connections: int = 64


PLATFORM = Alias("platform", "what all schools share: the version of the host table, jobs seen", 86_400)
CACHE = Alias("cache", "what selectors remember", 900)
RBAC = Alias("rbac", "permissions and roles", 300)
SESSIONS = Alias("sessions", "who is logged in to the admin", 1_800)
RATE_LIMITS = Alias("ratelimit", "sliding windows of logins and requests", 900)
TELEMETRY = Alias("telemetry", "latency buckets of the last minutes", 900, command_timeout_s=1.0, connect_timeout_s=0.5)
ALIASES: tuple[Alias, ...] = (PLATFORM, CACHE, RBAC, SESSIONS, RATE_LIMITS, TELEMETRY)


class NotARedis(redis.ConnectionError):
    """Something answered PING with other than PONG."""


class NotTheMaster(redis.ConnectionError):
    """Sentinel named a server that says it is a replica: it is being demoted, or that Sentinel is behind."""


class RedisCircuitOpen(redis.ConnectionError):
    """Redis has been failing, in this process or in this very request, so it was not asked."""


class _Strikes:
    """Whether Redis has cost the enclosed work a failure."""

    __slots__ = ("struck",)

    def __init__(self) -> None:
        self.struck = False


_strikes: ContextVar[_Strikes | None] = ContextVar("schoolops_redis_strikes", default=None)


@contextmanager
def one_strike() -> Iterator[None]:
    """After its first failure the enclosed request or job asks Redis no more: it loses one timeout, whatever it reads.

    An outer one counts where there is one.
    """
    if _strikes.get() is not None:
        yield
        return
    token = _strikes.set(_Strikes())
    try:
        yield
    finally:
        _strikes.reset(token)


_on_disconnect: list[Callable[[], None]] = []
_known: weakref.WeakSet[_Verified] = weakref.WeakSet()


def on_disconnect(listener: Callable[[], None]) -> None:
    """Call ``listener`` whenever an open connection is lost or closed after an error, for metrics."""
    _on_disconnect.append(listener)


class _Verified:
    """A connection that has heard PONG before it is used, and tells when it goes."""

    @property
    def is_open(self) -> bool:
        return getattr(self, "_sock", None) is not None

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's
        super().on_connect_check_health(check_health)  # type: ignore[misc]
        self.send_command("PING", check_health=False)  # type: ignore[attr-defined]
        answer = self.read_response()  # type: ignore[attr-defined]
        if answer not in {b"PONG", "PONG"}:
            raise NotARedis(f"PING was answered with {answer!r:.60}.")
        _known.add(self)

    def disconnect(self, *args: Any, **kwargs: Any) -> None:
        was_open = self.is_open
        super().disconnect(*args, **kwargs)  # type: ignore[misc]
        if was_open:
            for listener in _on_disconnect:
                listener()

    def __del__(self) -> None:
        # Dropped, not lost. Listeners take locks and start threads: in the middle of a collection this thread may hold
        # that lock already, and at the end of the interpreter no thread starts, and its beginner waits in vain.
        try:
            super().disconnect()  # type: ignore[misc]
        except Exception:  # noqa: BLE001 - at the end of the interpreter half of what it needs is gone
            return


class VerifiedConnection(_Verified, redis.Connection):
    """Over TCP."""


class VerifiedSSLConnection(_Verified, redis.SSLConnection):
    """Over TLS."""


class VerifiedUnixConnection(_Verified, redis.UnixDomainSocketConnection):
    """Over a local socket."""


class VerifiedSentinelConnection(_Verified, SentinelManagedConnection):
    """To the server that Sentinel names as the master, and that says so itself."""

    @override
    def on_connect_check_health(self, check_health: bool = True) -> None:
        super().on_connect_check_health(check_health)
        self.send_command("ROLE", check_health=False)  # type: ignore[no-untyped-call]
        role = self.read_response()[0]
        if role not in {b"master", "master"}:
            self.connection_pool.sentinel_manager.doubt()
            raise NotTheMaster(f"{self.host}:{self.port} is a {role!r}, not the master.")

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        # The library would make a ConnectionError of READONLY, which nobody tries again.
        return redis.Connection.read_response(self, *args, **kwargs)


# Sentinel makes a replica the master seconds before it tells the old one, which takes writes until then and loses them.
MASTER_ASKED_EVERY_S = 1.0
# With no Sentinel there, nothing can change hands: requests go on with what they have.
SENTINELS_ASKED_AGAIN_S = 10.0


class FollowingPool(SentinelConnectionPool):
    """Leaves the old master within a second, although that one still answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._ask_at = time.monotonic() + MASTER_ASKED_EVERY_S

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        now = time.monotonic()
        if now >= self._ask_at:
            self._ask_at = now + MASTER_ASKED_EVERY_S
            try:
                # Idle connections to another server than the one named are closed by this, busy ones when released.
                self.get_master_address()  # type: ignore[no-untyped-call]
            except redis.RedisError:
                self._ask_at = now + SENTINELS_ASKED_AGAIN_S
        return super().get_connection(*args, **kwargs)


class ReadyPool(redis.ConnectionPool):
    """Hands out an idle connection once it has seen that it is sound, and does no more.

    The library's pool tells a telemetry that is off of every step, which takes longer than the looking.
    """

    @override
    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        if self.pid != os.getpid():
            # Forked: those idle here are the parent's.
            return super().get_connection(*args, **kwargs)
        with self._lock:
            idle = self._available_connections.pop() if self._available_connections else None
            if idle is not None:
                self._in_use_connections.add(idle)
        if idle is None:
            return super().get_connection(*args, **kwargs)
        try:
            if idle.is_open and not idle.can_read():
                return idle
        except FAILURES:
            # The server has hung up: the library's way connects anew.
            pass
        except BaseException:
            super().release(idle)
            raise
        super().release(idle)
        return super().get_connection(*args, **kwargs)

    @override
    def release(self, connection: Any) -> None:
        if self.pid == os.getpid() == connection.pid and not connection.should_reconnect():
            with self._lock:
                if connection in self._in_use_connections:
                    self._in_use_connections.remove(connection)
                    self._available_connections.append(connection)
                    return
        super().release(connection)


_CONNECTIONS = {"rediss": VerifiedSSLConnection, "unix": VerifiedUnixConnection}

FAILURES = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.BusyLoadingError,
    redis.InvalidResponse,
    redis.ReadOnlyError,
    redis.exceptions.ClusterDownError,
    OSError,
)
# One server behind all aliases of a request, so one circuit: what one alias learnt spares the others.
# Slow calls count. A server that answers within its timeout, but late, would otherwise slow down every request.
circuit = Breaker(
    "redis",
    counts=FAILURES,
    limits=Limits(failures=3, slow_s=0.05, reset_s=1.0, reset_cap_s=2.0, probe_s=2.0),
)


def _timed(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    began = time.perf_counter()
    try:
        return function(*args, **kwargs)
    finally:
        REDIS_LATENCY.observe(time.perf_counter() - began)


def _guarded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    strikes = _strikes.get()
    if strikes is not None and strikes.struck:
        raise RedisCircuitOpen("Redis has failed this request once")
    try:
        return circuit.call(_timed, function, *args, **kwargs)
    except BreakerOpen as refusal:
        raise RedisCircuitOpen(str(refusal)) from refusal
    except FAILURES as failed:
        if strikes is not None:
            strikes.struck = True
        if isinstance(failed, redis.RedisError) and not isinstance(failed, redis.InvalidResponse):
            raise
        raise redis.ConnectionError(f"unreadable answer: {type(failed).__name__}") from failed


class GuardedPipeline(redis.client.Pipeline):
    """A pipeline behind the circuit."""

    @override
    def execute(self, raise_on_error: bool = True) -> Any:
        return _guarded(super().execute, raise_on_error)


class GuardedRedis(redis.Redis):
    """A client behind the circuit. Its failures are all ``RedisUnavailable``."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return _guarded(super().execute_command, *args, **options)

    def look_at(self, names: Sequence[str]) -> list[bytes | None]:
        """What stands under each of ``names``, in one round trip (MGET)."""
        found: list[bytes | None] = _guarded(self._look_at, names)
        return found

    def _look_at(self, names: Sequence[str]) -> Any:
        # Past the library's own execute_command, which costs as much again as the socket. What it does besides this is
        # to try READONLY again, which no read is answered with, and to feed telemetry that is off. A connection that
        # fails half-way closes itself, so that nobody is given the answer of another.
        connection = self.connection_pool.get_connection()
        try:
            # Its stub knows tuples of one only.
            packed = hiredis.pack_command(("MGET", *names))  # type: ignore[arg-type]
            connection.send_packed_command((packed,))  # type: ignore[no-untyped-call]
            return connection.read_response()
        finally:
            self.connection_pool.release(connection)

    @override
    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> GuardedPipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def pool(
    url: str,
    *,
    command_timeout_s: float,
    connect_timeout_s: float,
    most: int,
    connection_class: type[redis.Connection] | None = None,
) -> redis.ConnectionPool:
    """A pool with every option explicit: of one server, or of whichever Sentinel names. Times in seconds."""
    options: dict[str, Any] = {
        "socket_connect_timeout": connect_timeout_s,
        "socket_timeout": command_timeout_s,
        "socket_keepalive": True,
        "health_check_interval": 30,
        # Two round trips less per connection: nobody reads the client's name and version.
        "driver_info": None,
        # After a failover the old master answers READONLY: connect anew, once, at once. Nothing else is tried again:
        # a request must not lose more than one timeout.
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ReadOnlyError,)),
        "retry_on_error": [redis.ReadOnlyError],
        "protocol": 2,
        "max_connections": most,
    }
    if not sentinel.is_sentinel(url):
        kind = connection_class or _CONNECTIONS.get(url.partition(":")[0], VerifiedConnection)
        return ReadyPool.from_url(url, connection_class=kind, **options)
    named = sentinel.parse(url)
    return FollowingPool(
        named.master,
        sentinel.Sentinels(named, command_timeout_s=command_timeout_s, connect_timeout_s=connect_timeout_s),
        connection_class=connection_class or VerifiedSentinelConnection,
        username=named.username,
        password=named.password,
        db=named.db,
        **options,
    )


def _client(alias: Alias) -> GuardedRedis:
    return GuardedRedis(
        connection_pool=pool(
            settings.REDIS_URL,
            command_timeout_s=alias.command_timeout_s * settings.REDIS_PATIENCE,
            connect_timeout_s=alias.connect_timeout_s * settings.REDIS_PATIENCE,
            most=alias.most_connections,
        )
    )


@functools.cache
def client(alias: Alias) -> GuardedRedis:
    """This process's client for one alias. Any failure is a ``RedisUnavailable``."""
    return _client(alias)


@functools.cache
def platform_redis() -> GuardedRedis:
    """This process's client for what all schools share."""
    return _client(PLATFORM)


def open_connections() -> int:
    """How many connections this process holds."""
    return sum(each.is_open for each in list(_known))


def patient_redis(url: str, *, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> redis.Redis:
    """A client for boot and for operators: long timeouts, no circuit, no retry."""
    return redis.Redis(
        connection_pool=pool(url, command_timeout_s=COMMAND_TIMEOUT_S, connect_timeout_s=connect_timeout_s, most=4)
    )
