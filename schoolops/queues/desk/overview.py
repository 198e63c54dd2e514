"""How the queues are: counts per queue, the broker, the relay. One query, remembered for a second."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import redis
from django.db import connection

from schoolops.context import outside_schools
from schoolops.queues import broker, message
from schoolops.queues.registry import QUARANTINE, QUARANTINE_KEY, QUEUES

REMEMBERED_S = 1.0
# A worker beats every ten seconds. Whoever is started anew takes the same name, so one that is missed for longer than
# this was taken away for good.
SILENT_AFTER_S = 35
MISSED_FOR_S = 600
# Counting stops here: "10,000 or more" says enough, and a probe must stay cheap.
COUNTED_TO = 10_000

_COUNTS = f"""
SELECT q.name,
       (SELECT count(*) FROM (SELECT 1 FROM queues_job j WHERE j.queue = q.name AND j.run_at IS NULL
                               LIMIT {COUNTED_TO}) x),
       (SELECT count(*) FROM (SELECT 1 FROM queues_deadletter d WHERE d.queue = q.name AND d.discarded_at IS NULL
                               LIMIT {COUNTED_TO}) x),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)
          FROM (SELECT created_at FROM queues_job j WHERE j.queue = q.name AND j.run_at IS NULL
                 LIMIT {COUNTED_TO}) x),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(dead_at)), 0)
          FROM (SELECT dead_at FROM queues_deadletter d WHERE d.queue = q.name AND d.discarded_at IS NULL
                 LIMIT {COUNTED_TO}) x),
       (SELECT paused_at IS NOT NULL FROM queues_queuestate s WHERE s.queue = q.name)
  FROM unnest(%s::text[]) AS q (name)
"""  # noqa: S608 - our own number
_LATER = f"""
SELECT queue, count(*), count(*) FILTER (WHERE attempts > spent OR meta ? 'deferred_by')
  FROM (SELECT queue, attempts, spent, meta FROM queues_job WHERE run_at IS NOT NULL LIMIT {COUNTED_TO}) x
 GROUP BY queue
"""  # noqa: S608

_remembered: tuple[float, dict[str, Any]] | None = None
_lock = threading.Lock()


def overview() -> dict[str, Any]:
    """``{"status", "broker", "relay", "queues": {name: {"ready", "scheduled", "retrying", "inBroker", "dead", …}}}``.

    ``status`` is ``unavailable`` while the broker is away or refuses to write, ``degraded`` while no relay leads, a
    queue is ``unmanned`` or a worker ``silent``, otherwise ``ok``. Counts stop at 10,000.

    Raises:
        django.db.DatabaseError: the ledger is away; nothing is accepted and nothing was acknowledged.
    """
    global _remembered
    with _lock:
        if _remembered is None or time.monotonic() - _remembered[0] >= REMEMBERED_S:
            _remembered = (time.monotonic(), _look())
        return _remembered[1]


def forget() -> None:
    """Look anew next time."""
    global _remembered
    with _lock:
        _remembered = None


def _look() -> dict[str, Any]:
    queues: dict[str, dict[str, Any]] = {}
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(QUEUES)])
        for name, ready, dead, oldest, oldest_dead, paused in cursor.fetchall():
            queues[name] = {
                "ready": ready, "scheduled": 0, "retrying": 0, "inBroker": None, "dead": dead,
                "oldestSeconds": round(float(oldest), 1), "oldestDeadSeconds": round(float(oldest_dead), 1),
                "paused": bool(paused), "workers": None,
            }  # fmt: skip
        cursor.execute(_LATER)
        for name, later, retrying in cursor.fetchall():
            if name in queues:
                queues[name] |= {"scheduled": later - retrying, "retrying": retrying}
    answer: dict[str, Any] = {"status": "ok", "broker": "ok", "relay": None, "garbage": None, "queues": queues}
    answer |= {"unmanned": None, "silent": None}
    try:
        pipe = broker.client().pipeline(transaction=False)
        for queue in QUEUES.values():
            pipe.llen(queue.broker_key)
        pipe.llen(QUARANTINE_KEY)
        pipe.llen(broker.GARBAGE_KEY)
        pipe.get(broker.RELAY_KEY)
        pipe.hgetall(broker.WORKERS_KEY)
        pipe.time()
        broker.check_that_it_writes(pipe)
        *lengths, quarantine, garbage, relay, beats, now, _ = pipe.execute()
    except redis.ResponseError as refused:
        return answer | {"status": "unavailable", "broker": f"refuses to write: {refused}"}
    except broker.BrokerUnavailable as gone:
        broker.client.cache_clear()
        return answer | {"status": "unavailable", "broker": type(gone).__name__}
    for queue, length in zip(QUEUES.values(), lengths, strict=True):
        queues[queue.name]["inBroker"] = length
    answer |= {"quarantine": quarantine, "garbage": garbage, "relay": relay.decode() if relay else None}
    known = {name.decode(errors="replace"): message.number_in(beat) for name, beat in beats.items()}
    ages = {name: now[0] - beat for name, beat in known.items() if beat is not None}
    working = Counter(name.partition("@")[0] for name, age in ages.items() if age <= SILENT_AFTER_S)
    for name, counts in queues.items():
        counts["workers"] = working[name]
    answer["unmanned"] = [name for name in (*QUEUES, QUARANTINE) if not working[name]]
    answer["silent"] = sorted(name for name, age in ages.items() if SILENT_AFTER_S < age <= MISSED_FOR_S)
    if relay is None or answer["unmanned"] or answer["silent"]:
        answer["status"] = "degraded"
    return answer
