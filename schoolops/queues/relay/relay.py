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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis

from schoolops.queues import pipeline, registry
from schoolops.queues.ledger import deaths, statements
from schoolops.queues.registry import QUARANTINE_KEY, QUEUES, Queue
from schoolops.queues.relay import broker, message
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
# A school whose job has come to nothing for so long lets others go before it.
STUCK_S = 2.0
MOST_TOGETHER = 8
# A school may keep this many jobs in the ledger, all schools together that many.
MOST_PER_SCHOOL = 200_000
MOST_IN_ALL = 2_000_000

PAIRS = """
WITH RECURSIVE pairs AS (
    (SELECT queue, school FROM public.queues_job WHERE run_at IS NULL ORDER BY queue, school LIMIT 1)
    UNION ALL
    SELECT n.queue, n.school FROM pairs p CROSS JOIN LATERAL (
        SELECT j.queue, j.school FROM public.queues_job j
         WHERE j.run_at IS NULL AND (j.queue, j.school) > (p.queue, p.school)
         ORDER BY j.queue, j.school LIMIT 1) n)
SELECT queue, school FROM pairs
"""
# The schools with least in flight first, each its oldest; `place` spreads a window over the schools.
PICK = """
SELECT j.id, j.task, j.crashes, s.school
  FROM unnest(%(schools)s::text[], %(in_flight)s::int[], %(most)s::int[]) AS s (school, n, most)
 CROSS JOIN LATERAL (
    SELECT id, task, crashes, row_number() OVER (ORDER BY priority DESC, id) AS place
      FROM public.queues_job
     WHERE queue = %(queue)s AND school = s.school AND run_at IS NULL AND id <> ALL (%(known)s)
       AND (lease_until IS NULL OR lease_until < clock_timestamp())
     ORDER BY priority DESC, id LIMIT %(credit)s) AS j
 WHERE j.place <= s.most
 ORDER BY s.n + j.place, j.id
 LIMIT %(credit)s
"""
STILL_DUE = "SELECT id FROM public.queues_job WHERE id = ANY (%s) AND run_at IS NULL"
PROMOTE = """
UPDATE public.queues_job SET run_at = NULL
 WHERE id IN (SELECT id FROM public.queues_job WHERE run_at <= clock_timestamp() ORDER BY run_at LIMIT 2000
                 FOR UPDATE SKIP LOCKED)
RETURNING queue
"""
COUNT = """
WITH counted AS (SELECT school, count(*)::int AS jobs FROM public.queues_job GROUP BY school),
told AS (
    SELECT school, jobs, jobs > %(per_school)s AS "full" FROM counted
    UNION ALL
    SELECT '*', coalesce(sum(jobs), 0)::int, coalesce(sum(jobs), 0) > %(in_all)s FROM counted),
gone AS (DELETE FROM public.queues_backlog WHERE school NOT IN (SELECT school FROM told))
INSERT INTO public.queues_backlog AS b (school, jobs, "full", counted_at)
SELECT school, jobs, "full", clock_timestamp() FROM told
ON CONFLICT (school) DO UPDATE SET jobs = excluded.jobs, "full" = excluded."full", counted_at = excluded.counted_at
"""


@dataclass(slots=True)
class Published:
    """One job in flight: when to look again, and how often it was published."""

    queue: str
    school: str
    task: str
    crashes: int
    due: float
    times: int = 1
    at: float = 0.0
    # First in line, since what stands there is of a school that holds everybody up.
    first: bool = False


