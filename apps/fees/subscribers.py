"""What follows for the books when something happens at a campus, and who makes the bills that are due."""

from __future__ import annotations

from apps.fees import services, tasks
from apps.fees.events import BillsDue
from apps.institutions.events import InstitutionChanged
from schoolops.events import Followed, subscribe


@subscribe(InstitutionChanged)
def let_a_new_campus_have_books(_event: InstitutionChanged) -> None:
    services.seed_accounts()


@subscribe(BillsDue)
def make_the_bills(event: BillsDue) -> Followed:
    return Followed("bills", 1, tasks.make_bills.enqueue(run=event.run_id).job_id)
