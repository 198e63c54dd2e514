"""Nothing that was typed is lost: what a form sent when its login had ended comes back after the next one.

A form that meets the door is kept for an hour, sealed with a key that stands only in the address its tab is sent to,
and for whoever the page was made for: each form carries a mark of them beside Django's token. The page that comes back
is the one the form stood on, made anew and filled in here, so that it works for every form and without scripts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, QueryDict
from django.template import Library
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import User
from schoolops.api.sealing import Unsealable, seal, unseal
from schoolops.cache import HOUR, CacheEntry
from schoolops.cache.sessions import SAVED_EVERY
from schoolops.context import school_or_none
from schoolops.ratelimit.windows import FORMS_KEPT, count

MARK, PARAMETER = "typed-by", "typed"
# Bytes of one form: a roll of sixty has some twenty thousand.
MOST = 200_000
TYPED = CacheEntry(
    "typed", bytes, ttl_s=HOUR, purpose="what was typed into a form whose login had ended, sealed for its tab and user"
)
_SAID_BEFORE = dt.timedelta(minutes=2)
_OURS = frozenset({"csrfmiddlewaretoken", MARK, "typed-draft"})
_SECRET = re.compile("password|token|secret")
# Kinds of fields that say nothing by what stands in them, or that nobody may fill in for somebody.
_LEFT_ALONE = frozenset({"password", "file", "submit", "button", "image", "reset"})

register = Library()
Names = Callable[[dict[str, str], str], str]


# --- whose it is ------------------------------------------------------------------------------------------------------
def _here() -> str:
    school = school_or_none()
    return school.schema_name if school is not None else "public"


def _signer() -> Signer:
    return Signer(salt=f"office.typed.{_here()}")


def mark_of(user: User) -> str:
    """Whose form this is, as nobody can read or make up."""
    digest = salted_hmac("office.typed.by", f"{_here()}:{user.pk}", algorithm="sha256").hexdigest()[:32]
    return _signer().sign(digest)


class MarkedToken(CsrfTokenNode):
    """``{% csrf_token %}``, and in a page for somebody whose it is."""

    def render(self, context: Context) -> SafeString:
        request = getattr(context, "request", None)
        user: Any = getattr(request, "user", None)
        theirs = user is not None and user.is_authenticated and school_or_none() is not None
        # One of them for all forms of a page: each is made anew by Django, and each page's is another one.
        for_whom = (theirs and user.pk, request and request.META.get("CSRF_COOKIE"))
        made: tuple[Any, SafeString] | None = getattr(request, "marked_token", None)
        if made is not None and made[0] == for_whom:
            return made[1]
        token: SafeString = super().render(context)  # type: ignore[assignment]
        if theirs:
            token += format_html('<input type="hidden" name="{}" value="{}">', MARK, mark_of(user))
        if request is not None:
            for_whom = (for_whom[0], request.META.get("CSRF_COOKIE"))
            request.marked_token = (for_whom, token)
        return token


@register.tag("csrf_token")
def marked_token(parser: Parser, token: Token) -> MarkedToken:  # noqa: ARG001 - Django's
    """In the place of Django's in every template."""
    return MarkedToken()


@register.inclusion_tag("office/shell/_ends.html", takes_context=True)
def login_ends(context: Context) -> dict[str, Any]:
    """Says before a login ends that it will. ``after_s``: seconds from when the page was made."""
    user: Any = getattr(getattr(context, "request", None), "user", None)
    # A session is prolonged every few minutes only: it may have been so much shorter when the page was made.
    sure = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE) - SAVED_EVERY - _SAID_BEFORE
    return {"after_s": int(sure.total_seconds()) if user is not None and user.is_authenticated else 0}


# --- keeping it -------------------------------------------------------------------------------------------------------
def page_of(request: HttpRequest) -> str:
    """The page on which what was posted stood: its own address, without what we put into it."""
    came = urlsplit(request.headers.get("Referer", "")) if request.method == "POST" else None
    if came is not None and came.netloc == request.get_host() and came.path.startswith("/"):
        query = QueryDict(came.query, mutable=True)
        query.pop(PARAMETER, None)
        return f"{came.path}?{query.urlencode()}" if query else came.path
    return request.get_full_path()


