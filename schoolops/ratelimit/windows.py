"""The table of windows, and how a request is counted in them: atomically, in one round trip, by the library `limits`.

A window slides: the last minute counts, not the last full one, as the sum of the present minute's count and the share
of the previous one that is less than a minute ago.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import NoScriptError

from schoolops import reference
from schoolops.context import school_or_none
from schoolops.errors import Throttled
from schoolops.observability.metrics import RATE_LIMITED
from schoolops.redis.connection import RATE_LIMITS, RedisUnavailable, client

Per = Literal["user", "address", "school"]
# Several processes count apart while Redis is away, so each lets through a quarter.
STRICTER: Final = 4


@dataclass(frozen=True, slots=True)
class Window:
    """So many in so many seconds.

    ``without_redis``: ``open``: all pass while Redis is away; ``stricter``: each process lets through a quarter.
    """

    name: str
    per: Per
    most: int
    seconds: int
    without_redis: Literal["open", "stricter"]
    purpose: str


REQUESTS_OF_USER: Final = Window("user", "user", 1_200, 60, "open", "Requests of one login, whatever its devices.")
REQUESTS_OF_ADDRESS: Final = Window(
    "address", "address", 6_000, 60, "open",
    "Requests without a valid token. A school behind one address, all asking for a login several times, fits in.",
)  # fmt: skip
REQUESTS_OF_SCHOOL: Final = Window(
    "school",
    "school",
    24_000,
    60,
    "open",
    "All requests of one school, so that none takes the machine from the others.",
)
LOGINS_OF_SCHOOL: Final = Window(
    "logins", "school", 600, 60, "stricter",
    "Logins from devices that have not logged in before: guessing that is spread over addresses and logins.",
)  # fmt: skip
WINDOWS: Final = (REQUESTS_OF_USER, REQUESTS_OF_ADDRESS, REQUESTS_OF_SCHOOL, LOGINS_OF_SCHOOL)


class TooOften(Throttled):
    """That were more than {most} in {seconds} s for one {per}."""

    code = "ratelimit:too-often"
    remedy = "Wait as long as `Retry-After` says. `RateLimit` in every answer tells how many are left."


@dataclass(frozen=True, slots=True)
class Count:
    """How it stands in one window; ``reset_s``: until there is room for one more, at least."""

    window: Window
    passed: bool
    left: int
    reset_s: int


class _Windows(RedisStorage):
    """The library's scripts, on our client and under our keys, several windows in one round trip."""

    def __init__(self) -> None:
        # The library would make a client of its own, with the options of its own.
        self._client = client(RATE_LIMITS)
        super().__init__("redis://", connection_pool=self._client.connection_pool)

    def get_connection(self, readonly: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's
        return self._client

    def prefixed_key(self, key: str) -> str:
        return key

    def _current_window_key(self, key: str) -> str:
        return f"{key}:now"

    def _previous_window_key(self, key: str) -> str:
        return f"{key}:before"

    def take(self, wanted: list[tuple[RateLimitItem, str]]) -> list[tuple[bool, tuple[int, float, int, float]]]:
        """(passed, counts of the window) for each."""
        try:
            return self._take(wanted)
        except NoScriptError:
            # A server that was restarted has forgotten them.
            for script in (self.lua_acquire_sliding_window, self.lua_sliding_window):
                self._client.script_load(script.script)
            return self._take(wanted)

    def _take(self, wanted: list[tuple[RateLimitItem, str]]) -> list[tuple[bool, tuple[int, float, int, float]]]:
        pipe = self._client.pipeline(transaction=False)
        for item, key in wanted:
            keys = self._previous_window_key(key), self._current_window_key(key)
            pipe.evalsha(self.lua_acquire_sliding_window.sha, 2, *keys, item.amount, item.get_expiry(), 1)
            pipe.evalsha(self.lua_sliding_window.sha, 2, *keys, item.get_expiry())
        answers = pipe.execute()
        return [
            (bool(answers[at]), _counts(answers[at + 1])) for at in range(0, 2 * len(wanted), 2)
        ]  # fmt: skip


def _counts(said: Any) -> tuple[int, float, int, float]:
    """(previous count, seconds until it is past, present count, seconds until it becomes the previous)."""
    before, before_ms, now, now_ms = said or (0, 0, 0, 0)
    return int(before or 0), max(0.0, float(before_ms or 0)) / 1000, int(now or 0), max(0.0, float(now_ms or 0)) / 1000


@functools.cache
def _shared() -> _Windows:
    return _Windows()


@functools.cache
def _here() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())


