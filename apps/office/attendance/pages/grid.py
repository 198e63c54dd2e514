"""The attendance grid: one roll, marked by keyboard or without any script, over the service the API uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.access import selectors as access_rows
from apps.attendance import selectors, services
from apps.attendance.errors import MarksRefused, RollChangedMeanwhile
from apps.attendance.models import AttendanceCode, DayState
from apps.attendance.selectors import SessionKey
from apps.attendance.services import Mark
from apps.office.attendance.pages.marks import Said, choices_of, clock_of, shown_in_place, version_of
from apps.office.shell.fields import apart, day_of
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import message_of, remedy_of, words_of
from schoolops.errors import SchoolOpsError

Posted = dict[str, Said]
LONGEST_REASON = 200


@dataclass(slots=True)
class GridRow:
    """A line of the grid. ``before`` and ``after``: what somebody else made of it meanwhile."""

    student_id: str
    name: str
    number: int | None
    on_roster: bool
    said: Said
    office: str
    codes: list[AttendanceCode]
    errors: list[str] = field(default_factory=list)
    before: str = ""
    after: str = ""
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a save was refused, for the next rendering."""

    posted: Posted
    said: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    changed_by: str = ""
    status: int = 422


@office_page(permission="attendance.view")
def grid(request: HttpRequest, kind: str, group: UUID, day: str) -> HttpResponse:
    """One roll: to mark for who may, to read for who may only see it."""
    key = _key(request, kind, group, day_of(day))
    if request.method == "POST":
        answer = _reopened(request, key) if "reopen" in request.POST else _saved(request, key)
        return answer if isinstance(answer, HttpResponse) else _page(request, key, answer)
    return _page(request, key, None)


def _key(request: HttpRequest, kind: str, group: UUID, day: dt.date) -> SessionKey:
    period = request.GET.get("period")
    try:
        at = UUID(period) if period else None
    except ValueError:
        raise Http404 from None
    return SessionKey(
        day=day, section=group if kind == "section" else None, course_class=None if kind == "section" else group,
        period=at,
    )  # fmt: skip


def _saved(request: HttpRequest, key: SessionKey) -> HttpResponse | Answer:
    posted = _posted(request)
    try:
        marks = [_mark(student, said) for student, said in posted.items()]
    except ValueError:
        return Answer(posted, _("A time is written as 08:45."))
    expected = version_of(request.POST.get("version", ""))
    try:
        sheet = services.mark_attendance(session=key, marks=marks, expected_version=expected, by=actor(request))
    except RollChangedMeanwhile as error:
        return _changed(posted, error)
    except MarksRefused as error:
        return _refused(posted, marks, error)
    except SchoolOpsError as error:
        if not shown_in_place(error):
            raise
        return Answer(posted, " ".join(filter(None, (words_of(error), remedy_of(error)))), status=409)
    absent = sheet.records.filter(state=DayState.ABSENT).count()
    words = ngettext("The roll is saved: %d absent.", "The roll is saved: %d absent.", absent) % absent
    messages.success(request, words)
    return HttpResponseRedirect(request.get_full_path())


def _posted(request: HttpRequest) -> Posted:
    def said(student: str) -> Said:
        return Said(
            *(request.POST.get(f"{name}-{student}", "").strip() for name in ("code", "arrived", "left", "remark"))
        )

    return {student: said(student) for student in request.POST.getlist("student")}


def _mark(student: str, said: Said) -> Mark:
    return Mark(
        student_id=UUID(student),
        code=said.code,
        arrived_at=dt.time.fromisoformat(said.arrived_at) if said.arrived_at else None,
        left_at=dt.time.fromisoformat(said.left_at) if said.left_at else None,
        remark=said.remark[:300],
    )


def _changed(posted: Posted, error: RollChangedMeanwhile) -> Answer:
    by = error.members.get("changed_by") or {}
    return Answer(
        posted,
        _("Somebody else saved this roll while you had it open. Look at what changed, then save again."),
        changes=list(error.members["changes"]),
        changed_by=by.get("name", ""),
        status=409,
    )


def _refused(posted: Posted, marks: list[Mark], error: MarksRefused) -> Answer:
    by_student: dict[str, list[str]] = {}
    whole = [words_of(error)]
    for each in error.errors:
        parts = each.field.split(".")
        if len(parts) > 1 and parts[1].isdigit():
            by_student.setdefault(str(marks[int(parts[1])].student_id), []).append(message_of(each))
        else:
            whole.append(message_of(each))
    return Answer(posted, " ".join(whole), by_student)


