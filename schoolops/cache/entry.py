"""``CacheEntry``: declared once, read through, forgotten by name.

Every value is stored with the *stamp* of its generation, a random token that stands beside it. Reading takes value and
stamp in one round trip and believes the value only if the stamps agree. Forgetting replaces the stamp. A reader that
was overtaken stores its old rows under the old stamp, where nobody believes them: of the twenty interleavings of a
writer, a reader and an invalidation none leaves a stale value (deleting the value instead leaves three).
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, get_args, get_origin

import msgspec
from django.db import connection, transaction

from schoolops.cache import keys, outage
from schoolops.cache.counters import Tier, count
from schoolops.cache.local import LocalCache, local
from schoolops.redis.connection import CACHE, RBAC, Alias, RedisUnavailable, client

MINUTE = 60
HOUR = 3600
# A stamp outlives every value it judges.
STAMP_TTL_S = 24 * HOUR
# How long one process waits for another that is loading the same value, before it asks the database itself.
PATIENCE_S = 2.0
_LOOK_AGAIN_S = 0.01

Value = TypeVar("Value")
_IMMUTABLE = (str, int, float, bool, bytes, tuple, frozenset)
_entries: dict[str, CacheEntry[Any]] = {}


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    """What stands in Redis: the stamps it was loaded under, and the value as MessagePack."""

    stamps: str
    body: bytes


_encode = msgspec.msgpack.Encoder()
_decode_stored = msgspec.msgpack.Decoder(_Stored)


def declared_entries() -> tuple[CacheEntry[Any], ...]:
    """Every entry, for the generated reference and the commands."""
    return tuple(_entries.values())


def _is_immutable(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        return bool(origin.__struct_config__.frozen)
    return origin in _IMMUTABLE and all(each is Ellipsis or _is_immutable(each) for each in get_args(kind))


class CacheEntry(Generic[Value]):
    """One kind of value.

    Args:
        name: part of the key, lower case with hyphens.
        kind: the type of the value, immutable through and through: frozen ``msgspec.Struct``, tuples, plain values.
            A value of another type (an older release's) is a miss.
        ttl_s: seconds it may live; each one lives up to a tenth less, so that they do not all expire at once.
        version: raise it when the meaning of the value changes but not its type.
        strict: forgotten before *and* after the commit, so that not even a lost second step leaves it; for permissions.
        alias: whose budget it is read with.
    """

    def __init__(
        self,
        name: str,
        kind: type[Value],
        *,
        ttl_s: int,
        version: int = 1,
        strict: bool = False,
        alias: Alias | None = None,
    ) -> None:
        if not _is_immutable(kind):
            raise TypeError(f"{name}: a cached value is shared by all who read it, so {kind} must be immutable.")
        self.name = name
        self.ttl_s = ttl_s
        self.version = version
        self.strict = strict
        self.kind = kind
        self._alias: Alias = alias or (RBAC if strict else CACHE)
        self._decode = msgspec.msgpack.Decoder(kind)
        _entries[name] = self

    # --- reading --------------------------------------------------------------------------------------------------
    def get(self, *parts: object, load: Callable[[], Value]) -> Value:
        """The value for ``parts`` (ids and dates), from the nearest tier that has it, else from ``load``.

        Inside a write transaction it is always ``load``: what we are changing must be neither read from a cache nor
        written to one. Raises ``NoCurrentSchool``.
        """
        key = keys.value_key(self.name, self.version, parts)
        if _writing():
            return load()
        mine = local()
        if mine is not None and (known := mine.get(key)) is not None:
            count(self.name, Tier.LOCAL)
            return cast(Value, known)
        value = self._shared(key, parts, mine, load)
        if mine is not None and value is not None:
            mine.put(key, value)
        return value

    def _shared(self, key: str, parts: tuple[object, ...], mine: LocalCache | None, load: Callable[[], Value]) -> Value:
        if mine is not None and mine.struck:
            return self._loaded(load)
        try:
            outage.replay()
            stamps, value = self._look(key, parts, mine)
            if value is not None:
                count(self.name, Tier.SHARED)
                return value
        except RedisUnavailable:
            if mine is not None:
                mine.struck = True
            return self._loaded(load)
        with _flights.of(key) as first_here:
            if not first_here:
                # Somebody in this process has just loaded it.
                try:
                    stamps, value = self._look(key, parts, mine)
                except RedisUnavailable:
                    value = None
                if value is not None:
                    count(self.name, Tier.SHARED)
                    return value
            return self._fill(key, parts, stamps, load)

    def _look(self, key: str, parts: tuple[object, ...], mine: LocalCache | None) -> tuple[str, Value | None]:
        """(stamps now, value stored under them or ``None``), in one round trip."""
        school_key, own_key = keys.school_stamp_key(), keys.stamp_key(self.name, parts)
        redis = client(self._alias)
        whole, own, stored = cast("list[bytes | None]", redis.mget(school_key, own_key, key))
        if whole is None or own is None:
            whole, own = self._stamped(school_key, whole), self._stamped(own_key, own)
        stamps = f"{whole.decode()}.{own.decode()}"
        if stored is None:
            return stamps, None
        try:
            found = _decode_stored.decode(stored)
            return stamps, self._decode.decode(found.body) if found.stamps == stamps else None
        except msgspec.DecodeError:
            # Written by another release, or damaged.
            return stamps, None

    def _stamped(self, key: str, present: bytes | None) -> bytes:
        if present is not None:
            return present
        redis = client(self._alias)
        redis.set(key, secrets.token_hex(8), nx=True, ex=STAMP_TTL_S)
        return cast("bytes | None", redis.get(key)) or secrets.token_hex(8).encode()

    def _fill(self, key: str, parts: tuple[object, ...], stamps: str, load: Callable[[], Value]) -> Value:
        """Load and store, or wait for another process that is doing so."""
        redis = client(self._alias)
        lock = f"{key}:loading"
        try:
            mine_to_load = bool(redis.set(lock, "1", nx=True, px=int(PATIENCE_S * 1000)))
            deadline = time.monotonic() + PATIENCE_S
            while not mine_to_load and time.monotonic() < deadline:
                time.sleep(_LOOK_AGAIN_S)
                stamps, value = self._look(key, parts, None)
                if value is not None:
                    count(self.name, Tier.SHARED)
                    return value
                mine_to_load = bool(redis.set(lock, "1", nx=True, px=int(PATIENCE_S * 1000)))
        except RedisUnavailable:
            return self._loaded(load)
        try:
            value = self._loaded(load)
        except BaseException:
            self._let_go(lock)
            raise
        stored = _encode.encode(_Stored(stamps, _encode.encode(value)))
        # Not for security: so that values written together do not expire together.
        lives = self.ttl_s * (1 - random.random() / 10)  # noqa: S311
        try:
            with redis.pipeline(transaction=False) as pipeline:
                pipeline.set(key, stored, px=int(lives * 1000))
                pipeline.delete(lock)
                pipeline.execute()
        except RedisUnavailable:
            return value
        return value

    def _let_go(self, lock: str) -> None:
        try:
            client(self._alias).delete(lock)
        except RedisUnavailable:
            # It ends by itself after PATIENCE_S.
            return

    def _loaded(self, load: Callable[[], Value]) -> Value:
        count(self.name, Tier.DATABASE)
        return load()

    # --- forgetting -----------------------------------------------------------------------------------------------
    def forget(self, *parts: object) -> None:
        """Nobody reads the present value for ``parts`` once the current transaction has committed.

        Outside a transaction at once. With Redis away the forgetting is kept and done before the next read.
        """
        stamp, value = keys.stamp_key(self.name, parts), keys.value_key(self.name, self.version, parts)
        if (self.strict and _writing()) or _never_commits():
            outage.replace_stamps((stamp,))

        def after_commit() -> None:
            if (mine := local()) is not None:
                mine.drop(value)
            outage.replace_stamps((stamp,))

        transaction.on_commit(after_commit, robust=True)


def forget_school() -> None:
    """Nobody reads anything that was cached of the current school: one write, whatever the number of keys."""
    outage.replace_stamps((keys.school_stamp_key(),))
    if (mine := local()) is not None:
        mine.values.clear()


def _writing() -> bool:
    """Whether a transaction is open (a test's own wrapper around everything does not count)."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _never_commits() -> bool:
    """Whether a test undoes everything afterwards: it would wait for its commit in vain."""
    return any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


class _Flights:
    """One load per key at a time in this process; the others wait for it, each at most ``PATIENCE_S``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    def of(self, key: str) -> _Flight:
        return _Flight(self, key)

    def begin(self, key: str) -> threading.Event | None:
        """The event of a flight under way, or ``None`` when this one is now the first."""
        with self._lock:
            if (event := self._under_way.get(key)) is not None:
                return event
            self._under_way[key] = threading.Event()
            return None

    def end(self, key: str) -> None:
        with self._lock:
            self._under_way.pop(key).set()


class _Flight:
    def __init__(self, flights: _Flights, key: str) -> None:
        self._flights, self._key, self._first = flights, key, False

    def __enter__(self) -> bool:
        event = self._flights.begin(self._key)
        self._first = event is None
        if event is not None:
            event.wait(PATIENCE_S)
        return self._first

    def __exit__(self, *exc_info: object) -> None:
        if self._first:
            self._flights.end(self._key)


_flights = _Flights()
