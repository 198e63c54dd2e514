"""Progressive delay: a failure makes the next attempt wait 1, 2, 4 … 60 seconds, and never longer.

An attempt is counted before its outcome is known, so that a hundred at once are not a hundred free guesses. One that
comes too early is refused without being counted: waiting always helps, and a correct password is never locked out.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from schoolops import clock
from schoolops.context import school_or_none
from schoolops.errors import Throttled
from schoolops.ratelimit import scripts
from schoolops.ratelimit.windows import TooOften, Wanted, Window, demand, wanted
from schoolops.redis.connection import RATE_LIMITS, RedisUnavailable

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 60
FORGOTTEN_AFTER_S = RATE_LIMITS.ttl_s
# What the fallback remembers per process before it forgets the oldest.
MOST_REMEMBERED = 10_000
# Several processes count apart while Redis is away, so each lets through a quarter.
STRICTER = 4


class TooManyAttempts(Throttled):
    """There were several failed attempts; please wait {seconds} s before the next."""

    code = "ratelimit:too-many-attempts"
    remedy = "Wait as long as Retry-After says; then a correct answer is accepted at once."


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


# KEYS: one hash {n, until} per delay, then the keys of the windows. ARGV: how many delays, now, ttl, longest, `free` of
# each, then the numbers of the windows. Milliseconds, but ttl and longest. Returns {wait, window that is full, counts}.
# A wait that ends later than any can was begun by a clock that was ahead: it is the longest one from now on.
_BEGIN = f"""{scripts.WINDOWS}
local delays, now, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local wait = 0
for i = 1, delays do
  local until_ = tonumber(redis.call('HGET', KEYS[i], 'until') or '0')
  if until_ - now > 1000 * longest then
    until_ = now + 1000 * longest
    redis.call('HSET', KEYS[i], 'until', until_)
  end
  if until_ - now > wait then wait = until_ - now end
end
if wait > 0 then return {{wait, 0, {{}}}} end
local full, counts = take({{unpack(KEYS, delays + 1)}}, {{unpack(ARGV, 5 + delays)}})
if full > 0 then return {{0, full, counts}} end
for i = 1, delays do
  local beyond = redis.call('HINCRBY', KEYS[i], 'n', 1) - tonumber(ARGV[4 + i])
  if beyond > 0 then
    redis.call('HSET', KEYS[i], 'until', now + 1000 * math.min(longest, 2 ^ math.min(beyond - 1, 6)))
  end
  redis.call('EXPIRE', KEYS[i], ARGV[3])
end
return {{0, 0, counts}}
"""
# KEYS: as above. ARGV: number of delays, then `free` of each.
_TAKE_BACK = f"""{scripts.WINDOWS}
local delays = tonumber(ARGV[1])
for i = 1, delays do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    local n = redis.call('HINCRBY', KEYS[i], 'n', -1)
    if n <= 0 then
      redis.call('DEL', KEYS[i])
    elseif n <= tonumber(ARGV[1 + i]) then
      redis.call('HDEL', KEYS[i], 'until')
    end
  end
end
give_back({{unpack(KEYS, delays + 1)}})
"""
# KEYS: who succeeded, then as above. ARGV: number of delays, ttl, then `free` of each, or -1 where all is forgiven.
_SUCCEEDED = f"""{scripts.WINDOWS}
local delays = tonumber(ARGV[1])
local pays = redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[2]) and 2 or 1
for i = 1, delays do
  local key, free = KEYS[1 + i], tonumber(ARGV[2 + i])
  if free < 0 then
    redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 then
    local n = redis.call('HINCRBY', key, 'n', -pays)
    if n <= 0 then redis.call('DEL', key) elseif n <= free then redis.call('HDEL', key, 'until') end
  end
