"""The scripts that count in Redis: each question of a request is one script, so one round trip, whatever it counts."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any, Final

from limits.storage import RedisStorage
from redis.exceptions import NoScriptError

from schoolops.redis.connection import RATE_LIMITS, client


def _source(script: str | bytes) -> str:
    return script.decode() if isinstance(script, bytes) else script


# The arithmetic of one window is the library's. Ours is that several are taken together: one in every window, or in
# none. `keys`: of each window the previous count and the present one. `numbers`: of each how many in how many seconds.
WINDOWS: Final = f"""
local function acquire(KEYS, ARGV)
{_source(RedisStorage.SCRIPT_ACQUIRE_SLIDING_WINDOW)}
end
local function standing(KEYS, ARGV)
{_source(RedisStorage.SCRIPT_SLIDING_WINDOW)}
end
local function take(keys, numbers)
  local full, counts = 0, {{}}
  for i = 1, #keys, 2 do
    if not acquire({{keys[i], keys[i + 1]}}, {{numbers[i], numbers[i + 1], 1}}) then
      full = (i + 1) / 2
      for j = 2, i - 1, 2 do redis.call('decr', keys[j]) end
      break
    end
  end
  for i = 1, #keys, 2 do
    counts[#counts + 1] = standing({{keys[i], keys[i + 1]}}, {{numbers[i + 1]}})
  end
  return full, counts
end
local function give_back(keys)
  for i = 2, #keys, 2 do
    if tonumber(redis.call('get', keys[i]) or '0') > 0 then redis.call('decr', keys[i]) end
  end
end
"""


@functools.cache
def _sha(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def run(script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """What ``script`` returns. Raises ``RedisUnavailable``."""
    server = client(RATE_LIMITS)
    try:
        return server.evalsha(_sha(script), len(keys), *keys, *arguments)
    except NoScriptError:
        # A server that was restarted has forgotten it; being told the whole script, it knows it again.
        return server.eval(script, len(keys), *keys, *arguments)
