"""The mark grid: a paper, a cell for each student. Only what somebody touched is written, and nothing typed is lost."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.examinations import selectors, services
from apps.examinations.errors import MarksChangedMeanwhile, MarksRefused, ReopeningReasonMissing
from apps.examinations.models import Exam
from apps.examinations.selectors import group_of
from apps.office.examinations.selectors import may, titled
from apps.office.shell.fields import about, apart, whole_number
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, message_of, words_of
from schoolops import problem
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

LONGEST_REASON = 200
LONGEST_CELL = 100
REOPENED = dt.timedelta(hours=24)
# Somebody saved between our reading and our writing: what we read then is new.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Typed:
    """What a page sent: the version it showed, and of each cell what it showed and what stands there now.

    A cell is a student, or of a paper with components ``student.component``.
    """

    version: int
    was: Mapping[str, str]
    now: Mapping[str, str]

    @property
    def touched(self) -> list[str]:
        """The cells that say something else than the page showed."""
        return [cell for cell, said in self.now.items() if said != self.was.get(cell, "")]


@dataclass(slots=True)
class Cell:
    """``shown`` is what the paper says, ``said`` what stands in the cell; ``label`` what it is about."""

    key: str
    label: str
    shown: str
    said: str


@dataclass(slots=True)
class Row:
    """A student on the page, with a cell, or one for each component of the paper; ``shown``: their mark."""

    student_id: str
    name: str
    number: int | None
    cells: list[Cell]
    shown: str
    percent: str
    grade: str
    news: str = ""
    problems: list[str] = field(default_factory=list)


@office_page(permission="marks.view", over="section")
def grid(request: HttpRequest, paper: UUID) -> HttpResponse:
    """One paper's marks: to enter for who may, to read for who may only see them."""
    exam = selectors.paper_of(paper, "marks.view", actor(request))
    if request.method != "POST":
        return _page(request, exam)
    return _reopened(request, exam) if "reopen" in request.POST else _saved(request, exam)


def _read(posted: QueryDict) -> Typed:
    students = list(dict.fromkeys(posted.getlist("student")))[:2000]

    parts = list(dict.fromkeys(posted.getlist("component")))[:50]
    keys = [f"{student}.{part}" for student in students for part in parts] if parts else students

    def cells(name: str) -> dict[str, str]:
        return {each: composed(posted.get(f"{name}-{each}", "").strip())[:LONGEST_CELL] for each in keys}

    return Typed(whole_number(posted.get("version", "")) or 0, cells("was"), cells("mark"))


def _saved(request: HttpRequest, exam: Exam) -> HttpResponse:
    typed, by = _read(request.POST), actor(request)
    touched = typed.touched
    written = [
        services.Written(student, *selectors.read_cell(typed.now[each]), component=part)
        for each in touched
        for student, part in _keys(each)
    ]
    try:
        if written:
            services.correct_marks(paper=exam.sourced_id, touched=written, seen_version=typed.version, by=by)
    except SchoolOpsError as refusal:
        if not refusal.code.startswith("examinations:"):
            raise
        return _page(request, selectors.paper_of(exam.sourced_id, "marks.view", by), typed=typed, refusal=refusal)
    number = len(written)
    words = ngettext("%(count)d mark of %(name)s is saved.", "%(count)d marks of %(name)s are saved.", number)
    messages.success(request, about(titled(exam), words, count=number))
    for news in _news_of_others(exam, typed):
        messages.info(request, news)
    # The page's script forgets then what was typed.
    return HttpResponseRedirect(f"{request.get_full_path()}#saved")


def _keys(cell: str) -> Iterator[tuple[UUID, UUID | None]]:
    """The student and component that a cell is about; nothing, where it is no cell of ours."""
    student, _dot, part = cell.partition(".")
    with contextlib.suppress(ValueError):
        yield UUID(student), UUID(part) if part else None


def _news_of_others(exam: Exam, typed: Typed) -> Iterable[str]:
    """What somebody else entered since the page was shown, of whom it had left as they were."""
    held = Exam.objects.get(pk=exam.pk)
    if held.marks_version <= typed.version + 1:
        return
    changes = _changes(selectors.marks_since(held, typed.version)["changes"])
    names = {each["student_id"]: _name(each) for each in _records(held)}
    written = {each.partition(".")[0] for each in typed.touched}
    for student, change in changes.items():
        if student not in written:
            facts = {"who": change["by"], "student": apart(names.get(student, "–")), "mark": apart(change["after"])}
            yield _("Meanwhile %(who)s entered %(mark)s for %(student)s.") % facts


