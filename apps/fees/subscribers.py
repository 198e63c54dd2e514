"""What follows for the books when something happens at a campus, and who makes the bills that are due."""

from __future__ import annotations

from apps.fees import services, tasks
from apps.fees.events import BankLinesConfirmed, BillsDue, BillsOverdue
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


@subscribe(BankLinesConfirmed)
def take_what_the_bank_says(event: BankLinesConfirmed) -> Followed:
    return Followed("bank lines", 1, tasks.take_bank_lines.enqueue(statement=event.statement_id).job_id)
