"""Fees in a browser: a price set, a term looked at and billed, a bill read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect

from apps.accounts.models import User
from apps.fees.models import Invoice, InvoiceRun, Payment
from tests.browser.axe import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.keys import every_click_has_a_key
from tests.factories import money, people

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def _anton(scene: Scene) -> User:
    """The accountant of a campus with books."""
    money.a_chart(scene.campus.institution)
    return people.a_user("anton", role="accountant")


def test_a_price_is_set_and_a_term_is_looked_at_and_billed(
    visit: Visit, scene: Scene, work_off: Callable[[], int]
) -> None:
    with scene.inside():
        anton = _anton(scene)
    page = visit(anton, "/office/fees/feeitem/add/")
    page.locator("#id_year").select_option(index=1)
    page.locator("#id_name").fill("Tuition")
    page.locator("#id_amount").fill("1200,50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1,200.50 GBP")).to_be_visible()
    page.goto(visit.address("/office/fees/runs/"))
    page.get_by_label("In how many parts").fill("2")
    page.get_by_label("In how many parts").press("Enter")
    expect(page.get_by_role("heading", name="Three bills as they would be")).to_be_visible()
    axe(page, within=".day")
    page.get_by_role("button", name="Bill 15 students 18,007.50 GBP").press("Enter")
    expect(page.get_by_text("0 of 15 students")).to_be_visible()
    with scene.inside():
        work_off()
    # The page looks again by itself.
    expect(page.get_by_text("Billed: 15")).to_be_visible()
    with scene.inside():
        assert Invoice.objects.count() == 15


def test_money_is_taken_and_its_receipt_printed_by_keyboard_alone(
    shows_papers: Browser, visit: Visit, scene: Scene
) -> None:
    with scene.inside():
        anton = _anton(scene)
        money.an_item(scene.campus, by=anton)
        money.billed(scene.campus, by=anton)
        child = people.students_in(scene.campus.section)[0]
    page = visit(anton, "/office/fees/desk/")
    printed = "window.printed = 0; HTMLIFrameElement.prototype.__defineGetter__('contentWindow', () => "
    page.add_init_script(f"{printed}({{ focus() {{}}, print() {{ window.printed += 1; }} }}))")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(child.admission_number)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_be_focused()
    axe(page, within=".day")
    page.keyboard.press("Control+a")
    page.keyboard.type("450,50")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="450.50 GBP")).to_be_visible()
    page.wait_for_function("() => window.printed === 1")
    # Looked at again it is not printed again; the next one is an Enter away.
    page.reload()
    expect(page.get_by_role("heading", name="450.50 GBP")).to_be_visible()
    assert page.evaluate("() => window.printed") == 0
    with scene.inside():
        assert str(Payment.objects.get().amount) == "450.500"


@pytest.mark.parametrize(("width", "language"), [(DESKTOP, "ar"), (PHONE, "en-GB")], ids=["desktop", "phone"])
def test_pages_of_fees_fit_and_are_accessible(visit: Visit, scene: Scene, width: dict[str, int], language: str) -> None:
    with scene.inside():
        anton = _anton(scene)
        item = money.an_item(scene.campus, by=anton)
        child = people.students_in(scene.campus.section)[0]
        money.a_concession(scene.campus, child, asked_by=anton, approved_by=scene.alice)
        draft, bill = money.begun(scene.campus, by=anton), money.billed(scene.campus, by=anton)[0]
        payment = money.a_payment(bill.student, "450.50", by=anton)
        run = InvoiceRun.objects.exclude(pk=draft.pk).get()
    page = visit(anton, "/office/fees/", width=width, language=language)
    shown = [
        "/office/fees/?q=a",
        f"/office/fees/students/{child.sourced_id}/",
        "/office/fees/runs/",
        f"/office/fees/runs/{draft.sourced_id}/",
        f"/office/fees/runs/{run.sourced_id}/",
        "/office/fees/invoice/",
        f"/office/fees/bills/{bill.sourced_id}/",
        f"/office/fees/bills/{bill.sourced_id}/credit/",
        f"/office/fees/feeitem/{item.pk}/change/",
        "/office/fees/desk/?q=a",
        f"/office/fees/take/{child.sourced_id}/",
        f"/office/fees/receipts/{payment.sourced_id}/",
        f"/office/fees/receipts/{payment.sourced_id}/undo/",
        "/office/",
        "/office/fees/debtors/",
        "/office/fees/cash-book/",
        "/office/fees/items/copy/",
    ]
    for address in shown:
        page.goto(visit.address(address))
        axe(page, within=".office")
        every_click_has_a_key(page)
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px wider than the page"
