"""Scheduled work: what runs when, and the beat that puts each tick into the ledger once, however many beats there are.

The moment's row and its job commit together. Ticks that were missed are caught up once, with the latest. A tick for the
schools is one platform job that writes one job per school, spread over ``spread_s`` seconds.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from dataclasses import dataclass
from typing import cast

from django.db import DatabaseError, connection, transaction

from schoolops import clock
from schoolops.context import inside, outside_schools
from schoolops.errors import Misconfigured, Unavailable
from schoolops.queues import pipeline
from schoolops.queues.errors import LedgerFull
from schoolops.queues.ledger import janitor
from schoolops.queues.ledger.task import Task, parameters_of, task
from schoolops.queues.registry import PLATFORM
from schoolops.tenancy.models import School, SchoolState

log = logging.getLogger("schoolops.queues")
# A tick that stands further ahead than this was put there by a clock that was wrong.
_AHEAD = dt.timedelta(hours=1)
_EPOCH = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """``task`` every ``every``, counted from midnight UTC of a Monday plus ``offset``.

    Its task takes no arguments. ``each_school``: a job per active school, at a random moment within ``spread_s``.
    """

    name: str
    task: Task
    every: dt.timedelta
    offset: dt.timedelta = dt.timedelta(0)
    each_school: bool = True
    spread_s: float = 300.0

    def latest(self, moment: dt.datetime) -> dt.datetime:
        """The last tick at or before ``moment`` (aware)."""
        passed = (moment - _EPOCH - self.offset) // self.every
        return _EPOCH + self.offset + passed * self.every


_schedules: dict[str, Schedule] = {}


class NeedsArguments(Misconfigured):
    """The task {task} takes arguments, so nobody can schedule it."""

    code = "queues:schedule-needs-arguments"


def schedule(plan: Schedule) -> Schedule:
    """Declare scheduled work, in an app's ``tasks.py``. Raises ``NeedsArguments``."""
    if any(default is ... for _type, default in parameters_of(plan.task.function).values()):
        raise NeedsArguments(task=plan.task.name)
    _schedules[plan.name] = plan
    return plan


def schedules() -> list[Schedule]:
    """Everything declared, by name."""
    return [_schedules[name] for name in sorted(_schedules)]


@task(queue=PLATFORM, name="queues.fan_out", acts_for="the platform")
def fan_out(*, name: str) -> None:
    """One job per active school for the tick of schedule ``name``; all of them or none.

    A school whose ledger is full goes without, so that the others do not.
    """
    plan = _schedules[name]
    with outside_schools():
        schools = list(School.objects.filter(state=SchoolState.ACTIVE).order_by("slug"))
    for school in schools:
        later = clock.now() + dt.timedelta(seconds=random.uniform(0, plan.spread_s))  # noqa: S311 - no secret
        with inside(school):
            try:
                with transaction.atomic():
                    plan.task.enqueue(run_at=later)
            except LedgerFull:
                log.warning("%s goes without this tick of %s: its ledger is full", school.slug, name)


@task(queue=PLATFORM, name="queues.sweep", acts_for="the platform")
def sweep() -> None:
    """Forget what has expired."""
    janitor.sweep()


schedule(Schedule("queues.sweep", sweep, every=dt.timedelta(minutes=10), each_school=False))


def tick(moment: dt.datetime | None = None) -> list[str]:
    """Put every tick that is due into the ledger; returns the names of those that nobody had put there yet.

    The first time a schedule is seen it is only noted: nothing was missed before it existed. ``moment`` is the
    database's unless said: two beats have one clock, and what one of them thinks the time is moves no schedule.
    """
    now = moment or _database_time()
    _forget_the_future(now)
    begun = []
    for plan in schedules():
        with outside_schools(), transaction.atomic(), connection.cursor() as cursor:
            slot = plan.latest(now)
            cursor.execute(
                "INSERT INTO queues_tick AS t (name, slot, job_id) VALUES (%s, %s, 0)"
                " ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, at = clock_timestamp()"
                " WHERE t.slot < excluded.slot RETURNING (xmax = 0)",
                [plan.name, slot],
            )
            row = cursor.fetchone()
            if row is None or row[0]:
                continue
            answer = fan_out.enqueue(name=plan.name) if plan.each_school else plan.task.enqueue()
            cursor.execute("UPDATE queues_tick SET job_id = %s WHERE name = %s", [answer.job_id, plan.name])
            begun.append(plan.name)
    return begun


def _database_time() -> dt.datetime:
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return cast(dt.datetime, now)


def _forget_the_future(now: dt.datetime) -> None:
    """Else a clock that was a year ahead for a minute would have stopped every schedule for a year."""
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("UPDATE queues_tick SET slot = %s WHERE slot > %s RETURNING name", [now, now + _AHEAD])
        for (name,) in cursor.fetchall():
            log.warning("the tick of %s stood in the future: a clock was wrong; it goes on from now", name)


class Beat:
    """Looks every second. Run two: a tick is in the ledger once."""

    def __init__(self) -> None:
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        while not self._stopped:
            try:
                for name in tick():
                    pipeline.step(pipeline.PROMOTE, PLATFORM.name, task=name)
            except (DatabaseError, Unavailable) as gone:
                log.warning("the ledger is away or full, the beat waits: %s", type(gone).__name__)
                with outside_schools():
                    connection.close()
            time.sleep(1.0)
