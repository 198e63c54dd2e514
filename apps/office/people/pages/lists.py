"""Lists to print: which there are, printing a short one at once, and waiting for a long one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.institutions.models import GradeLevel, Institution, Section
from apps.office.shell.fields import day_asked
from apps.office.shell.pages import actor, office_page, render_page
from apps.reports import services as reports
from apps.reports.errors import ListNotReady
from apps.reports.selectors import sections_in_reach
from schoolops.api.viewsets import pdf_response
from schoolops.queues.desk import requests
from schoolops.resilience.heavy import heavy


@office_page(permission="students.view", over="section")
def lists(request: HttpRequest) -> HttpResponse:
    """Choose sections, a day and a kind of list."""
    user = actor(request)
    access.require(user, "exports.run")
    day = day_asked(request.GET.get("day"), access.today(user))
    calls = "guardians.view" in access_rows.permissions_of(user)
    sections = sections_in_reach(user, day)
    context = {"grades": _by_grade(sections), "sections": sections, "day": day, "calls": calls}
    return render_page(request, "office/people/lists.html", context, title=_("Lists to print"))


@office_page(permission="students.view", over="section")
@heavy
def print_list(request: HttpRequest, kind: str) -> HttpResponse:
    """The list as a PDF; where it is long, the page that waits for it."""
    if kind not in reports.KINDS:
        raise Http404
    user = actor(request)
    day = day_asked(request.GET.get("day"), access.today(user))
    sections = _wanted(request, day)
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


@dataclass(slots=True)
class _Grade:
    """A grade level of a campus with its sections, to be ticked as one. ``campus``: where there is more than one."""

    level: GradeLevel
    institution: Institution
    campus: str
    sections: list[Section] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What the form sends of it."""
        return f"{self.level.sourced_id}.{self.institution.sourced_id}"


def _by_grade(sections: Sequence[Section]) -> list[_Grade]:
    campuses = len({each.institution_id for each in sections})
    found: dict[tuple[int, int], _Grade] = {}
    for each in sorted(sections, key=lambda section: section.institution.name) if campuses > 1 else sections:
        campus = each.institution.name if campuses > 1 else ""
        grade = _Grade(each.grade_level, each.institution, campus)
        found.setdefault((each.institution_id, each.grade_level_id), grade).sections.append(each)
    return list(found.values())


def _wanted(request: HttpRequest, day: dt.date) -> frozenset[UUID]:
    """The sections that were ticked, and those of grades that were; none is all."""
    try:
        ticked = {UUID(each) for each in request.GET.getlist("section")}
    except ValueError:
        raise Http404 from None
    grades = set(request.GET.getlist("grade"))
    if not grades:
        return frozenset(ticked)
    there = _by_grade(sections_in_reach(actor(request), day))
    if not grades <= {each.key for each in there}:
        raise Http404
    return frozenset(ticked | {one.sourced_id for each in there if each.key in grades for one in each.sections})
