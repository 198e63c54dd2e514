"""Every page of the office: nothing runs out of its box, and nobody is left out, at any width, language or colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Page, Request, Route

from apps.accounts.models import User
from apps.office.shell.site import office
from schoolops.context import outside_schools
from schoolops.queues.admin import operators
from tests.browser.axe import findings
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import people
from tests.factories.crawled import crawled, pages_of_admins
from tests.factories.full import fill, papers_and_messages
from tests.factories.talking import Browser

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene
    from tests.browser.served import Served

# What differs from one row to the next.
VARIES = r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+"
# Widths and colours under which a page is measured, and the two of them under which it is read as axe reads it: a page
# of the office in one language under one of them, in the other under the other.
LOOKS = [(width, scheme) for scheme in ("light", "dark") for width in (DESKTOP, PHONE)]
READ = [(PHONE, "light"), (DESKTOP, "dark")]
# Text that runs out of what it stands in, or out of the window where nothing scrolls.
OUT_OF_ITS_BOX = r"""() => {
  const out = [], wide = document.documentElement.clientWidth;
  const told = (each) => `${each.tagName.toLowerCase()}.${each.className} “${each.textContent.trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const fromTo = (box) => `from ${Math.round(box.left)} to ${Math.round(box.right)}`;
  const beyond = (box, left, right) => box.right > right + 1 || box.left < left - 1;
  const scrolls = (each) => {
    for (let above = each.parentElement; above; above = above.parentElement)
      if (getComputedStyle(above).overflowX !== "visible") return true;
    return false;
  };
  if (document.documentElement.scrollWidth > wide + 1)
    out.push(`the page is ${document.documentElement.scrollWidth} wide in ${wide}`);
  for (const each of document.querySelectorAll("body *")) {
    const box = each.getBoundingClientRect(), style = getComputedStyle(each), over = each.scrollWidth > each.clientWidth + 1;
    const written = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!written || box.width < 2 || box.height < 2 || style.visibility === "hidden" || each.closest("svg")) continue;
    if (beyond(box, 0, wide) && style.position !== "absolute" && !scrolls(each)) out.push(`${told(each)} ${fromTo(box)} in ${wide}`);
    const above = each.parentElement, outer = above.getBoundingClientRect(), holds = getComputedStyle(above);
    if (holds.overflowX === "visible" && !["inline", "contents"].includes(holds.display) && style.position === "static"
        && parseFloat(style.marginInlineStart) >= 0 && outer.width > 1 && beyond(box, outer.left, outer.right))
      out.push(`${told(each)} ${fromTo(box)} in ${told(above)} ${fromTo(outer)}`);
    if (style.display === "inline" || !over) continue;
    if (style.overflowX === "visible") out.push(`${told(each)} needs ${each.scrollWidth} in ${each.clientWidth}`);
    if (["hidden", "clip"].includes(style.overflowX)) out.push(`${told(each)} is cut: ${each.scrollWidth} in ${each.clientWidth}`);
  }
  return out.slice(0, 5);
}"""  # noqa: E501 - JavaScript
# Of who is not logged in.
DOORS = ("/office/login/", "/office/forgotten/", "/redeem", "/support", "/office/nowhere/")
# The theme takes the system's colours when a page is loaded.
COLOURED = "(scheme) => document.documentElement.classList.toggle('dark', scheme === 'dark')"


# What the pages of the office are in a language, by their paths: drawn once, for whoever walks over a part of them.
_DRAWN: dict[str, dict[str, str]] = {}
# And what all of them load.
_FILES: dict[str, dict[str, Any]] = {}
PARTS = 4


def _drawn(scene: Scene, language: str) -> dict[str, str]:
    """One page of each kind that an administrator can come to, and the roll on a phone: by its path."""
    if language not in _DRAWN:
        with scene.inside():
            fill(scene.campus, 3, scene.erin, "C")
            papers_and_messages(scene.campus, scene.erin)
            headers = {"host": f"{scene.school.slug}.localhost", "accept-language": language}
            browser = Browser(Client(headers=headers), scene.erin)
            found = crawled(browser, [*pages_of_admins(office), "/office/", "/roll/"], of_a_kind=1)
        # A list that is asked otherwise looks like itself.
        kinds: dict[str, tuple[str, str]] = {}
        for each in found:
            path = each.address.partition("?")[0]
            if each.page:
                kinds.setdefault(re.sub(VARIES, "#", path), (path, each.page))
        _DRAWN[language] = dict(kinds.values())
    return _DRAWN[language]


def _from_memory(pages: dict[str, str], site: Served) -> Callable[[Route, Request], None]:
    """Pages as they were drawn, files as they were loaded first, and nothing of what a page asks for besides."""

    def answer(route: Route, request: Request) -> None:
        path = urlsplit(request.url).path
        if path in pages and request.resource_type == "document":
            route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        elif path.startswith("/static/"):
            if path not in _FILES:
                # Where no school is: Playwright does not know that each name of localhost is this machine.
                loaded = route.fetch(url=site.address(None, path))
                _FILES[path] = {"status": loaded.status, "headers": loaded.headers, "body": loaded.body()}
            route.fulfill(**_FILES[path])
        else:
            route.fulfill(status=204)

    return answer


Look = tuple[dict[str, int], str]


def _wrong_with(page: Page, at: str, *, read: Sequence[Look], looks: Sequence[Look] = LOOKS) -> list[str]:
    wrong = []
    for width, scheme in looks:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(COLOURED, scheme)
        here = f"{at} at {width['width']}, {scheme}"
        wrong += [f"{here}: {each}" for each in page.evaluate(OUT_OF_ITS_BOX)]
        if (width, scheme) in read:
            wrong += [f"{here}: {each}" for each in findings(page)]
    return wrong


def _walked(page: Page, addresses: list[str], *, read: Callable[[int], Sequence[Look]]) -> list[str]:
    """What is wrong with these pages; ``read``: under which looks axe reads which of them."""
    wrong = []
    for number, address in enumerate(addresses):
        page.goto(address)
        for _ in range(500):
            # An icon is a word while its font is on the way, and runs out of its box.
            if page.evaluate("document.fonts.status") == "loaded":
                break
            page.wait_for_timeout(20)
        wrong += _wrong_with(page, urlsplit(address).path, read=read(number))
    return wrong


@pytest.fixture
def olga(scene: Scene) -> Iterator[User]:
    """An operator."""
    with outside_schools():
        user = User.objects.create(username="olga-who-walks", password="!")
    yield user
    with outside_schools():
        # What hangs on a login stands in schools, and nothing hangs on this one.
        User.objects.filter(pk=user.pk)._raw_delete("default")  # type: ignore[attr-defined]


def _of_operators() -> list[str]:
    with outside_schools():
        return ["/operators/", "/operators/tenancy/school/add/", *pages_of_admins(operators)]


@pytest.mark.proof
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", ["en-GB", "ar"])
def test_every_page_fits_and_leaves_nobody_out(
    visit: Visit, scene: Scene, language: str, scripts: bool, part: int
) -> None:
    pages = _drawn(scene, language)
    assert len(pages) > 80
    page = visit(scene.erin, "/office/", language=language, scripts=scripts)
    page.context.route("**/*", _from_memory(pages, visit.site))
    first = 0 if language == "ar" else 1
    addresses = [visit.address(each) for each in [*pages][part::PARTS]]
    wrong = _walked(page, addresses, read=lambda number: [READ[(number + first) % 2]] if scripts else [])
    assert not wrong, "\n".join(wrong)


@pytest.mark.proof
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", ["en-GB", "ar"])
def test_every_door_and_page_of_operators_does_too(visit: Visit, olga: User, language: str, scripts: bool) -> None:
    page = visit(olga, "/operators/", language=language, scripts=scripts, outside=True)
    read = READ if scripts else []
    wrong = _walked(page, [visit.site.address(None, each) for each in _of_operators()], read=lambda _number: read)
    page = visit(None, DOORS[0], language=language, scripts=scripts)
    doors = [*map(visit.address, DOORS), visit.site.address(None, "/operators/login/")]
    wrong += _walked(page, doors, read=lambda _number: read)
    assert not wrong, "\n".join(wrong)


def test_a_page_of_each_kind_fits_on_a_phone_and_leaves_nobody_out(visit: Visit, scene: Scene) -> None:
    with scene.inside():
        child = people.students_in(scene.campus.section)[0]
    kinds = (
        "/office/", "/office/students/student/", f"/office/student/{child.sourced_id}/", "/office/student/admit/",
        f"/office/students/student/{child.pk}/change/", "/office/timetable/meeting/add/", "/office/rolls/",
    )  # fmt: skip
    page, wrong = visit(scene.erin, "/office/"), []
    for address in kinds:
        page.goto(visit.address(address))
        wrong += _wrong_with(page, address, read=READ, looks=[READ[0]])
    assert not wrong, "\n".join(wrong)


def test_what_runs_out_of_its_box_is_found(visit: Visit) -> None:
    page = visit(None, "/health")
    page.set_viewport_size(PHONE)
    page.set_content(
        "<main><p style='inline-size: 9em; white-space: nowrap'>It does not fit into what it stands in</p>"
        "<p style='inline-size: 5em; overflow: hidden; white-space: nowrap'>It is cut off in the middle</p>"
        "<ul style='inline-size: 9em'><li style='display: flex'><b>A</b><i style='flex: none'>stands beyond its line"
        "</i></li></ul></main>"
    )
    told = " ".join(page.evaluate(OUT_OF_ITS_BOX))
    assert "It does not fit" in told
    assert "is cut" in told
    assert "stands beyond" in told