end
give_back({{unpack(KEYS, delays + 2)}})
"""


class _Here:
    """The same rules in this process, for as long as Redis does not answer: stricter, and never none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float, float]] = {}

    def begin(self, keys: Mapping[str, Delay], now: float) -> float:
        with self._lock:
            known = {key: self._not_ahead(key, now) for key in keys}
            wait = max((until - now for _, until, expires in known.values() if expires > now), default=0.0)
            if wait > 0:
                return wait
            for key, delay in keys.items():
                failures = known[key][0] + 1 if known[key][2] > now else 1
                # Moved to the end: the first of the dict is the one that was quiet for longest.
                self._counts.pop(key, None)
                until = now + wait_after(failures, delay.free // STRICTER)
                self._counts[key] = (failures, until, now + FORGOTTEN_AFTER_S)
            while len(self._counts) > MOST_REMEMBERED:
                del self._counts[next(iter(self._counts))]
            return 0.0

    def _not_ahead(self, key: str, now: float) -> tuple[int, float, float]:
        """What is counted of ``key``; a wait begun by a clock that was ahead is the longest one from now on."""
        failures, until, expires = self._counts.get(key, (0, 0.0, 0.0))
        if until > now + LONGEST_WAIT_S:
            until, expires = now + LONGEST_WAIT_S, now + FORGOTTEN_AFTER_S
            self._counts[key] = failures, until, expires
        return failures, until, expires

    def take_back(self, keys: Mapping[str, Delay]) -> None:
        with self._lock:
            for key, delay in keys.items():
                if key in self._counts:
                    failures, until, expires = self._counts.pop(key)
                    if failures > 1:
                        kept = until if failures - 1 > delay.free // STRICTER else 0.0
                        self._counts[key] = (failures - 1, kept, expires)

    def forget(self, keys: Mapping[str, Delay]) -> None:
        with self._lock:
            for key in keys:
                self._counts.pop(key, None)

    def forget_all(self) -> None:
        with self._lock:
            self._counts.clear()


_here = _Here()


def forget_here() -> None:
    """Forget what this process counted by itself. For tests."""
    _here.forget_all()


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt under way. Left alone it counts as a failure. ``here``: it was counted while Redis was away."""

    keys: Mapping[str, Delay]
    windows: Wanted
    here: bool = False

    def succeeded(self) -> None:
        """It was right: forget the failures that are forgiven, take back the count of the others and of the windows."""
        forgiven = {key: delay for key, delay in self.keys.items() if delay.forgiven}
        others = {key: delay for key, delay in self.keys.items() if not delay.forgiven}
        _here.forget(forgiven)
        _here.take_back(others)
        shared = self._given_back()
        # Whom it pays for once: the one this attempt was counted for, by the most particular of its keys.
        who = f"{next(iter(self.keys))}:paid"
        free = [-1 if delay.forgiven else delay.free for delay in self.keys.values()]
        try:
            scripts.run(_SUCCEEDED, [who, *self.keys, *shared], [len(free), FORGOTTEN_AFTER_S, *free])
        except RedisUnavailable:
            log.warning("failures not forgotten", extra={"facts": {"keys": len(self.keys)}})

    def take_back(self) -> None:
        """It was neither right nor wrong (a question came up, or we failed): as if it had not been."""
        _here.take_back(self.keys)
        shared = self._given_back()
        free = [delay.free for delay in self.keys.values()]
        try:
            scripts.run(_TAKE_BACK, [*self.keys, *shared], [len(free), *free])
        except RedisUnavailable:
            log.warning("attempts not taken back", extra={"facts": {"keys": len(self.keys)}})

    def _given_back(self) -> list[str]:
        """Give back to the windows of this process, or return the keys of those in Redis to do it."""
        if not self.here:
            return self.windows.keys
        self.windows.give_back_here()
        return []


def _keys_of(counted: Mapping[Delay, str]) -> dict[str, Delay]:
    school = school_or_none()
    place = f"tenant:{school.pk}" if school is not None else "platform"
    return {
        # A digest: what people type may be long, or a password in the wrong field.
        f"{place}:ratelimit:delay:{delay.name}:{hashlib.sha256(who.encode()).hexdigest()[:32]}": delay
        for delay, who in counted.items()
    }


def begin(counted: Mapping[Delay, str], *, within: Mapping[Window, str] | None = None) -> Attempt:
    """Count an attempt under every delay of ``counted`` (delay → who, any text), in the current school.

    ``within``: windows that it must fit into as well; what is no failure in the end takes nothing from them.

    Raises:
        TooManyAttempts: it came too early under one of them. TooOften: a window is full. Then nothing was counted.
    """
    attempt = Attempt(_keys_of(counted), wanted(within or {}))
    keys, now = attempt.keys, clock.now().timestamp()
    free = [delay.free for delay in keys.values()]
    arguments = [len(keys), int(now * 1000), FORGOTTEN_AFTER_S, LONGEST_WAIT_S, *free, *attempt.windows.numbers]
    try:
        wait_ms, full, standings = scripts.run(_BEGIN, [*keys, *attempt.windows.keys], arguments)
    except RedisUnavailable:
        log.warning("attempts are counted per process", extra={"facts": {"delays": [each.name for each in counted]}})
        _refuse_early(_here.begin(keys, now))
        try:
            demand(attempt.windows.count_here())
        except TooOften:
            _here.take_back(keys)
            raise
        return replace(attempt, here=True)
    _refuse_early(float(wait_ms) / 1000)
    demand(attempt.windows.told(full, standings))
    return attempt


def _refuse_early(wait_s: float) -> None:
    if wait_s > 0:
        seconds = min(LONGEST_WAIT_S, max(1, -int(-wait_s // 1)))
        raise TooManyAttempts(seconds=seconds, retry_after=seconds)
