"""Where the day begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.office import navigation
from apps.office.pages import actor, office_page, render_page


@office_page()
def start(request: HttpRequest) -> HttpResponse:
    """What the person may open, in the order of the navigation."""
    groups = [{"title": group.title, "entries": entries} for group, entries in navigation.groups_for(actor(request))]
    return render_page(request, "office/start.html", {"groups": groups}, title=_("Start"))
