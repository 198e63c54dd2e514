"""The office's own pages: plain views over selectors and services, each behind ``office_page``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from apps.access import services as access
from apps.access.permissions import Over
from apps.office.shell.forms import add_refusal
from apps.office.shell.rooms import Words
from apps.office.shell.site import View, actor, behind_the_door, office
from schoolops.errors import SchoolOpsError

__all__ = ["actor", "asked", "office_page", "render_page"]


def office_page(*, permission: str = "", over: Over | Literal[""] = "") -> Callable[[View], View]:
    """A view for who is logged in, works here and holds ``permission`` (of ``access.permissions``), if one is named.

    ``over``: of which rows the view shows or changes those over which the permission is held; its service asks.
    What is refused, here or by a service the view calls, becomes a readable page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if permission:
                access.require(actor(request), permission)
            return view(request, *args, **kwargs)

        behind: Any = behind_the_door(inner)
        behind.office_permission, behind.office_over = permission, over
        return behind  # type: ignore[no-any-return]

    return decorate


def asked(
    request: HttpRequest,
    form: Any,
    do: Callable[[], str],
    *,
    title: Words,
    action: Words,
    back: str,
    on: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The page of one form: ``do`` does it and says so, and it leads ``back``; what is refused stands on the form."""
    if form.is_valid():
        try:
            said = do()
        except SchoolOpsError as refusal:
            add_refusal(form, refusal, on=on)
        else:
            messages.success(request, said)
            return HttpResponseRedirect(back)
    context = {"form": form, "action": action, "back": back}
    return render_page(request, "office/shell/form.html", context, title=title, status=422 if form.errors else 200)


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, title: Words, status: int = 200
) -> HttpResponse:
    """``template`` (it extends ``office/shell/page.html``) in the frame of the office."""
    frame = {**office.each_context(request), "title": title, **(context or {})}
    return TemplateResponse(request, template, frame, status=status)