def forget_here() -> None:
    """Forget what this process counted by itself, and its connection. For tests."""
    _here.cache_clear()
    _shared.cache_clear()


def key_of(window: Window, who: str) -> str:
    """``tenant:7:ratelimit:sliding:user:…``. The strategy is in it: the library's strategies do not share a key."""
    school = school_or_none()
    place = f"tenant:{school.pk}" if school is not None else "platform"
    digest = hashlib.sha256(who.encode()).hexdigest()[:24] if who else "all"
    # In braces what keeps both keys of a window on one node of a cluster.
    return f"{place}:ratelimit:sliding:{window.name}:{{{digest}}}"


def count(wanted: Mapping[Window, str]) -> list[Count]:
    """Count one in every window of ``wanted`` (window → who; empty for a school) of the current school."""
    factor = settings.RATE_LIMIT_FACTOR
    items = [(window, RateLimitItemPerSecond(window.most * factor, window.seconds), key_of(window, who))
             for window, who in wanted.items()]  # fmt: skip
    try:
        answers = _shared().take([(item, key) for _, item, key in items])
    except RedisUnavailable:
        return [_without_redis(window, item, key) for window, item, key in items]
    return [_standing(window, item, *answer) for (window, item, _), answer in zip(items, answers, strict=True)]


def _standing(window: Window, item: RateLimitItem, passed: bool, counts: tuple[int, float, int, float]) -> Count:  # noqa: FBT001
    before, before_s, now, now_s = counts
    weighted = math.floor(before * before_s / window.seconds) + now
    # The present count lives for two windows, the first of them as the present one.
    reset_s = max(0.0, now_s - window.seconds) if now else 0.0
    if before:
        reset_s = min(reset_s or window.seconds, before_s % (window.seconds / before))
    return Count(window, passed, max(0, item.amount - weighted), max(1, math.ceil(reset_s)))


def _without_redis(window: Window, item: RateLimitItem, key: str) -> Count:
    if window.without_redis == "open":
        return Count(window, passed=True, left=item.amount, reset_s=window.seconds)
    stricter = RateLimitItemPerSecond(max(1, item.amount // STRICTER), window.seconds)
    passed = _here().hit(stricter, key)
    return Count(window, passed, left=_here().get_window_stats(stricter, key).remaining, reset_s=window.seconds)


def demand(counts: list[Count]) -> None:
    """Raise ``TooOften`` for the first window that is full."""
    for each in counts:
        if not each.passed:
            RATE_LIMITED.count(each.window.name)
            window = each.window
            raise TooOften(most=window.most, seconds=window.seconds, per=window.per, retry_after=each.reset_s)


reference.declare(
    reference.Table(
        name="rate-limits",
        title="Rate limits",
        introduction=(
            "Sliding windows, declared in `schoolops/ratelimit/windows.py` and multiplied by `RATE_LIMIT_FACTOR`. "
            "Beside them stand the waits after failed logins, declared in `apps/accounts/services/passwords.py`, which "
            "grow from 1 to 60 seconds and never lock anybody out."
        ),
        columns=("Window", "Per", "Most", "Seconds", "While Redis is away", "What for"),
        rows=lambda: (
            (f"`{each.name}`", each.per, f"{each.most:,}", each.seconds,
             "open" if each.without_redis == "open" else f"a {STRICTER}th in each process", each.purpose)
            for each in WINDOWS
        ),
    )
)  # fmt: skip
