"""Every page of a school that is not its API, asked for by those for whom it is not: walked from the URLconf."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from schoolops.tenancy.models import School
from tests.api.addresses import pages
from tests.factories.talking import Browser

Office = Callable[..., Any]
# For people who are not logged in yet, who come from a mail, or as support; the school's address itself leads to the
# login. Who holds a report card asks whether it is genuine.
DOORS = {
    "",
    "office/login/",
    "office/forgotten/",
    "redeem",
    "support",
    "verify/<str:code>/",
    "family/manifest.webmanifest",
}
VALUES = {
    "uuid": str(uuid.UUID(int=7)),
    "day": "2026-11-02",
    "group": "section",
    "int": "1",
    "job": "1",
    "path": "1",
    "slug": "x",
}
PATTERNS = {r"(?P<url>.*)$": "nothing/here/"}
STRINGS = {"day": "2026-11-02", "month": "2026-11"}


def _path_of(route: str) -> str:
    """``route`` with something in the place of each parameter; the admin's last, for whatever is left, too."""
    for pattern, instead in PATTERNS.items():
        route = route.replace(pattern, instead)
    route = re.sub(r"\^\(\?P<app_label>(\w+)[^)]*\)/\$", r"\1/", route)
    filled = re.sub(
        r"<(?:(\w+):)?(\w+)>",
        lambda match: STRINGS.get(match[2], "x") if match[1] in (None, "str") else VALUES[match[1]],
        route,
    )
    assert not re.search(r"[<>()?$^\\\\]", filled), f"Say in this test what stands for the parameters of {route}."
    return f"/{filled}"


PAGES = [_path_of(route) for route in pages() if route not in DOORS]
# Logging out and choosing a language ask nobody who they are; a file of JavaScript's words says nothing of a school.
HARMLESS = {"/office/logout/", "/office/jsi18n/", "/language/"}


def _refused(answer: Any) -> bool:
    """Sent to the login, or told no: not theirs, no such page, or nothing that this address does."""
    if answer.status_code == 302:
        return "/login/" in answer["Location"]
    return answer.status_code in {403, 404, 405}


def test_there_is_something_to_walk() -> None:
    assert len(PAGES) > 100
    assert {route.split("/")[0] for route in pages()} >= {"office", "roll", "redeem"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_the_login_from_every_page(office: Office, in_oak: School, method: str) -> None:
    browser = office()
    answers = {path: getattr(browser, method)(path) for path in PAGES if path not in HARMLESS}
    let_in = {path: each.status_code for path, each in answers.items() if not _refused(each)}
    assert let_in == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_guardian_and_a_student_are_refused_at_every_page(office: Office, carol: User, method: str) -> None:
    browser = office(carol)
    own = {*HARMLESS, "/office/second-factor/", "/office/password_change/"}
    # What is theirs of their own pages stands in a table of its own.
    others = [path for path in PAGES if path not in own and not path.startswith("/family/")]
    answers = {path: getattr(browser, method)(path) for path in others}
    let_in = {path: each.status_code for path, each in answers.items() if not _refused(each)}
    assert let_in == {}


def test_a_head_of_oak_with_the_cookies_of_oak_is_a_stranger_at_every_page_of_elm(
    office: Office, alice: User, elm: School, client_for: Callable[[School], Client]
) -> None:
    at_elm = Browser(client_for(elm))
    at_elm.client.cookies = office(alice).client.cookies
    answers = {path: at_elm.get(path) for path in PAGES if path not in HARMLESS}
    let_in = {path: each.status_code for path, each in answers.items() if not _refused(each)}
    assert let_in == {}
