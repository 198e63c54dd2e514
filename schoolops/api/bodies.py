"""What a request may bring, asked before a byte of it is read, whatever the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase

from schoolops import problem
from schoolops.api.errors import Malformed
from schoolops.api.parsers import BodyTooLarge, LengthRequired
from schoolops.errors import Invalid

MEGABYTE: Final = 2**20
# A roster of 32 MB, the largest thing anybody sends, in its form.
LARGEST: Final = 33 * MEGABYTE


class BodyMiddleware:
    """A body without a length would be read as an empty one: what was asked would be done with nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            _check(request)
        except Invalid as refusal:
            answer = problem.answer(request, refusal)
            # What was sent is still on its way: this connection is of no more use.
            answer.headers["Connection"] = "close"
            return answer
        return self.get_response(request)


def _check(request: HttpRequest) -> None:
    said = request.META.get("CONTENT_LENGTH") or ""
    if said and not (said.isascii() and said.isdecimal()):
        raise Malformed("The request's length is no number.")
    if said and int(said) > LARGEST:
        raise BodyTooLarge(most=LARGEST // MEGABYTE)
    if not said and (request.headers.get("Transfer-Encoding") or _sends_unmeasured(request)):
        raise LengthRequired


def _sends_unmeasured(request: HttpRequest) -> bool:
    """Whether a body comes all the same: HTTP/2 has none of the headers that would say so."""
    if not request.META.get("SERVER_PROTOCOL", "").startswith("HTTP/2"):
        return False
    return bool(request.META["wsgi.input"].read(1))
