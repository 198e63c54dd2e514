"""A section's week: students down, days across, every cell a mark.

Each day is a roll of its own, over the same service as the day's page. Only the days somebody touched are saved: a roll
that nobody marked stays not taken.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.attendance import selectors, services
from apps.attendance.errors import MarksRefused, RollChangedMeanwhile
from apps.attendance.models import AttendanceCode, DayState
from apps.attendance.selectors import CodeBook, SessionKey, Week, WeekDay
from apps.attendance.services import Mark
from apps.office.attendance.pages.marks import choices_of, shown_in_place, version_of
from apps.office.shell.fields import apart, day_of
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import message_of, remedy_of, words_of
from schoolops.errors import SchoolOpsError

Letters = dict[UUID, str]


@dataclass(slots=True)
class Refusal:
    """A day that was not saved: what to say, and what was typed there, to be shown again. ``changed``: by others."""

    said: list[str]
    typed: Letters
    changed: set[UUID] = field(default_factory=set)


@office_page(permission="attendance.view")
def week(request: HttpRequest, section: UUID, day: str) -> HttpResponse:
    """The week that holds ``day``, to mark as far as who asks may, and to read otherwise."""
    on, user = day_of(day), actor(request)
    found = selectors.week(section, on, by=user)
    if request.method != "POST":
        return _page(request, found, on, {})
    refused: dict[dt.date, Refusal] = {}
    saved: list[WeekDay] = []
    for each in found.days:
        if each.standing != "open" or (sent := _sent(request.POST, each)) is None:
            continue
        outcome = _save(found, each, *sent, by=user)
        if isinstance(outcome, Refusal):
            refused[each.day] = outcome
        elif outcome:
            saved.append(each)
    if saved:
        days = ", ".join(date_format(each.day, "D j M") for each in saved)
        messages.success(request, _("Saved: %(days)s.") % {"days": days})
    if refused:
        return _page(request, selectors.week(section, on, by=user), on, refused)
    if not saved:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
    return HttpResponseRedirect(request.get_full_path())


def _sent(posted: QueryDict, day: WeekDay) -> tuple[int | None, Letters] | None:
    """The version that was shown and a letter for each student on the roll; ``None``: the page had no such day."""
    iso = day.day.isoformat()
    version = posted.get(f"version-{iso}")
    if version is None:
        return None
    shown = _shown(day)
    return version_of(version), {
        student: posted.get(f"code-{iso}-{student}", shown[student]).strip() for student in day.marks
    }


def _shown(day: WeekDay) -> Letters:
    """What stands in the cells: the teacher's code, else the office's; nothing, where it would only be suggested."""
    is_taken = day.roll["taken_at"] is not None
    return {
        student: (mark["teacher_code"] or (mark["code"] if is_taken else mark["office_code"]) or "")
        for student, mark in day.marks.items()
    }


def _save(found: Week, day: WeekDay, version: int | None, letters: Letters, *, by: User) -> Refusal | bool:
    """Whether there was something to save; why it was not."""
    shown = _shown(day)
    if (version or 0) == day.roll["version"] and letters == shown:
        return False
    default = found.codes.default()
    first = default.code if default is not None and day.roll["taken_at"] is None else ""
    marks = [_mark(student, letter or first, day, found.codes) for student, letter in letters.items()]
    try:
        services.mark_attendance(
            session=SessionKey(day.day, section=found.section.sourced_id), marks=marks, expected_version=version, by=by
        )
    except RollChangedMeanwhile as error:
        return _changed(error, day, letters, shown)
    except MarksRefused as error:
        return Refusal([words_of(error), *_wrong(error, found, marks)], letters)
    except SchoolOpsError as error:
        if not shown_in_place(error):
            raise
        return Refusal([f"{words_of(error)} {remedy_of(error)}".strip()], letters)
    return True


def _mark(student: UUID, letter: str, day: WeekDay, codes: CodeBook) -> Mark:
    # Times and the remark are the day's page's to change; who is absent now can have no times left over.
    mark, code = day.marks[student], codes.by_letter.get(letter)
    there = code is None or code.state != DayState.ABSENT
    return Mark(
        student_id=student,
        code=letter,
        arrived_at=mark["arrived_at"] if there else None,
        left_at=mark["left_at"] if there else None,
        remark=mark["remark"],
    )


def _changed(error: RollChangedMeanwhile, day: WeekDay, letters: Letters, shown: Letters) -> Refusal | bool:
    """Somebody saved this day meanwhile. Cells that were not touched are theirs; without any touched, all is well."""
    before: dict[UUID, str] = {}
    for each in error.members["changes"]:
        student, was = UUID(each["student_id"]), each["before"]
        if was is None:
            # Nobody had said anything: what the cell showed was the office's word, where there was one.
            was = {"code": day.marks[student]["office_code"]} if student in day.marks else {}
        before.setdefault(student, was.get("teacher_code") or was.get("code") or "")
    mine = {student: letter for student, letter in letters.items() if letter != before.get(student, shown[student])}
    if not mine:
        return False
    said = _("Somebody else saved this roll while you had it open. Look at what changed, then save again.")
    by = error.members.get("changed_by") or {}
    return Refusal([f"{said} ({by['name']})" if by else said], mine, set(before) & set(day.marks))


def _wrong(error: MarksRefused, found: Week, marks: list[Mark]) -> list[str]:
    """What is wrong with a day, each with the student's name."""
    names = {each["student_id"]: _name(each) for each in found.students}
    sentences = []
    for each in error.errors:
        position = each.field.split(".")[1:2]
        mark = marks[int(position[0])] if position and position[0].isdigit() else None
        said = _("Choose a code.") if mark is not None and not mark.code else message_of(each)
        sentences.append(f"{names[mark.student_id]}: {said}" if mark is not None else said)
    return sentences


