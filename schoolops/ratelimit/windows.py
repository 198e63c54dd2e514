"""The table of windows, and how a request is counted in them: atomically, in one round trip, by the library `limits`.

A window slides: the last minute counts, not the last full one, as the sum of the present minute's count and the share
of the previous one that is less than a minute ago.
"""

from __future__ import annotations

import functools
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from schoolops import reference
from schoolops.context import school_or_none
from schoolops.errors import Throttled
from schoolops.observability.metrics import RATE_LIMITED
from schoolops.ratelimit import scripts
from schoolops.redis.connection import RedisUnavailable

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
    "All requests with a login of one school, so that none takes the machine from the others. Strangers, and those "
    "whom their own window refuses, take nothing from it.",
)
LOGINS_OF_SCHOOL: Final = Window(
    "logins", "school", 300, 60, "stricter",
    "Failed logins from devices that have not logged in before: guessing that is spread over addresses and logins. "
    "Those who get in, or are refused by a wait, take nothing from it.",
)  # fmt: skip
TURNS_OF_SCHOOL: Final = Window(
    "turns", "school", 300, 60, "stricter",
    "The same, of those who were told to wait and came back in their turn: so that who never waits cannot fill it. "
    "A login that does not exist takes nothing from it, for nothing is guessed there.",
)  # fmt: skip
FORMS_KEPT: Final = Window(
    "forms-kept", "user", 60, 3_600, "open",
    "Forms whose login had ended and that are kept for whoever typed them, in Redis and for an hour: a mark out of one "
    "page must not fill it. What is above is not kept; nobody is refused.",
)  # fmt: skip
WINDOWS: Final = (
    REQUESTS_OF_USER,
    REQUESTS_OF_ADDRESS,
    REQUESTS_OF_SCHOOL,
    LOGINS_OF_SCHOOL,
    TURNS_OF_SCHOOL,
    FORMS_KEPT,
)


class TooOften(Throttled):
    """That were more than {most} in {seconds} s for one {per}."""

    code = "ratelimit:too-often"
    remedy = "Wait as long as `Retry-After` says. `RateLimit` in every answer tells how many are left."


@dataclass(frozen=True, slots=True)
class Count:
    """How it stands in one window; ``most``: as it is counted here. ``reset_s``: until there is room for one more."""

    window: Window
    most: int
    passed: bool
    left: int
    reset_s: int


# KEYS and ARGV: as `take` has them.
_TAKE = f"{scripts.WINDOWS}\nlocal full, counts = take(KEYS, ARGV)\nreturn {{full, counts}}\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One more in each window of a table (window → who; empty for a school), in the current school."""

    items: tuple[tuple[Window, RateLimitItem, str], ...]

    @property
    def keys(self) -> list[str]:
        """The keys that the scripts take: the previous and the present count of each."""
        return [f"{key}:{part}" for _, _, key in self.items for part in ("before", "now")]

    @property
    def numbers(self) -> list[int]:
        """What the scripts take beside the keys: how many in how many seconds."""
        return [number for _, item, _ in self.items for number in (item.amount, item.get_expiry())]

    def told(self, full: int, standings: list[Any]) -> list[Count]:
        """What the script `take` answered: which window was full, counted from one, and how it stands in each."""
        return [
            _standing(window, item, number != full, said)
            for number, ((window, item, _), said) in enumerate(zip(self.items, standings, strict=True), start=1)
        ]

    def count_here(self) -> list[Count]:
        """Count in this process, where Redis is away, up to the first that is full."""
        counts: list[Count] = []
        for window, item, key in self.items:
            counts.append(_without_redis(window, item, key))
            if not counts[-1].passed:
                break
        return counts

    def give_back_here(self) -> None:
        """Take back what this process counted."""
        for window, item, key in self.items:
            if window.without_redis == "stricter":
                stricter = _stricter(item)
                moment = time.time()  # noqa: TID251 - the clock that the library counted by
                _, now = _memory().sliding_window_keys(stricter.key_for(key), stricter.get_expiry(), moment)
                _memory().decr(now)


def _counts(said: Any) -> tuple[int, float, int, float]:
    """(previous count, seconds until it is past, present count, seconds until it becomes the previous)."""
    before, before_ms, now, now_ms = said or (0, 0, 0, 0)
    return int(before or 0), max(0.0, float(before_ms or 0)) / 1000, int(now or 0), max(0.0, float(now_ms or 0)) / 1000


@functools.cache
def _memory() -> MemoryStorage:
    return MemoryStorage()


@functools.cache
def _here() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(_memory())


def forget_here() -> None:
    """Forget what this process counted by itself. For tests."""
    _here.cache_clear()
    _memory.cache_clear()


def key_of(window: Window, who: str) -> str:
    """``tenant:7:ratelimit:sliding:user:…``. The strategy is in it: the library's strategies do not share a key."""
    school = school_or_none()
    place = f"tenant:{school.pk}" if school is not None else "platform"
    digest = hashlib.sha256(who.encode()).hexdigest()[:24] if who else "all"
    return f"{place}:ratelimit:sliding:{window.name}:{digest}"


def wanted(table: Mapping[Window, str]) -> Wanted:
    """One in every window of ``table`` (window → who; empty for a school) of the current school, not yet counted."""
    factor = settings.RATE_LIMIT_FACTOR
    return Wanted(
        tuple(
            (window, RateLimitItemPerSecond(window.most * factor, window.seconds), key_of(window, who))
            for window, who in table.items()
        )
    )


def count(table: Mapping[Window, str]) -> list[Count]:
    """Count one in every window of ``table`` (window → who; empty for a school), or in none where one is full.

    Named in the order in which they refuse. Whoever is refused has taken nothing from anybody.
    """
    each = wanted(table)
    try:
        return each.told(*scripts.run(_TAKE, each.keys, each.numbers))
    except RedisUnavailable:
        return each.count_here()


def _standing(window: Window, item: RateLimitItem, passed: bool, said: Any) -> Count:  # noqa: FBT001
    before, before_s, now, now_s = _counts(said)
    weighted = math.floor(before * before_s / window.seconds) + now
    # The present count lives for two windows, the first of them as the present one.
    reset_s = max(0.0, now_s - window.seconds) if now else 0.0
    if before:
        reset_s = min(reset_s or window.seconds, before_s % (window.seconds / before))
    return Count(window, item.amount, passed, max(0, item.amount - weighted), max(1, math.ceil(reset_s)))


def _stricter(item: RateLimitItem) -> RateLimitItem:
    return RateLimitItemPerSecond(max(1, item.amount // STRICTER), item.get_expiry())


def _without_redis(window: Window, item: RateLimitItem, key: str) -> Count:
    if window.without_redis == "open":
        return Count(window, item.amount, passed=True, left=item.amount, reset_s=window.seconds)
    stricter = _stricter(item)
    passed = _here().hit(stricter, key)
    left = _here().get_window_stats(stricter, key).remaining
    return Count(window, stricter.amount, passed, left, reset_s=window.seconds)


def demand(counts: list[Count], *, retry_after: int = 0) -> None:
    """Raise ``TooOften`` for the first window that is full; ``retry_after``: where more is known than of the window."""
    for each in counts:
        if not each.passed:
            RATE_LIMITED.count(each.window.name)
            window = each.window
            raise TooOften(
                most=each.most, seconds=window.seconds, per=window.per, retry_after=retry_after or each.reset_s
            )


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
