"""What is refused before a view of ours is asked: a form whose login was another tab's."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.office.shell import typed
from apps.office.shell.site import frame_of, office, with_headers
from schoolops import problem
from schoolops.context import school_or_none
from schoolops.errors import Forbidden

# Whose forms hold secrets, or nothing.
_AT_THE_DOOR = ("login", "logout", "second-factor", "forgotten", "password_change", "redeem", "support", "language")


def form_of_another_login(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """Django's ``CSRF_FAILURE_VIEW``: somebody logged in anew, in another tab, since the form was opened.

    What was typed is kept, as when a login has ended.
    """
    if not problem.reads_pages(request):
        return problem.response(Forbidden())
    at_the_door = school_or_none() is None or request.path in {reverse(f"office:{name}") for name in _AT_THE_DOOR}
    # What stands beside the office, a family's pages, fills nothing in: nothing is promised there.
    of_the_office = request.resolver_match is not None and request.resolver_match.namespace == office.name
    back = typed.keep(request) if of_the_office and not at_the_door else typed.page_of(request)
    context = {
        **frame_of(request),
        "title": _("Not saved yet"),
        "back": back,
        "kept": f"{typed.PARAMETER}=" in back,
    }
    page = TemplateResponse(request, "office/door/another_login.html", context, status=HTTPStatus.FORBIDDEN)
    return with_headers(page)
