"""What is typed into a long form is kept while it is typed: it comes back after its tab was closed or a login ended.

The form's script sends it to the page that the form stands on, with a header, and asks there whether something is
kept. One draft for each page and person, sealed as what met the door is (``typed``), and as long: an hour. Whoever
takes it up again opens the page with the key of ``typed`` in its address.
"""

from __future__ import annotations

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
_A_PATH = re.compile(r"/[\w./-]*", re.ASCII)


def key_of(user: User, page: str) -> str:
    """Under which key what ``user`` types on ``page`` is kept."""
    return salted_hmac("office.draft", f"{typed.mark_of(user)}\0{page}", algorithm="sha256").hexdigest()


def answer(request: HttpRequest, user: User) -> HttpResponse:
    """``keep`` what is sent, ``forget`` it; to anything else a note about what is kept, or nothing where nothing is."""
    page = _without_key(request)
    key = key_of(user, page)
    if request.method != "POST":
        found = typed.kept(key, user)
        if found is None:
            return HttpResponse(status=204)
        address = f"{page}{'&' if '?' in page else '?'}{urlencode({typed.PARAMETER: key})}"
        return HttpResponse(render_to_string("office/shell/_draft.html", {"at": found.at, "address": address}))
    typed.forget(key)
    if request.headers[HEADER] == "keep":
        action = request.headers.get("X-Draft-Action", "")
        path = action if _A_PATH.fullmatch(action) else request.path
        at = timezone.localtime(clock.now()).strftime("%H:%M")
        typed.seal_up(request, key=key, mark=typed.mark_of(user), path=path, at=at)
    return HttpResponse(status=204)


def saved(request: HttpRequest, user: User) -> None:
    """A form of which a draft was kept has been taken."""
    if FIELD in request.POST:
        typed.forget(key_of(user, typed.page_of(request)))


def _without_key(request: HttpRequest) -> str:
    query = QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    query.pop(typed.PARAMETER, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
