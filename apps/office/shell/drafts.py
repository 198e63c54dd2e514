"""What is typed into a long form is kept while it is typed: it comes back after its tab was closed or a login ended.

The form's script sends it to the page that the form stands on, with a header, and asks there whether something is
kept. One draft for each page, person and tab, sealed as what met the door is (``typed``), and as long: an hour. What a
tab that is still open is typing is offered to no other. Whoever takes a draft up again opens the page with the key of
``typed`` in its address.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.accounts.models import User
from apps.office.shell import typed
from schoolops import clock

HEADER, FIELD = "X-Draft", "typed-draft"
# Which tab it is, and which others of this browser have the page open.
TAB, OPEN = "X-Draft-Tab", "X-Draft-Open"
# Of one page: whoever leaves more tabs behind finds the latest.
MOST = 5
_A_TAB = re.compile("[0-9a-f]{32}", re.ASCII)
_ALL = "all"
_A_PATH = re.compile(r"/[\w./-]*", re.ASCII)


def key_of(user: User, page: str, tab: str = "") -> str:
    """Under which key what ``user`` types on ``page`` in ``tab`` is kept."""
    said = f"{typed.mark_of(user)}\0{page}\0{tab}"
    return salted_hmac("office.draft", said, algorithm="sha256").hexdigest()


def answer(request: HttpRequest, user: User) -> HttpResponse:
    """``keep`` what is sent, ``forget`` it; to anything else a note about each that is kept, or nothing."""
    page, tab = _without_key(request), _tab(request.headers.get(TAB, ""))
    if request.method != "POST":
        return _offered(user, page, tab, request.headers.get(OPEN, "").split(","))
    _forget(user, page, tab)
    if request.headers[HEADER] == "keep":
        action = request.headers.get("X-Draft-Action", "")
        path = action if _A_PATH.fullmatch(action) else request.path
        at = timezone.localtime(clock.now()).strftime("%H:%M")
        mark = typed.mark_of(user)
        if typed.seal_up(request, key=key_of(user, page, tab), mark=mark, path=path, at=at):
            _note_tabs(user, page, [*_tabs(user, page), tab])
    return HttpResponse(status=204)


def saved(request: HttpRequest, user: User) -> None:
    """A form of which a draft was kept has been taken."""
    if FIELD in request.POST:
        _forget(user, typed.page_of(request), _tab(request.POST[FIELD]))


def _offered(user: User, page: str, tab: str, elsewhere: list[str]) -> HttpResponse:
    # Its own first, then the latest.
    tabs = _tabs(user, page)
    tabs.sort(key=lambda each: each == tab)
    notes = []
    for each in reversed(tabs):
        key = key_of(user, page, each)
        if each not in {*elsewhere} - {tab, ""} and (found := typed.kept(key, user)) is not None:
            address = f"{page}{'&' if '?' in page else '?'}{urlencode({typed.PARAMETER: key})}"
            said = {"at": found.at, "address": address, "tab": each}
            notes.append(render_to_string("office/shell/_draft.html", said))
    return HttpResponse("".join(notes)) if notes else HttpResponse(status=204)


def _tab(said: str) -> str:
    return said if _A_TAB.fullmatch(said) else ""


def _tabs(user: User, page: str) -> list[str]:
    """The tabs in which something was typed on ``page``, the latest last."""
    found = typed.kept(key_of(user, page, _ALL), user)
    return [] if found is None else found.fields["left_in"]


def _note_tabs(user: User, page: str, tabs: list[str]) -> None:
    key = key_of(user, page, _ALL)
    typed.forget(key)
    for each in tabs[:-MOST]:
        typed.forget(key_of(user, page, each))
    typed.put(
        json.dumps({"path": "", "fields": [("left_in", tabs[-MOST:])]}).encode(), key=key, mark=typed.mark_of(user)
    )


def _forget(user: User, page: str, tab: str) -> None:
    typed.forget(key_of(user, page, tab))
    if tab in (tabs := _tabs(user, page)):
        _note_tabs(user, page, [each for each in tabs if each != tab])


def _without_key(request: HttpRequest) -> str:
    query = QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    query.pop(typed.PARAMETER, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
