"""Which sessions there are, and the timetable of one with how far its marks are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.access.selectors import permissions_of
from apps.examinations.models import ExamSession
from apps.office.examinations.selectors import latest_sessions, sections_to_remark, session_seen, timetable_of
from apps.office.shell.fields import apart
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import office
from schoolops import clock


@office_page(permission="exams.view", over="section")
def exams(request: HttpRequest) -> HttpResponse:
    """The latest session, or that there is none."""
    there = latest_sessions(by=actor(request))
    if there:
        return HttpResponseRedirect(reverse("office:exam-session", args=(there[0].sourced_id,)))
    context = {"manages": "exams.manage" in permissions_of(actor(request))}
    return render_page(request, "office/examinations/none.html", context, title=_("Papers and marks"))


@office_page(permission="exams.view", over="section")
def session(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """A session: where it stands, what can be done with it, and its papers by day."""
    by = actor(request)
    found = session_seen(exam_session, by=by)
    days = timetable_of(found, by=by)
    papers = [paper for _day, there in days for paper in there]
    held = permissions_of(by)
    context = {
        "session": found,
        "state": found.state_at(clock.now()),
        "sessions": latest_sessions(by=by),
        "days": days,
        "papers": len(papers),
        "students": sum(paper.students for paper in papers),
        "marked": sum(paper.marked for paper in papers),
        "clashing": sum(bool(paper.twice) for paper in papers),
        "acts": ways_from(request, found),
        "manages": "exams.manage" in held,
        "class_remarks": sections_to_remark(found, by=by),
        "enters_marks": "marks.enter" in held,
        "sees_marks": "marks.view" in held,
        "zone": found.term.year.institution.timezone,
        "state_name": dict(ExamSession.State.choices)[found.state_at(clock.now())],
    }
    return render_page(request, "office/examinations/session.html", context, title=apart(found.name))


def ways_from(request: HttpRequest, row: ExamSession) -> list[dict[str, Any]]:
    """What whoever asks may do with a session, each on its page."""
    ways = office.admin_of(ExamSession).ways_from(request, row)
    return [each for each in ways if each["address"] != request.path]
