"""Giving back what was paid by card, through the gateway that took it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import CardGateway, Payment, PaymentIntent, Refund
from apps.fees.selectors.cards import under_way
from apps.fees.selectors.payments import free_of
from apps.fees.services.cards.hearing import Asked, book, said_there
from apps.fees.services.cards.setting_up import asked, keys_of
from apps.fees.services.payments import COLLECT, hold
from schoolops import clock, money
from schoolops.gateways.interface import AmountNotTaken, GatewayRefused, gateway_called
from schoolops.queues.job import calling_outside, finishing


def refund_by_card(*, payment: int, amount: Decimal, reason: str, by_id: int, key: UUID) -> None:
    """Ask the gateway to give back of a payment, once for each ``key``, and book what it says then.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotSet, RefundTooHigh, RefundUnderWay, RefundAskedAnew,
        GatewayAway, KeyRefused, GatewayRefused, AmountNotTaken.
    """
    # What somebody took is none of the gateway's, whatever reference they typed.
    paid = Payment.objects.select_related("institution", "student").get(pk=payment, by=None)
    row = PaymentIntent.objects.get(reference=paid.reference)
    gateway = CardGateway.objects.filter(name=row.gateway).first()
    if gateway is None:
        raise errors.GatewayNotSet
    by = User.objects.get(pk=by_id)
    access.require_at(by, COLLECT, paid.institution)
    asked_for = Asked(key, reason, by)
    # What went back there meanwhile, whoever asked for it, is no longer free.
    said = said_there(row, gateway)
    with transaction.atomic():
        book(row, said, asked_for)
    if not Refund.objects.filter(sourced_id=key).exists():
        left = _noted(row, paid, amount, key)
        if amount > left:
            raise errors.RefundTooHigh(most=money.shown(left, row.currency))
        there, keys = gateway_called(gateway.name), keys_of(gateway)
        try:
            asked(
                gateway,
                lambda: there.give_back(row.reference, amount, row.currency, key=str(key), keys=keys),
                meanwhile=calling_outside,
            )
        except (AmountNotTaken, GatewayRefused):
            _no_more(row, key)
            raise
        said = said_there(row, gateway)
    with finishing():
        book(row, said, asked_for)


@transaction.atomic
def _noted(row: PaymentIntent, paid: Payment, amount: Decimal, key: UUID) -> Decimal:
    """What of a payment can be given back by now. Where that is enough, nobody else asks for it meanwhile.

    Raises:
        RefundUnderWay, RefundAskedAnew.
    """
    hold(paid.student)
    now = PaymentIntent.objects.get(pk=row.pk)
    if now.asked_under not in {None, key}:
        if going := under_way(now):
            raise errors.RefundUnderWay(amount=money.shown(going, row.currency))
        # A job that ended is tried again by an operator, maybe days later: by then the cashier has helped themselves.
        raise errors.RefundAskedAnew
    left: Decimal = min(now.received - now.returned, free_of([paid])[paid.pk])
    if amount > left:
        _no_more(row, key)
    else:
        noted = {"asked_back": amount, "asked_under": key, "asked_at": clock.now()}
        PaymentIntent.objects.filter(pk=row.pk).update(**noted)
    return left


def _no_more(row: PaymentIntent, key: UUID) -> None:
    PaymentIntent.objects.filter(pk=row.pk, asked_under=key).update(asked_back=None)
