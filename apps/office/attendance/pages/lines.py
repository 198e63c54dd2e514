"""The rows of a roll's form as HTML, by string formatting.

A template engine took 200,000 function calls for sixty students; here a row's choices are made once for each code that
can be chosen, and a student's row puts their id into it. Whatever anybody said is escaped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.attendance.models import AttendanceCode
from apps.attendance.selectors import WeekDay
from apps.office.attendance.pages.marks import Row

# Stands for a student's id until their row is made; nothing that is escaped has it.
_ID = "<>"
_GRID_CODE = (
    '<label title="{called}"><input type="radio" name="code-<>" value="{code}" required{checked} data-name="{called}"'
    ' aria-label="{code} {called}"><span class="{state}">{code}</span></label>'
)
_PHONE_CODE = (
    '<label title="{called}"><input type="radio" name="code-<>" value="{code}" data-state="{state}"{late}'
    ' aria-label="{called}" required{checked}><span aria-hidden="true">{code}</span></label>'
)
_WEEK_CODE = '<option value="{code}" data-name="{called}" title="{called}"{selected}>{code}</option>'
_CHANGED, _MARKED = ' class="changed"', ' class="marked"'


class _Choices:
    """The radio buttons of a row, made once for each set of codes and each of them that is chosen."""

    def __init__(self, one: str) -> None:
        self._one = one
        self._made: dict[tuple[str, ...], str] = {}

    def of(self, row: Row) -> str:
        """With the row's own id."""
        key = (row.said.code, *[code.code for code in row.choices])
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._of_all(row.choices, row.said.code)
        return made.replace(_ID, row.student_id)

    def _of_all(self, codes: Sequence[AttendanceCode], chosen: str) -> str:
        return "".join(
            self._one.format(
                called=escape(_(code.name)),
                code=escape(code.code),
                state=code.state,
                late=" data-late" if code.late else "",
                checked=" checked" if code.code == chosen else "",
                selected=" selected" if code.code == chosen else "",
            )
            for code in codes
        )


def grid_lines(rows: Iterable[Row]) -> SafeString:
    """The rows of the grid's table that can be saved."""
    came, left, remark = (escape(each) for each in (_("Came at"), _("Left at"), _("Remark")))
    choices = _Choices(_GRID_CODE)
    more = '<td data-cell="input" class="grid-more" data-label="'
    lines = []
    for row in rows:
        one, name, said = row.student_id, escape(row.name), row.said
        wrong, described = _wrong(row.problems, f"error-{one}")
        lines.append(
            f'<tr{_CHANGED if row.changed else ""} data-name="{name}"><td>{row.number or ""}</td>'
            f'<th scope="row" id="name-{one}"><input type="hidden" name="student" value="{one}">{name}{wrong}</th>'
            f'<td data-cell="code"><span class="grid-codes" role="radiogroup" aria-labelledby="name-{one}"{described}>'
            f"{choices.of(row)}</span></td>"
            f'{more}{came}"><input type="time" name="arrived-{one}" value="{escape(said.arrived_at)}"'
            f' aria-label="{came}: {name}"></td>'
            f'{more}{left}"><input type="time" name="left-{one}" value="{escape(said.left_at)}"'
            f' aria-label="{left}: {name}"></td>'
            f'{more}{remark}"><input type="text" name="remark-{one}" value="{escape(said.remark)}" maxlength="300"'
            f' aria-label="{remark}: {name}"></td>'
            f"<td>{_strong(row.record['office_code']) if row.office else ''}</td></tr>"
        )
    return mark_safe("".join(lines))  # noqa: S308 - escaped above


def _strong(text: str) -> str:
    return f"<strong>{escape(text)}</strong>"


def _note(kind: str, text: str, called: str = "") -> str:
    named = f' id="{called}"' if called else ""
    return f'<p class="{kind}"{named}>{escape(text)}</p>'


def _described(problems: Sequence[str], called: str) -> str:
    """What says of a field that it is wrong, and where it stands why."""
    return f' aria-invalid="true" aria-describedby="{called}"' if problems else ""


