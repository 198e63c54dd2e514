"""Through Stripe's Checkout: paid, declined, given back, disputed; each booked once, and no card ever here.

Stripe is localstripe, a process of its own. Its are the cards and what their banks say, payment intents, charges,
refunds, the list of events and the signed webhooks. Ours, since it has none of them: Checkout sessions, disputes,
refunds that fail, and idempotency keys (``tests/support/stripe_server.py`` says which lines).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import stripe

from apps.accounts.models import User
from apps.fees import errors, selectors, services
from apps.fees.models import CardGateway, GatewayEvent, Invoice, Payment, PaymentIntent, Refund
from apps.fees.selectors.reconciling import differences
from apps.fees.services.cards.setting_up import keys_of
from apps.fees.tasks import ask_gateway, look_at_card_payment, refund_by_card
from apps.students.models import Student
from schoolops import clock
from schoolops.context import inside
from schoolops.gateways import asking as circuits
from schoolops.gateways import signing
from schoolops.gateways.interface import (
    AmountNotTaken,
    GatewayAway,
    GatewayRefused,
    KeyRefused,
    Keys,
    Order,
    gateway_called,
    offered,
)
from schoolops.tenancy.models import School
from tests.factories import gateways, money, people, stripes
from tests.factories.jobs import work_off
from tests.factories.people import Campus, students_in
from tests.factories.stripes import DECLINED, GOOD, KEY, SIGNING, Stripe

KEYS = Keys(KEY, SIGNING)


@pytest.fixture(scope="module")
def process() -> Iterator[Stripe]:
    with stripes.a_stripe() as here:
        yield here


@pytest.fixture
def there(process: Stripe, settings: Any) -> Stripe:
    circuits._circuits.clear()
    settings.STRIPE_URL = process.url
    process.begin()
    return process


@pytest.fixture
def child(campus: Campus, chart: Any, anton: User, there: Stripe) -> Student:
    """Somebody whose family owes 1,200 and 80, at a school with an account at Stripe."""
    ada = people.a_user("ada", role="administrator")
    services.set_card_gateway(gateway="stripe", taking=True, secret=KEY, signing=SIGNING, by=ada)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    money.an_item(campus, "80", name="Books", by=anton)
    money.billed(campus, by=anton)
    return students_in(campus.section)[0]


@pytest.fixture
def mum(child: Student) -> User:
    return people.a_guardian("mum", of=[child])


def paid(there: Stripe, child: Student, mum: User) -> PaymentIntent:
    row = gateways.begun(child, by=mum)
    there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
    services.look(intent=row.pk)
    row.refresh_from_db()
    return row


def arrives(there: Stripe, kind: str, by: User) -> int:
    """The next letter of this kind comes in as Stripe signed it; a job does what follows."""
    body, signature = there.letter(kind)
    status: int = gateways.arrives(by, body, signature).status_code
    work_off(look_at_card_payment)
    return status


def left(child: Student) -> Decimal:
    bills = list(Invoice.objects.filter(student=child))
    return sum(selectors.left_of(bills).values(), Decimal(0))


def right() -> bool:
    return [str(each) for each in differences()] == []


def test_a_card_pays_on_stripes_page_and_its_letter_brings_the_receipt(
    child: Student, mum: User, there: Stripe
) -> None:
    row = gateways.begun(child, by=mum)
    page = services.checkout_of(services.checkout_path(row).rpartition("/")[2])
    # Asked for twice it is one page.
    assert page == f"https://checkout.stripe.example/c/pay/{row.reference}"
    session = there.says(f"/v1/checkout/sessions/{row.reference}")
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (
        128_000, "gbp", str(row.sourced_id),
    )  # fmt: skip
    assert child.family_name not in str(session)
    there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
    assert not Payment.objects.exists()
    # The bytes and the signature are localstripe's.
    assert arrives(there, "checkout.session.completed", mum) == 204
    row.refresh_from_db()
    assert (row.state, row.received, row.also) == ("paid", 1280, session["payment_intent"] or row.also)
    assert row.also.startswith("pi_")
    payment = Payment.objects.get()
    assert (payment.method, payment.amount, payment.reference, left(child)) == ("card", 1280, row.reference, 0)
    assert right()


def test_a_card_that_is_declined_pays_nothing_and_another_one_does(child: Student, mum: User, there: Stripe) -> None:
    row = gateways.begun(child, by=mum)
    refused = there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=DECLINED)
    assert refused["error"]["code"] == "card_declined"
    services.look(intent=row.pk)
    row.refresh_from_db()
    assert (row.state, Payment.objects.count()) == ("open", 0)
    there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
    services.look(intent=row.pk)
    assert Payment.objects.get().amount == 1280


def test_a_page_that_closed_unpaid_has_failed(child: Student, mum: User, there: Stripe) -> None:
    row = gateways.begun(child, by=mum)
    there.does(f"/v1/checkout/sessions/{row.reference}/_expire")
    assert arrives(there, "checkout.session.expired", mum) == 204
    row.refresh_from_db()
    assert (row.state, left(child)) == ("failed", 1280)


def test_what_never_arrived_is_asked_for(child: Student, mum: User, there: Stripe) -> None:
    row = gateways.begun(child, by=mum)
    there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
    assert ask_gateway() == 1
    assert ask_gateway() == 0
    work_off(look_at_card_payment)
    assert Payment.objects.count() == 1
    # And its letter comes late, twice.
    body, signature = there.letter("checkout.session.completed")
    for _twice in range(2):
        assert gateways.arrives(mum, body, signature).status_code == 204
    work_off(look_at_card_payment)
    assert (Payment.objects.count(), GatewayEvent.objects.count()) == (1, 1)
    assert right()


def test_it_goes_back_through_stripe_once(child: Student, mum: User, anton: User, there: Stripe) -> None:
    row = paid(there, child, mum)
    bill = Invoice.objects.filter(student=child).earliest("pk")
    services.credit_invoice(invoice=bill.sourced_id, amount=Decimal(100), reason="Away", by=anton)
    services.refund(payment=row.payment.sourced_id, amount=Decimal(100), reason="Away", by=anton)
    work_off(refund_by_card)
    (refund,) = there.says("/v1/refunds", payment_intent=row.also)["data"]
    assert (refund["amount"], refund["currency"]) == (10_000, "gbp")
    assert Refund.objects.get().amount == 100
    # Asked again after Stripe has forgotten its key, it finds what it made.
    adapter, key = gateway_called("stripe"), refund["metadata"]["key"]
    assert adapter.give_back(row.reference, Decimal(7), "GBP", key=key, keys=KEYS) == refund["id"]
    assert len(there.says("/v1/refunds", payment_intent=row.also)["data"]) == 1
    # Its bank sends it back: it has come in again.
    there.does(f"/v1/refunds/{refund['id']}/_fail")
    assert arrives(there, "refund.failed", mum) == 204
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [100, 1280]
    assert right()


def test_a_dispute_charges_back_and_when_it_is_won_it_has_come_again(child: Student, mum: User, there: Stripe) -> None:
    row = paid(there, child, mum)
    asked = {"payment_intent": row.also, "amount": 128_000}
    # An inquiry takes no money.
    there.does("/v1/disputes/_open", **asked, status="warning_needs_response")
    assert arrives(there, "charge.dispute.created", mum) == 204
    assert left(child) == 0
    dispute = there.does("/v1/disputes/_open", **asked, status="needs_response")
    assert arrives(there, "charge.dispute.created", mum) == 204
    assert (Refund.objects.get().kind, left(child)) == ("chargeback", 1280)
    there.does(f"/v1/disputes/{dispute['id']}/_decide", status="won")
    assert arrives(there, "charge.dispute.closed", mum) == 204
    assert (Payment.objects.count(), left(child)) == (2, 0)
    assert right()


def test_what_stripe_writes_is_signed_as_its_own_library_signs(child: Student, mum: User, there: Stripe) -> None:
    row = paid(there, child, mum)
    # By hand, in the documented shape of an event that localstripe has not.
    event = {
        "id": "evt_1By_Hand",
        "object": "event",
        "api_version": "2026-10-28",
        "created": int(clock.machine().timestamp()),
        "type": "charge.dispute.funds_withdrawn",
        "data": {"object": {"id": "du_1", "object": "dispute", "charge": "ch_1", "payment_intent": row.also}},
    }
    body = json.dumps(event, indent=2)
    now = int(clock.machine().timestamp())

    def signed(at: int = now, secret: str = SIGNING) -> str:
        return str(stripe.WebhookSignature.generate_signature_header(body, secret, at))

    for wrong in (signed(now - 330), signed(now + 330), signed(secret="whsec_elm"), signed().replace("v1=", "v0=")):
        assert gateways.arrives(mum, body.encode(), wrong).json()["code"] == "gateways:signature-refused"
    assert gateways.arrives(mum, body.encode() + b"\n", signed()).status_code == 400
    assert gateways.arrives(mum, body.encode(), signed(now - 270)).status_code == 204
    assert GatewayEvent.objects.get(kind=event["type"]).intent == row
    # And what we sign its library takes.
    ours = signing.signature(body.encode(), secret=SIGNING, at=clock.machine())
    assert stripe.Webhook.construct_event(body, ours, SIGNING).id == event["id"]


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [
        ("GBP", "12.5", 1250),
        ("JPY", "500", 500),
        ("XAF", "500", 500),
        ("KWD", "5.12", 5120),
        ("TND", "5", 5000),
        ("ISK", "500", 50_000),
        ("UGX", "500", 50_000),
        ("MGA", "500", 500),
    ],
)
def test_amounts_are_in_the_units_that_stripe_counts_in(
    currency: str, amount: str, units: int, in_oak: School, there: Stripe
) -> None:
    adapter = gateway_called("stripe")
    made = adapter.open(an_order(amount, currency), KEYS)
    session = there.says(f"/v1/checkout/sessions/{made.reference}")
    assert (session["amount_total"], session["currency"]) == (units, currency.lower())
    there.does(f"/v1/checkout/sessions/{made.reference}/_pay", number=GOOD)
    assert adapter.look(made.reference, KEYS).paid == Decimal(amount)
    adapter.give_back(made.reference, Decimal(2), currency, key=str(uuid4()), keys=KEYS)
    assert [each.amount for each in adapter.look(made.reference, KEYS).gone_back] == [2]


@pytest.mark.parametrize(("currency", "amount"), [("KWD", "5.123"), ("MGA", "5.2")])
def test_an_amount_that_stripe_does_not_know_is_asked_of_nobody(currency: str, amount: str, there: Stripe) -> None:
    with pytest.raises(AmountNotTaken):
        gateway_called("stripe").open(an_order(amount, currency), KEYS)


def test_what_stripe_refuses_is_said_and_a_key_it_does_not_know_is_named(in_oak: School, there: Stripe) -> None:
    adapter = gateway_called("stripe")
    with pytest.raises(KeyRefused):
        adapter.look("cs_test_x", Keys("of_nobody", ""))
    with pytest.raises(GatewayRefused, match="Not Found"):
        adapter.look("cs_test_x", KEYS)
    with pytest.raises(GatewayRefused, match="too small"):
        adapter.open(an_order("0.1", "GBP"), KEYS)
    # The same order with other words is another order.
    order = an_order("5", "GBP")
    adapter.open(order, KEYS)
    with pytest.raises(GatewayRefused, match="same parameters"):
        adapter.open(Order(**{**{name: getattr(order, name) for name in order.__slots__}, "amount": Decimal(6)}), KEYS)


def test_a_stripe_that_is_away_is_noted_and_only_its_school_waits(
    child: Student, mum: User, elm: School, there: Stripe, settings: Any
) -> None:
    row = gateways.begun(child, by=mum)
    settings.STRIPE_URL = "http://127.0.0.1:9"
    for _each in range(6):
        with pytest.raises(GatewayAway):
            services.look(intent=row.pk)
    assert CardGateway.objects.get().failing_since is not None
    settings.STRIPE_URL = there.url
    with pytest.raises(GatewayAway):
        services.look(intent=row.pk)
    with inside(elm):
        assert circuits.ask(lambda: "answers") == "answers"


def test_a_page_is_asked_for_while_stripe_still_opens_one(child: Student, mum: User, later: Any) -> None:
    row = services.begin_card_payment(student=child.sourced_id, back_to="/family/", host=gateways.HOST, by=mum)
    ticket = services.checkout_path(row).rpartition("/")[2]
    later(minutes=10)
    with pytest.raises(errors.IntentOver):
        services.checkout_of(ticket)


def test_what_was_begun_at_an_earlier_gateway_ends_there(
    child: Student, mum: User, anton: User, there: Stripe, settings: Any
) -> None:
    ada = User.objects.get(username="ada")
    bills = list(Invoice.objects.filter(student=child).order_by("number"))
    row, given_up = (gateways.begun(child, by=mum, invoice=bills[0].sourced_id) for _each in range(2))
    with gateways.a_counter() as counter:
        gateways.a_gateway(by=ada)
        assert [(each.pk, each.name, each.taking) for each in CardGateway.objects.order_by("pk")] == [
            (1, "sandbox", True), (2, "stripe", False),
        ]  # fmt: skip
        new = gateways.begun(child, by=mum, invoice=bills[1].sourced_id)
        assert (new.gateway, counter.order(gateways.KEY, new.reference)["amount"]) == ("sandbox", 8000)
        # Somebody still has its page open; nobody opens it anew.
        with pytest.raises(errors.CardsNotTaken):
            services.checkout_of(services.checkout_path(row).rpartition("/")[2])
        there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
        assert arrives(there, "checkout.session.completed", mum) == 204
        # What one gateway signs books nothing of another.
        forged = json.dumps({"id": "evt_f", "type": "order.paid", "data": {"object": {"id": row.reference}}}).encode()
        assert gateways.arrives(mum, forged).status_code == 204
        assert not GatewayEvent.objects.filter(event="evt_f").exists()
        gateways.click(counter, new, "pay")
        gateways.told(counter, mum)
        assert left(child) == 0
        assert sorted(Payment.objects.values_list("amount", flat=True)) == [80, 1200]
        # It is given back where it was paid.
        services.credit_invoice(invoice=bills[0].sourced_id, amount=Decimal(100), reason="Away", by=anton)
        row.refresh_from_db()
        services.refund(payment=row.payment.sourced_id, amount=Decimal(100), reason="Away", by=anton)
        work_off(refund_by_card)
        assert [each["amount"] for each in there.says("/v1/refunds", payment_intent=row.also)["data"]] == [10_000]
        assert services.differs_there() == []
        # Where one does not answer, the other is heard, and only the one is noted.
        there.does("/v1/disputes/_open", payment_intent=row.also, amount=1000, status="needs_response")
        settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9"
        with pytest.raises(GatewayAway):
            ask_gateway()
        assert dict(CardGateway.objects.values_list("name", "failing_since"))["stripe"] is None
        work_off(look_at_card_payment)
        assert Refund.objects.filter(kind="chargeback").get().amount == 10
        assert right()
        with pytest.raises(errors.GatewayInUse):
            services.forget_card_gateway(gateway="stripe", by=ada)
        there.does(f"/v1/checkout/sessions/{given_up.reference}/_expire")
        services.look(intent=given_up.pk)
        services.forget_card_gateway(gateway="stripe", by=ada)
        with pytest.raises(errors.GatewayNotSet):
            services.forget_card_gateway(gateway="sandbox", by=ada)
        body, signature = there.letter("charge.dispute.created")
        assert gateways.arrives(mum, body, signature).json()["code"] == "gateways:signature-refused"


def test_a_gateway_that_is_chosen_again_has_its_keys_still(child: Student, mum: User, there: Stripe) -> None:
    ada = User.objects.get(username="ada")
    row = gateways.begun(child, by=mum)
    gateways.a_gateway(by=ada)
    services.set_card_gateway(gateway="stripe", taking=True, by=ada)
    assert [(each.pk, each.name) for each in CardGateway.objects.order_by("pk")] == [(1, "stripe"), (3, "sandbox")]
    there.does(f"/v1/checkout/sessions/{row.reference}/_pay", number=GOOD)
    services.look(intent=row.pk)
    assert Payment.objects.get().amount == 1280


def test_a_new_secret_key_leaves_the_signing_secret(child: Student) -> None:
    ada = User.objects.get(username="ada")
    services.set_card_gateway(gateway="stripe", taking=True, secret="sk_test_rolled", by=ada)
    assert keys_of(CardGateway.objects.get()) == Keys("sk_test_rolled", SIGNING)


def test_an_earlier_gateway_that_never_answers_again_can_be_forgotten(
    child: Student, mum: User, there: Stripe, later: Any, settings: Any
) -> None:
    ada = User.objects.get(username="ada")
    row = gateways.begun(child, by=mum)
    with gateways.a_counter():
        gateways.a_gateway(by=ada)
        settings.STRIPE_URL = "http://127.0.0.1:9"
        later(days=4)
        with pytest.raises(GatewayAway):
            ask_gateway()
        row.refresh_from_db()
        assert row.state == "failed"
        services.forget_card_gateway(gateway="stripe", by=ada)


def test_an_installation_without_it_offers_no_stripe(settings: Any) -> None:
    assert offered() == ["sandbox"]
    settings.STRIPE_URL = "https://api.stripe.com"
    assert offered() == ["sandbox", "stripe"]


def an_order(amount: str, currency: str) -> Order:
    return Order(
        id=str(uuid4()),
        amount=Decimal(amount),
        currency=currency,
        text="Oak: bill 7",
        language="ar",
        back_to=f"{gateways.HOST}/back",
        given_up_to=f"{gateways.HOST}/",
        notify="",
        expires_at=clock.machine() + dt.timedelta(minutes=40),
    )
