"""Every page of the office: nothing runs out of its box, and nobody is left out, at any width, language or colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from playwright.sync_api import Page

from tests.browser.axe import findings
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.crawled import crawled
from tests.factories.full import fill, papers_and_messages
from tests.factories.talking import Browser

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

# Widths and colours under which a page is measured, and the two of them under which it is read as axe reads it.
LOOKS = [(width, scheme) for scheme in ("light", "dark") for width in (DESKTOP, PHONE)]
READ = ((PHONE, "light"), (DESKTOP, "dark"))
# Text that runs out of what it stands in, or out of the window where nothing scrolls.
OUT_OF_ITS_BOX = """() => {
  const out = [], wide = document.documentElement.clientWidth;
  const told = (each) => `${each.tagName.toLowerCase()}.${each.className} “${each.textContent.trim().slice(0, 40)}”`;
  const scrolls = (each) => {
    for (let above = each.parentElement; above; above = above.parentElement)
      if (getComputedStyle(above).overflowX !== "visible") return true;
    return false;
  };
  if (document.documentElement.scrollWidth > wide + 1)
    out.push(`the page is ${document.documentElement.scrollWidth} wide in ${wide}`);
  for (const each of document.querySelectorAll("body *")) {
    const box = each.getBoundingClientRect(), style = getComputedStyle(each);
    const written = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!written || box.width < 2 || box.height < 2 || style.visibility === "hidden" || each.closest("svg")) continue;
    if ((box.right > wide + 1 || box.left < -1) && style.position !== "absolute" && !scrolls(each))
      out.push(`${told(each)} from ${Math.round(box.left)} to ${Math.round(box.right)} in ${wide}`);
    if (style.display !== "inline" && style.overflowX === "visible" && each.scrollWidth > each.clientWidth + 1)
      out.push(`${told(each)} needs ${each.scrollWidth} in ${each.clientWidth}`);
  }
  return out.slice(0, 5);
}"""
# The theme takes the system's colours when a page is loaded.
COLOURED = "(scheme) => document.documentElement.classList.toggle('dark', scheme === 'dark')"


def _addresses(scene: Scene) -> list[str]:
    """One page of each kind that an administrator can come to, and the roll on a phone."""
    with scene.inside():
        fill(scene.campus, 3, scene.erin, "C")
        papers_and_messages(scene.campus, scene.erin)
        browser = Browser(Client(headers={"host": f"{scene.school.slug}.localhost"}), scene.erin)
        found = crawled(browser, ["/office/", "/roll/"], of_a_kind=1)
    return [each.address for each in found if each.page]


def _wrong_with(page: Page, address: str, *, scripts: bool) -> list[str]:
    wrong = []
    for width, scheme in LOOKS:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)
        page.evaluate(COLOURED, scheme)
        at = f"{address} at {width['width']}, {scheme}"
        wrong += [f"{at}: {each}" for each in page.evaluate(OUT_OF_ITS_BOX)]
        if scripts and (width, scheme) in READ:
            wrong += [f"{at}: {each}" for each in findings(page)]
    return wrong


@pytest.mark.proof
@pytest.mark.parametrize("language", ["en-GB", "ar"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_page_fits_and_leaves_nobody_out(visit: Visit, scene: Scene, language: str, scripts: bool) -> None:
    addresses = _addresses(scene)
    assert len(addresses) > 80
    page = visit(scene.erin, "/office/", language=language, scripts=scripts)
    wrong = []
    for address in addresses:
        page.goto(visit.address(address))
        wrong += _wrong_with(page, address, scripts=scripts)
    assert not wrong, "\n".join(wrong)
