"""What follows for the books when something happens at a campus, and who makes the bills that are due."""

from __future__ import annotations

from apps.fees import services, tasks
from apps.fees.events import BankLinesConfirmed, BillsDue, BillsOverdue, CardRefundAsked, GatewayWrote
from apps.institutions.events import InstitutionChanged
from schoolops.events import Followed, subscribe


@subscribe(InstitutionChanged)
def let_a_new_campus_have_books(_event: InstitutionChanged) -> None:
    services.seed_accounts()


@subscribe(BillsDue)
def make_the_bills(event: BillsDue) -> Followed:
    return Followed("bills", 1, tasks.make_bills.enqueue(run=event.run_id).job_id)


@subscribe(BillsOverdue)
def remind_whoever_pays_them(event: BillsOverdue) -> Followed:
    of = {"institution": event.institution_id, "day": event.day}
    tasks.mail_reminder.enqueue_many([{"guardian": each, **of} for each in event.guardian_ids])
    return Followed("reminders", len(event.guardian_ids))


@subscribe(GatewayWrote)
def ask_what_became_of_a_card_payment(event: GatewayWrote) -> None:
    tasks.look_at_card_payment.enqueue(intent=event.intent_id)


@subscribe(CardRefundAsked)
def give_it_back_through_the_gateway(event: CardRefundAsked) -> Followed:
    job = tasks.refund_by_card.enqueue(
        payment=event.payment_id, amount=event.amount, reason=event.reason, by_id=event.by_id, key=event.key
    )
    return Followed("refunds", 1, job.job_id)


@subscribe(BankLinesConfirmed)
def take_what_the_bank_says(event: BankLinesConfirmed) -> Followed:
    return Followed("bank lines", 1, tasks.take_bank_lines.enqueue(statement=event.statement_id).job_id)