def keep(request: HttpRequest) -> str:
    """Keep what was posted; the address at which it comes back, or that of its page, where there is nothing to keep."""
    page = page_of(request)
    mark = request.POST.get(MARK, "") if request.method == "POST" else ""
    try:
        _signer().unsign(mark)
    except BadSignature:
        return page
    key = secrets.token_urlsafe(24)
    if not all(each.passed for each in count({FORMS_KEPT: mark})):
        return page
    if not seal_up(request, key=key, mark=mark, path=request.path):
        return page
    return f"{page}{'&' if '?' in page else '?'}{urlencode({PARAMETER: key})}"


def seal_up(request: HttpRequest, *, key: str, mark: str, path: str, at: str = "") -> bool:
    """Keep what was posted to ``path`` under ``key``, for whose ``mark`` it is; whether there was something to keep."""
    fields = [(name, said) for name, said in request.POST.lists() if name not in _OURS and not _SECRET.search(name)]
    plain = json.dumps({"path": path, "fields": fields, "files": sorted(request.FILES), "at": at}).encode()
    if not fields or len(plain) > MOST:
        return False
    put(plain, key=key, mark=mark)
    return True


def put(plain: bytes, *, key: str, mark: str) -> None:
    """Keep ``plain`` under ``key``, where nothing is kept, for whose ``mark`` it is."""
    sealed = seal(plain, owner=_owner(mark, key))
    TYPED.get(_digest(key), load=lambda: sealed)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _owner(mark: str, key: str) -> str:
    return f"office.typed\0{_here()}\0{mark}\0{key}"


# --- and bringing it back ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent to ``path``: name → values. ``files``: fields whose files have to be chosen again.

    ``at``: of a draft, when it was kept.
    """

    path: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    at: str = ""


class _NothingKept(LookupError):
    pass


def key_in(request: HttpRequest) -> str:
    """The key of what is kept, out of the address: the view reads an address that never had it."""
    key = request.GET.get(PARAMETER, "")
    if key:
        query = request.GET.copy()
        del query[PARAMETER]
        request.META["QUERY_STRING"] = query.urlencode()
        request.GET = query  # type: ignore[assignment]
    return key


def kept(key: str, user: User) -> Typed | None:
    """What is kept under ``key``; ``None``, where it is nobody's, over, or somebody else's."""
    try:
        sealed = TYPED.get(_digest(key), load=_nothing)
        return Typed(**_read(unseal(sealed, owner=_owner(mark_of(user), key))))
    except (_NothingKept, Unsealable):
        return None


def _nothing() -> bytes:
    raise _NothingKept


def _read(plain: bytes) -> dict[str, Any]:
    said = json.loads(plain)
    return {**said, "fields": dict(said["fields"])}


def forget(key: str) -> None:
    """It was sent again and taken."""
    TYPED.forget(_digest(key))


# --- a page with it filled in -----------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Element:
    """A tag of a form: where its start tag stands, and of those with words inside where these end."""

    tag: str
    has: dict[str, str]
    begins: int
    ends: int
    closes: int = 0
    options: list[_Element] = field(default_factory=list)


@dataclass(slots=True)
class _Form:
    action: str
    elements: list[_Element] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {each.has.get("name", "") for each in self.elements}

    @property
    def hidden(self) -> dict[str, str]:
        """What it says of itself, such as whose row it is."""
        rows = (each.has for each in self.elements if each.has.get("type") == "hidden")
        return {has["name"]: has.get("value", "") for has in rows if has.get("name") and has["name"] not in _OURS}


class _Forms(HTMLParser):
    """The forms of a page that are posted, with places in its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[_Form] = []
        self._inside: _Form | None = None
        self._open: _Element | None = None
        self._lines = [0, *(at + 1 for at, letter in enumerate(page) if letter == "\n")]
        self.feed(page)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form":
            self._inside = _Form(has.get("action", "")) if has.get("method") == "post" else None
            if self._inside is not None:
                self.forms.append(self._inside)
        if self._inside is None or tag not in {"input", "select", "textarea", "option"}:
            return
        begins = self._at()
        found = _Element(tag, has, begins, begins + len(self.get_starttag_text() or ""))
        if tag == "option":
            if self._open is not None and self._open.tag == "select":
                self._open.options.append(found)
            return
        self._inside.elements.append(found)
        self._open = found if tag != "input" else self._open

    def handle_endtag(self, tag: str) -> None:
        if self._open is not None and tag == self._open.tag:
            self._open.closes, self._open = self._at(), None
        if tag == "form":
            self._inside = None


