"""Every page that somebody can come to by links, a few of each kind."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.urls import Resolver404, resolve

from apps.office.shell.rooms import rooms

LINKS = re.compile(r'<a\s[^>]*?href="([^"#]+)"')
INSIDE = ("/office/", "/roll/")


@dataclass(frozen=True, slots=True)
class Page:
    """What stood at an address; ``page`` is empty where it is a file."""

    address: str
    route: str
    status: int
    page: str


def crawled(browser: Any, begins: Iterable[str], *, of_a_kind: int = 2) -> list[Page]:
    """The pages of ``begins``, and those that links lead to from there, within the office and the rolls.

    ``of_a_kind``: of one route, and of one list asked for one thing, whatever it is asked for beside.
    """
    waiting, known = deque(begins), set(begins)
    kinds: Counter[tuple[str, str]] = Counter()
    found = []

    def take(address: str, route: str, asked: set[str]) -> None:
        new = [(route, name) for name in asked or {""} if kinds[route, name] < of_a_kind]
        kinds.update(new)
        if new:
            waiting.append(address)

    while waiting:
        address = waiting.popleft()
        answer = browser.get(address)
        if answer.streaming:
            # A file: read to its end, as who downloads it does.
            deque(answer.streaming_content, maxlen=0)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        text = answer.content.decode() if is_page and answer.status_code == 200 else ""
        found.append(Page(address, resolve(urlsplit(address).path).route, answer.status_code, text))
        if answer.status_code in {301, 302}:
            _follow(answer["Location"], address, known, take)
        for link in LINKS.findall(text):
            _follow(unescape(link), address, known, take)
    return [each for each in found if each.status not in {301, 302}]


def _follow(link: str, at: str, known: set[str], take: Callable[[str, str, set[str]], None]) -> None:
    address = urljoin(at, link)
    if address in known:
        return
    parts = urlsplit(address)
    if parts.scheme or not parts.path.startswith(INSIDE):
        return
    try:
        route = resolve(parts.path).route
    except Resolver404:
        raise AssertionError(f"{at} leads to {address}, where nothing is.") from None
    known.add(address)
    take(address, route, {name for name, _ in parse_qsl(parts.query)})


def pages_of_admins(site: Any, *, every: bool = False) -> list[str]:
    """The pages that an admin site has of its models: of their lists, and of the row of each that was written last.

    ``every``: there must be one of each.
    """
    rooms()
    found = []
    for model, admin in sorted(site._registry.items(), key=lambda pair: pair[0]._meta.label):
        row = model._default_manager.order_by("pk").last()
        assert row is not None or not every, model
        at = f"/{site.name}/{model._meta.app_label}/{model._meta.model_name}/"
        found += [at, f"{at}?q=a"]
        found += [f"{at}add/"] if getattr(type(admin), "add", None) is not None else []
        if row is not None:
            found += [f"{at}{row.pk}/change/", f"{at}{row.pk}/history/"]
            found += [f"{at}{row.pk}/act/{act.name}/" for act in getattr(admin, "acts", ())]
    return found
