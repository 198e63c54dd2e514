"""A real browser against a real server. ``visit(bob, "/roll", width=PHONE)`` is Bob's phone at his school's address.

A test fails on an error in the browser's console, on an exception in a script and on an answer of 500; what a test
expects of these it names with ``visit.expect("409")``. Wait with ``expect(locator)``, never for a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

from tests.browser import chromium

if TYPE_CHECKING:
    from apps.accounts.models import User
    from schoolops.tenancy.models import School
    from tests.browser.scenes import Scene
    from tests.browser.served import Served

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
# A loaded machine is slow, not wrong.
PATIENCE_MS = 60_000
_UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE"


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The site, served by a process of its own on this worker's database, and a sandbox where cards are buttons."""
    from django.test import override_settings

    from schoolops.gateways import counter
    from tests.browser.served import served

    folder = tmp_path_factory.mktemp("site")
    with (
        counter.running() as here,
        override_settings(MEDIA_ROOT=str(folder / "media"), SANDBOX_GATEWAY_URL=here.address),
        served(folder, gateway=here.address) as site,
    ):
        yield site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium while the tests of this folder run: what it starts must be gone before other tests begin."""
    path = _program()
    # Its event loop lives in this thread while it is there, and Django would take our tests for async code.
    before = os.environ.get(_UNSAFE)
    os.environ[_UNSAFE] = "true"
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=path)
            yield running
            running.close()
    finally:
        os.environ.pop(_UNSAFE)
        if before is not None:
            os.environ[_UNSAFE] = before


def _program(*, whole: bool = False) -> Path:
    try:
        return chromium.found(whole=whole)
    except chromium.NoChromium as missing:
        if chromium.must_be_there():
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture
def shows_papers(browser: Browser) -> Iterator[Browser]:
    """A Chromium that shows PDFs in a page, for ``visit``."""
    running = browser.browser_type.launch(executable_path=_program(whole=True))
    yield running
    running.close()


@pytest.fixture
def scene(browser: Browser, fresh_school: Callable[..., School]) -> Scene:
    """A school of the test's own, with Alice, Bob, Carol, Dave and Erin."""
    from tests.browser.scenes import set_up

    return set_up(fresh_school(name="Oak School"))


class Visit:
    """Opens pages for people, and keeps what went wrong in them."""

    def __init__(self, browser: Browser, site: Served, school: School) -> None:
        self.site = site
        self.school = school
        self.trouble: list[str] = []
        self.pages: list[Page] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected: list[re.Pattern[str]] = []

    def __call__(
        self,
        user: User | None,
        path: str,
        *,
        width: dict[str, int] | None = None,
        language: str = "en-GB",
        scripts: bool = True,
        outside: bool = False,
    ) -> Page:
        """A new browser of ``user`` (``None``: a stranger) at ``path`` of the school; ``outside``: of the operators."""
        from schoolops.context import inside, outside_schools
        from tests.browser.scenes import session_of

        phone, school = width is PHONE, None if outside else self.school
        context = self._browser.new_context(
            viewport=width or DESKTOP, locale=language, has_touch=phone, is_mobile=phone, java_script_enabled=scripts
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        if user is not None:
            with outside_schools() if outside else inside(self.school):
                key = session_of(user)
            context.add_cookies([{"name": "sessionid", "value": key, "url": self.site.address(school)}])
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.trouble.append(f"exception in a script: {error}"))
        page.on("response", self._response)
        self.pages.append(page)
        page.goto(self.site.address(school, path))
        return page

    def address(self, path: str) -> str:
        return self.site.address(self.school, path)

    def expect(self, pattern: str) -> None:
        """Trouble that matches ``pattern`` is what the test is about."""
        self._expected.append(re.compile(pattern))

    def _console(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        # A browser asks for it on its own where a page names no icon.
        if message.type == "error" and not address.endswith("/favicon.ico"):
            self.trouble.append(f"console of {address}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.trouble.append(f"{response.status} from {response.url}")

    def unexpected(self) -> list[str]:
        return [each for each in self.trouble if not any(pattern.search(each) for pattern in self._expected)]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(
    browser: Browser, site: Served, scene: Scene, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Visit]:
    """``visit(bob, "/roll")`` opens a page of the scene's school in a browser where Bob is logged in."""
    if "shows_papers" in request.fixturenames:
        browser = request.getfixturevalue("shows_papers")
    opened = Visit(browser, site, scene.school)
    yield opened
    report = request.node.stash.get(_REPORT, None)
    if report is not None and report.failed:
        for number, page in enumerate(opened.pages):
            page.screenshot(path=tmp_path / f"page-{number}.png", full_page=True)
            report.sections.append(("pages", f"{page.url} looked like {tmp_path}/page-{number}.png"))
        report.sections.append(("trouble", "\n".join(opened.trouble)))
        report.sections.append(("what the server said", site.said()))
    opened.close()
    assert not opened.unexpected(), "\n".join(opened.unexpected()) + f"\n{site.said()}"


@pytest.fixture
def work_off() -> Callable[[], int]:
    """``work_off()`` runs the jobs that are due, as a worker would."""
    from tests.browser.served import work_off_jobs

    return work_off_jobs


_REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[_REPORT] = report
    return report
