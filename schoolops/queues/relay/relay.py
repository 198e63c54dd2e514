"""From the ledger to the broker: fairly between schools, a shallow window at a time, and again when nothing came of it.

The relay writes nothing for a job that goes well: what is in flight it keeps in memory. A relay that dies forgets, the
next one publishes a window twice, and a second delivery finds no row. Two leaders do no harm for the same reason.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import psycopg
import redis

from schoolops.queues import broker, message, pipeline, registry
from schoolops.queues.ledger import deaths, statements
from schoolops.queues.registry import QUARANTINE_KEY, QUEUES
from schoolops.queues.relay import publishing
from schoolops.queues.relay.fairness import Window
from schoolops.queues.relay.publishing import Published
from schoolops.tenancy import direct

log = logging.getLogger("schoolops.queues")

LEADER_LOCK = 5_330_214_001
POLL_S = 0.02
STANDBY_POLL_S = 0.5
# A leader that asks for nothing for so long is stopped or lost: the server ends its session, and with it its lead.
STALLED_S = 10.0
STATEMENT_S = 30.0
# Nothing here waits for a job: rows that somebody holds are passed over.
LOCK_S = 1.0
SIDE_WORK_S = 0.25
COUNT_EVERY_S = 5.0
LEASE_MARGIN_S = 30.0
AGAIN_AFTER_S = 1.0
# A school whose job is with a worker for so long lets others go before it.
SLOW_S = 2.0
# A school may keep this many jobs in the ledger, all schools together that many.
MOST_PER_SCHOOL = 200_000
MOST_IN_ALL = 2_000_000


@dataclass(slots=True)
class Relay:
    """One relay. ``turn()`` is one look; ``run()`` looks until told to stop."""

    most_per_school: int = MOST_PER_SCHOOL
    most_in_all: int = MOST_IN_ALL
    lease_margin_s: float = LEASE_MARGIN_S
    stalled_s: float = STALLED_S
    clock: Callable[[], float] = time.monotonic
    in_flight: dict[int, Published] = field(default_factory=dict)
    _connection: psycopg.Connection[Any] | None = None
    _redis: redis.Redis | None = None
    _leads: bool = False
    _paused: frozenset[str] = frozenset()
    _boots: dict[bytes, bytes] = field(default_factory=dict)
    # By queue, the schools that let others go before them.
    _slow: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _side_work_at: float = 0.0
    _counted_at: float = float("-inf")
    _broker_away: bool = False
    _stopped: bool = False
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")

    def run(self) -> None:
        """Lead, or stand by until the leader is gone. Survives any loss of PostgreSQL and of the broker."""
        while not self._stopped:
            try:
                busy = self.turn()
            except psycopg.Error as gone:
                log.warning("the ledger is away: %s", type(gone).__name__)
                self._forget()
                time.sleep(0.2)
            except broker.BrokerUnavailable as gone:
                if not self._broker_away:
                    log.error("the broker is away, jobs wait in the ledger: %s", gone)  # noqa: TRY400 - no traceback
                self._broker_away = True
                self._redis = None
                time.sleep(0.2)
            else:
                if not busy:
                    time.sleep(POLL_S if self._leads else STANDBY_POLL_S)
        self.close()

    def stop(self) -> None:
        """End ``run`` after its present turn."""
        self._stopped = True

    def close(self) -> None:
        """Give the lead to whoever stands by."""
        self._forget()

    def _forget(self) -> None:
        # Closed, not dropped: the lead is a lock that lives as long as the connection.
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
        self._leads = False
        self.in_flight.clear()

    def turn(self) -> bool:
        """One look at the ledger. Returns whether so much was found that looking again at once pays.

        Raises:
            psycopg.Error: the ledger is away. BrokerUnavailable: the broker is.
        """
        connection = self._ensure_connection()
        if not self._leads:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK]).fetchone()
            self._leads = bool(row and row[0])
            if not self._leads:
                return False
            log.info("this relay leads")
        now = self.clock()
        if now >= self._side_work_at:
            self._side_work_at = now + SIDE_WORK_S
            self._side_work(connection, now)
        self._settle(connection)
        wanted = self._pick(connection, now) + self._overdue(connection, now)
        if wanted:
            self._publish(wanted, now)
        return len(wanted) >= 30

    def _ensure_connection(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._forget()
            self._connection = direct.connect(
                "relay", statement_s=STATEMENT_S, lock_s=LOCK_S, idle_s=self.stalled_s, prepare_threshold=2
            )
        return self._connection

    def _client(self) -> redis.Redis:
        if self._redis is None:
            broker.client.cache_clear()
            self._redis = broker.client()
            broker.check_that_it_writes()
            broker.set_strangers_aside()
            if self._broker_away:
                log.info("the broker is back")
                self._broker_away = False
            self._look_again()
        return self._redis

    # --- what came of it ------------------------------------------------------------------------------------------
    def _settle(self, connection: psycopg.Connection[Any]) -> None:
        """Forget what is done, dead, or waits for another try."""
        if not self.in_flight:
            return
        alive = {row[0] for row in connection.execute(statements.STILL_DUE, [list(self.in_flight)])}
        for job_id in self.in_flight.keys() - alive:
            del self.in_flight[job_id]

    def _overdue(self, connection: psycopg.Connection[Any], now: float) -> list[tuple[int, Published]]:
        """What was published long ago and is still a live row: publish it again, and count what a worker had fetched.

        What still lies in its list waits for a worker, however long there is none: it is neither published nor counted.
        """
        late = {job_id: entry for job_id, entry in self.in_flight.items() if now >= entry.due}
        if not late:
            return []
        for job_id in self._in_line(late):
            entry = late.pop(job_id)
            entry.due = now + self._patience_with(entry)
        if ids := [job_id for job_id, entry in late.items() if entry.times > 0]:
            connection.execute(statements.FETCHED_IN_VAIN, [ids])
            fetched = {"ids": ids, "most": deaths.MOST_DELIVERIES, "error": "It was fetched again and again in vain."}
            for job_id, queue, request_id in connection.execute(statements.BURY_NO_OUTCOME, fetched):
                pipeline.step(pipeline.BURY, queue, job_id=job_id, reason="no_outcome", requestId=request_id)
                self.in_flight.pop(job_id, None)
        crashes = dict(
            connection.execute("SELECT id, crashes FROM public.queues_job WHERE id = ANY (%s)", [list(late)]).fetchall()
        )
        again = []
        for job_id, entry in late.items():
            if job_id in self.in_flight and job_id in crashes:
                entry.crashes = crashes[job_id]
                pipeline.step(pipeline.AGAIN, entry.queue, job_id=job_id, times=entry.times)
                again.append((job_id, entry))
        pipeline.pause_here(pipeline.AGAIN)
        return again

    def _in_line(self, jobs: Mapping[int, Published]) -> set[int]:
        """Which of these jobs lie in their lists: no worker has fetched them."""
        pipe = self._client().pipeline(transaction=False)
        for key in {entry.broker_key for entry in jobs.values()}:
            pipe.lrange(key, 0, -1)
        return {job_id for texts in pipe.execute() for text in texts for job_id in message.jobs_in(text)} & jobs.keys()

    def _watch_the_slow(self, now: float) -> None:
        """Whose jobs have been with workers for so long that others go before theirs."""
        aged = {job_id: entry for job_id, entry in self.in_flight.items() if now - entry.in_line_at > SLOW_S}
        in_line = self._in_line(aged) if aged else set()
        self._slow.clear()
        for job_id, entry in aged.items():
            if job_id in in_line:
                entry.in_line_at = now
            else:
                self._slow[entry.queue].add(entry.school)

    def _patience_with(self, entry: Published) -> float:
        """Seconds until an outcome is overdue; longer each time, so that what never comes to anything costs little."""
        return (entry.timeout_s + self.lease_margin_s) * 2.0 ** min(max(entry.times - 1, 0), 5)

    def _look_again(self, queue: str | None = None, after: float = 0.0) -> None:
        """What we published may be lost: do not wait for the lease. This is not counted against the jobs."""
        due = self.clock() + after
        for entry in self.in_flight.values():
            if (
                queue is None or entry.queue == queue or (queue == QUARANTINE_KEY and entry.crashes)
            ) and entry.due > due:
                entry.due = due
                entry.times = 0

    # --- what next ------------------------------------------------------------------------------------------------
    def _pick(self, connection: psycopg.Connection[Any], now: float) -> list[tuple[int, Published]]:
        waiting: dict[str, list[str]] = defaultdict(list)
        for queue, school in connection.execute(statements.SCHOOLS_WITH_DUE_JOBS):
            waiting[queue].append(school)
        out: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for job_id, entry in self.in_flight.items():
            out[entry.queue][entry.school].append(job_id)
        picked: list[tuple[int, Published]] = []
        for name, schools in waiting.items():
            if name in self._paused:
                continue
            queue = QUEUES.get(name, registry.PLATFORM)
            # One of the queue's connections or children stays with those whose jobs do come to an end.
            window = Window(
                queue.window,
                {school: len(jobs) for school, jobs in out[name].items()},
                schools,
                slow=self._slow[name],
                most_of_slow=max(1, queue.width - 1),
            )
            if rooms := window.rooms():
                picked += self._pick_from(connection, name, window, rooms, [*chain(*out[name].values())])
        if picked:
            pipeline.pause_here(pipeline.PICK)
        return picked

    @staticmethod
    def _pick_from(
        connection: psycopg.Connection[Any], queue: str, window: Window, rooms: Mapping[str, int], known: list[int]
    ) -> list[tuple[int, Published]]:
        asked = {
            "queue": queue,
            "schools": list(rooms),
            "out": [window.out.get(school, 0) for school in rooms],
            "rooms": list(rooms.values()),
            "known": known,
            "most": window.most(),
        }
        rows = connection.execute(statements.PICK, asked).fetchall()
        rows = rows[: window.given([row[4] for row in rows])]
        if rows:
            pipeline.step(pipeline.PICK, queue, jobs=len(rows))
        return [(job_id, Published(queue, school, task, crashes)) for job_id, task, crashes, school, _ in rows]

    def _publish(self, wanted: list[tuple[int, Published]], now: float) -> None:
        client = self._client()
        pipeline.pause_here(pipeline.PUBLISH)
        refusal: redis.ResponseError | None = None
        for key, jobs in publishing.by_list(wanted).items():
            try:
                publishing.put(client, key, jobs, self.in_flight, self._slow)
            except redis.ResponseError as refused:
                # Of this list; what went into others is not published again for its sake.
                refusal = refused
                continue
            for job_id, entry in jobs:
                entry.times += 1
                entry.in_line_at, entry.due = now, now + self._patience_with(entry)
                self.in_flight[job_id] = entry
            for name, count in Counter(entry.queue for _, entry in jobs).items():
                pipeline.step(pipeline.PUBLISH, name, jobs=count)
        if refusal is not None:
            raise refusal

    # --- on the side ----------------------------------------------------------------------------------------------
    def _side_work(self, connection: psycopg.Connection[Any], now: float) -> None:
        promoted = Counter(row[0] for row in connection.execute(statements.PROMOTE))
        for name, jobs in promoted.items():
            pipeline.step(pipeline.PROMOTE, name, jobs=jobs)
        if promoted:
            pipeline.pause_here(pipeline.PROMOTE)
        self._paused = frozenset(
            row[0]
            for row in connection.execute("SELECT queue FROM public.queues_queuestate WHERE paused_at IS NOT NULL")
        )
        if now - self._counted_at >= COUNT_EVERY_S:
            try:
                connection.execute(
                    statements.COUNT_BACKLOGS, {"per_school": self.most_per_school, "in_all": self.most_in_all}
                )
            except psycopg.errors.QueryCanceled:
                log.warning("the ledger took more than %d s to count; its limits stay as they are", STATEMENT_S)
            # Counting a million rows takes a while; it must not become all we do.
            self._counted_at = max(now, self.clock() + 10 * (self.clock() - now) - COUNT_EVERY_S)
        self._listen(now)
        self._watch_the_slow(now)

    def _listen(self, now: float) -> None:
        """What workers and the broker itself tell us: boots, jobs that are locked, a broker that forgot all."""
        client = self._client()
        pipe = client.pipeline(transaction=False)
        pipe.hgetall(broker.BOOT_KEY)
        pipe.lpop(broker.AGAIN_KEY, 500)
        pipe.get(broker.FORGETS_KEY)
        pipe.set(broker.FORGETS_KEY, self.name)
        pipe.set(broker.RELAY_KEY, self.name, ex=10)
        boots, again, sentinel, *_ = pipe.execute()
        for key, number in boots.items():
            if self._boots.get(key) != number:
                name = key.decode(errors="replace")
                # A moment for what the new worker finds in the list; a second delivery does no harm, only work.
                self._look_again(name.removeprefix("jobs.") if name != QUARANTINE_KEY else name, after=0.5)
        self._boots = boots
        for number in filter(None, map(message.number_in, again or ())):
            if (entry := self.in_flight.get(abs(number))) is not None:
                entry.due = min(entry.due, now + AGAIN_AFTER_S * 2 ** min(entry.times, 5))
                if number > 0:
                    entry.times = 0
        if sentinel is None:
            self._look_again()
