"""Lists to print: which there are, printing a short one at once, and waiting for a long one."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.office.shell.fields import day_asked
from apps.office.shell.pages import actor, office_page, render_page
from apps.reports import services as reports
from apps.reports.api.views import pdf_response
from apps.reports.errors import ListNotReady
from apps.reports.selectors import sections_in_reach
from schoolops.queues.desk import requests
from schoolops.resilience.heavy import heavy


@office_page(permission="students.view", over="section")
def lists(request: HttpRequest) -> HttpResponse:
    """Choose sections, a day and a kind of list."""
    user = actor(request)
    access.require(user, "exports.run")
    day = day_asked(request.GET.get("day"), access.today(user))
    calls = "guardians.view" in access_rows.permissions_of(user)
    context = {"sections": sections_in_reach(user, day), "day": day, "calls": calls}
    return render_page(request, "office/people/lists.html", context, title=_("Lists to print"))


@office_page(permission="students.view", over="section")
@heavy
def print_list(request: HttpRequest, kind: str) -> HttpResponse:
    """The list as a PDF; where it is long, the page that waits for it."""
    if kind not in reports.KINDS:
        raise Http404
    user = actor(request)
    day, sections = day_asked(request.GET.get("day"), access.today(user)), _wanted(request)
    if reports.is_long(day=day, sections=sections, by=user):
        language = get_language() or "en"
        job = reports.ask_for_list(kind=kind, day=day, sections=sections, language=language, by=user)
        return redirect("office:printed-list", job)
    content = reports.print_list(kind=kind, day=day, sections=sections, by=user)
    return pdf_response(f"{kind}-{day.isoformat()}.pdf", content)


@office_page(permission="students.view", over="own")
def printed_list(request: HttpRequest, job: int) -> HttpResponse:
    """How far a long list is; once it is printed, where it is fetched."""
    try:
        kept, how_far = reports.kept_list(job, by=actor(request)), None
    except ListNotReady:
        kept, how_far = None, requests.status_of(job, user=actor(request).audit_id)
    context = {"kept": kept, "how_far": how_far, "job": job}
    return render_page(request, "office/people/printed_list.html", context, title=_("Printing a list"))


@office_page(permission="students.view", over="own")
def fetch_list(request: HttpRequest, job: int) -> HttpResponse:
    """A long list that was printed."""
    kept = reports.kept_list(job, by=actor(request))
    return pdf_response(kept.file_name, kept.content)


def _wanted(request: HttpRequest) -> frozenset[UUID]:
    try:
        return frozenset(UUID(each) for each in request.GET.getlist("section"))
    except ValueError:
        raise Http404 from None