def _records(exam: Exam) -> list[dict[str, Any]]:
    return [{**each, "student_id": str(each["student_id"])} for each in selectors.sheet_of(exam)["records"]]


def _changes(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Student → who changed their mark last, and what it became, in a cell's words."""
    return {row["student_id"]: {"by": row["by"] or "–", "after": cell_said(row["after"]) or "–"} for row in rows}


def cell_said(said: Mapping[str, Any] | None) -> str:
    """A mark of its history in a cell's words; of a paper with components what is entered of each."""
    if said is None:
        return ""
    if said.get("components"):
        return " + ".join(said["components"].values())
    return selectors.cell_of(said["status"], Decimal(said["score"]) if "score" in said else None)


def _name(record: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (record["given_name"], record["middle_name"], record["family_name"])))


def asked_reason(request: HttpRequest) -> str:
    """Why marks are re-opened, as it was posted. Raises ``ReopeningReasonMissing``."""
    reason = composed(request.POST.get("reason", "").strip())
    if not reason or len(reason) > LONGEST_REASON:
        raise ReopeningReasonMissing(most=LONGEST_REASON)
    return reason


def _reopened(request: HttpRequest, exam: Exam) -> HttpResponse:
    try:
        reason = asked_reason(request)
        services.reopen_marks(paper=exam.sourced_id, reason=reason, lasting=REOPENED, by=actor(request))
    except SchoolOpsError as refusal:
        if not refusal.code.startswith("examinations:"):
            raise
        return _page(request, exam, notice=in_full(refusal), status=problem.status_of(refusal)[0])
    messages.success(request, about(titled(exam), _("The marks of %(name)s are open for 24 hours.")))
    return HttpResponseRedirect(request.get_full_path())


