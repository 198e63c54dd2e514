"""``CacheEntry``: declared once, read through, forgotten by name.

Every value is stored with the *stamps* of its generation, random tokens that stand beside it. Reading takes value and
stamps in one round trip and believes the value only if they agree. Forgetting replaces a stamp. A reader that
was overtaken stores its old rows under the old stamp, where nobody believes them: of the twenty interleavings of a
writer, a reader and an invalidation none leaves a stale value (deleting the value instead leaves three).
"""

from __future__ import annotations

import datetime as dt
import random
import secrets
import time
import types
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin

import msgspec
from django.db import connection, transaction

from schoolops import reference
from schoolops.cache import keys, outage
from schoolops.cache.counters import Tier, count
from schoolops.cache.flights import PATIENCE_S, share
from schoolops.cache.local import local
from schoolops.redis.connection import CACHE, RBAC, Alias, RedisUnavailable, client

MINUTE = 60
HOUR = 3600
_LOOK_AGAIN_S = 0.01

Value = TypeVar("Value")
Part = TypeVar("Part", bound=Hashable)
_IMMUTABLE = (str, int, float, bool, bytes, tuple, frozenset, dt.date, dt.datetime, dt.time, uuid.UUID, type(None))
_entries: dict[str, CacheEntry[Any]] = {}


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    """What stands in Redis: the stamps it was loaded under, and the value as MessagePack."""

    stamps: bytes
    body: msgspec.Raw


_encode = msgspec.msgpack.Encoder()
_decode_stored = msgspec.msgpack.Decoder(_Stored)


def declared_entries() -> tuple[CacheEntry[Any], ...]:
    """Every entry, for the generated reference and the commands."""
    return tuple(_entries.values())


