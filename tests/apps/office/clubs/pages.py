"""A page of clubs, and a list of them to print."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.office.shell.pages import office_page, render_page
from schoolops import clock
from schoolops.pdf import Column, Heading, Paper
from tests.apps.office.clubs.models import Club


@office_page(permission="clubs.view")
def clubs(request: HttpRequest) -> HttpResponse:
    """Every club."""
    return render_page(request, "office/clubs/clubs.html", {"clubs": Club.objects.order_by("name")}, title=_("Clubs"))


@office_page(permission="clubs.view")
def print_clubs(request: HttpRequest) -> HttpResponse:
    """Every club on paper."""
    paper = Paper(Heading(_("Clubs"), "", "", ""), language="en", printed_at=clock.now())
    paper.part()
    paper.rows([Column(_("Club"), 1)], [(club.name,) for club in Club.objects.order_by("name")])
    return HttpResponse(paper.as_bytes(), content_type="application/pdf")
