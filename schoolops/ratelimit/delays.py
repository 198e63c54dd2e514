"""Progressive delay: a failure makes the next attempt wait 1, 2, 4 … 60 seconds, and never longer.

An attempt is counted before its outcome is known, so that a hundred at once are not a hundred free guesses. One that
comes too early is refused without being counted: waiting always helps, and a correct password is never locked out.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from schoolops import clock
from schoolops.context import school_or_none
from schoolops.errors import Throttled
from schoolops.redis.connection import RATE_LIMITS, RedisUnavailable, client

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


# KEYS: one hash {n, until} per delay. ARGV: now, ttl, longest, then `free` per key. Milliseconds, but ttl and longest.
_BEGIN = """
local now, longest = tonumber(ARGV[1]), tonumber(ARGV[3])
local wait = 0
for _, key in ipairs(KEYS) do
  local until_ = tonumber(redis.call('HGET', key, 'until') or '0')
  if until_ - now > wait then wait = until_ - now end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local beyond = redis.call('HINCRBY', key, 'n', 1) - tonumber(ARGV[3 + i])
  if beyond > 0 then
    redis.call('HSET', key, 'until', now + 1000 * math.min(longest, 2 ^ math.min(beyond - 1, 6)))
  end
  redis.call('EXPIRE', key, ARGV[2])
end
return 0
"""
# KEYS: as above. ARGV: `free` per key.
_TAKE_BACK = """
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    local n = redis.call('HINCRBY', key, 'n', -1)
    if n <= 0 then redis.call('DEL', key) elseif n <= tonumber(ARGV[i]) then redis.call('HDEL', key, 'until') end
  end
end
"""
# KEYS: who succeeded, then as above. ARGV: ttl, then `free` per key, or -1 where all is forgiven.
_SUCCEEDED = """
local pays = redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) and 2 or 1
for i = 2, #KEYS do
  local key, free = KEYS[i], tonumber(ARGV[i])
  if free < 0 then
    redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 then
    local n = redis.call('HINCRBY', key, 'n', -pays)
    if n <= 0 then redis.call('DEL', key) elseif n <= free then redis.call('HDEL', key, 'until') end
  end
end
"""


class _Here:
    """The same rules in this process, for as long as Redis does not answer: stricter, and never none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float, float]] = {}

    def begin(self, keys: Mapping[str, Delay], now: float) -> float:
        with self._lock:
            known = {key: self._counts.get(key, (0, 0.0, 0.0)) for key in keys}
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
    """An attempt under way. Left alone it counts as a failure."""

    keys: Mapping[str, Delay]

    def succeeded(self) -> None:
        """It was right: forget the failures that are forgiven, take back the count of the others."""
        forgiven = {key: delay for key, delay in self.keys.items() if delay.forgiven}
        others = {key: delay for key, delay in self.keys.items() if not delay.forgiven}
        _here.forget(forgiven)
        _here.take_back(others)
        # Whom it pays for once: the one this attempt was counted for, by the most particular of its keys.
        who = f"{next(iter(self.keys))}:paid"
        free = [-1 if delay.forgiven else delay.free for delay in self.keys.values()]
        try:
            client(RATE_LIMITS).eval(_SUCCEEDED, 1 + len(self.keys), who, *self.keys, FORGOTTEN_AFTER_S, *free)
        except RedisUnavailable:
            log.warning("failures not forgotten", extra={"facts": {"keys": len(self.keys)}})

    def take_back(self) -> None:
        """It was neither right nor wrong (a question came up, or we failed): as if it had not been."""
        _take_back(self.keys)


def _take_back(keys: Mapping[str, Delay]) -> None:
    if not keys:
        return
    _here.take_back(keys)
    try:
        client(RATE_LIMITS).eval(_TAKE_BACK, len(keys), *keys, *(delay.free for delay in keys.values()))
    except RedisUnavailable:
        log.warning("attempts not taken back", extra={"facts": {"keys": len(keys)}})


def begin(counted: Mapping[Delay, str]) -> Attempt:
    """Count an attempt under every delay of ``counted`` (delay → who, any text), in the current school.

    Raises:
        TooManyAttempts: it came too early under one of them; nothing was counted.
    """
    school = school_or_none()
    place = f"tenant:{school.pk}" if school is not None else "platform"
    keys = {
        # A digest: what people type may be long, or a password in the wrong field.
        f"{place}:ratelimit:delay:{delay.name}:{hashlib.sha256(who.encode()).hexdigest()[:32]}": delay
        for delay, who in counted.items()
    }
    now = clock.now().timestamp()
    try:
        free = [delay.free for delay in keys.values()]
        arguments = (int(now * 1000), FORGOTTEN_AFTER_S, LONGEST_WAIT_S, *free)
        wait = float(client(RATE_LIMITS).eval(_BEGIN, len(keys), *keys, *arguments)) / 1000
    except RedisUnavailable:
        log.warning("attempts are counted per process", extra={"facts": {"delays": [each.name for each in counted]}})
        wait = _here.begin(keys, now)
    if wait > 0:
        seconds = min(LONGEST_WAIT_S, max(1, -int(-wait // 1)))
        raise TooManyAttempts(seconds=seconds, retry_after=seconds)
    return Attempt(keys)