# --- the page ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cell:
    """A student's day: ``letter`` is chosen, ``office`` stands beside it. ``kind``: mark, read, or none there."""

    day: WeekDay
    kind: str
    letter: str = ""
    office: str = ""
    choices: tuple[AttendanceCode, ...] = ()
    changed: bool = False


def _page(request: HttpRequest, found: Week, on: dt.date, refused: dict[dt.date, Refusal]) -> HttpResponse:
    first, last = found.days[0].day, found.days[-1].day
    before, after = on - dt.timedelta(days=7), on + dt.timedelta(days=7)
    usual = choices_of(found.codes)
    context = {
        "week": found,
        "columns": [(each, _why(each)) for each in found.days],
        "rows": [(each, _name(each), _cells(found, each["student_id"], usual, refused)) for each in found.students],
        "choices": usual,
        "default": found.codes.default(),
        "refused": [(each.day, refused[each.day]) for each in found.days if each.day in refused],
        "writable": any(each.standing == "open" for each in found.days),
        "before": _address(found, before),
        "after": _address(found, after),
    }
    title = f"{apart(found.section)} – {date_format(first, _('j F'))} – {date_format(last, _('j F Y'))}"
    return render_page(request, "office/attendance/week.html", context, title=title, status=409 if refused else 200)


def _address(found: Week, day: dt.date) -> str:
    return reverse("office:section-week", args=(found.section.sourced_id, day.isoformat()))


def _why(day: WeekDay) -> str:
    """Why a day cannot be marked; empty, where it can."""
    words = {
        "locked": _("locked"),
        "closed": _(day.why),
        "future": _("not yet"),
        "outside": _("outside the year"),
        "out-of-reach": _("not yours on this day"),
    }
    return words.get(day.standing, "")


def _cells(found: Week, student: UUID, usual: list[AttendanceCode], refused: dict[dt.date, Refusal]) -> list[Cell]:
    cells = []
    for day in found.days:
        mark = day.marks.get(student)
        if mark is None:
            cells.append(Cell(day, "none"))
            continue
        letter, said = _shown(day)[student], refused.get(day.day)
        cell = Cell(day, "mark" if day.standing == "open" else "read", letter, mark["office_code"] or "")
        if cell.kind == "mark" and said is not None:
            cell = replace(cell, letter=said.typed.get(student, letter), changed=student in said.changed)
        chosen = found.codes.by_letter.get(letter)
        more = () if chosen is None or chosen in usual else (chosen,)
        cells.append(replace(cell, choices=(*usual, *more)))
    return cells


def _name(student: dict[str, Any]) -> str:
    return " ".join(filter(None, (student["given_name"], student["middle_name"], student["family_name"])))
