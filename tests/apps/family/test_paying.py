"""A guardian begins to pay a bill by card: once for a press, of their own, and never for somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.fees.models import PaymentIntent
from apps.fees.services import set_card_gateway
from tests.apps.family.household import Household

Visit = Callable[..., Any]


@pytest.fixture
def cards(household: Household, erin: User) -> None:
    """The school takes cards, through the sandbox."""
    set_card_gateway(gateway="sandbox", taking=True, secret="sk_sandbox_oak", by=erin)


def _bills(browser: Any, household: Household) -> str:
    return str(browser.get(reverse("family:bills", args=[household.child.sourced_id])).content.decode())


def test_a_bill_is_paid_on_the_gateways_page(browser: Visit, household: Household, cards: None) -> None:
    of_mother = browser(household.mother)
    address = reverse("family:pay", args=[household.child.sourced_id, household.bill.sourced_id])
    page = _bills(of_mother, household)
    assert f'action="{address}"' in page
    (key,) = re.findall(r'name="key" value="([^"]+)"', page)
    for _press in range(2):
        answer = of_mother.post(address, {"key": key})
        assert answer.status_code == 200
        assert 'href="/api/v1/card-checkout/' in answer.content.decode()
    intent = PaymentIntent.objects.get()
    assert (intent.invoice, str(intent.amount), intent.by) == (household.bill, "650.000", household.mother)
    of_father = browser(household.father)
    assert of_father.post(address, {"key": "1b4e28ba-2fa1-41d2-883f-0016d3cca427"}).status_code == 404
    assert of_mother.post(address, {"key": "x"}).status_code == 404
    assert of_mother.get(address).status_code == 405


def test_a_school_that_takes_no_cards_offers_none(browser: Visit, household: Household) -> None:
    assert "Pay by card" not in _bills(browser(household.mother), household)