def _list_of(entry: Published) -> str:
    """The list in the broker that the job goes to."""
    return QUARANTINE_KEY if entry.crashes else QUEUES.get(entry.queue, registry.PLATFORM).broker_key


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
        alive = {row[0] for row in connection.execute(STILL_DUE, [list(self.in_flight)])}
        for job_id in self.in_flight.keys() - alive:
            del self.in_flight[job_id]

    def _overdue(self, connection: psycopg.Connection[Any], now: float) -> list[tuple[int, Published]]:
        """What was published long ago and is still a live row: publish it again, and count what a worker had fetched.

        What still lies in its list waits for a worker, however long there is none: it is neither published nor counted.
        """
        late = {job_id: entry for job_id, entry in self.in_flight.items() if now >= entry.due}
        if not late:
            return []
        for job_id in self._unfetched({_list_of(entry) for entry in late.values()}) & late.keys():
            entry = late.pop(job_id)
            entry.due = now + self._patience_with(entry)
        if ids := [job_id for job_id, entry in late.items() if entry.times > 0]:
            connection.execute(statements.FETCHED_IN_VAIN, [ids])
            told = {"ids": ids, "most": deaths.MOST_DELIVERIES, "error": "It was fetched again and again in vain."}
            for job_id, queue, request_id in connection.execute(statements.BURY_NO_OUTCOME, told):
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

    def _unfetched(self, keys: set[str]) -> set[int]:
        """The jobs whose messages lie in these lists."""
        pipe = self._client().pipeline(transaction=False)
        for key in keys:
            pipe.lrange(key, 0, -1)
        return {job_id for texts in pipe.execute() for text in texts for job_id in message.jobs_in(text)}

    def _patience_with(self, entry: Published) -> float:
        """Seconds until an outcome is overdue; longer each time, so that what never comes to anything costs little."""
        _, timeout = self._terms(entry)
        return (timeout + self.lease_margin_s) * 2.0 ** min(max(entry.times - 1, 0), 5)

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
        schools: dict[str, list[str]] = defaultdict(list)
        for queue, school in connection.execute(PAIRS):
            schools[queue].append(school)
        if not schools:
            return []
        known: dict[str, list[int]] = defaultdict(list)
        busy: dict[str, Counter[str]] = defaultdict(Counter)
        stuck: dict[str, set[str]] = defaultdict(set)
        for job_id, entry in self.in_flight.items():
            known[entry.queue].append(job_id)
            busy[entry.queue][entry.school] += 1
            if now - entry.at > STUCK_S:
                stuck[entry.queue].add(entry.school)
        picked: list[tuple[int, Published]] = []
        for name, waiting in schools.items():
            queue = QUEUES.get(name, registry.PLATFORM)
            slow, most = stuck[name], max(1, queue.width - 1)
            # What a school has that does not come to an end takes no other's place: those go before it, and one of the
            # queue's connections or children stays theirs.
            others_wait = not slow.issuperset(waiting)
            credit = queue.window - sum(min(n, most) if school in slow else n for school, n in busy[name].items())
            # Half the window at a time: a query for each finished job would cost more than it brings.
            if name in self._paused or credit < queue.window // 2:
                continue
            asked = {
                "queue": name,
                "schools": waiting,
                "in_flight": [busy[name][school] for school in waiting],
                "most": [
                    max(0, most - busy[name][school]) if others_wait and school in slow else credit
                    for school in waiting
                ],
                "known": known[name],
                "credit": credit,
            }
            rows = connection.execute(PICK, asked).fetchall()
            if rows:
                pipeline.step(pipeline.PICK, name, jobs=len(rows))
            picked += [
                (row[0], Published(name, row[3], row[1], row[2], 0.0, 0, first=bool(slow) and row[3] not in slow))
                for row in rows
            ]
        if picked:
            pipeline.pause_here(pipeline.PICK)
        return picked

    def _publish(self, wanted: list[tuple[int, Published]], now: float) -> None:
        client = self._client()
        lists: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for (key, first, timeout, durable, leased), jobs in self._sorted_by_terms(wanted).items():
            together = 1 if leased else self._together(key, len(jobs))
            for start in range(0, len(jobs), together):
                some = jobs[start : start + together]
                lists[key, first].append(
                    message.build(
                        [job_id for job_id, _ in some],
                        task=some[0][1].task,
                        broker_key=key,
                        timeout_s=timeout,
                        durable=durable,
                    )
                )
        pipe = client.pipeline(transaction=False)
        for (key, first), texts in lists.items():
            if first:
                pipe.rpush(key, *reversed(texts))
            else:
                pipe.lpush(key, *texts)
        pipeline.pause_here(pipeline.PUBLISH)
        pipe.execute()
        counts: Counter[str] = Counter()
        for job_id, entry in wanted:
            entry.times += 1
            entry.at, entry.due = now, now + self._patience_with(entry)
            self.in_flight[job_id] = entry
            counts[entry.queue] += 1
        for name, published in counts.items():
            pipeline.step(pipeline.PUBLISH, name, jobs=published)

    def _sorted_by_terms(
        self, wanted: list[tuple[int, Published]]
    ) -> dict[tuple[str, bool, int, bool, bool], list[tuple[int, Published]]]:
        """Jobs that one message may carry together: for the same list, with the same limits."""
        found: dict[tuple[str, bool, int, bool, bool], list[tuple[int, Published]]] = defaultdict(list)
        for job_id, entry in wanted:
            queue, timeout = self._terms(entry)
            task = registry.find(entry.task)
            leased = task is not None and task.leased
            found[_list_of(entry), entry.first, timeout, queue.durable_commit, leased].append((job_id, entry))
        return found

    @staticmethod
    def _together(key: str, jobs: int) -> int:
        """How many jobs a message carries: one, unless so many wait that every worker has several in any case.

        Celery spends as much on a message as a short job takes. A suspect always comes alone, and so do long jobs.
        """
        queue = QUEUES.get(key.removeprefix("jobs."))
        if queue is None or queue.timeout_s > registry.SHORT_S:
            return 1
        return max(1, min(MOST_TOGETHER, jobs // queue.width))

    @staticmethod
    def _terms(entry: Published) -> tuple[Queue, int]:
        queue = QUEUES.get(entry.queue, registry.PLATFORM)
        task = registry.find(entry.task)
        return queue, task.timeout_s if task is not None else queue.timeout_s

    # --- on the side ----------------------------------------------------------------------------------------------
    def _side_work(self, connection: psycopg.Connection[Any], now: float) -> None:
        promoted = Counter(row[0] for row in connection.execute(PROMOTE))
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
                connection.execute(COUNT, {"per_school": self.most_per_school, "in_all": self.most_in_all})
            except psycopg.errors.QueryCanceled:
                log.warning("the ledger took more than %d s to count; its limits stay as they are", STATEMENT_S)
            # Counting a million rows takes a while; it must not become all we do.
            self._counted_at = max(now, self.clock() + 10 * (self.clock() - now) - COUNT_EVERY_S)
        self._listen(now)

    def _listen(self, now: float) -> None:
        """What workers and the broker itself tell us: boots, jobs held by somebody, a broker that forgot everything."""
        client = self._client()
        pipe = client.pipeline(transaction=False)
        pipe.hgetall(broker.BOOT_KEY)
        pipe.lpop(broker.AGAIN_KEY, 500)
        pipe.get(broker.SENTINEL_KEY)
        pipe.set(broker.SENTINEL_KEY, self.name)
        pipe.set(broker.RELAY_KEY, self.name, ex=10)
        boots, again, sentinel, *_ = pipe.execute()
        for key, number in boots.items():
            if self._boots.get(key) != number:
                name = key.decode()
                # A moment for what the new worker finds in the list; a second delivery does no harm, only work.
                self._look_again(name.removeprefix("jobs.") if name != QUARANTINE_KEY else name, after=0.5)
        self._boots = boots
        for text in again or ():
            number = int(text)
            if (entry := self.in_flight.get(abs(number))) is not None:
                entry.due = min(entry.due, now + AGAIN_AFTER_S * 2 ** min(entry.times, 5))
                if number > 0:
                    entry.times = 0
        if sentinel is None:
            self._look_again()
