"""A roll as a form: what a page shows of each student, what a teacher sent back, and how the two meet again.

Whatever is refused, nothing that was typed is lost: the next page shows it on top of what the roll says by then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.attendance.api.serializers import MarkIn
from apps.attendance.errors import MarksRefused
from apps.attendance.models import AttendanceCode, DayState
from apps.attendance.selectors import CodeBook
from apps.attendance.services import Mark
from apps.office.shell.site import message_of
from schoolops.errors import FieldError, SchoolOpsError

# Nobody's roll is as long; what is longer was not sent by our page.
MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in the fields of one student, as text."""

    code: str = ""
    arrived_at: str = ""
    left_at: str = ""
    remark: str = ""


@dataclass(slots=True)
class Row:
    """A student as the page shows them: the teacher's fields, the office's word, and what there is to say."""

    student_id: str
    name: str
    number: int | None
    said: Said
    choices: list[AttendanceCode]
    office: str = ""
    news: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def has_more(self) -> bool:
        """Whether more than a code is there to be seen."""
        return bool(self.said.arrived_at or self.said.left_at or self.said.remark)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a page sent: the version it showed, and its students in order."""

    version: int
    rows: dict[str, Said]

    def marks(self, codes: CodeBook) -> list[Mark]:
        """The marks of these students. Raises ``MarksRefused``, naming the rows that cannot be read."""
        read = MarkIn(data=[self._plain(student, said, codes) for student, said in self.rows.items()], many=True)
        if not read.is_valid():
            raise MarksRefused(errors=list(_field_errors(read.errors)))
        return [Mark(**each) for each in read.validated_data]

    def _plain(self, student: str, said: Said, codes: CodeBook) -> dict[str, Any]:
        code = codes.by_letter.get(said.code)
        # Whoever corrects “late” to “absent” has a time left over that nobody can mean.
        times = code is None or code.state != DayState.ABSENT
        return {
            "student_id": student,
            "code": said.code,
            "arrived_at": (said.arrived_at or None) if times else None,
            "left_at": (said.left_at or None) if times else None,
            "remark": said.remark,
        }


def _field_errors(rows: Mapping[int, Mapping[str, Any]]) -> Iterable[FieldError]:
    for position, row in rows.items():
        for name, refusals in row.items():
            for refusal in refusals:
                text = _("Choose a code.") if name == "code" else str(refusal)
                yield FieldError(f"records.{position}.{name}", refusal.code, text)


def sent(said: QueryDict) -> Sent:
    """The fields of a form: ``student-0``, ``code-0`` and so on. What is not there is empty."""
    rows: dict[str, Said] = {}
    for number in range(MOST_ROWS):
        student = said.get(f"student-{number}")
        if student is None:
            break
        rows[student] = Said(
            code=said.get(f"code-{number}", ""),
            arrived_at=said.get(f"arrived-{number}", ""),
            left_at=said.get(f"left-{number}", ""),
            remark=said.get(f"remark-{number}", ""),
        )
    return Sent(version_of(said.get("version", "")) or 0, rows)


class Sheet:
    """The rows of a roll, and what a teacher sent laid over them."""

    def __init__(self, roll: dict[str, Any], codes: CodeBook) -> None:
        self.codes = codes
        self._quick = choices_of(codes)
        self.rows = [self._row(record) for record in roll["records"] if record["on_roster"]]
        self.gone = [name_of(record) for record in roll["records"] if not record["on_roster"]]

    def _row(self, record: dict[str, Any]) -> Row:
        office, own = record["office_code"], record["teacher_code"] or record["code"] or ""
        code = self.codes.by_letter.get(own)
        times = code is None or code.state != DayState.ABSENT
        said = Said(
            code=own,
            arrived_at=clock_of(record["arrived_at"]) if times else "",
            left_at=clock_of(record["left_at"]) if times else "",
            remark=record["remark"],
        )
        return Row(
            student_id=str(record["student_id"]),
            name=name_of(record),
            number=record["roll_number"],
            said=said,
            choices=self._choices(own),
            office=self._office(office, record) if office else "",
        )

    def _choices(self, own: str) -> list[AttendanceCode]:
        code = self.codes.by_letter.get(own)
        return self._quick if code is None or code in self._quick else [*self._quick, code]

    def _office(self, letter: str, record: dict[str, Any]) -> str:
        times = "–".join(clock_of(time) for time in (record["arrived_at"], record["left_at"]) if time)
        code = self.codes.by_letter[letter]
        return " ".join(part for part in (_(code.name), times) if part)

    def lay_over(self, typed: Sent) -> None:
        """Show in each row what was typed there."""
        for row in self.rows:
            if (said := typed.rows.get(row.student_id)) is not None:
                self._show(row, said)

    def _show(self, row: Row, said: Said) -> None:
        row.said = said
        row.choices = self._choices(said.code)

    def say_what_changed(self, changes: Iterable[Mapping[str, Any]], typed: Sent) -> None:
        """Lay ``typed`` over a roll that somebody changed meanwhile.

        Where the teacher had left a student as the page showed them, the other's word stands; where they had said
        something, theirs does. Both are told what the other said.
        """
        first: dict[str, Mapping[str, Any]] = {}
        last: dict[str, Mapping[str, Any]] = {}
        for change in changes:
            first.setdefault(change["student_id"], change)
            last[change["student_id"]] = change
        for row in self.rows:
            mine, theirs = typed.rows.get(row.student_id), last.get(row.student_id)
            if mine is None:
                continue
            if theirs is None or mine == row.said:
                self._show(row, mine)
                continue
            untouched = _same(mine, self._before(first[row.student_id]["before"]))
            row.news = self._news(theirs, mine, untouched=untouched)
            if not untouched:
                self._show(row, mine)

    def _before(self, told: Mapping[str, Any] | None) -> Said:
        if told is None:
            default = self.codes.default()
            return Said(code=default.code if default is not None else "")
        return Said(
            code=told.get("teacher_code") or told.get("code") or "",
            arrived_at=told.get("arrived_at", ""),
            left_at=told.get("left_at", ""),
            remark=told.get("remark", ""),
        )

    def _news(self, theirs: Mapping[str, Any], mine: Said, *, untouched: bool) -> str:
        facts = {
            "who": theirs["by"] or _("The office"),
            "theirs": self._named((theirs["after"] or {}).get("code", "")),
            "mine": self._named(mine.code),
        }
        if untouched:
            return _("%(who)s says: %(theirs)s. You had left: %(mine)s.") % facts
        return _("%(who)s says: %(theirs)s. You say: %(mine)s. Saving keeps yours.") % facts

    def _named(self, letter: str) -> str:
        code = self.codes.by_letter.get(letter)
        return _(code.name) if code is not None else letter or "–"

    def say_what_is_wrong(self, errors: Iterable[FieldError], typed: Sent) -> list[str]:
        """Put refusals beside their rows; returns those that belong to none."""
        order = {str(position): student for position, student in enumerate(typed.rows)}
        rows = {row.student_id: row for row in self.rows}
        left = []
        for error in errors:
            _records, _dot, rest = error.field.partition(".")
            row = rows.get(order.get(rest.partition(".")[0], ""))
            if row is None:
                left.append(message_of(error))
            else:
                row.problems.append(message_of(error))
        return left


def name_of(record: Mapping[str, Any]) -> str:
    """A student as a teacher calls them."""
    given = record["preferred_name"] or " ".join(filter(None, (record["given_name"], record["middle_name"])))
    return f"{given} {record['family_name']}".strip()


def clock_of(time: dt.time | None) -> str:
    """A time as browsers write it."""
    return time.isoformat("minutes") if time else ""


def choices_of(codes: CodeBook) -> list[AttendanceCode]:
    """What a teacher may choose."""
    return [code for code in codes.all if code.teacher_selectable and not code.retired]


def version_of(said: str) -> int | None:
    """The version that a form showed; ``None``, where that is no number."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 9 else None


def shown_in_place(error: SchoolOpsError) -> bool:
    """Whether the roll can still be shown with the refusal above it: it is there, and theirs to see."""
    return error.code.startswith("attendance:") and error.code != "attendance:period-unknown"


def _same(one: Said, other: Said) -> bool:
    return replace(one, remark=one.remark.strip()) == replace(other, remark=other.remark.strip())
