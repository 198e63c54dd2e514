"""Billing a term, and looking every night whether the books are right."""

from __future__ import annotations

import datetime as dt

from apps.fees import services
from schoolops.queues import FEES, NOTIFICATIONS, task
from schoolops.queues.mailing import hand_over
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


@task(
    queue=FEES,
    tracked=True,
    leased=True,
    once_per=("statement",),
    while_waiting=True,
    refused="discard",
    acts_for="fees.collect over campus",
)
def take_bank_lines(*, statement: int) -> dict[str, int]:
    """The lines of a bank's file that somebody confirmed; doing it twice takes nothing twice."""
    return services.take_confirmed(statement)


@task(
    queue=NOTIFICATIONS,
    once_per=("guardian", "institution", "day"),
    outside="at_most_once",
    refused="discard",
    acts_for="the school",
)
def mail_reminder(*, guardian: int, institution: int, day: dt.date) -> None:  # noqa: ARG001 - once a day
    """Mail what is overdue by then; nothing, when all is paid or there is nowhere to write to."""
    if (letter := services.reminder(guardian=guardian, institution=institution)) is not None:
        hand_over(letter)


@task(queue=FEES, leased=True, acts_for="the school")
def check_books() -> int:
    """How many differences there are between books, bills and payments. Reports, changes nothing."""
    return services.check_books()


schedule(Schedule("fees.check-books", check_books, every=dt.timedelta(days=1), offset=dt.timedelta(hours=2)))
