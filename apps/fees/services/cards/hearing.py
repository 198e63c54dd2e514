"""What a gateway writes, and what it says when it is asked: the books are brought to that, and never back from paid."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q, Sum

from apps.accounts.models import User
from apps.fees import errors
from apps.fees.events import GatewayWrote
from apps.fees.models import CardGateway, GatewayEvent, Payment, PaymentIntent, Refund
from apps.fees.selectors.payments import of_student
from apps.fees.selectors.reconciling import Difference
from apps.fees.services.cards.setting_up import asked, keys_of, sealed_anew
from apps.fees.services.payments import NewPayment, Pays, hold, receive, undo
from apps.students.models import Student, StudentGuardian
from schoolops import clock, events, money
from schoolops.api.errors import Malformed
from schoolops.errors import SchoolOpsError
from schoolops.gateways.interface import (
    GatewayAway,
    GatewayRefused,
    GatewayUnknown,
    GoneBack,
    Heard,
    KeyRefused,
    Standing,
    gateway_called,
    heard_of,
)
from schoolops.gateways.signing import SignatureRefused, expect_signed
from schoolops.queues.job import calling_outside, finishing

State = PaymentIntent.State
# Of what a gateway says, under the same name for the same thing, so that it is booked once.
_NAMES: Final = UUID("7a1c8e0e-6d1f-4f0b-9a54-3c1d2b7e9f60")
# Asked again of what was said shortly before: a gateway's list may lag behind what happened.
_OVERLAP: Final = dt.timedelta(minutes=10)
_OVERDUE: Final = 100
# No gateway's page is open for so long.
_GIVEN_UP: Final = dt.timedelta(days=3)


@transaction.atomic
def hear(*, body: bytes, signature: str) -> None:
    """Note what the gateway wrote, ``body`` as it came; a job asks what it is about. A second time it is nothing.

    Raises:
        GatewayNotSet, SignatureRefused, Malformed.
    """
    gateway = _writer(body, signature)
    try:
        heard = heard_of(json.loads(body))
    except (ValueError, RecursionError) as unread:
        raise Malformed from unread
    _note(gateway, [heard])


def _writer(body: bytes, signature: str) -> CardGateway:
    """Which of the school's gateways signed this: an earlier one still writes of what was paid there."""
    refusal: SchoolOpsError = errors.GatewayNotSet()
    for gateway in CardGateway.objects.order_by("-pk"):
        try:
            expect_signed(body, signature, secret=keys_of(gateway).signing)
        except (KeyRefused, SignatureRefused) as refused:
            refusal = refused
        else:
            return gateway
    raise refusal


def _note(gateway: CardGateway, heard: Iterable[Heard]) -> int:
    """Write down what is new and about a payment of ours; how many those are."""
    new = 0
    begun = PaymentIntent.objects.filter(gateway=gateway.name).exclude(reference="")
    for each in heard:
        intent = begun.filter(Q(reference__in=each.references) | Q(also__in=each.references)).only("pk").first()
        # An account may take other money than school fees.
        if intent is None:
            continue
        row = {"kind": each.kind, "intent": intent, "at": clock.now()}
        if GatewayEvent.objects.get_or_create(event=each.id, defaults=row)[1]:
            events.publish(GatewayWrote(intent.pk))
            new += 1
    return new


def look(*, intent: int) -> None:
    """Ask the gateway what became of a payment, and book what is not booked yet.

    Raises:
        GatewayAway, KeyRefused, GatewayRefused.
    """
    row = PaymentIntent.objects.get(pk=intent)
    gateway = CardGateway.objects.filter(name=row.gateway).first()
    if gateway is None or not row.reference:
        return
    before = clock.now()
    said = said_there(row, gateway)
    with finishing():
        book(row, said)
        GatewayEvent.objects.filter(intent=row, worked_at=None, at__lte=before).update(worked_at=clock.now())


