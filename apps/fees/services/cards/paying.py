"""A guardian pays bills of their own by card: begun here, paid at the gateway."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop, override

from apps.accounts.models import User
from apps.fees import errors
from apps.fees.events import GatewayWrote
from apps.fees.models import CardGateway, Invoice, PaymentIntent
from apps.fees.selectors import payments as selectors
from apps.fees.selectors.billing import whose
from apps.fees.services.cards.setting_up import asked, keys_of
from apps.fees.services.payments import hold
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student
from schoolops import clock, events, money
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.gateways.interface import Order, gateway_called
from schoolops.ids import uuid7

State = PaymentIntent.State
# How long somebody may take to pay: not long, since what they pay may be paid by then.
PAYS_WITHIN: Final = dt.timedelta(minutes=40)
# Stripe opens no page that closes within half an hour: theirs is asked for before that.
_OPENS_FOR: Final = dt.timedelta(minutes=31)
EVENTS = "/api/v1/card-gateway/events"
_SALT = "fees.checkout"
_BILL = gettext_noop("{school}: bill {number}")
_BILLS = gettext_noop("{school}: school fees")


@transaction.atomic
def begin_card_payment(
    *,
    student: UUID,
    back_to: str,
    host: str,
    invoice: UUID | None = None,
    amount: Decimal | None = None,
    key: UUID | None = None,
    by: User,
) -> PaymentIntent:
    """Begin to pay a bill of ``by``'s, or what is due of all of theirs; as much as is left unless ``amount`` is said.

    ``back_to``: where the browser goes afterwards, an address of ``host`` (with its scheme). ``key``: begun again under
    it, it is what was begun.

    Raises:
        PermissionMissing, OutOfReach, CardsNotTaken, BackElsewhere, InvoiceUnknown, NothingDue, AmountRefused,
        PaysMoreThanLeft, PaymentKeyTaken.
    """
    child = selectors.child_followed(student, by=by)
    gateway = CardGateway.objects.filter(taking=True).first()
    if gateway is None:
        raise errors.CardsNotTaken
    guardian = Guardian.objects.filter(user=by, student_links__student=child).first()
    if guardian is None:
        raise errors.CardsNotTaken
    # Of two at once the second finds what the first has begun.
    hold(child)
    if key is not None and (begun := PaymentIntent.objects.filter(sourced_id=key).first()):
        if (begun.by_id, begun.student_id) != (by.pk, child.pk):
            raise errors.PaymentKeyTaken
        return begun
    bill, left = _due(child, guardian, invoice)
    campus = bill.institution if bill else child.institution
    part = left if amount is None else money.checked(amount, campus.currency)
    if part > left:
        rest, given = (money.shown(each, campus.currency) for each in (left, part))
        raise errors.PaysMoreThanLeft(number=bill.called_number if bill else "", left=rest, given=given)
    now = clock.now()
    row = PaymentIntent(
        sourced_id=key or uuid7(),
        institution=campus,
        student=child,
        guardian=guardian,
        invoice=bill,
        by=by,
        gateway=gateway.name,
        amount=part,
        currency=campus.currency,
        back_to=_address(back_to, host),
        day=today_at(campus),
        at=now,
        # A whole second, so that the gateway is told the same however often it is asked.
        expires_at=(now + PAYS_WITHIN).replace(microsecond=0),
    )
    with explains({"fees_paymentintent_sourced_id_key": errors.PaymentKeyTaken}):
        row.save(force_insert=True)
    told = {"amount": part, "bill": bill.called_number if bill else ""}
    trail.record(by, "fees.card-payment-begun", child, after=told)
    return row


def _due(child: Student, guardian: Guardian, invoice: UUID | None) -> tuple[Invoice | None, Decimal]:
    """The bill that is meant and what is left of it; without one, of all that are theirs or the family's."""
    theirs = Q(guardian__isnull=True) | Q(guardian=guardian) | Q(guardian__merged_into=guardian)
    if invoice is None:
        due = selectors.due_of(child, child.institution)
        left = sum((each.amount for each in due if whose(each.invoice) in {None, guardian.pk}), Decimal(0))
        bill = None
    else:
        bills = Invoice.objects.filter(theirs, selectors.of_student(child)).select_related("institution")
        bill = bills.filter(sourced_id=invoice).first()
        if bill is None:
            raise errors.InvoiceUnknown
        left = selectors.left_of([bill])[bill.pk]
    if left <= 0:
        raise errors.NothingDue
    return bill, left