def _is_immutable(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if origin in {Union, types.UnionType}:
        return all(_is_immutable(each) for each in get_args(kind))
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        return bool(origin.__struct_config__.frozen) and all(
            _is_immutable(field.type) for field in msgspec.structs.fields(origin)
        )
    return origin in _IMMUTABLE and all(each is Ellipsis or _is_immutable(each) for each in get_args(kind))


class CacheEntry(Generic[Value]):
    """One kind of value.

    Args:
        name: part of the key, lower case with hyphens.
        kind: the type of the value, immutable through and through: frozen ``msgspec.Struct``, tuples, plain values.
            A value of another type (an older release's) is a miss.
        ttl_s: seconds it may live; each one lives up to a tenth less, so that they do not all expire at once.
        purpose: what is remembered, for the generated reference.
        version: raise it when the meaning of the value changes but not its type.
        strict: forgotten before *and* after the commit, so that not even a lost second step leaves it; for permissions.
        forgotten_by: how many of its first parts tell what is forgotten together, as ``(0, 1)``: all of it, or what has
            the same first part. All of them, unless said.
        under: entries without parts from which the values are made: forgetting one of them forgets all of these.
        alias: whose budget it is read with.
    """

    def __init__(  # noqa: PLR0913 - a declaration, by keyword
        self,
        name: str,
        kind: type[Value],
        *,
        ttl_s: int,
        purpose: str = "",
        version: int = 1,
        strict: bool = False,
        forgotten_by: tuple[int, ...] = (),
        under: tuple[CacheEntry[Any], ...] = (),
        alias: Alias | None = None,
    ) -> None:
        if not _is_immutable(kind):
            raise TypeError(f"{name}: a cached value is shared by all who read it, so {kind} must be immutable.")
        self.name = name
        self.ttl_s = ttl_s
        self.purpose = purpose
        self.version = version
        self.strict = strict
        self.forgotten_by = forgotten_by
        self.under = under
        self.kind = kind
        self._alias: Alias = alias or (RBAC if strict else CACHE)
        self._decode = msgspec.msgpack.Decoder(kind)
        _entries[name] = self

    # --- reading --------------------------------------------------------------------------------------------------
    def get(self, *parts: object, load: Callable[[], Value]) -> Value:
        """The value for ``parts`` (ids and dates), from the nearest tier that has it, else from ``load``.

        Inside a write transaction it is always ``load``: what we are changing must be neither read from a cache nor
        written to one. Raises ``NoCurrentSchool``, and what ``load`` raises.
        """
        here, text = keys.prefix(), keys.joined(parts)
        key = f"{here}{self.name}:v{self.version}:{text}"
        if _writing():
            return load()
        mine = local()
        if mine is not None and (known := mine.get(key)) is not None:
            count(self.name, Tier.LOCAL)
            return cast(Value, known)
        if self.forgotten_by or self.under:
            names = (*self._stamp_keys(parts), key)
        else:
            # The same names, for the price of two: what most entries are read by.
            names = (f"{here}gen", f"{here}gen:{self.name}:{text}", key)
        # The look as well: fifty threads of a fresh process would open fifty connections to look for one value.
        value = share(key, lambda: self._shared(names, load))
        if mine is not None and value is not None:
            mine.put(key, value)
        return value

    def get_many(
        self, parts: Iterable[Part], load: Callable[[Sequence[Part]], Mapping[Part, Value]]
    ) -> dict[Part, Value]:
        """Part → value for many values of one part each, in one round trip; ``load`` answers for all that are missing.

        Without the single flight of ``get``. ``load`` answers for every part that it is asked for.
        """
        wanted = list(dict.fromkeys(parts))
        if _writing():
            return dict(load(wanted))
        names = {
            part: (*self._stamp_keys((part,)), keys.value_key(self.name, self.version, (part,))) for part in wanted
        }
        mine = local()
        found: dict[Part, Value] = {}
        if mine is not None:
            found = {part: known for part in wanted if (known := mine.get(names[part][-1])) is not None}
        asked = [part for part in wanted if part not in found]
        count(self.name, Tier.LOCAL, len(found))
        stamps = self._look_at_many(asked, names, found)
        if missing := [part for part in asked if part not in found]:
            count(self.name, Tier.DATABASE, len(missing))
            loaded = load(missing)
            found |= loaded
            self._store_many({names[part][-1]: (stamps[part], loaded[part]) for part in missing if part in stamps})
        if mine is not None:
            for part in asked:
                mine.put(names[part][-1], found[part])
        return found

    def _look_at_many(
        self, asked: list[Part], names: dict[Part, tuple[str, ...]], found: dict[Part, Value]
    ) -> dict[Part, bytes]:
        """Adds to ``found``; the present stamps of each part that was asked for, or nothing without Redis."""
        stamps: dict[Part, bytes] = {}
        if not asked:
            return stamps
        try:
            outage.replay()
            every = list(dict.fromkeys(name for part in asked for name in names[part]))
            values = {names[part][-1] for part in asked}
            answers = self._with_stamps(every, client(self._alias).look_at(every), values)
            for part in asked:
                stamps[part], value = self._believed(names[part], answers)
                if value is not None:
                    found[part] = value
        except RedisUnavailable:
            return {}
        count(self.name, Tier.SHARED, sum(part in found for part in asked))
        return stamps

    def _shared(self, names: tuple[str, ...], load: Callable[[], Value]) -> Value:
        try:
            outage.replay()
            value = self._look(names)[1]
        except RedisUnavailable:
            return self._loaded(load)
        if value is not None:
            count(self.name, Tier.SHARED)
            return value
        return self._fill(names, load)

    def _stamp_keys(self, parts: tuple[object, ...]) -> tuple[str, ...]:
        above = (keys.stamp_key(each.name, ()) for each in self.under)
        own = (keys.stamp_key(self.name, parts[:first]) for first in self.forgotten_by or (len(parts),))
        return keys.school_stamp_key(), *above, *own

    def _look(self, names: tuple[str, ...]) -> tuple[bytes, Value | None]:
        """(stamps now, value stored under them or ``None``), in one round trip where the stamps exist."""
        answers = client(self._alias).look_at(names)
        if None not in answers:
            # The way of nearly all reads.
            *stamps, stored = cast("list[bytes]", answers)
            return self._decoded(b".".join(stamps), stored)
        return self._believed(names, self._with_stamps(names, answers, {names[-1]}))

    def _with_stamps(self, names: Sequence[str], answers: Any, values: set[str]) -> dict[str, bytes | None]:
        """Name → what stands there; a stamp that is missing (all but ``values`` are stamps) is made now."""
        found: dict[str, bytes | None] = dict(zip(names, answers, strict=True))
        if absent := [name for name, stands in found.items() if stands is None and name not in values]:
            with client(self._alias).pipeline(transaction=False) as pipeline:
                for name in absent:
                    pipeline.set(name, outage.new_stamp(), nx=True, ex=outage.STAMP_TTL_S)
                pipeline.mget(absent)
                found |= dict(zip(absent, pipeline.execute()[-1], strict=True))
        return found

    def _believed(self, names: tuple[str, ...], found: Mapping[str, bytes | None]) -> tuple[bytes, Value | None]:
        # A stamp that is gone already is one that nobody has seen.
        stamps = b".".join(found[name] or outage.new_stamp() for name in names[:-1])
        return self._decoded(stamps, found[names[-1]])

    def _decoded(self, stamps: bytes, stored: bytes | None) -> tuple[bytes, Value | None]:
        if stored is None:
            return stamps, None
        try:
            kept = _decode_stored.decode(stored)
            return stamps, self._decode.decode(kept.body) if kept.stamps == stamps else None
        except msgspec.DecodeError:
            # Written by another release, or damaged.
            return stamps, None

    def _fill(self, names: tuple[str, ...], load: Callable[[], Value]) -> Value:
        """Load and store, or wait for another process that is doing so."""
        lock, mark = f"{names[-1]}:loading", secrets.token_bytes(8)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                with client(self._alias).pipeline(transaction=False) as pipeline:
                    # In this order: what another has stored before it let go of the lock, we see.
                    pipeline.set(lock, mark, nx=True, px=int(PATIENCE_S * 1000))
                    pipeline.mget(names)
                    locked, found = pipeline.execute()
                stamps, value = self._believed(names, self._with_stamps(names, found, {names[-1]}))
                if value is not None:
                    count(self.name, Tier.SHARED)
                    if locked:
                        self._let_go(lock, mark)
                    return value
                if locked or time.monotonic() >= deadline:
                    break
                time.sleep(_LOOK_AGAIN_S)
        except RedisUnavailable:
            return self._loaded(load)
        try:
            value = self._loaded(load)
            self._store_many({names[-1]: (stamps, value)})
        finally:
            if locked:
                self._let_go(lock, mark)
        return value

    def _store_many(self, values: Mapping[str, tuple[bytes, Value]]) -> None:
        with suppress(RedisUnavailable), client(self._alias).pipeline(transaction=False) as pipeline:
            for key, (stamps, value) in values.items():
                stored = _encode.encode(_Stored(stamps, msgspec.Raw(_encode.encode(value))))
                # Not for security: so that values written together do not expire together.
                lives = self.ttl_s * (1 - random.random() / 10)  # noqa: S311
                pipeline.set(key, stored, px=int(lives * 1000))
            if values:
                pipeline.execute()

    def _let_go(self, lock: str, mark: bytes) -> None:
        # Nobody else's: ours may have ended while we were loading, and another process be loading now. Without Redis
        # it ends by itself.
        with suppress(RedisUnavailable):
            client(self._alias).eval(_LET_GO, 1, lock, mark)

    def _loaded(self, load: Callable[[], Value]) -> Value:
        count(self.name, Tier.DATABASE)
        return load()

    # --- forgetting -----------------------------------------------------------------------------------------------
    def forget(self, *parts: object) -> None:
        """Nobody reads the present value for ``parts`` once the current transaction has committed.

        With ``forgotten_by``: none that begins with ``parts``, as many as it says. Outside a transaction at once. With
        Redis away the forgetting is kept and done before the next read.
        """
        self.forget_many([parts])

    def forget_many(self, many: Iterable[tuple[object, ...]]) -> None:
        """As ``forget``, for any number of parts in one round trip."""
        every = list(many)
        if self.forgotten_by and any(len(parts) not in self.forgotten_by for parts in every):
            raise ValueError(f"{self.name} is forgotten by its first {self.forgotten_by} parts, not by {every[:3]}.")
        stamps = tuple(keys.stamp_key(self.name, parts) for parts in every)
        values = [keys.value_key(self.name, self.version, parts) for parts in every]
        if not stamps:
            return
        if self.strict and _writing():
            outage.replace_stamps(stamps)

        def after_commit() -> None:
            if (mine := local()) is not None:
                if self.forgotten_by or _stands_above(self):
                    # Which of them there are, and what was made from them, is not known by name.
                    mine.values.clear()
                for value in values:
                    mine.drop(value)
            outage.replace_stamps(stamps)

        transaction.on_commit(after_commit, robust=True)
        if _never_commits():
            after_commit()


# Deletes a lock that is still ours.
_LET_GO = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def _stands_above(entry: CacheEntry[Any]) -> bool:
    return any(entry in each.under for each in _entries.values())


def forget_school() -> None:
    """Nobody reads anything that was cached of the current school: one write, whatever the number of keys."""
    outage.replace_stamps((keys.school_stamp_key(),))
    if (mine := local()) is not None:
        mine.values.clear()


def _writing() -> bool:
    """Whether a transaction is open (a test's own wrapper around everything does not count)."""
    blocks = connection.atomic_blocks
    return bool(blocks) and any(not getattr(block, "_from_testcase", False) for block in blocks)


def _never_commits() -> bool:
    """Whether a test undoes everything afterwards: it would wait for its commit in vain."""
    return any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


reference.declare(
    reference.Table(
        name="caches",
        title="What is cached",
        introduction=(
            "Declared in the apps' `caches.py`, read by selectors, forgotten in `subscribers.py`. A strict entry is "
            "forgotten before and after the commit. Forgetting an entry forgets all that are kept under it."
        ),
        columns=("Entry", "Lives", "Strict", "Under", "What it is"),
        rows=lambda: (
            (
                f"`{entry.name}`",
                f"{entry.ttl_s // 60} min",
                "yes" if entry.strict else "",
                ", ".join(f"`{above.name}`" for above in entry.under),
                entry.purpose,
            )
            for entry in sorted(_entries.values(), key=lambda entry: entry.name)
        ),
    )
)
