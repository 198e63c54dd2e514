"""RFC 9457 problem documents: the one place where a family of errors becomes an HTTP status."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, get_language_bidi, gettext

from schoolops import context, errors, reference

CONTENT_TYPE = "application/problem+json"

# Everything on it: nothing is loaded, and it reads on a phone, by day and by night.
_STYLE = (
    ":root { color-scheme: light dark; font-family: system-ui, sans-serif; } "
    "main { margin: 15vh auto; max-width: 34rem; padding: 0 1rem; }"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_PAGE = (
    '<!doctype html><html lang="{0}" dir="{1}"><head><meta charset="utf-8"><title>{2}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{6}</style>'
    '</head><body><main><h1>{2}</h1><p>{3}</p><p>{4}</p><p><a href="/">{5}</a></p></main></body></html>'
)

STATUS: dict[type[errors.SchoolOpsError], tuple[int, str]] = {
    errors.Invalid: (422, "This cannot be accepted"),
    errors.Unauthenticated: (401, "Please log in"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.PreconditionFailed: (409, "Changed meanwhile"),
    errors.Conflict: (409, "Not in the present state"),
    errors.Throttled: (429, "Too many requests"),
    errors.Unavailable: (503, "Not available at the moment"),
}


def status_of(error: errors.SchoolOpsError | type[errors.SchoolOpsError]) -> tuple[int, str]:
    """(HTTP status, title) of an error: that of the nearest family it belongs to, else 500."""
    kind = error if isinstance(error, type) else type(error)
    for parent in kind.__mro__:
        if parent in STATUS:
            return STATUS[parent]
    return 500, "Something went wrong on our side"


def document(error: errors.SchoolOpsError) -> dict[str, Any]:
    """The problem document of ``error``: type, title, status, code, detail, and remedy / errors where there are any."""
    status, title = status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:schoolops:error:{error.code}",
        "title": error.title or title,
        "status": status,
        "code": error.code,
        "detail": error.detail,
    }
    if error.remedy:
        body["remedy"] = error.advice
    if about := error.errors or ([errors.FieldError.of(error.field, error)] if error.field else ()):
        body["errors"] = [each.as_dict() for each in about]
    body.update(getattr(error, "members", {}))
    if request_id := context.request_id.get():
        # The same id as in the X-Request-ID header and the log.
        body["instance"] = f"urn:uuid:{request_id}"
    return body


def headers(error: errors.SchoolOpsError) -> dict[str, str]:
    """Headers the status calls for: ``WWW-Authenticate`` with 401, ``Retry-After`` where a wait helps."""
    wanted: dict[str, str] = {}
    if isinstance(error, errors.Unauthenticated):
        wanted["WWW-Authenticate"] = 'Bearer realm="schoolops"'
    if error.retry_after is not None:
        wanted["Retry-After"] = str(error.retry_after)
    return wanted


def with_cookies(response: HttpResponse, error: errors.SchoolOpsError) -> HttpResponse:
    """``response`` with the cookies that ``error`` gives whoever is refused, which keep their place."""
    for name, value in getattr(error, "cookies", {}).items():
        response.set_cookie(
            name, value, max_age=60, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    return response


def response(error: errors.SchoolOpsError) -> HttpResponse:
    """``error`` as an HTTP answer."""
    status, _ = status_of(error)
    said = orjson.dumps(document(error), default=str)
    return with_cookies(HttpResponse(said, status=status, content_type=CONTENT_TYPE, headers=headers(error)), error)


def reads_pages(request: HttpRequest) -> bool:
    """Whether a person's browser asks, and for no document of the API."""
    return not request.path_info.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def answer(request: HttpRequest, error: errors.SchoolOpsError) -> HttpResponse:
    """``response``, as a bare page in the reader's language where a person's browser asks for one: made of nothing but
    ``error``, so that a refusal costs next to nothing."""
    if not reads_pages(request):
        return response(error)
    status, title = status_of(error)
    page = format_html(
        _PAGE,
        get_language() or "",
        "rtl" if get_language_bidi() else "ltr",
        gettext(error.title or title),
        errors.filled(gettext(error.said), error.facts),
        errors.filled(gettext(error.remedy), error.facts) if error.remedy else "",
        gettext("Back to the start"),
        mark_safe(_STYLE),  # noqa: S308 - the constant above
    )
    said = {**headers(error), "Content-Security-Policy": _POLICY}
    return with_cookies(HttpResponse(page, status=status, headers=said), error)


def _rows() -> Iterator[tuple[object, ...]]:
    for kind in sorted(errors.declared_errors(), key=lambda each: each.code):
        yield f"`{kind.code}`", status_of(kind)[0], kind.sentence(), kind.remedy or ""


reference.declare(
    reference.Table(
        name="errors",
        title="Error codes",
        introduction=(
            "Every refusal is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem document with one of these "
            "in `code`; texts may change, codes do not. Each is a class in an `errors.py`, its docstring the sentence; "
            "words in braces are filled in."
        ),
        columns=("Code", "Status", "Sentence", "What to do"),
        rows=_rows,
    )
)
