"""When somebody's turn is, and the same kept in this process for as long as Redis does not answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from schoolops.redis.connection import RATE_LIMITS

LONGEST_WAIT_S = 60
# While others press: the turn of one who has not failed, and the last of one who fails again and again. Between them
# stand one minute and four: each of many logins has turns of its own, and shall not have many.
FIRST_TURN_S = 2
LONGEST_TURN_S = 15 * 60
# A turn that nobody has taken by then is lost.
TURN_KEPT_S = 120
FORGOTTEN_AFTER_S = RATE_LIMITS.ttl_s
# What the fallback remembers per process before it forgets the oldest.
MOST_REMEMBERED = 10_000
# Several processes count apart while Redis is away, so each lets through a quarter.
STRICTER = 4


@dataclass(frozen=True, slots=True)
class Delay:
    """One way of counting. The first ``free`` failures within 15 minutes cost no wait.

    ``forgiven``: a success forgets all failures. Otherwise it takes back its own count and, once in 15 minutes for each
    who succeeds, one failure more: a school behind one address pays for its typing errors with those who get in, and an
    attacker's own login pays for one guess.
    """

    name: str
    free: int
    forgiven: bool


def wait_after(failures: int, free: int) -> int:
    """Seconds until the next attempt after ``failures`` failures."""
    beyond = failures - free
    return 0 if beyond <= 0 else min(LONGEST_WAIT_S, 1 << min(beyond - 1, 6))


def turn_after(own: int, left_s: float) -> float:
    """Seconds until the turn of one who has failed ``own`` times, while the failures of others press.

    ``left_s``: until those would let the next one in, who need not be this one.
    """
    return min(left_s, FIRST_TURN_S) if own == 0 else min(LONGEST_TURN_S, LONGEST_WAIT_S * 4.0 ** (own - 1))


@dataclass(slots=True)
class _Kept:
    """What this process knows of one key. Moments in seconds since 1970."""

    failures: int = 0
    at: float = 0.0
    turn: float | None = None
    expires: float = 0.0


class Here:
    """The same rules in this process, for as long as Redis does not answer: stricter, and never none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def _of(self, key: str, now: float) -> _Kept:
        kept = self._kept.get(key)
        if kept is None or kept.expires <= now:
            return _Kept()
        kept.at = min(kept.at, now)
        return kept

    def _keep(self, key: str, kept: _Kept, expires: float) -> None:
        # Moved to the end: the first of the dict is the one that was quiet for longest.
        self._kept.pop(key, None)
        kept.expires = expires
        self._kept[key] = kept
        while len(self._kept) > MOST_REMEMBERED:
            del self._kept[next(iter(self._kept))]

    def begin(self, keys: Mapping[str, Delay], now: float) -> tuple[float, bool, bool]:
        """(seconds to wait, whether it is a turn, whether others press); counted, when there is no wait."""
        with self._lock:
            (own_key, own_delay), *shared = keys.items()
            own = self._of(own_key, now)
            opens = own.at + wait_after(own.failures, own_delay.free // STRICTER)
            left = 0.0
            for key, delay in shared:
                kept = self._of(key, now)
                wait = wait_after(kept.failures - own.failures, delay.free // STRICTER)
                left = max(left, kept.at + wait - now)
            if own.turn is not None and now > own.turn + TURN_KEPT_S:
                own.turn = None
            turn = own.turn is not None and now >= own.turn
            if not turn and (opens > now or left):
                at = max(opens, now, now + turn_after(own.failures, left) if left else now)
                own.turn = at if own.turn is None else min(own.turn, at)
                self._keep(own_key, own, own.turn + FORGOTTEN_AFTER_S)
                return own.turn - now, False, bool(left)
            own.turn = None
            for key in keys:
                kept = self._of(key, now)
                kept.failures, kept.at = kept.failures + 1, now
                self._keep(key, kept, now + FORGOTTEN_AFTER_S)
            return 0.0, turn, False

    def press(self, key: str, now: float) -> float:
        """Seconds until the turn of ``key``, while a window is full."""
        with self._lock:
            own = self._of(key, now)
            at = now + turn_after(own.failures, LONGEST_WAIT_S)
            own.turn = at if own.turn is None else min(own.turn, at)
            self._keep(key, own, own.turn + FORGOTTEN_AFTER_S)
            return own.turn - now

    def take_back(self, keys: Mapping[str, Delay]) -> None:
        with self._lock:
            for key in keys:
                if key in self._kept:
                    self._kept[key].failures = max(0, self._kept[key].failures - 1)

    def give_turn(self, key: str, now: float) -> None:
        with self._lock:
            own = self._of(key, now)
            own.turn = now
            self._keep(key, own, now + FORGOTTEN_AFTER_S)

    def forget(self, keys: Mapping[str, Delay]) -> None:
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)

    def forget_all(self) -> None:
        with self._lock:
            self._kept.clear()


HERE = Here()


def forget_here() -> None:
    """Forget what this process counted by itself. For tests."""
    HERE.forget_all()
