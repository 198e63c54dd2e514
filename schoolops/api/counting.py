"""Every request is counted once, whatever answers it: the API, the office, a teacher's roll, an address that is none.

Counted before the view is asked, and before its form is checked: whoever is refused, or only guesses, makes work too.
Not counted is whom a full door turns away (``schoolops.api.doors``), which is no work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings

from schoolops import problem
from schoolops.errors import SchoolOpsError
from schoolops.ratelimit.throttles import count_request
from schoolops.ratelimit.windows import TooOften


class CountingMiddleware:
    """Stands before what checks forms: Django asks views' middleware from the outside in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.resolver_match is None and not _is_static(request):
            # No view was there to be asked: addresses are guessed as cheaply as passwords.
            response = self._counted(request, "") or response
        for name, value in getattr(request, "rate_limit", {}).items():
            response.headers[name] = value
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if _is_static(request):
            return None
        user = who_asks(request, view)
        return self._counted(request, "" if user is None else str(user.pk))

    @staticmethod
    def _counted(request: HttpRequest, user_id: str) -> HttpResponse | None:
        """``None``, or the answer for whoever asked too often."""
        if hasattr(request, "rate_limit"):
            return None
        try:
            count_request(request, user_id)
        except TooOften as refusal:
            answer = problem.answer(request, refusal)
            answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
            return answer
        return None


def _is_static(request: HttpRequest) -> bool:
    return request.path_info.startswith(settings.STATIC_URL)


def who_asks(request: HttpRequest, view: Callable[..., Any]) -> Any:
    """The user as whom ``view`` will see whoever sends the request, or ``None`` for nobody we know.

    A view of the API reads its own kind of login and never the session: neither a count nor a key may belong to
    somebody else than the one whose work it is for.
    """
    if not hasattr(request, "asked_by"):
        request.asked_by = _asking(request, view)  # type: ignore[attr-defined]
    return request.asked_by  # type: ignore[attr-defined]


def _asking(request: HttpRequest, view: Callable[..., Any]) -> Any:
    kind = getattr(view, "cls", None)
    own = getattr(kind, "authentication_classes", None)
    if own is None and request.user.is_authenticated:
        return request.user
    kinds = cast(list[Callable[[], Any]], api_settings.DEFAULT_AUTHENTICATION_CLASSES if own is None else own)
    asking = Request(request, authenticators=[each() for each in kinds], parser_context={"view": kind})
    try:
        user = asking.user
    except (APIException, SchoolOpsError):
        return None
    return user if user and user.is_authenticated else None
