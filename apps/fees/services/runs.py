"""The bills of a term: looked at, confirmed to the last unit, and made by a job with an outcome for each student."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import time
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.events import BillsDue
from apps.fees.models import InvoiceRun, RunOutcome
from apps.fees.selectors.charges import Draft, drafts
from apps.fees.services.invoices import issue
from apps.institutions.models import Term
from apps.institutions.selectors import today_at
from apps.institutions.services.teaching import refuse_closed
from schoolops import clock, events, money, queues
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError, Unavailable

log = logging.getLogger(__name__)
State, Outcome = InvoiceRun.State, RunOutcome.Outcome
# Students whose bills commit together.
CHUNK = 250
# Of one job, which has half a minute: however slow the machine is, the next job goes on where this one stops.
A_JOB, A_JOB_S = 1000, 10.0
MOST_INSTALMENTS = 12
# What waits for the end of a transaction is asked of each lot, so that one bad bill is found in its own.
HELD = ("fees_invoice_adds_up", "fees_transaction_balances")


@transaction.atomic
def begin_run(*, term: Term, due_on: Sequence[dt.date], by: User) -> InvoiceRun:
    """Begin to bill a term; nothing is billed before it is confirmed.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, DueDaysRefused.
    """
    campus = term.year.institution
    access.require_at(by, "fees.charge", campus)
    refuse_closed(term.year)
    in_order = all(one < other for one, other in itertools.pairwise(due_on))
    if not due_on or len(due_on) > MOST_INSTALMENTS or not in_order or due_on[0] < today_at(campus):
        raise errors.DueDaysRefused
    run = InvoiceRun(term=term, due_on=list(due_on))
    run.save(force_insert=True)
    trail.record(by, "fees.run-begun", run, after={"term": term, "due_on": list(map(str, due_on))})
    return run


@transaction.atomic
def confirm_run(*, run: UUID, total: Decimal, by: User) -> InvoiceRun:
    """Let a job make the bills of a run, which come to ``total``, as the preview said.

    What each student is billed is written down now. Who comes to something else by the time it is their turn is refused
    rather than billed for what nobody has seen.

    Raises:
        PermissionMissing, OutOfReach, RunUnknown, RunNotDraft, YearIsClosed, NothingToBill, NoIncomeAccount,
        RunComesToAnother, AnotherRun.
    """
    access.require(by, "fees.charge")
    held = InvoiceRun.objects.select_for_update(no_key=True, of=("self",)).select_related("term__year__institution")
    found = held.filter(sourced_id=run).first()
    if found is None:
        raise errors.RunUnknown
    campus = found.term.year.institution
    access.require_at(by, "fees.charge", campus)
    if found.state != State.DRAFT:
        raise errors.RunNotDraft
    refuse_closed(found.term.year)
    made = drafts(found.term)
    comes_to = sum((draft.total for draft in made.values()), Decimal(0))
    if not comes_to:
        raise errors.NothingToBill
    items = (charge.item for draft in made.values() if not draft.why for charge in draft.charges)
    # An item may name an account that was retired before its items were asked about.
    if retired := next((item.account for item in items if item.account.retired), None):
        raise errors.NoIncomeAccount(account=retired)
    if total != comes_to:
        raise errors.RunComesToAnother(total=money.shown(comes_to, campus.currency), expected=f"{total:f}")
    found.state, found.confirmed_by, found.confirmed_at = State.CONFIRMED, by, clock.now()
    with explains({"invoice_run_one_at_a_time": errors.AnotherRun}):
        found.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    RunOutcome.objects.bulk_create(
        RunOutcome(
            run=found,
            student_id=student,
            outcome=Outcome.LEFT_OUT if draft.why else Outcome.WAITING,
            why=draft.why,
            amount=draft.total,
            currency=campus.currency,
        )
        for student, draft in made.items()
    )
    told = {"students": sum(1 for draft in made.values() if not draft.why), "total": comes_to}
    trail.record(by, "fees.run-confirmed", found, after=told)
    events.publish(BillsDue(found.pk))
    return found


def bill(run: int) -> dict[str, int]:
    """Make the bills that a run still waits for; how many students had one, and how many were refused.

    Some at a time, each lot in a transaction of its own: killed anywhere, the next try goes on with who still waits.
    """
    counted = {str(Outcome.BILLED): 0, str(Outcome.REFUSED): 0}
    of = RunOutcome.objects.filter(run=run).count()
    until = time.monotonic() + A_JOB_S
    while sum(counted.values()) < A_JOB:
        with transaction.atomic():
            lot = _bill_some(run)
        for outcome in lot:
            counted[outcome.outcome] += 1
        queues.progress(of - RunOutcome.objects.filter(run=run, outcome=Outcome.WAITING).count(), of)
        if not lot or time.monotonic() > until:
            break
    with queues.finishing():
        found = InvoiceRun.objects.select_for_update(no_key=True).get(pk=run)
        if RunOutcome.objects.filter(run=run, outcome=Outcome.WAITING).exists():
            events.publish(BillsDue(run))
        elif found.state == State.CONFIRMED:
            found.state, found.done_at = State.DONE, clock.now()
            found.save(update_fields=["state", "done_at"])
    return counted


def _bill_some(run: int) -> list[RunOutcome]:
    """The next lot, and what became of each of them."""
    # Whoever else works at it waits, and then finds others.
    found = InvoiceRun.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "term__year__institution", "confirmed_by"
    ).get(pk=run)  # fmt: skip
    lot = list(RunOutcome.objects.filter(run=found, outcome=Outcome.WAITING).order_by("pk")[:CHUNK])
    made = drafts(found.term, [row.student_id for row in lot])
    right = []
    for row in lot:
        draft = made.get(row.student_id)
        if draft is None or draft.why or draft.total != row.amount:
            row.outcome, row.why = Outcome.REFUSED, "changed-meanwhile"
        else:
            row.outcome = Outcome.BILLED
            right.append(draft)
    if not _issued(found, right):
        # One of them cannot be billed: each alone, so that it stops nobody else.
        rows = {row.student_id: row for row in lot}
        for draft in right:
            if not _issued(found, [draft]):
                rows[draft.student].outcome, rows[draft.student].why = Outcome.REFUSED, "not-accepted"
    for outcome, why in {(row.outcome, row.why) for row in lot}:
        alike = [row.pk for row in lot if (row.outcome, row.why) == (outcome, why)]
        RunOutcome.objects.filter(pk__in=alike).update(outcome=outcome, why=why)
    return lot


def _issued(run: InvoiceRun, lot: Sequence[Draft]) -> bool:
    """Whether the database takes the bills of all of ``lot``; if not, none is written and no number used."""
    if not lot:
        return True
    try:
        with explains({}, deferred=HELD):
            issue(term=run.term, drafts=lot, due_on=run.due_on, run=run, by=run.confirmed_by)
    except Unavailable:
        raise
    except (SchoolOpsError, IntegrityError, DataError) as refusal:
        log.warning(
            "refused to bill",
            extra={"facts": {"run": run.pk, "students": len(lot), "why": getattr(refusal, "code", str(refusal))}},
        )
        return False
    return True
