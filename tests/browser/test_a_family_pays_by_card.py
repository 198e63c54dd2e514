"""Paying by card in a browser: set up in the office, begun on the family's page, paid on the gateway's, receipted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.fees.models import Payment, PaymentIntent
from apps.fees.services import set_card_gateway
from tests.apps.family import household
from tests.browser.axe import axe
from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

SECRET = "sk_sandbox_of_the_scene"


def test_a_guardian_pays_by_card_and_the_receipt_is_there(
    visit: Visit, scene: Scene, work_off: Callable[[], int]
) -> None:
    with scene.inside():
        home = household.made(scene.campus, head=scene.alice, teacher=scene.bob, guardian=scene.carol)
        set_card_gateway(gateway="sandbox", taking=True, secret=SECRET, by=scene.erin)
    page = visit(scene.carol, reverse("family:bills", args=[home.child.sourced_id]), width=PHONE)
    page.get_by_role("button", name="Pay by card").click()
    axe(page)
    page.get_by_role("link", name="On to paying").click()
    # On the gateway's own page, where no school's cookie goes.
    expect(page.get_by_role("heading", name="Sandbox card payment")).to_be_visible()
    expect(page.get_by_text("650.00")).to_be_visible()
    page.get_by_role("button", name="Decline the card").click()
    expect(page.get_by_text("The card was declined. Try again.")).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("button", name="Pay by card")).to_be_visible()
    with scene.inside():
        work_off()
        payment = Payment.objects.get(method="card")
        assert (str(payment.amount), PaymentIntent.objects.get().state) == ("650.000", "paid")
    page.goto(visit.address(reverse("family:bills", args=[home.child.sourced_id])))
    expect(page.get_by_role("link", name=f"Receipt {payment.receipt} (PDF)")).to_be_visible()
    expect(page.get_by_role("button", name="Pay by card")).to_have_count(0)


def test_who_gives_up_has_paid_nothing_and_may_begin_again(visit: Visit, scene: Scene) -> None:
    with scene.inside():
        home = household.made(scene.campus, head=scene.alice, teacher=scene.bob, guardian=scene.carol)
        set_card_gateway(gateway="sandbox", taking=True, secret=SECRET, by=scene.erin)
    page = visit(scene.carol, reverse("family:bills", args=[home.child.sourced_id]))
    page.get_by_role("button", name="Pay by card").click()
    page.get_by_role("link", name="On to paying").click()
    page.get_by_role("button", name="Back without paying").click()
    expect(page.get_by_role("button", name="Pay by card")).to_be_visible()


def test_an_administrator_chooses_a_gateway_and_tries_it(visit: Visit, scene: Scene) -> None:
    page = visit(scene.erin, "/office/fees/cards/")
    expect(page.get_by_role("heading", name="No card gateway is set")).to_be_visible()
    page.get_by_label("Secret key").fill(SECRET)
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_text(" is saved. Try it now.")).to_be_visible()
    assert SECRET not in page.content()
    page.get_by_role("button", name="Try it").press("Enter")
    expect(page.get_by_text(" answers and knows the key.")).to_be_visible()
    assert page.get_by_label("The address that it writes to").input_value() == visit.address(
        "/api/v1/card-gateway/events"
    )


@pytest.mark.parametrize(("width", "language"), [(DESKTOP, "ar"), (PHONE, "en-GB")], ids=["desktop", "phone"])
def test_the_page_of_the_gateway_fits_and_is_accessible(
    visit: Visit, scene: Scene, width: dict[str, int], language: str
) -> None:
    with scene.inside():
        set_card_gateway(gateway="sandbox", taking=True, secret=SECRET, by=scene.erin)
    page = visit(scene.erin, "/office/fees/cards/", width=width, language=language)
    axe(page, within=".day")
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
