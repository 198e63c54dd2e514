"""The family's pages in a browser: narrow and wide, from the left and from the right, and without a script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.accounts.services import hand_out_link
from apps.attendance.models import Leave
from apps.fees.services import set_card_gateway
from apps.notifications.models import Announcement, Message
from schoolops import clock
from tests.apps.family import household
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.factories import people

if TYPE_CHECKING:
    from tests.apps.family.household import Household
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

NARROW = {"width": 320, "height": 640}
WIDTHS = (320, 390, 1280)
OF_CHILD = (
    "child", "attendance", "timetable", "exams", "marks", "cards", "bills", "leave", "looked", "calendar",
)  # fmt: skip
OWN = ("home", "notices", "contact", "preferences")


@pytest.fixture
def home(scene: Scene) -> Household:
    """Carol's children, of whom there is something to see everywhere."""
    with scene.inside():
        return household.made(scene.campus, head=scene.alice, teacher=scene.bob, guardian=scene.carol)


def fits(page: Page) -> None:
    """Nothing runs out of the page at any width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            f"{page.url} at {width}"
        )


@pytest.mark.parametrize(("language", "direction"), [("en-GB", "ltr"), ("ar", "rtl")])
def test_every_page_reads_well_at_any_width(
    visit: Visit, scene: Scene, home: Household, language: str, direction: str
) -> None:
    page = visit(scene.carol, "/family/", width=NARROW, language=language)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    for name in (*OWN, *OF_CHILD):
        address = reverse(f"family:{name}", args=[] if name in OWN else [home.child.sourced_id])
        page.goto(visit.address(address))
        axe(page)
        fits(page)


def test_without_a_script_a_guardian_logs_in_asks_for_leave_and_leaves(
    visit: Visit, scene: Scene, home: Household, tmp_path: Path
) -> None:
    note = tmp_path / "note.pdf"
    note.write_bytes(b"%PDF-1.7")
    page = visit(None, "/family/", width=PHONE, scripts=False)
    page.locator("[name=login]").fill("carol")
    page.locator("[name=password]").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Came late")).to_be_visible()
    page.get_by_role("link", name=home.child.full_name).click()
    page.get_by_role("navigation").get_by_role("link", name="Leave").click()
    page.get_by_label("From").fill("2026-11-09")
    page.get_by_label("Reason").fill("A wedding")
    page.get_by_label("A paper or photo of it").set_input_files(note)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The school has it.")).to_be_visible()
    with scene.inside():
        assert Leave.objects.filter(reason="A wedding").exclude(attachment="").count() == 1
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


@pytest.mark.parametrize(("language", "scripts"), [("en-GB", False), ("ar", True)])
def test_what_a_guardian_does_is_done_on_the_narrowest_phone_in_either_language(
    visit: Visit, scene: Scene, home: Household, tmp_path: Path, language: str, scripts: bool
) -> None:
    notice = _notice_to(scene, home)
    of_child = f"/family/children/{home.child.sourced_id}"
    visit.expect("422")
    page = visit(scene.carol, f"{of_child}/leave/", width=NARROW, language=language, scripts=scripts)
    page.locator("[name=starts_on]").fill("2026-11-20")
    page.locator("[name=reason]").fill("Dentist")
    page.locator("main button.main").click()
    expect(page.locator("[role=status]")).to_be_visible()
    page.locator("main form[action*='take-back'] button").first.click()
    expect(page.locator("[role=status]")).to_be_visible()
    page.locator("[name=starts_on]").fill("2026-11-20")
    page.locator("[name=ends_on]").fill("2026-11-01")
    page.locator("[name=reason]").fill("Dentist")
    page.locator("main button.main").click()
    expect(page.locator(".errorlist, [role=alert]").first).to_be_visible()
    expect(page.locator("[name=reason]")).to_have_value("Dentist")

    page.goto(visit.address("/family/contact/"))
    page.locator("[name=phone]").fill("+44 20 7946 0003")
    page.locator("main button.main").click()
    expect(page.get_by_text("+44 20 7946 0003").first).to_be_visible()

    page.goto(visit.address(f"{of_child}/calendar/"))
    page.locator("button[value=begin]").click()
    link = page.locator("main code").inner_text()
    assert _asked(page, visit.address("/family/" + link.partition("/family/")[2]))[0] == 200
    page.goto(visit.address(f"{of_child}/calendar/"))
    page.locator("button[value=end]").click()
    expect(page.locator("button[value=end]")).to_have_count(0)

    page.goto(visit.address("/family/messages/"))
    page.locator(f"main a[href*='{notice.sourced_id}']").click()
    page.locator("main button.main").click()
    expect(page.locator("[role=status]")).to_be_visible()

    page.goto(visit.address("/family/preferences/"))
    page.locator("select[name=all-email]").select_option("no")
    page.locator("main button.main").click()
    expect(page.locator("select[name=all-email]")).to_have_value("no")

    page.goto(visit.address(f"{of_child}/bills/"))
    for paper in page.locator("main a[href$='.pdf']").all():
        assert _asked(page, visit.address(str(paper.get_attribute("href")))) == (200, "application/pdf")
    page.locator("main form[action$='/pay/'] button").first.click()
    expect(page.locator("main a[href*='/card-checkout/']")).to_be_visible()
    with scene.inside():
        states = list(Leave.objects.filter(reason="Dentist").values_list("state", flat=True))
        notice.refresh_from_db()
    assert states == ["cancelled"]
    assert notice.acknowledged_at is not None


def _notice_to(scene: Scene, home: Household) -> Message:
    """A message that asks to be confirmed; and the school takes cards."""
    with scene.inside():
        set_card_gateway(gateway="sandbox", taking=True, secret="sk_sandbox_oak", by=scene.erin)
        now = clock.now()
        asked = Announcement.objects.create(
            title="Trip", text="On Friday", kind="school", to=["guardians"], acknowledge=True, publish_at=now,
            written_at=now,
        )  # fmt: skip
        return Message.objects.create(
            fact="announcement", key="1", channel="in-app", state="delivered", guardian=scene.carol.guardian,
            student=home.child, announcement=asked, subject="Trip", text="On Friday", due_at=now, made_at=now,
            handed_at=now, institution=scene.campus.institution,
        )  # fmt: skip


def _handed(scene: Scene, name: str) -> str:
    with scene.inside():
        return hand_out_link(user=people.a_guardian(name, of=[]), by=scene.dave).link.partition("#")[2]


def test_without_scripts_a_link_is_pasted_and_leads_to_the_familys_pages(visit: Visit, scene: Scene) -> None:
    secret = _handed(scene, "nora")
    visit.expect("422")
    page = visit(None, f"/redeem#{secret}", width=PHONE, scripts=False)
    page.get_by_label("The link from your letter").fill(f"http://oak.example/redeem#{secret}")
    page.locator("[name=password]").fill("seven green kettles")
    page.locator("[name=again]").fill("seven green kettle")
    page.get_by_role("button", name="Set the password").click()
    page.locator("[name=password]").fill("seven green kettles")
    page.locator("[name=again]").fill("seven green kettles")
    page.get_by_role("button", name="Set the password").click()
    page.locator("[name=login]").fill("nora")
    page.locator("[name=password]").fill("seven green kettles")
    page.get_by_role("button", name="Log in").click()
    # What follows # goes along wherever a browser is sent; the link it holds is used up.
    expect(page).to_have_url(re.compile(rf"^{re.escape(visit.address('/family/'))}(#|$)"))


def _asked(page: Page, address: str) -> tuple[int, str]:
    """Status and kind of an answer that the browser would save; a program outside knows no name below ``localhost``."""
    parts = urlsplit(address)
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies(address))
    headers = {"Host": parts.netloc, "Cookie": cookies}
    asked = Request(f"http://127.0.0.1:{parts.port}{parts.path}", headers=headers)
    with urlopen(asked, timeout=30) as answer:
        return int(answer.status), str(answer.headers["Content-Type"])


def test_who_chooses_a_language_keeps_the_link(visit: Visit, scene: Scene) -> None:
    secret = _handed(scene, "omar")
    page = visit(None, f"/redeem#{secret}", width=PHONE)
    page.locator("button[name=language][value=ar]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("#redeem-form [name=token]")).to_have_value(secret)
    assert secret not in page.url
    axe(page)
