"""Marks by spreadsheet: taken away, filled in, sent back, looked at as a difference, and entered."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from apps.examinations.selectors import papers_in_reach, session_marked
from apps.exchange import services
from apps.exchange.api.views.marks import mark_file
from apps.exchange.models import MarkFile, MarkFileRow
from apps.exchange.selectors.marks import is_stopped, mark_file_of, mark_files_of, mark_rows_of
from apps.institutions.models import Section
from apps.office.shell.fields import about, apart, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, translated
from schoolops.errors import SchoolOpsError
from schoolops.resilience.heavy import heavy

Action, State = MarkFileRow.Action, MarkFile.State
LATEST = 10
PAGE = 200
STATES = {
    State.RECEIVED: gettext_lazy("Being read"),
    State.VALIDATED: gettext_lazy("Waits for you to look at it"),
    State.APPLYING: gettext_lazy("Being entered"),
    State.APPLIED: gettext_lazy("Entered"),
    State.FAILED: gettext_lazy("Could not be read"),
}
ACTIONS = {
    Action.ERROR: gettext_lazy("Wrong"),
    Action.MEANWHILE: gettext_lazy("Changed meanwhile"),
    Action.CREATE: gettext_lazy("New"),
    Action.UPDATE: gettext_lazy("Changed"),
    Action.UNCHANGED: gettext_lazy("Unchanged"),
}


class SendForm(DressedForm):
    """A sheet of marks that was filled in."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("XLSX, ODS or XLS, as it was downloaded. Rows may be sorted and columns moved."),
    )


def _asked(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


@office_page(permission="marks.enter", over="section")
def mark_files(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """Sheets to take away by section, and one to send back; ``?paper=``: of that paper alone."""
    by = actor(request)
    session = session_marked(exam_session, by=by)
    paper = _asked(request, "paper")
    form = SendForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            run = services.receive_marks(session=exam_session, file=sent.file, name=sent.name, paper=paper, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("“%(name)s” has come in and is read now.") % {"name": sent.name})
            return HttpResponseRedirect(reverse("office:mark-file", args=(run.sourced_id,)))
    papers = session.exams.filter(papers_in_reach(by, "marks.enter"))
    there = Section.objects.filter(pk__in=papers.values("section")).select_related("grade_level")
    context = {
        "session": session,
        "form": form,
        "paper": paper,
        "sections": list(there.order_by("grade_level__position", "name", "pk")),
        "files": [
            (run, STATES[State(run.state)])
            for run in mark_files_of(by=by).filter(session=session).order_by("-received_at", "-pk")[:LATEST]
        ],
    }
    title = _("Marks of %(session)s as a spreadsheet") % {"session": apart(session.name)}
    status = 422 if form.errors else 200
    return render_page(request, "office/examinations/mark_files.html", context, title=title, status=status)


@require_GET
@office_page(permission="marks.enter", over="section")
@heavy
def take(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """Papers as a spreadsheet: all of a session that may be marked, those of a section, or one."""
    section, paper = _asked(request, "section"), _asked(request, "paper")
    return cast("HttpResponse", mark_file(session=exam_session, section=section, paper=paper, by=actor(request)))


@office_page(permission="marks.enter", over="section")
def mark_file_page(request: HttpRequest, file: UUID) -> HttpResponse:
    """One sheet that was sent: what it would change, how far it is, or what was entered."""
    by = actor(request)
    run = mark_file_of(file, by=by)
    if request.method == "POST":
        try:
            services.confirm_marks(run=run, replacing=request.POST.get("replacing") == "1", by=by)
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
        else:
            messages.success(request, about(run.file_name, _("The marks in “%(name)s” are entered now.")))
        return HttpResponseRedirect(request.get_full_path())
    action, after = request.GET.get("action", ""), whole_number(request.GET.get("after", "")) or 0
    rows = mark_rows_of(run)
    rows = rows.filter(action=action) if action in Action.values else rows.exclude(action=Action.UNCHANGED)
    page = list(rows.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
    counts = [(each, words, run.counts.get(each, 0)) for each, words in ACTIONS.items()]
    written = run.counts.get("written", 0)
    context: dict[str, Any] = {
        "run": run,
        "state": STATES[State(run.state)],
        "running": run.state in {State.RECEIVED, State.APPLYING} and not is_stopped(run),
        "stopped": is_stopped(run),
        "waits": run.state == State.VALIDATED and run.cleared_at is None,
        "problem": _told(run.problem),
        "papers": [(each, _told(each["problem"])) for each in run.papers],
        "counts": counts,
        "rows": [(row, ACTIONS[Action(row.action)], [_told(each) for each in row.errors]) for row in page[:PAGE]],
        "more": urlencode({"action": action, "after": page[PAGE - 1].pk}) if len(page) > PAGE else "",
        "changes": run.counts.get(Action.CREATE, 0) + run.counts.get(Action.UPDATE, 0),
        "meanwhile": run.counts.get(Action.MEANWHILE, 0),
        "written": ngettext("%d mark is entered.", "%d marks are entered.", written) % written,
    }
    title = _("Marks in %(file)s") % {"file": apart(run.file_name)}
    return render_page(request, "office/examinations/mark_file.html", context, title=title)


def _told(kept: Any) -> str:
    """What was wrong, in the reader's language."""
    if not kept:
        return ""
    column = f"{_(kept['column'])}: " if kept.get("column") else ""
    return f"{column}{translated(kept['said'], kept['facts'])} {translated(kept['remedy'], {})}".strip()
