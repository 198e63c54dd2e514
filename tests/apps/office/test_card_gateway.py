"""The card gateway in the office: an administrator chooses it, enters its keys once, and asks whether it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import CardGateway, Refund
from apps.fees.services.cards.setting_up import keys_of
from apps.fees.tasks import refund_by_card
from schoolops.audit.models import AuditEntry
from schoolops.gateways import asking as circuits
from schoolops.gateways.counter import Counter
from tests.apps.office.forms import forms_on
from tests.factories import gateways, money, people
from tests.factories.jobs import work_off
from tests.factories.people import Campus

Office = Callable[..., Any]
PAGE = "/office/fees/cards/"
SECRET, SIGNING = "sk_sandbox_of_oak_alone", "whsec_of_oak_alone"


@pytest.fixture
def counter() -> Iterator[Counter]:
    circuits._circuits.clear()
    with gateways.a_counter() as here:
        yield here


@pytest.fixture
def ada(campus: Campus) -> User:
    return people.a_user("ada", role="administrator")


def _page(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_gateway_is_chosen_and_its_keys_are_never_shown_again(office: Office, ada: User, counter: Counter) -> None:
    browser = office(ada)
    shown = _page(browser.get(PAGE))
    assert "No card gateway is set" in shown
    assert "/api/v1/card-gateway/events" in shown
    sent = {"gateway": "sandbox", "secret": SECRET, "signing": SIGNING, "taking": "on"}
    # No address comes from a school: where a gateway stands is the installation's.
    kept = browser.post(PAGE, {**sent, "url": "http://169.254.169.254/", "address": "http://10.0.0.1/"}, follow=True)
    row = CardGateway.objects.get()
    assert (row.name, row.taking, keys_of(row).secret, keys_of(row).signing) == ("sandbox", True, SECRET, SIGNING)
    assert "“\u2068Sandbox, where no money moves\u2069” is saved. Try it now." in _page(kept)
    for answer in (kept, browser.get(PAGE)):
        assert SECRET not in _page(answer)
        assert SIGNING not in _page(answer)
    lines = AuditEntry.objects.filter(action="fees.gateway-set").values_list("after", flat=True)
    assert [each["keys"] for each in lines] == ["entered"]
    assert SECRET not in str(list(lines))
    # Empty fields leave the keys; an unticked box begins no payments.
    browser.post(PAGE, {"gateway": "sandbox", "secret": "", "signing": ""})
    row.refresh_from_db()
    assert (row.taking, keys_of(row).secret) == (False, SECRET)
    refused = browser.post(PAGE, {"gateway": "elsewhere", "secret": SECRET})
    assert (refused.status_code, SECRET in _page(refused)) == (422, False)


def test_trying_it_says_what_the_gateway_answers(office: Office, ada: User, counter: Counter, settings: Any) -> None:
    browser = office(ada)
    none_yet = browser.post(f"{PAGE}try/", follow=True)
    assert "The school has no card gateway." in _page(none_yet)
    gateways.a_gateway(by=ada)
    assert "“\u2068Sandbox, where no money moves\u2069” answers and knows the key." in _page(
        browser.post(f"{PAGE}try/", follow=True)
    )
    here = settings.SANDBOX_GATEWAY_URL
    settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9"
    away = _page(browser.post(f"{PAGE}try/", follow=True))
    assert "The card gateway does not answer; nothing was taken." in away
    assert "it does not answer, or refuses the key." in away
    settings.SANDBOX_GATEWAY_URL = here
    assert "“\u2068Sandbox, where no money moves\u2069” answers and knows the key." in _page(
        browser.post(f"{PAGE}try/", follow=True)
    )
    assert CardGateway.objects.get().failing_since is None


def test_a_gateway_before_is_shown_until_it_is_forgotten(office: Office, ada: User, counter: Counter) -> None:
    gateways.a_gateway(by=ada)
    browser = office(ada)
    assert "Gateways before" not in _page(browser.get(PAGE))
    CardGateway.objects.create(pk=2, name="stripe", taking=False, sealed=b"x", heard_until="2026-01-01T00:00Z")
    assert "Forget Stripe" in _page(browser.get(PAGE))
    assert "“\u2068Stripe\u2069” is forgotten." in _page(
        browser.post(f"{PAGE}forget/", {"gateway": "stripe"}, follow=True)
    )
    assert [row.name for row in CardGateway.objects.all()] == ["sandbox"]
    # The present one is not forgotten, only changed.
    browser.post(f"{PAGE}forget/", {"gateway": "sandbox"})
    assert CardGateway.objects.count() == 1


def test_nobody_who_takes_money_decides_where_it_goes(
    office: Office, campus: Campus, alice: User, ada: User, counter: Counter
) -> None:
    there = people.a_user("amal", role="administrator", institution=campus.institution)
    for who in (alice, people.a_user("anton", role="accountant"), people.a_user("tina", role="teacher"), there):
        browser = office(who)
        # A teacher does not come in at all.
        assert browser.get(PAGE).status_code in {403, 404}
        assert browser.post(PAGE, {"gateway": "sandbox", "secret": SECRET}).status_code in {403, 404}
        refused = [browser.post(f"{PAGE}{act}/", {"gateway": "sandbox"}) for act in ("try", "forget")]
        # Of a campus alone it is refused by the service, and said on the page that one may not see either.
        assert {each.status_code for each in refused} <= {302, 403, 404}
    assert not CardGateway.objects.exists()


def test_what_the_gateway_is_asked_to_give_back_stands_on_the_receipt_until_it_has(
    office: Office, campus: Campus, ada: User, counter: Counter
) -> None:
    money.a_chart(campus.institution)
    gateways.a_gateway(by=ada)
    anton = people.a_user("anton", role="accountant")
    money.an_item(campus, by=anton)
    (child, *_others) = people.students_in(campus.section)
    bill = next(each for each in money.billed(campus, by=anton) if each.student_id == child.pk)
    paid = gateways.paid(counter, child, by=people.a_guardian("mum", of=[child])).payment
    assert paid is not None
    services.credit_invoice(invoice=bill.sourced_id, amount=Decimal(100), reason="Away", by=anton)
    browser, receipt = office(anton), f"/office/fees/receipts/{paid.sourced_id}/"

    def pressed(amount: str) -> Any:
        (form,) = [each for each in forms_on(_page(browser.get(f"{receipt}refund/"))) if "key" in each.kinds]
        said = {"amount": amount, "reason": "Away", "key": form.said["key"][0]}
        return browser.post(f"{receipt}refund/", said, follow=True)

    asked = "The card gateway is asked to give it back"
    assert f"{asked} of receipt \u2068{paid.receipt}\u2069." in _page(pressed("100"))
    shown = _page(browser.get(receipt))
    assert (asked in shown, "100.00 GBP" in shown) == (True, True)
    refused = pressed("100")
    assert refused.status_code == 422
    assert "is asked to give back 100.00 of this payment" in _page(refused)
    work_off(refund_by_card)
    assert asked not in _page(browser.get(receipt))
    assert Refund.objects.get().amount == 100
