"""``python -m tests.browser.lighthouse``: what Lighthouse says of a family's pages on a phone, on a stack of its own.

Lighthouse is of npm and nothing that the repository asks for: ``npx lighthouse@12.2.3``, or where ``LIGHTHOUSE`` says.
A line for each page and language; the last is ``RESULT {…}``. Exit code 1 below 95 for performance or 100 for
accessibility.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium
from tests.smoke.stack import fresh_stack

VERSION = "12.2.3"
GOALS = {"performance": 95, "accessibility": 100}
LANGUAGES = ("en-GB", "ar")


def _scores(address: str, cookie: str, language: str, browser: Path) -> dict[str, int]:
    """What it says at its usual settings: a middling phone, a slow mobile network."""
    program = shlex.split(os.environ.get("LIGHTHOUSE", f"npx --yes lighthouse@{VERSION}"))
    headers = json.dumps({"Cookie": cookie, "Accept-Language": language})
    command = [*program, address, "--quiet", "--output=json", f"--extra-headers={headers}"]
    command += ["--only-categories=" + ",".join(GOALS), "--chrome-flags=--headless=new --no-sandbox"]
    done = subprocess.run(
        command,
        env={**os.environ, "CHROME_PATH": str(browser)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout)
    for audit in told["audits"].values():
        if (
            audit["score"] is not None
            and audit["score"] < 1
            and audit["scoreDisplayMode"] in {"binary", "metricSavings"}
        ):
            sys.stdout.write(f"    {audit['id']}: {audit.get('displayValue') or audit['title']}\n")
    return {name: round(100 * told["categories"][name]["score"]) for name in GOALS}


def _family(page: Page, address: str, login: dict[str, str]) -> tuple[str, list[str]]:
    """The cookie of a guardian who is logged in, and the pages that are looked at."""
    page.goto(f"{address}/office/login/?next=/family/")
    page.locator("input[name=login]").fill(login["username"])
    page.locator("input[name=password]").fill(login["password"])
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url(re.compile("/family/$"))
    child = str(page.locator("main h2 a").first.get_attribute("href"))
    cookies = [f"{each['name']}={each['value']}" for each in page.context.cookies() if each["name"] == "sessionid"]
    return "; ".join(cookies), ["/family/", child, f"{child}attendance/", f"{child}leave/"]


def main() -> int:
    browser = chromium.found()
    found: dict[str, dict[str, int]] = {}
    with fresh_stack() as up:
        school = up.schools[0]
        address = f"http://{school['host']}:{up.port}"
        login = next(each for each in school["logins"] if each["role"].lower() == "guardian")
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=browser)
            cookie, pages = _family(running.new_page(), address, login)
            running.close()
        names = ("home", "child", "attendance", "leave")
        for language in LANGUAGES:
            for name, path in zip(names, pages, strict=True):
                found[f"{name}, {language}"] = scores = _scores(f"{address}{path}", cookie, language, browser)
                sys.stdout.write(f"{name}, {language}: {scores}\n")
                sys.stdout.flush()
    sys.stdout.write(f"RESULT {json.dumps(found)}\n")
    return int(any(scores[name] < goal for scores in found.values() for name, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