def said_there(row: PaymentIntent, gateway: CardGateway) -> Standing:
    """What the gateway says of a payment by now."""
    there, keys = gateway_called(gateway.name), keys_of(gateway)
    return asked(gateway, lambda: there.look(row.reference, keys), meanwhile=calling_outside)


def catch_up() -> int:
    """Ask what the gateways have written and may not have reached us, and about what was begun and never ended.

    How many events were new. Raises what the first of them that cannot be asked raises, once the others are heard.
    """
    heard: list[tuple[CardGateway, list[Heard]]] = []
    away: SchoolOpsError | None = None
    for gateway in CardGateway.objects.order_by("pk"):
        try:
            heard.append((gateway, _heard_there(gateway)))
        except (GatewayAway, GatewayRefused, GatewayUnknown) as refused:
            away = away or refused
    with transaction.atomic() if away else finishing():
        new = sum(_note(gateway, each) for gateway, each in heard)
        _give_up()
        for gateway, _each in heard:
            CardGateway.objects.filter(name=gateway.name).update(heard_until=gateway.heard_until)
            _end_overdue(gateway)
    if away:
        raise away
    return new


def _heard_there(gateway: CardGateway) -> list[Heard]:
    """What it has written since it was last asked, which is now."""
    sealed_anew(gateway)
    until, since = clock.machine(), gateway.heard_until - _OVERLAP
    there, keys = gateway_called(gateway.name), keys_of(gateway)
    heard = asked(gateway, lambda: there.heard_since(since, keys), meanwhile=calling_outside)
    gateway.heard_until = until
    return heard


def _give_up() -> None:
    """What was never opened, or no page can be open of any more, has failed, whether or not its gateway answers."""
    now = clock.now()
    over = PaymentIntent.objects.filter(state=State.OPEN, expires_at__lt=now)
    over.filter(Q(reference="") | Q(expires_at__lt=now - _GIVEN_UP)).update(state=State.FAILED)


def _end_overdue(gateway: CardGateway) -> None:
    over = PaymentIntent.objects.filter(state=State.OPEN, expires_at__lt=clock.now(), gateway=gateway.name)
    for key in over.exclude(reference="").values_list("pk", flat=True)[:_OVERDUE]:
        events.publish(GatewayWrote(key))


def differs_there(*, begun_before: dt.timedelta = dt.timedelta(0)) -> list[Difference]:
    """Payments of the last days of which the gateway says something else than is booked; each is looked at anew.

    ``begun_before``: not those of which a message may still be under way.

    Raises ``GatewayAway``, ``KeyRefused``.
    """
    gateways = {row.name: row for row in CardGateway.objects.all()}
    now = clock.now()
    begun = PaymentIntent.objects.filter(gateway__in=gateways, at__gt=now - _GIVEN_UP, at__lte=now - begun_before)
    found = []
    for row in begun.exclude(reference="").select_related("institution").order_by("pk"):
        said = said_there(row, gateways[row.gateway])
        there, here = said.paid - _returned(said), row.received - row.returned
        if there != here:
            with transaction.atomic():
                events.publish(GatewayWrote(row.pk))
            found.append(
                Difference(
                    code="card-otherwise-there",
                    sentence="The card gateway says something else of this payment than is booked.",
                    campus=row.institution.name,
                    kind="card-payment",
                    id=str(row.sourced_id),
                    at=row.reference,
                    expected=money.shown(there, row.currency),
                    found=money.shown(here, row.currency),
                    remedy="A job books it now; ask again in a minute. If it stays, its job lies on the desk.",
                )
            )
    return found


# --- in the books -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asked:
    """A refund that somebody of the school asked for, under ``key``."""

    key: UUID
    reason: str
    by: User