def filled_in(page: str, typed: Typed, *, at: str, names: Names) -> str:
    """``page``, which stands at the path ``at``, with what was typed in the form that it was sent from.

    Args:
        names: (attributes of a list whose rows are searched for, key of a row) → what that row is called.
    """
    fitting = [form for form in _Forms(page).forms if (urlsplit(form.action).path or at) == typed.path]
    if not fitting:
        return page
    most = max(len(each.names & typed.fields.keys()) for each in fitting)
    alike = [each for each in fitting if len(each.names & typed.fields.keys()) == most]
    form = _whose(alike, typed)
    if form is None:
        return page
    for begins, ends, written in sorted(_changes(form, typed, names), reverse=True):
        page = page[:begins] + written + page[ends:]
    return page


def _whose(alike: list[_Form], typed: Typed) -> _Form | None:
    """Of forms that ask the same, a section's or a line's each, the one that says whose it is as what was sent did.

    ``None``, where none does: what was typed of one is not shown under the name of another.
    """
    told = [{name: value for name, value in each.hidden.items() if typed.fields.get(name) == [value]} for each in alike]
    best = max(range(len(alike)), key=lambda place: len(told[place]))
    differ = {name for each in alike for name, value in each.hidden.items() if alike[0].hidden.get(name) != value}
    return alike[best] if not differ or differ & told[best].keys() else None


def _changes(form: _Form, typed: Typed, names: Names) -> Iterable[tuple[int, int, str]]:
    """(from, to, what stands there instead) for each place that differs."""
    left = {name: list(values) for name, values in typed.fields.items()}
    every = [each.has.get("name", "") for each in form.elements]
    for each in form.elements:
        name, kind = each.has.get("name", ""), each.has.get("type", "text")
        said = typed.fields.get(name, [])
        if not name or name in _OURS or kind in _LEFT_ALONE or "disabled" in each.has:
            continue
        if each.tag == "select":
            yield from _chosen(each, said, names)
        elif kind in {"checkbox", "radio"}:
            yield each.begins, each.ends, _start(each, "checked", each.has.get("value", "on") in said)
        elif kind == "hidden" and not (len(said) == 1 == every.count(name)):
            # Whose row this is stays as the page says now; what the page showed then (a version) comes back.
            continue
        elif left.get(name):
            value = left[name].pop(0)
            if each.tag == "textarea":
                yield each.ends, each.closes, f"\n{escape(value)}"
            else:
                yield each.begins, each.ends, _start(each, "value", value)


def _chosen(select: _Element, said: list[str], names: Names) -> Iterable[tuple[int, int, str]]:
    if not said and "multiple" not in select.has:
        return
    for option in select.options:
        yield option.begins, option.ends, _start(option, "selected", option.has.get("value", "") in said)
    there = {option.has.get("value", "") for option in select.options}
    more = [(value, names(select.has, value)) for value in said if value not in there]
    written = "".join(
        f'<option value="{escape(value)}" selected>{escape(name)}</option>' for value, name in more if name
    )
    if written:
        yield select.closes, select.closes, written


def _start(element: _Element, name: str, value: str | bool) -> str:  # noqa: FBT001 - it is what is set
    """The start tag of ``element`` with ``name`` set: to a text, or there or not."""
    has = {each: text for each, text in element.has.items() if each != name}
    if value is not False:
        has[name] = "" if value is True else str(value)
    return f"<{element.tag}{''.join(f' {each}={chr(34)}{escape(text)}{chr(34)}' for each, text in has.items())}>"
