"""Billing a term, card payments, and looking every night whether the books are right."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from apps.fees import services
from schoolops.queues import FEES, NOTIFICATIONS, long_task, task
from schoolops.queues.mailing import hand_over
from schoolops.queues.schedule import Schedule, schedule


@long_task(queue=FEES, once_per=("run",), acts_for="the school")
def make_bills(*, run: int) -> dict[str, int]:
    """The bills that a run still waits for, of some hundred students; doing it twice bills nobody twice."""
    return services.bill(run)


@long_task(queue=FEES, once_per=("statement",), awaited=True, acts_for="fees.collect over campus")
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


@task(queue=FEES, outside="keyed", once_per=("intent",), while_waiting=True, acts_for="the school")
def look_at_card_payment(*, intent: int) -> None:
    """Ask the gateway what became of a payment and bring the books to it; however often, it is booked once."""
    services.look(intent=intent)


@task(queue=FEES, outside="keyed", acts_for="fees.collect over campus")
def refund_by_card(*, payment: int, amount: str, reason: str, by_id: int, key: str) -> None:
    """Give back through the gateway; twice under the same key it is once."""
    services.refund_by_card(payment=payment, amount=Decimal(amount), reason=reason, by_id=by_id, key=UUID(key))


@task(queue=FEES, outside="keyed", acts_for="the school")
def ask_gateway() -> int:
    """What the gateway wrote and did not reach us; how many of those there were."""
    return services.catch_up()


schedule(Schedule("fees.ask-gateway", ask_gateway, every=dt.timedelta(minutes=15)))


@task(queue=FEES, leased=True, acts_for="the school")
def charge_late_fees() -> int:
    """What is overdue is charged late fees by the campus's rule; doing it twice charges nobody twice."""
    return services.charge_late_fees()


schedule(Schedule("fees.charge-late", charge_late_fees, every=dt.timedelta(days=1), offset=dt.timedelta(hours=1)))


@task(queue=FEES, leased=True, acts_for="the school")
def check_books() -> int:
    """How many differences there are between books, bills and payments. Reports, changes nothing."""
    return services.check_books()


schedule(Schedule("fees.check-books", check_books, every=dt.timedelta(days=1), offset=dt.timedelta(hours=2)))


@task(queue=NOTIFICATIONS, leased=True, acts_for="the school")
def tell_of_money() -> int:
    """Let families be told of bills and payments that are news; doing it twice tells nobody twice."""
    return services.tell_of_money()


schedule(Schedule("fees.tell", tell_of_money, every=dt.timedelta(hours=1)))
