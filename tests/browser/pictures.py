"""``make pictures``: the pictures of README, made anew from the demo's first school where they stand.

Beside them stands a digest of what each was made from, so that a test can say which is stale. With ``--into`` twelve
pages at two widths and in two languages go into that folder instead, to be looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, sync_playwright

from config.env import BASE_DIR
from tests.browser import chromium
from tests.smoke.stack import fresh_stack

WIDTHS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 1000}}
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


# Of README: file → which page, width and language, and the templates it begins with.
README: dict[str, tuple[tuple[str, str, str], tuple[str, ...]]] = {
    "office-start.png": (("start", "desktop", "en"), ("office/start/start.html", "office/shell/_menu.html")),
    "roll-phone.png": (("roll", "phone", "en"), ("office/attendance/roll/sheet.html",)),
    "family-phone.png": (("family", "phone", "en"), ("family/home.html",)),
    "family-attendance-phone-ar.png": (("family-attendance", "phone", "ar"), ("family/attendance.html",)),
}
SHOWN = BASE_DIR / "docs" / "pictures"
MADE_FROM = SHOWN / "made-from.json"
# What a template is made of besides itself: other templates, styles, and words that have a translation.
_PARTS = re.compile(r"""{%\s*(?:extends|include|static)\s+["']([^"']+\.(?:html|css))["']""")
_WORDS = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")


def made_from(templates: tuple[str, ...], language: str) -> str:
    """A digest of the templates and styles of ours behind these templates, and of their words in ``language``."""
    from django.utils.translation import gettext, override

    digest, waiting, known = hashlib.sha256(), list(templates), set(templates)
    waiting += [] if templates[0].startswith("family/") else ["office/shell/office.css"]
    while waiting:
        name = waiting.pop(0)
        found = sorted((BASE_DIR / "apps").glob(f"**/{'static' if name.endswith('.css') else 'templates'}/{name}"))
        for path in found:
            text = path.read_text()
            with override(LANGUAGES[language]):
                words = [gettext(one or other) for one, other in _WORDS.findall(text)]
            digest.update("\0".join([name, text, *words]).encode())
            more = [part for part in _PARTS.findall(text) if part not in known]
            # The theme's own, on which pages of ours stand, extend ours again.
            more = ["admin/base.html" if part == "admin/base_site.html" else part for part in more]
            known.update(more)
            waiting += more
    return digest.hexdigest()[:16]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.pictures", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--into", type=Path, help="twelve pages into this folder, in place of README's")
    parser.add_argument("--only", action="append", choices=sorted(PAGES), help="this page; may be given again")
    given = parser.parse_args(arguments)
    folder: Path = given.into or SHOWN
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
        wanted = [(*what, SHOWN / file) for file, (what, _templates) in README.items()]
        if given.into:
            wanted = [
                (name, width, language, folder / f"{name}-{width}-{language}.png")
                for language in LANGUAGES
                for width in WIDTHS
                for name in given.only or PAGES
            ]
        for name, width, language, file in wanted:
            _picture(browser, address, logins, name, width, language, file)
        browser.close()
    if not given.into:
        # Not before the stack is down: its processes have settings of their own.
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
        django.setup()
        told = {file: made_from(templates, what[2]) for file, (what, templates) in README.items()}
        MADE_FROM.write_text(json.dumps(told, indent=2) + "\n")
    sys.stdout.write(f"{folder}\n")
    return 0


def _picture(browser: Browser, address: str, logins: Logins, name: str, width: str, language: str, file: Path) -> None:
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
    page.screenshot(path=file, full_page=not phone and file.parent != SHOWN)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
