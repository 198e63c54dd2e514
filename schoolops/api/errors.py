"""Every refusal of the API becomes one shape: RFC 9457 problem+json, validation included."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf
from rest_framework.views import set_rollback

from schoolops import context, problem
from schoolops.errors import (
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    SchoolOpsError,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from schoolops.tenancy.errors import outage_of

log = logging.getLogger(__name__)


class ValidationFailed(Invalid):
    """Some of what was sent cannot be accepted; see `errors` for each field."""

    code = "api:validation-failed"
    remedy = "Correct the fields named in `errors` and send the request again. Nothing was changed."


def refused(field: str, code: str, message: str) -> ValidationFailed:
    """The refusal of one field, to be raised."""
    return ValidationFailed(errors=[FieldError(field, code, message)])


class Malformed(Invalid):
    """The request's body cannot be read."""

    code = "api:malformed"
    remedy = "Send a JSON document, encoded in UTF-8, with `Content-Type: application/json`."


class UnsupportedMedia(Invalid):
    """This kind of body is not accepted here."""

    code = "api:unsupported-media-type"
    remedy = "Send `Content-Type: application/json`."


class NotAcceptable(Invalid):
    """We cannot answer in the form that was asked for."""

    code = "api:not-acceptable"
    remedy = "Ask for `Accept: application/json`."


class MethodNotAllowed(Invalid):
    """{method} is not possible here."""

    code = "api:method-not-allowed"


class NotLoggedIn(Unauthenticated):
    """Nobody is logged in."""

    code = "api:not-logged-in"
    remedy = "Get a token from POST /api/v1/auth/login and send it as `Authorization: Bearer …`."


class RouteNotFound(NotFound):
    """There is nothing at this address."""

    code = "api:not-found"


class ServerError(SchoolOpsError):
    """Something went wrong on our side. Nothing was changed."""

    code = "schoolops:internal"
    remedy = "Try again; if it stays, tell your administrator the request id."


class KeptUnanswered(SchoolOpsError):
    """Something went wrong on our side after something was kept."""

    code = "schoolops:kept-unanswered"
    remedy = "Look whether it is there before you do it again, and tell your administrator the request id."


# DRF's own refusals whose status is not that of their family.
problem.STATUS[Malformed] = (400, "The request cannot be read")
problem.STATUS[UnsupportedMedia] = (415, "Unsupported media type")
problem.STATUS[NotAcceptable] = (406, "Not acceptable")
problem.STATUS[MethodNotAllowed] = (405, "Method not allowed")


def flatten(detail: Any, path: str = "") -> Iterator[FieldError]:
    """DRF's nested validation detail as flat field errors; a list item is named ``records.3.status``."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from flatten(inner, here)
    elif isinstance(detail, list):
        if all(isinstance(each, drf.ErrorDetail) for each in detail):
            for each in detail:
                yield FieldError(field=path, code=str(each.code), said=str(each))
        else:
            for position, inner in enumerate(detail):
                yield from flatten(inner, f"{path}.{position}" if path else str(position))
    elif detail:
        yield FieldError(field=path, code=str(getattr(detail, "code", "invalid")), said=str(detail))


def as_ours(exc: Exception) -> SchoolOpsError | None:  # noqa: PLR0911 - one line per kind is a table
    """``exc`` in our own vocabulary, or ``None`` when it is not an expected refusal."""
    match exc:
        case SchoolOpsError():
            return exc
        case drf.ValidationError():
            return ValidationFailed(errors=list(flatten(exc.detail)))
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return NotLoggedIn()
        case drf.PermissionDenied() | PermissionDenied():
            return Forbidden()
        case drf.NotFound() | Http404():
            return RouteNotFound()
        case drf.MethodNotAllowed():
            return MethodNotAllowed(method=str(exc.detail).split('"')[1] if '"' in str(exc.detail) else "This method")
        case drf.UnsupportedMediaType():
            return UnsupportedMedia()
        case drf.NotAcceptable():
            return NotAcceptable()
        case drf.Throttled():
            return Throttled(retry_after=int(getattr(exc, "wait", None) or 60))
        case drf.ParseError():
            return Malformed()
        case DatabaseError():
            return outage_of(exc)
    return None


def problem_response(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER. Unknown exceptions go on to Django, which logs them and answers 500."""
    ours = as_ours(exc)
    if ours is None:
        return None
    set_rollback()
    answer = problem.response(ours)
    if isinstance(exc, Unavailable):
        # A refusal that we chose is counted where it is made. In the log, with a traceback and from Django once more,
        # it would cost more than the work that was refused.
        answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
    elif isinstance(ours, Unavailable):
        log.warning("unavailable", exc_info=exc)
    if isinstance(exc, drf.MethodNotAllowed) and "view" in context:
        answer.headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return answer


def not_allowed(request: HttpRequest, allowed: Collection[str]) -> HttpResponse:
    """405 for a view that is a plain function."""
    answer = problem.response(MethodNotAllowed(method=request.method))
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return problem.answer(request, RouteNotFound())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    return problem.answer(request, Malformed("This request cannot be read."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return problem.answer(request, Forbidden())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. Who is told to come again, or met a database that is away, reads so wherever it happened: in
    a plain view, or before the API's own handler, where it is found out who asks."""
    failure = sys.exc_info()[1]
    ours = as_ours(failure) if isinstance(failure, Exception) else None
    if isinstance(ours, Unavailable):
        return problem.answer(request, ours)
    kept = context.kept.get()
    return problem.answer(request, KeptUnanswered() if kept is not None and kept.anything else ServerError())