def _address(back_to: str, host: str) -> str:
    """``back_to`` as an address of the school. Raises ``BackElsewhere``."""
    origin = urlsplit(host)
    secure = origin.scheme == "https"
    if not url_has_allowed_host_and_scheme(back_to, allowed_hosts={origin.netloc}, require_https=secure):
        raise errors.BackElsewhere
    parts = urlsplit(back_to)
    return back_to if parts.netloc else f"{host}/{back_to.lstrip('/')}"


def checkout_path(intent: PaymentIntent) -> str:
    """Where a browser goes to pay, logged in or not: an address of the school, which sends it to the gateway's."""
    return f"/api/v1/card-checkout/{signing.Signer(salt=_SALT).sign(str(intent.sourced_id))}"


def _intent(said: str) -> PaymentIntent:
    """Raises ``IntentUnknown``."""
    try:
        key = signing.Signer(salt=_SALT).unsign(said)
    except signing.BadSignature as forged:
        raise errors.IntentUnknown from forged
    row = PaymentIntent.objects.select_related("institution", "invoice", "by").filter(sourced_id=key).first()
    if row is None:
        raise errors.IntentUnknown
    return row


def checkout_of(said: str) -> str:
    """The address of the gateway's page on which what a ticket is for can be paid. Asked for twice, it is one.

    Raises:
        IntentUnknown, IntentOver, CardsNotTaken, GatewayAway, GatewayRefused, KeyRefused, AmountNotTaken.
    """
    row = _intent(said)
    closes_in = row.expires_at - clock.now()
    if row.state != State.OPEN or closes_in <= (dt.timedelta(0) if row.reference else _OPENS_FOR):
        raise errors.IntentOver
    gateway = CardGateway.objects.filter(taking=True, name=row.gateway).first()
    if gateway is None:
        raise errors.CardsNotTaken
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(row.back_to))
    language = row.by.language or row.institution.locale
    with override(language):
        number = row.invoice.called_number if row.invoice else ""
        # No name of a child leaves the house.
        text = gettext(_BILL if number else _BILLS).format(school=row.institution.name, number=number)
    order = Order(
        id=str(row.sourced_id),
        amount=row.amount,
        currency=row.currency,
        text=text,
        language=language.partition("-")[0],
        back_to=f"{origin}/api/v1/card-checkout/{said}/return",
        given_up_to=row.back_to,
        notify=f"{origin}{EVENTS}",
        # By their clock, whatever ours says.
        expires_at=clock.machine() + (row.expires_at - clock.now()),
        reference=row.reference,
    )
    there, keys = gateway_called(gateway.name), keys_of(gateway)
    made = asked(gateway, lambda: there.open(order, keys))
    PaymentIntent.objects.filter(pk=row.pk, reference="").update(reference=made.reference)
    return made.address


@transaction.atomic
def come_back(said: str, *, error: str = "") -> str:
    """Where the browser goes that comes back from the gateway, which is asked what became of it.

    ``error``: the code of why it did not get there.

    Raises:
        IntentUnknown.
    """
    row = _intent(said)
    if row.state == State.OPEN and not error:
        events.publish(GatewayWrote(row.pk))
    joined = "&" if urlsplit(row.back_to).query else "?"
    told = {"payment_intent": str(row.sourced_id), **({"payment_error": error} if error else {})}
    return f"{row.back_to}{joined}{urlencode(told)}"
