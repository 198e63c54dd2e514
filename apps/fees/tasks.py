"""Billing a term, and looking every night whether the books are right."""

from __future__ import annotations

import datetime as dt

from apps.fees import services
from schoolops.queues import FEES, task
from schoolops.queues.schedule import Schedule, schedule


@task(
    queue=FEES,
    tracked=True,
    leased=True,
    once_per=("run",),
    while_waiting=True,
    refused="discard",
    acts_for="the school",
)
def make_bills(*, run: int) -> dict[str, int]:
    """The bills that a run still waits for, of some hundred students; doing it twice bills nobody twice."""
    return services.bill(run)


@task(queue=FEES, leased=True, acts_for="the school")
def check_books() -> int:
    """How many differences there are between books, bills and payments. Reports, changes nothing."""
    return services.check_books()


schedule(Schedule("fees.check-books", check_books, every=dt.timedelta(days=1), offset=dt.timedelta(hours=2)))
