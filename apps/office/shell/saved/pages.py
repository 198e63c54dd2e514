"""Saving the filters of a list under a name, renaming and forgetting them."""

from __future__ import annotations

from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.office import errors
from apps.office.shell.pages import actor, office_page
from apps.office.shell.saved import selectors, services
from apps.office.shell.site import in_full, office

# What a person can mend at once, back at the list; anything else is a page that says no.
_MENDED_THERE = (errors.FilterNameUnusable, errors.FilterNameTaken, errors.NothingToSave, errors.TooManyFilters)


def _back(listed: str, query: str = "") -> HttpResponse:
    options = apps.get_model(listed)._meta
    address = reverse(f"{office.name}:{options.app_label}_{options.model_name}_changelist")
    return HttpResponseRedirect(f"{address}?{query}" if query else address, status=303)


@require_POST
@office_page()
def save(request: HttpRequest, listed: str) -> HttpResponse:
    """Keep what the list now shows."""
    name, query = request.POST.get("name", ""), request.POST.get("query", "")
    try:
        saved = services.save_filter(listed=listed, name=name, query=query, by=actor(request))
    except _MENDED_THERE as refusal:
        messages.error(request, in_full(refusal))
        return _back(listed, services.kept_of(QueryDict(query)))
    messages.success(request, _("“%(name)s” is saved above this list.") % {"name": saved.name})
    return _back(listed, saved.query)


@require_POST
@office_page()
def rename(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002 - the address's word
    """Call one otherwise, and go back to what it shows."""
    saved = selectors.saved_filter(id, by=actor(request))
    try:
        saved = services.rename_saved_filter(id=id, name=request.POST.get("name", ""), by=actor(request))
    except _MENDED_THERE as refusal:
        messages.error(request, in_full(refusal))
    else:
        messages.success(request, _("It is called “%(name)s” now.") % {"name": saved.name})
    return _back(saved.listed, saved.query)


@require_POST
@office_page()
def remove(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002 - the address's word
    """Forget one, and go back to its list."""
    removed = services.remove_saved_filter(id=id, by=actor(request))
    messages.success(request, _("“%(name)s” is no longer saved.") % {"name": removed.name})
    return _back(removed.listed)