# --- the page ---------------------------------------------------------------------------------------------------------
def _page(
    request: HttpRequest,
    exam: Exam,
    *,
    typed: Typed | None = None,
    refusal: SchoolOpsError | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    """The marks as they are, or with what was typed on top and why that is not saved."""
    by = actor(request)
    sheet = selectors.sheet_of(exam)
    rows = [_row(each, sheet) for each in sheet["records"] if each["on_roster"]]
    if typed is not None and refusal is not None:
        left = _lay_over(rows, exam, typed, refusal)
        notice, status = " ".join([_why(refusal), *left]), problem.status_of(refusal)[0]
    closed = why_closed(selectors.must_be_marking, exam)
    writable = not closed and may(exam, "marks.enter", by)
    context = {
        "sheet": sheet,
        "exam": exam,
        "group": group_of(exam),
        "rows": rows,
        "lines": _lines(rows, by_component=bool(sheet["components"])) if writable else "",
        "gone": [_row(each, sheet) for each in sheet["records"] if not each["on_roster"]],
        "components": sheet["components"],
        "sets_components": may(exam, "exams.manage", by),
        "notice": notice,
        "writable": writable,
        "moderated": exam.factor != 1 or bool(exam.shift),
        "remarks": may(exam, "remarks.write", by),
        "closed": closed,
        "may_reopen": bool(closed) and may(exam, "marks.reopen", by),
        "letters": [(letters[0], selectors.NAMES[status]) for status, letters in selectors.LETTERS.items()],
        "reader": str(by.sourced_id),
        "entered": sum(row.shown != "" for row in rows),
    }
    title = f"{titled(exam)} – {date_format(exam.day)}"
    return render_page(request, "office/examinations/marks.html", context, title=title, status=status)


def why_closed(must_be_open: Callable[[Any], None], marked: Any) -> str:
    """Why marks of a paper or gradebook may not be entered now, by what refuses that; empty: they may."""
    try:
        must_be_open(marked)
    except SchoolOpsError as refusal:
        return in_full(refusal)
    return ""


def _why(refusal: SchoolOpsError) -> str:
    if isinstance(refusal, MarksChangedMeanwhile):
        return _("Somebody else changed marks that you changed too. Look at them, then save again.")
    # What helps with records that were refused speaks of the API's.
    return words_of(refusal) if isinstance(refusal, MarksRefused) else in_full(refusal)


def _row(record: Mapping[str, Any], sheet: Mapping[str, Any]) -> Row:
    shown = selectors.cell_of(record["status"], record["score"])
    percent = "" if record["percent"] is None else f"{record['percent']} %"
    student = str(record["student_id"])
    cells = [Cell(student, _("Mark"), shown, shown)]
    if sheet["components"]:
        parts = zip(sheet["components"], record["components"], strict=True)
        said = [(part, selectors.cell_of(each["status"], each["score"])) for part, each in parts]
        cells = [Cell(f"{student}.{part['id']}", part["name"], cell, cell) for part, cell in said]
    return Row(student, _name(record), record["roll_number"], cells, shown, percent, record["grade"] or "")


def _lay_over(rows: Sequence[Row], exam: Exam, typed: Typed, refusal: SchoolOpsError) -> list[str]:
    """Show what was typed, what others entered meanwhile, and why it was refused; returns what belongs to no row."""
    changes = _changes(selectors.marks_since(exam, typed.version)["changes"])
    touched = typed.touched
    known = {row.student_id: row for row in rows}
    cells = {cell.key: cell for row in rows for cell in row.cells}
    for each in touched:
        if (cell := cells.get(each)) is not None:
            cell.said = typed.now[each]
    written = {each.partition(".")[0] for each in touched}
    for student, change in changes.items():
        if (row := known.get(student)) is None:
            continue
        facts = {"who": change["by"], "mark": apart(change["after"])}
        if student not in written:
            row.news = _("%(who)s entered %(mark)s meanwhile.") % facts
        elif any(cell.said != cell.shown for cell in row.cells):
            row.news = _("%(who)s entered %(mark)s meanwhile. Saving again keeps yours.") % facts
    left: list[str] = []
    for error in refusal.errors:
        number = whole_number(error.field.removeprefix("records.").partition(".")[0])
        at = known.get(touched[number].partition(".")[0]) if number is not None and number < len(touched) else None
        (left if at is None else at.problems).append(message_of(error))
    return left


def _lines(rows: Iterable[Row], *, by_component: bool = False) -> SafeString:
    """The rows of the grid's table; whatever anybody said is escaped."""
    lines = []
    for row in rows:
        one, name = row.student_id, escape(row.name)
        wrong = "".join(
            f'<br><span class="day-error" id="error-{one}">{escape(each)}</span>' for each in row.problems[:1]
        )
        news = f'<br><span id="news-{one}">{escape(row.news)}</span>' if row.news else ""
        about = " ".join(each for each, there in ((f"error-{one}", wrong), (f"news-{one}", news)) if there)
        more = f"{f' aria-describedby={chr(34)}{about}{chr(34)}' if about else ''}"
        more += " aria-invalid=true" if row.problems else ""
        was = "".join(f'<input type="hidden" name="was-{cell.key}" value="{escape(cell.shown)}">' for cell in row.cells)
        cells = "".join(
            f'<td data-label="{escape(cell.label)}"><input type="text" class="mark" name="mark-{cell.key}"'
            f' value="{escape(cell.said)}" maxlength="{LONGEST_CELL}" dir="ltr" inputmode="text" autocomplete="off"'
            f' spellcheck="false" aria-label="{escape(cell.label)}: {name}"{more}></td>'
            for cell in row.cells
        )
        total = f'<td class="mark-more"><bdi dir="ltr">{escape(row.shown)}</bdi></td>' if by_component else ""
        lines.append(
            f"<tr{' class=changed' if row.news or row.problems else ''}><td>{row.number or ''}</td>"
            f'<th scope="row"><input type="hidden" name="student" value="{one}">{was}<bdi>{name}</bdi>{wrong}{news}'
            f'</th>{cells}{total}<td class="mark-more"><bdi dir="ltr">{escape(row.percent)}</bdi></td>'
            f'<td class="mark-more"><bdi>{escape(row.grade)}</bdi></td></tr>'
        )
    return mark_safe("".join(lines))  # noqa: S308 - escaped above