def _wrong(problems: Sequence[str], called: str) -> tuple[str, str]:
    """Why a field is refused, and what says so of the field."""
    if not problems:
        return "", ""
    said = escape(" ".join(map(str, problems)))
    return f'<br><span class="day-error" id="{called}">{said}</span>', _described(problems, called)


def phone_lines(rows: Iterable[Row], *, may_save: bool) -> SafeString:
    """The students of the teacher's page, one fieldset each."""
    came, left, remark, more = (
        escape(each) for each in (_("Came at"), _("Left at"), _("Remark"), _("Times and remark"))
    )
    choices = _Choices(_PHONE_CODE)
    disabled = "" if may_save else " disabled"
    lines = []
    for row in rows:
        one, name, said = row.student_id, escape(row.name), row.said
        described = _described(row.problems, f"error-{one}")
        office = _("The office says: %(word)s.") % {"word": row.office} if row.office else ""
        notes = [
            ("said news", office),
            ("said news", row.news),
        ]
        lines.append(
            f"<fieldset{_MARKED if row.news or row.problems else ''}{described}{disabled}>"
            f"<legend>{f'<small>{row.number}</small>' if row.number else ''}<bdi>{name}</bdi></legend>"
            f'<input type="hidden" name="student" value="{one}"><div class="codes">{choices.of(row)}</div>'
            f"{''.join(_note(kind, text) for kind, text in notes if text)}"
            f"{_note('wrong bad', ' '.join(row.problems), f'error-{one}') if row.problems else ''}"
            f"<details{' open' if row.has_more or row.problems else ''}><summary>{more}"
            f'<span hidden> {name}</span></summary><div class="more">'
            f'<label>{came} <input type="time" name="arrived-{one}" value="{escape(said.arrived_at)}"></label>'
            f'<label>{left} <input type="time" name="left-{one}" value="{escape(said.left_at)}"></label>'
            f'<label>{remark} <input name="remark-{one}" value="{escape(said.remark)}" maxlength="300"'
            ' autocomplete="off"></label></div></details></fieldset>'
        )
    return mark_safe("".join(lines))  # noqa: S308 - escaped above


@dataclass(frozen=True, slots=True)
class Cell:
    """A student's day; ``row`` is ``None`` where the student is on no roll."""

    day: WeekDay
    row: Row | None

    @property
    def is_open(self) -> bool:
        return self.row is not None and self.day.standing == "open"


def week_lines(rows: Iterable[tuple[Mapping[str, Any], str, Sequence[Cell]]]) -> SafeString:
    """The rows of the week's table: each student with a cell for each day."""
    nobody = "00000000-0000-0000-0000-000000000000"
    address = reverse("office:student", args=[nobody])
    days: dict[dt.date, str] = {}
    options = _Choices(_WEEK_CODE)
    lines = []
    for student, named, cells in rows:
        one, name = str(student["student_id"]), escape(named)
        line = [f'<tr data-name="{name}"><td>{student["roll_number"] or ""}</td><th scope="row">']
        line.append(f'<a href="{address.replace(nobody, one)}">{name}</a></th>')
        for cell in cells:
            day, row = cell.day.day, cell.row
            called = days.get(day) or days.setdefault(day, escape(date_format(day, _("l, j F"))))
            wrong = ""
            if row is not None and cell.is_open:
                wrong, described = _wrong(row.problems, f"error-{day.isoformat()}-{one}")
                line.append(
                    f'<td data-label="{called}" data-name="{name}, {called}" data-cell="code"'
                    f'{_CHANGED if row.changed else ""}><select name="code-{day.isoformat()}-{one}"'
                    f' aria-label="{name}, {called}"{described}><option value="">–</option>{options.of(row)}</select>'
                )
            else:
                said = escape(row.said.code) if row is not None else ""
                line.append(
                    f'<td data-label="{called}" data-name="{name}, {called}" data-cell="fixed" class="closed">{said}'
                )
            if row is not None and row.office and row.record["office_code"] != row.said.code:
                line.append(f" {_strong(row.record['office_code'])}")
            line.append(f"{wrong}</td>")
        lines.append("".join([*line, "</tr>"]))
    return mark_safe("".join(lines))  # noqa: S308 - escaped above