def book(row: PaymentIntent, said: Standing, asked_for: Asked | None = None) -> None:
    """Bring the books to what the gateway says; whoever does so at once waits, and finds it done.

    Raises:
        CurrencyDiffers: it took another money than was asked for, which a person looks at.
    """
    if said.paid:
        money.expect_currency(said.currency, row.currency)
    student = hold(row.student)
    row = PaymentIntent.objects.select_for_update(of=("self",)).select_related("guardian", "invoice").get(pk=row.pk)
    row.also = row.also or said.also
    if row.state != State.PAID and said.state == "paid":
        pays = [Pays(row.invoice.sourced_id, said.paid)] if row.invoice else []
        new = _new(row, student, said.paid, row.sourced_id, pays)
        row.payment = receive(student=student, payment=new, by=None)
        row.state, row.received = State.PAID, said.paid
    elif row.state == State.OPEN and said.state == "failed":
        row.state = State.FAILED
    if row.state == State.PAID:
        for gone in said.gone_back:
            _booked_back(row, student, gone, asked_for)
        row.returned = _returned(said)
        if row.asked_under in {_key(gone) for gone in said.gone_back}:
            row.asked_back = None
    row.save()


def _returned(said: Standing) -> Decimal:
    return sum((each.amount for each in said.gone_back if each.stands), Decimal(0))


def _new(row: PaymentIntent, student: Student, amount: Decimal, key: UUID, pays: list[Pays]) -> NewPayment:
    # Whoever is no guardian of the child by now has paid all the same.
    payer = row.guardian.merged_into or row.guardian
    linked = StudentGuardian.objects.filter(of_student(student), guardian=payer).exists()
    return NewPayment(
        amount=amount,
        currency=row.currency,
        method=Payment.Method.CARD,
        reference=row.reference,
        paid_by=row.guardian.full_name,
        guardian=payer if linked else None,
        pays=pays,
        institution=row.institution,
        key=key,
        up_to_left=bool(pays),
    )


def _booked_back(row: PaymentIntent, student: Student, gone: GoneBack, asked_for: Asked | None) -> None:
    """What went back is booked once; what has come back again is a payment of its own."""
    key = _key(gone)
    booked = Refund.objects.filter(sourced_id__in=_parts(key)).aggregate(sum=Sum("amount"))["sum"]
    if gone.stands and booked is None:
        _take_back(row, gone, key, asked_for if asked_for and asked_for.key == key else None)
    elif not gone.stands and booked is not None:
        again = uuid5(key, "came back")
        if not Payment.objects.filter(sourced_id=again).exists():
            receive(student=student, payment=_new(row, student, booked, again, []), by=None)


def _take_back(row: PaymentIntent, gone: GoneBack, key: UUID, asked_for: Asked | None) -> None:
    """Of the payment, and of what had come back of it. What is left of none of them was taken out by somebody."""
    left, parts = gone.amount, iter(_parts(key))
    said = Payment.objects.filter(reference=row.reference, method=Payment.Method.CARD, by=None)
    for payment in said.order_by("-pk"):
        back = list(payment.refunds.values_list("kind", "amount"))
        part = min(left, payment.amount - sum((amount for _kind, amount in back), Decimal(0)))
        if part <= 0:
            continue
        first = all(kind == Refund.Kind.REFUND for kind, _amount in back)
        kind = Refund.Kind.CHARGEBACK if gone.kind == "dispute" and first else Refund.Kind.REFUND
        reason = asked_for.reason if asked_for else f"{gone.kind} {gone.reference}"
        undo(payment, kind, reason, asked_for.by if asked_for else None, part, key=next(parts))
        left -= part


def _key(gone: GoneBack) -> UUID:
    """Ours where we asked for it, else made of the gateway's name for it."""
    try:
        return UUID(gone.key)
    except ValueError:
        return uuid5(_NAMES, gone.reference)


def _parts(key: UUID) -> list[UUID]:
    """Under which what went back is booked, where it is of several payments."""
    return [key, *(uuid5(key, str(number)) for number in range(1, 8))]
