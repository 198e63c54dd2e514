"""What is refused before a view of ours is asked: a page to who reads pages, a document to who calls the API."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.office.shell import typed
from apps.office.shell.site import frame_of, refused, with_headers
from schoolops import problem
from schoolops.api import errors
from schoolops.context import school_or_none
from schoolops.errors import Forbidden

# Whose forms hold secrets, or nothing.
_AT_THE_DOOR = ("login", "logout", "second-factor", "forgotten", "password_change", "redeem", "support", "language")


def _reads_pages(request: HttpRequest) -> bool:
    return not request.path_info.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    if not _reads_pages(request):
        return errors.page_not_found(request, exception)
    detail = _("There is no such page, or it is not yours to see.")
    return refused(request, status=HTTPStatus.NOT_FOUND, title=_("Not found"), detail=detail)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400: an old bookmark or a saved filter, mostly."""
    if not _reads_pages(request):
        return errors.bad_request(request, exception)
    detail = _("This address asks for something that is not there: an old bookmark, perhaps.")
    return refused(request, status=HTTPStatus.BAD_REQUEST, title=_("This page cannot be shown"), detail=detail)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    if not _reads_pages(request):
        return errors.permission_denied(request, exception)
    detail = _("Your role does not open this page.")
    return refused(request, status=HTTPStatus.FORBIDDEN, title=_("Not allowed"), detail=detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a bare page, since what broke may be what a page is made of."""
    return problem.answer(request, errors.failure())


def form_of_another_login(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """Django's ``CSRF_FAILURE_VIEW``: somebody logged in anew, in another tab, since the form was opened.

    What was typed is kept, as when a login has ended.
    """
    if not _reads_pages(request):
        return problem.response(Forbidden())
    at_the_door = school_or_none() is None or request.path in {reverse(f"office:{name}") for name in _AT_THE_DOOR}
    back = request.get_full_path() if at_the_door else typed.keep(request)
    context = {
        **frame_of(request),
        "title": _("Not saved yet"),
        "back": back,
        "kept": f"{typed.PARAMETER}=" in back,
    }
    page = TemplateResponse(request, "office/door/another_login.html", context, status=HTTPStatus.FORBIDDEN)
    return with_headers(page)
