"""Money that goes back: given to the family, or never theirs."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.fees import errors
from apps.fees.events import CardRefundAsked
from apps.fees.models import (
    Account,
    CardGateway,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentIntent,
    Refund,
)
from apps.fees.selectors import payments as selectors
from apps.fees.selectors.cards import intent_of, under_way
from apps.fees.services.payments.allocating import allocated
from apps.fees.services.payments.holding import INTO, payment_for_update
from apps.fees.services.posting import Leg, Posting, accounts_of, post_all
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from schoolops import clock, events, money
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains
from schoolops.ids import uuid7

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Source, Purpose, Method = LedgerTransaction.Source, Account.Purpose, Payment.Method


@transaction.atomic
def refund(
    *, payment: UUID, amount: Decimal, reason: str, method: str | None = None, key: UUID | None = None, by: User
) -> Refund | None:
    """Give back what of a payment pays no bill: as it came, a cheque from the bank, unless ``method`` is said.

    ``key``: given back again under it, it is what was given back. ``None``: the card gateway was asked to give it back,
    and it is booked once that has.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, AmountRefused, RefundTooHigh, RefundUnderWay, GatewayGone,
        ChequeNotCleared, PaymentKeyTaken.
    """
    found = payment_for_update(payment, by)
    amount = money.checked(amount, found.currency)
    if key is not None and (given := Refund.objects.filter(sourced_id=key).first()):
        if (given.payment_id, given.amount) != (found.pk, amount):
            raise errors.PaymentKeyTaken
        return given
    if found.method == Method.CHEQUE and not selectors.is_cleared(found):
        raise errors.ChequeNotCleared
    free = selectors.free_of([found])[found.pk]
    if amount > free:
        raise errors.RefundTooHigh(most=money.shown(free, found.currency))
    intent = intent_of(found)
    going = under_way(intent)
    if intent is not None and method in {None, Method.CARD}:
        _ask_back(intent, found, amount, reason, by, key)
        return None
    if amount > free - going:
        raise errors.RefundUnderWay(amount=money.shown(going, found.currency))
    if intent is not None and not going:
        # What the gateway refused is not asked for once more by a job that is tried again.
        _note(intent, None, key)
    # A cheque of ours is drawn on the bank; what lies to be cleared are the families'.
    asked = method or found.method
    went = Method.BANK if asked == Method.CHEQUE else asked
    return _give_back(found, Refund.Kind.REFUND, amount, reason, went, [], by, key=key)


def _ask_back(
    intent: PaymentIntent, payment: Payment, amount: Decimal, reason: str, by: User, key: UUID | None
) -> None:
    """Let a job ask the gateway, which is asked for one refund of a payment at a time; its student is held.

    Raises:
        RefundUnderWay, GatewayGone.
    """
    if going := under_way(intent):
        if (intent.asked_under, going) == (key, amount):
            return
        raise errors.RefundUnderWay(amount=money.shown(going, payment.currency))
    if not CardGateway.objects.filter(name=intent.gateway).exists():
        raise errors.GatewayGone
    _note(intent, amount, key)
    told = {"amount": amount, "receipt": payment.receipt}
    trail.record(by, "fees.refund-asked", payment.student, after=told, reason=reason)
    events.publish(CardRefundAsked(payment.pk, str(amount), reason, by.pk, str(intent.asked_under)))


def _note(intent: PaymentIntent, amount: Decimal | None, key: UUID | None) -> None:
    intent.asked_back, intent.asked_under, intent.asked_at = amount, key or uuid7(), clock.now()
    intent.save(update_fields=["asked_back", "asked_under", "asked_at"])


@transaction.atomic
def reverse(*, payment: UUID, reason: str, by: User) -> Refund:
    """Say that a payment never came: the bills it paid are owed again, and what it was is taken out of the books.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, PaymentGoneBack, SaidByTheGateway.
    """
    found = payment_for_update(payment, by)
    _expect_ours(found)
    return undo(found, Refund.Kind.REVERSAL, reason, by)


@transaction.atomic
def bounce(*, payment: UUID, reason: str, by: User) -> Refund:
    """Say that the bank did not pay a cheque: the bills it paid are owed again.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACheque, PaymentGoneBack.
    """
    found = payment_for_update(payment, by)
    if found.method != Method.CHEQUE:
        raise errors.NotACheque
    return undo(found, Refund.Kind.BOUNCE, reason, by)


@transaction.atomic
def charge_back(*, payment: UUID, reason: str, amount: Decimal | None = None, by: User) -> Refund:
    """Say that a card's bank took back a payment, or ``amount`` of it: bills it paid are owed again, the latest first.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACard, AmountRefused, PaymentGoneBack,
        SaidByTheGateway.
    """
    found = payment_for_update(payment, by)
    if found.method != Method.CARD:
        raise errors.NotACard
    _expect_ours(found)
    taken = None if amount is None else money.checked(amount, found.currency)
    return undo(found, Refund.Kind.CHARGEBACK, reason, by, taken)


def _expect_ours(payment: Payment) -> None:
    if intent_of(payment) is not None:
        raise errors.SaidByTheGateway


def undo(
    payment: Payment,
    kind: str,
    reason: str,
    by: User | None,
    amount: Decimal | None = None,
    *,
    key: UUID | None = None,
) -> Refund:
    """Take back what came in, all or (not by us) ``amount`` of it; its student is held. Raises ``PaymentGoneBack``.

    The bills it paid are owed again, the latest first where it is not all.
    """
    gone = sum((row.amount for row in payment.refunds.all()), Decimal(0))
    rest = payment.amount - gone
    if (kind in {Refund.Kind.REVERSAL, Refund.Kind.BOUNCE} and gone) or not rest:
        raise errors.PaymentGoneBack
    amount = min(amount or rest, rest)
    accounts = accounts_of(payment.institution)
    needed = amount - selectors.free_of([payment])[payment.pk]
    freed = {}
    for bill, part in reversed(selectors.paid_by(payment).items()):
        if needed > 0:
            freed[bill] = min(part, needed)
            needed -= freed[bill]
    postings = allocated(payment, freed, accounts, today_at(payment.institution), released=True)
    cleared = payment.method == Method.CHEQUE and selectors.is_cleared(payment)
    went = Method.BANK if cleared else payment.method
    return _give_back(payment, kind, amount, reason, went, postings, by, key=key)


def _give_back(
    payment: Payment,
    kind: str,
    amount: Decimal,
    reason: str,
    method: str,
    postings: list[Posting],
    by: User | None,
    *,
    key: UUID | None = None,
) -> Refund:
    campus: Institution = payment.institution
    row = Refund(
        sourced_id=key or uuid7(),
        payment=payment,
        kind=kind,
        method=method,
        amount=amount,
        currency=payment.currency,
        day=today_at(campus),
        reason=reason,
        by=by,
    )
    taken = {"payment_reversed_once": errors.PaymentGoneBack, "fees_refund_sourced_id_key": errors.PaymentKeyTaken}
    with explains(taken):
        row.save(force_insert=True)
    accounts = accounts_of(campus)
    legs = [
        Leg(accounts[Purpose.CREDIT], Debit, amount, payment.student_id),
        Leg(accounts[INTO[method]], Credit, amount, payment.student_id),
    ]
    memo = f"{row.get_kind_display()} of receipt {payment.receipt}"
    postings.append(Posting(row.day, Source.REFUND, row.sourced_id, "give-back", memo, legs))
    post_all(institution=campus, postings=postings, by=by)
    told = {"amount": amount, "method": method, "receipt": payment.receipt}
    trail.record(by or SYSTEM, f"fees.payment-{row.kind}", payment.student, after=told, reason=reason)
    return row