def _reopened(request: HttpRequest, key: SessionKey) -> HttpResponse | Answer:
    reason = request.POST.get("reason", "").strip()[:LONGEST_REASON]
    if not reason:
        return Answer({}, _("Say why the roll is re-opened."))
    try:
        services.reopen_day(session=key, reason=reason, lasting=dt.timedelta(hours=24), by=actor(request))
    except SchoolOpsError as error:
        if not shown_in_place(error):
            raise
        return Answer({}, words_of(error), status=409)
    messages.success(request, _("The roll is open for 24 hours."))
    return HttpResponseRedirect(request.get_full_path())


# --- the page ---------------------------------------------------------------------------------------------------------
def _page(request: HttpRequest, key: SessionKey, answer: Answer | None) -> HttpResponse:
    user = actor(request)
    found = selectors.roll(key, by=user)
    place = selectors.place_of(key)
    held = access_rows.permissions_of(user)
    locked = found["state"] == "locked"
    codes = selectors.CodeBook()
    never = _never(place)
    rows = _rows(found, codes, answer)
    context = {
        "roll": found,
        "rows": [row for row in rows if row.on_roster],
        "gone": [row for row in rows if not row.on_roster],
        "choices": choices_of(codes),
        "default": codes.default(),
        "answer": answer,
        "writable": "attendance.mark" in held and not locked and not never,
        "may_reopen": locked and "attendance.lock" in held,
        "never": never,
        "place": place,
        "day": key.day,
        "before": key.day - dt.timedelta(days=1),
        "after": key.day + dt.timedelta(days=1),
        "today": place.today,
    }
    period = f" – {place.period.name}" if place.period else ""
    title = f"{apart(f'{place.group}{period}')} – {date_format(key.day, _('l, j F Y'))}"
    return render_page(
        request, "office/attendance/grid.html", context, title=title, status=answer.status if answer else 200
    )


def _never(place: selectors.Place) -> str:
    """Why there can be no roll on that day; empty, where there can."""
    try:
        selectors.must_be_a_day_for_rolls(place)
    except SchoolOpsError as error:
        return words_of(error)
    return ""


def _rows(found: Mapping[str, Any], codes: selectors.CodeBook, answer: Answer | None) -> list[GridRow]:
    usual = choices_of(codes)
    changes: dict[str, dict[str, Any]] = {}
    for each in answer.changes if answer else ():
        # The first one's before and the last one's after.
        known = changes.setdefault(each["student_id"], {"before": each["before"]})
        known |= {"after": each["after"], "by": each["by"]}
    rows = []
    for record in found["records"]:
        student = str(record["student_id"])
        # The teacher's own code, where there is one: the office's stands beside it and stays.
        letter = record["teacher_code"] or record["code"] or ""
        more = [codes.by_letter[letter]] if letter and codes.by_letter[letter] not in usual else []
        row = GridRow(
            student_id=student,
            name=" ".join(filter(None, (record["given_name"], record["middle_name"], record["family_name"]))),
            number=record["roll_number"],
            on_roster=record["on_roster"],
            said=_as_text(record, letter),
            office=record["office_code"] or "",
            codes=[*usual, *more],
            errors=list(answer.errors.get(student, ())) if answer else [],
        )
        if answer is not None and student in answer.posted:
            _merge(row, answer.posted[student], changes.get(student), default=codes.default())
        rows.append(row)
    return rows


def _as_text(record: Mapping[str, Any], letter: str) -> Said:
    return Said(letter, clock_of(record["arrived_at"]), clock_of(record["left_at"]), record["remark"])


def _merge(row: GridRow, mine: Said, change: Mapping[str, Any] | None, *, default: AttendanceCode | None) -> None:
    """Keep what the person was about to save; what they had not touched is what somebody else made of it meanwhile."""
    if change is None:
        row.said = mine
        return
    before = change["before"] or {}
    # Nobody had marked the student: what they read was the suggestion.
    read = before.get("teacher_code") or before.get("code") or (default.code if default else "")
    row.before, row.after = before.get("code", ""), (change["after"] or {}).get("code", "")
    if mine.code not in (read, row.said.code):
        row.said, row.conflict = mine, True
