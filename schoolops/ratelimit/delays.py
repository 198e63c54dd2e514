"""Progressive delay: a failure makes the next attempt wait 1, 2, 4 … 60 seconds; and waiting always helps.

An attempt is counted under its own key (this login from this address, this device) and under some that it shares with
others (the login, the address). Its own failures make it wait. Those of others only press: while they do, nothing is
free, and whoever comes is given a *turn*, kept under the own key, which nobody else can take.

An attempt is counted before its outcome is known, so that a hundred at once are not a hundred free guesses. One that
comes too early is refused without being counted, and told its turn.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from schoolops import clock
from schoolops.context import school_or_none
from schoolops.errors import Throttled
from schoolops.ratelimit import scripts
from schoolops.ratelimit.turns import (
    FIRST_TURN_S,
    FORGOTTEN_AFTER_S,
    HERE,
    LONGEST_TURN_S,
    LONGEST_WAIT_S,
    TURN_KEPT_S,
    Delay,
)
from schoolops.ratelimit.windows import TooOften, Wanted, Window, demand, wanted
from schoolops.redis.connection import RedisUnavailable

log = logging.getLogger(__name__)

# Beyond so many refusals in one wait somebody asks all the time under this very key, perhaps not its owner. Then a turn
# goes to one who was told and came back no sooner; whoever comes too soon, or for the first time, is told once more.
ASKED_BY_PEOPLE = 5
ONCE_MORE_S = 1
TOO_SOON_S = 2


class TooManyAttempts(Throttled):
    """There were several failed attempts; please wait {seconds} s before the next.

    ``pressed``: not one's own failures alone are the reason.
    """

    code = "ratelimit:too-many-attempts"
    remedy = "Wait as long as Retry-After says: then it is your turn, whatever others try."
    pressed = False


# KEYS: the own hash {n failures, at the last, turn}, a hash of who was told until when, one hash {n, at} for each
# shared delay, then the keys of the windows: of those who walk in, of those who have a turn.
# ARGV: now, how many shared delays, how many keys of windows to walk in, what this one says, `free` of the own and of
# each shared delay, then the numbers of the windows. Milliseconds.
# Returns {wait, window that is full, counts, whether it is a turn, whether others press}.
# What was noted by a clock that was ahead was noted now.
_BEGIN = f"""{scripts.WINDOWS}
local now, shared, walking, said = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local own, told = KEYS[1], KEYS[2]
local function waits(n, free)
  if n <= free then return 0 end
  return 1000 * math.min({LONGEST_WAIT_S}, 2 ^ math.min(n - free - 1, 6))
end
local function number(key, field) return tonumber(redis.call('HGET', key, field) or '0') end
local function last(key)
  local at = number(key, 'at')
  if at > now then redis.call('HSET', key, 'at', now) end
  return math.min(at, now)
end
local n = number(own, 'n')
local opens = last(own) + waits(n, tonumber(ARGV[5]))
local left = 0
for i = 1, shared do
  local wait = waits(number(KEYS[2 + i], 'n') - n, tonumber(ARGV[5 + i]))
  left = math.max(left, last(KEYS[2 + i]) + wait - now)
end
local due = tonumber(redis.call('HGET', own, 'turn') or 'nil')
if due and now > due + {1000 * TURN_KEPT_S} then due = nil end
local mine, asked = redis.call('HGET', told, said), number(told, 'asked')
local function promise(at)
  if mine and asked >= {ASKED_BY_PEOPLE} then at = math.max(at, now + {1000 * TOO_SOON_S}) end
  redis.call('HINCRBY', told, 'asked', 1)
  redis.call('HSET', told, said, at)
  redis.call('EXPIRE', told, math.ceil((at - now) / 1000) + {TURN_KEPT_S})
  return at
end
local function tell(full, counts)
  local at = math.max(opens, now)
  if left > 0 then
    local turn = math.min(left, {1000 * FIRST_TURN_S})
    if n > 0 then turn = math.min({1000 * LONGEST_TURN_S}, {1000 * LONGEST_WAIT_S} * 4 ^ (n - 1)) end
    at = math.max(at, now + turn)
  end
  due = math.min(due or at, at)
  redis.call('HSET', own, 'turn', due)
  redis.call('EXPIRE', own, {FORGOTTEN_AFTER_S} + math.ceil((due - now) / 1000))
  return {{promise(due) - now, full, counts, 0, left > 0 and 1 or 0}}
end
local turn = due and now >= due
if not turn and (opens > now or left > 0) then return tell(0, {{}}) end
if turn and asked >= {ASKED_BY_PEOPLE} and not (mine and now >= tonumber(mine)) then
  return {{promise(now + {1000 * ONCE_MORE_S}) - now, 0, {{}}, 0, 1}}
