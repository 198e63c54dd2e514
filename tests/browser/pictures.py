"""``make pictures``: twelve pages of the demo's first school at two widths and in two languages, to be looked at.

They go into a folder outside the repository, which is printed; ``--into`` names another one.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.smoke.stack import fresh_stack

WIDTHS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
LANGUAGES = {"en": "en-GB", "ar": "ar"}
PATIENCE_MS = 60_000
Logins = dict[str, dict[str, str]]


def _first(selector: str) -> Callable[[Page], None]:
    def open_it(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state("load")

    return open_it


def _stay(page: Page) -> None:
    """The page itself."""


# Name → who looks, where they begin, and how they go on from there.
PAGES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "start": ("head", "/office/", _stay),
    "students": ("registrar", "/office/students/student/", _stay),
    "student": ("registrar", "/office/students/student/", _first("#result_list a[href*='/student/']")),
    "rolls": ("registrar", "/office/rolls/", _stay),
    "grid": ("registrar", "/office/rolls/", _first("th a[href*='/office/rolls/section/']")),
    "desk": ("registrar", "/office/desk/", _stay),
    "calendar": ("head", "/office/calendar/", _stay),
    "role": ("administrator", "/office/roles/", _first("table a[href*='/office/roles/']")),
    "my-classes": ("teacher", "/roll/", _stay),
    "roll": ("teacher", "/roll/", _first("main ol a")),
    "family": ("guardian", "/family/", _stay),
    "family-attendance": ("guardian", "/family/", _first("main a[href$='/attendance/']")),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.pictures", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--into", type=Path, help="a folder for the pictures")
    parser.add_argument("--only", action="append", choices=sorted(PAGES), help="this page; may be given again")
    given = parser.parse_args(arguments)
    folder = given.into or Path(tempfile.mkdtemp(prefix="schoolops-pictures-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        browser_path = chromium.found()
    except chromium.NoChromium as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    with fresh_stack() as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path)
        school = up.schools[0]
        address = f"http://{school['host']}:{up.port}"
        # The first of a role is the one whose classes the demo fills.
        logins = {login["role"].lower(): login for login in reversed(school["logins"])}
        for language in LANGUAGES:
            for width in WIDTHS:
                for name in given.only or PAGES:
                    _picture(browser, address, logins, name, width, language, folder)
        browser.close()
    sys.stdout.write(f"{folder}\n")
    return 0


def _picture(
    browser: Browser, address: str, logins: Logins, name: str, width: str, language: str, folder: Path
) -> None:
    role, path, onward = PAGES[name]
    phone = width == "phone"
    context = browser.new_context(
        viewport=WIDTHS[width], locale=LANGUAGES[language], is_mobile=phone, has_touch=phone, device_scale_factor=1
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/office/login/?next={path}")
    page.locator("input[name=login]").fill(logins[role]["username"])
    page.locator("input[name=password]").fill(logins[role]["password"])
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url(re.compile(re.escape(path) + "$"))
    onward(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}-{width}-{language}.png", full_page=not phone)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
