"""What is open of a child: attendance, timetable, exams, marks, report cards."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from apps.examinations import selectors as exams
from apps.family import selectors
from apps.family.pages.frame import Visit, family_page, render
from apps.family.pages.words import month_rows, standing_in_words
from apps.family.selectors import Child
from apps.family.selectors.days import WEEK, first_weekday
from apps.institutions.selectors import week_around
from apps.reports import selectors as reports
from apps.reports import services as report_services
from apps.reports.selectors.cards import number_of
from apps.students.models import FamilyItem
from schoolops.api.viewsets import pdf_response

MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])", re.ASCII)
LEGEND = ("here", "late", "half", "absent", "excused", "closed")


@family_page(item=FamilyItem.ATTENDANCE)
def attendance(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """A month as a calendar; ``?month=2026-11``, else this one."""
    month = _month(request.GET.get("month", ""), child.today)
    weeks, counted = selectors.months_around(child, month)
    begins = first_weekday(child.student.institution)
    context = {
        "month": month,
        "rows": month_rows(weeks, child.today),
        "weekdays": [WEEKDAYS_ABBR[(begins - 1 + each) % 7] for each in WEEK],
        "legend": [(standing, standing_in_words(standing), counted.get(standing, 0)) for standing in LEGEND],
        "before": (month - dt.timedelta(days=1)).replace(day=1),
        "after": (month + dt.timedelta(days=31)).replace(day=1) if month < child.today.replace(day=1) else None,
    }
    return render(request, "family/attendance.html", context, title=_("Attendance"), child=child)


def _month(said: str, today: dt.date) -> dt.date:
    if not said:
        return today.replace(day=1)
    found = MONTH.fullmatch(said)
    if found is None:
        raise Http404
    return dt.date(int(found[1]), int(found[2]), 1)


@family_page(item=FamilyItem.TIMETABLE)
def timetable(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """The lessons of this week and the next."""
    days = week_around(child.today, child.student.institution.weekend)
    days += [day + dt.timedelta(days=7) for day in days]
    lessons = selectors.lessons_of(child, days)
    context = {"days": [(day, lessons[day]) for day in days if lessons[day] and day >= child.today]}
    return render(request, "family/timetable.html", context, title=_("Timetable"), child=child)


@family_page(item=FamilyItem.EXAMS)
def exam_timetable(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """The papers of the sessions whose timetable is published, what comes before what is over."""
    papers = exams.exams_followed(child.student.sourced_id, by=visit.by).select_related("session", "course")
    ordered = list(papers.order_by("day", "starts_at", "pk"))
    context = {
        "ahead": [each for each in ordered if each.day >= child.today],
        "over": [each for each in reversed(ordered) if each.day < child.today],
    }
    return render(request, "family/exams.html", context, title=_("Exams"), child=child)


@family_page(item=FamilyItem.MARKS)
def marks(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Published marks and what each session and each term comes to."""
    of = exams.student_followed(child.student.sourced_id, FamilyItem.MARKS, by=visit.by).pk
    sums = {each["session_id"]: each for each in exams.results_told(of)["results"]}
    sessions: dict[UUID, list[dict[str, Any]]] = {}
    for row in exams.marks_told(of):
        shown = {"shown": _of(row["score"], row["max_marks"])} if row["score"] is not None else {}
        sessions.setdefault(row["session_id"], []).append({**row, **shown})
    context = {
        "sessions": [(rows[0]["session"], rows, _sum(sums.get(key))) for key, rows in reversed(sessions.items())],
        "courses": exams.term_results_told(of),
    }
    return render(request, "family/marks.html", context, title=_("Marks"), child=child)


def _of(part: Decimal, whole: Decimal) -> str:
    return f"{number_of(part)} / {number_of(whole)}"


def _sum(result: dict[str, Any] | None) -> dict[str, str] | None:
    """What a session comes to, where it comes to anything."""
    if result is None or result["percent"] is None:
        return None
    return {"shown": _of(result["total"], result["out_of"]), "share": number_of(result["percent"])}


@family_page(item=FamilyItem.CARDS)
def cards(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Published report cards."""
    found = reports.cards_followed(child.student.sourced_id, by=visit.by)
    return render(request, "family/cards.html", {"cards": found}, title=_("Report cards"), child=child)


@family_page(item=FamilyItem.CARDS)
def card(request: HttpRequest, visit: Visit, child: Child, card: UUID) -> HttpResponse:
    """A report card as it was published."""
    found = reports.card_followed(child.student.sourced_id, card, by=visit.by)
    return pdf_response(f"report-card-{found.version}.pdf", report_services.print_card(found))
