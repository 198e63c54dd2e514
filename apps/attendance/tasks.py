"""Deriving many days after a change of what they are made from, and looking every night whether all are right."""

from __future__ import annotations

import datetime as dt

from apps.attendance import services
from schoolops.queues import ATTENDANCE, NOTIFICATIONS, task
from schoolops.queues.schedule import Schedule, schedule


@task(
    queue=ATTENDANCE,
    tracked=True,
    leased=True,
    once_per=("first", "last", "students", "institution"),
    while_waiting=True,
    tries=5,
    acts_for="the school",
)
def derive_days(
    *, first: dt.date, last: dt.date, students: list[int], institution: int | None = None
) -> dict[str, int]:
    """Chunk by chunk, each a transaction of its own; doing it twice changes nothing the second time."""
    derived = services.derive_in_chunks(services.Days(first, last, tuple(students), institution))
    return {"marks": derived.marks, "days": derived.days}


@task(queue=NOTIFICATIONS, once_per=("day", "students"), while_waiting=True, acts_for="the school")
def tell_of_day(*, day: dt.date, students: list[int]) -> int:
    """Let people be told what a day of students says by now; doing it twice tells nobody twice."""
    return services.tell_of_day(students, day)


@task(queue=ATTENDANCE, leased=True, acts_for="the school")
def check_days() -> int:
    """How many days of the years that are not closed are not what their marks say. Reports, changes nothing."""
    return services.check_days()


schedule(Schedule("attendance.check-days", check_days, every=dt.timedelta(days=1), offset=dt.timedelta(hours=3)))