end
local first = 3 + shared
local keys, numbers = {{}}, {{}}
local from, to = first, #KEYS
if turn then from = first + walking else to = first + walking - 1 end
for i = from, to do
  keys[#keys + 1], numbers[#numbers + 1] = KEYS[i], ARGV[6 + shared + i - first]
end
local full, counts = take(keys, numbers)
if full > 0 and turn then return {{0, full, counts, 1, 1}} end
if full > 0 then
  left = {1000 * LONGEST_WAIT_S}
  return tell(full, counts)
end
redis.call('DEL', told)
redis.call('HDEL', own, 'turn')
for i = 1, 2 + shared do
  if i ~= 2 then
    redis.call('HINCRBY', KEYS[i], 'n', 1)
    redis.call('HSET', KEYS[i], 'at', now)
    redis.call('EXPIRE', KEYS[i], {FORGOTTEN_AFTER_S})
  end
end
return {{0, 0, counts, turn and 1 or 0, 0}}
"""
# KEYS: one hash per delay, the own first, then the keys of the windows. ARGV: now, number of delays.
# The turn is given back as well: it can be used at once.
_TAKE_BACK = f"""{scripts.WINDOWS}
local delays = tonumber(ARGV[2])
for i = 1, delays do
  if redis.call('EXISTS', KEYS[i]) == 1 and redis.call('HINCRBY', KEYS[i], 'n', -1) <= 0 then
    redis.call('HDEL', KEYS[i], 'n', 'at')
  end
end
redis.call('HSET', KEYS[1], 'turn', ARGV[1])
redis.call('EXPIRE', KEYS[1], {FORGOTTEN_AFTER_S})
give_back({{unpack(KEYS, delays + 1)}})
"""
# KEYS: who succeeded, then as above. ARGV: number of delays, then for each whether all is forgiven.
_SUCCEEDED = f"""{scripts.WINDOWS}
local delays = tonumber(ARGV[1])
local pays = redis.call('SET', KEYS[1], '1', 'NX', 'EX', {FORGOTTEN_AFTER_S}) and 2 or 1
for i = 1, delays do
  local key = KEYS[1 + i]
  if ARGV[1 + i] == '1' then
    redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 and redis.call('HINCRBY', key, 'n', -pays) <= 0 then
    redis.call('DEL', key)
  end
end
give_back({{unpack(KEYS, delays + 2)}})
"""


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
        HERE.forget(forgiven)
        HERE.take_back(others)
        shared = self._given_back()
        # Whom it pays for once: the one this attempt was counted for, by the most particular of its keys.
        who = f"{self._own}:paid"
        said = [int(delay.forgiven) for delay in self.keys.values()]
        try:
            scripts.run(_SUCCEEDED, [who, *self.keys, *shared], [len(said), *said])
        except RedisUnavailable:
            log.warning("failures not forgotten", extra={"facts": {"keys": len(self.keys)}})

    def take_back(self) -> None:
        """It was neither right nor wrong (a question came up, or we failed): as if it had not been; again at once."""
        now = clock.now().timestamp()
        HERE.take_back(self.keys)
        if self.here:
            HERE.give_turn(self._own, now)
        shared = self._given_back()
        try:
            scripts.run(_TAKE_BACK, [*self.keys, *shared], [int(now * 1000), len(self.keys)])
        except RedisUnavailable:
            log.warning("attempts not taken back", extra={"facts": {"keys": len(self.keys)}})

    @property
    def _own(self) -> str:
        return next(iter(self.keys))

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


def begin(
    counted: Mapping[Delay, str],
    *,
    tried: str = "",
    within: Mapping[Window, str] | None = None,
    in_turn: Mapping[Window, str] | None = None,
) -> Attempt:
    """Count an attempt under every delay of ``counted`` (delay → who, any text), in the current school.

    Args:
        counted: the own delay first, under which turns are kept; then those that are shared.
        tried: what this one tries, a password say: two who share the own key are told apart by it.
        within: windows that it must fit into as well; what is no failure in the end takes nothing from them.
        in_turn: the windows for those whose turn it is, instead of ``within``.

    Raises:
        TooManyAttempts: it came too early. TooOften: a window is full. Then nothing was counted, and its turn is kept.
    """
    keys, now = _keys_of(counted), clock.now().timestamp()
    walking, turning = wanted(within or {}), wanted(in_turn or {})
    own, *shared = keys
    # For two minutes, under our secret, and cut to 24 bits: of a password it tells nothing worth having.
    mark = salted_hmac("schoolops.ratelimit.turns", tried, algorithm="sha256").hexdigest()[:6]
    free = [delay.free for delay in keys.values()]
    numbers = [*walking.numbers, *turning.numbers]
    arguments = [int(now * 1000), len(shared), len(walking.keys), mark, *free, *numbers]
    try:
        wait_ms, full, standings, turn, pressed = scripts.run(
            _BEGIN, [own, f"{own}:told", *shared, *walking.keys, *turning.keys], arguments
        )
    except RedisUnavailable:
        log.warning("attempts are counted per process", extra={"facts": {"delays": [each.name for each in counted]}})
        return _begin_here(keys, walking, turning, now)
    windows = turning if turn else walking
    if full:
        demand(windows.told(full, standings), retry_after=_seconds(float(wait_ms) / 1000))
    _refuse_early(float(wait_ms) / 1000, pressed=bool(pressed))
    return Attempt(keys, windows)


def _begin_here(keys: dict[str, Delay], walking: Wanted, turning: Wanted, now: float) -> Attempt:
    wait_s, turn, pressed = HERE.begin(keys, now)
    _refuse_early(wait_s, pressed=pressed)
    windows = turning if turn else walking
    try:
        demand(windows.count_here())
    except TooOften as full:
        HERE.take_back(keys)
        if not turn:
            full.retry_after = _seconds(HERE.press(next(iter(keys)), now))
        raise
    return Attempt(keys, windows, here=True)


def _seconds(wait_s: float) -> int:
    return max(1, math.ceil(wait_s)) if wait_s > 0 else 0


def _refuse_early(wait_s: float, *, pressed: bool) -> None:
    if wait_s > 0:
        seconds = _seconds(wait_s)
        refusal = TooManyAttempts(seconds=seconds, retry_after=seconds)
        refusal.pressed = pressed
        raise refusal
