"""A roll as a form, for the grid, the week and the teacher's page: how it is shown, how it is read, and how both meet.

Whatever is refused, nothing that was typed is lost: the next page shows it on top of what the roll says by then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.attendance.api.serializers import MarkIn
from apps.attendance.errors import MarksRefused, RollChangedMeanwhile
from apps.attendance.models import AttendanceCode, DayState
from apps.attendance.selectors import CodeBook
from apps.attendance.services import Mark
from apps.office.shell.fields import whole_number
from apps.office.shell.site import in_full, message_of, words_of
from schoolops.errors import FieldError, SchoolOpsError

Record = Mapping[str, Any]
# What stands in an address or a form's field → the same in a mark.
FIELDS = {"code": "code", "arrived": "arrived_at", "left": "left_at", "remark": "remark"}
_TIME = gettext_noop("A time is written as 08:45.")
_UNREADABLE = {"code": gettext_noop("Choose a code."), "arrived_at": _TIME, "left_at": _TIME}


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in the fields of one student, as text."""

    code: str = ""
    arrived_at: str = ""
    left_at: str = ""
    remark: str = ""


@dataclass(slots=True)
class Row:
    """A student on a page: the teacher's fields, and what there is to say.

    ``record`` is what the roll says, ``office`` the office's word in words. ``before`` and ``after`` are codes, where
    somebody changed them meanwhile; ``conflict``: the page had said something else again, ``news`` says so.
    """

    student_id: str
    name: str
    number: int | None
    record: Record
    said: Fields
    choices: Sequence[AttendanceCode]
    office: str = ""
    before: str = ""
    after: str = ""
    conflict: bool = False
    news: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether somebody changed it meanwhile."""
        return bool(self.before or self.after)

    @property
    def has_more(self) -> bool:
        """Whether more than a code is there to be seen."""
        return bool(self.said.arrived_at or self.said.left_at or self.said.remark)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a page sent: the version it showed, and its students in order. ``of_many_days``: of these, codes alone."""

    version: int
    rows: Mapping[str, Fields]
    of_many_days: bool = False

    def marks(self, codes: CodeBook, *, times_in_sight: bool, instead_of_none: str = "") -> list[Mark]:
        """The marks of these students. Raises ``MarksRefused``, naming the rows that cannot be read.

        Args:
            times_in_sight: whether the page shows the times beside the code. Where it does not, whoever corrects “late”
                to “absent” leaves one over that nobody can mean: who is absent then has none.
            instead_of_none: the code of whoever was left without one.
        """
        plain = [{"student_id": student, **_plain(said, instead_of_none)} for student, said in self.rows.items()]
        for each in () if times_in_sight else plain:
            code = codes.by_letter.get(each["code"] or "")
            if code is not None and code.state == DayState.ABSENT:
                each["arrived_at"] = each["left_at"] = None
        read = MarkIn(data=plain, many=True)
        if not read.is_valid():
            raise MarksRefused(errors=list(_field_errors(read.errors)))
        return [Mark(**each) for each in read.validated_data]


def _plain(said: Fields, instead_of_none: str) -> dict[str, str | None]:
    return {
        "code": said.code or instead_of_none,
        "arrived_at": said.arrived_at or None,
        "left_at": said.left_at or None,
        "remark": said.remark,
    }


def _field_errors(rows: Mapping[int, Mapping[str, Any]]) -> Iterable[FieldError]:
    for position, row in rows.items():
        for name, refusals in row.items():
            for refusal in refusals:
                yield FieldError(f"records.{position}.{name}", refusal.code, _UNREADABLE.get(name, str(refusal)))


def read_form(posted: QueryDict, shown: Mapping[str, Fields], *, day: str = "") -> Typed:
    """The fields of a form: ``version``, and of each student of ``shown`` by public id ``code-…`` and so on.

    Args:
        shown: what a student's fields say for which the page has none.
        day: of a page with several days, the one to read: ``version-2026-11-04``, ``code-2026-11-04-…``.
    """

    def said(student: str, there: Fields) -> Fields:
        return Fields(
            **{
                name: posted.get("-".join(filter(None, (short, day, student))), getattr(there, name)).strip()
                for short, name in FIELDS.items()
            }
        )

    version = whole_number(posted.get(f"version-{day}" if day else "version", ""))
    rows = {student: said(student, there) for student, there in shown.items()}
    return Typed(version or 0, rows, of_many_days=bool(day))


def students_sent(posted: QueryDict) -> dict[str, Fields]:
    """The students of a page of one day, which has all their fields."""
    return dict.fromkeys(posted.getlist("student"), Fields())


def called(record: Record) -> str:
    """A student as a teacher calls them."""
    given = record["preferred_name"] or " ".join(filter(None, (record["given_name"], record["middle_name"])))
    return f"{given} {record['family_name']}".strip()


def full_name(record: Record) -> str:
    """A student as the office writes them."""
    return " ".join(filter(None, (record["given_name"], record["middle_name"], record["family_name"])))


class Sheet:
    """The rows of a roll, and what somebody sent laid over them.

    Args:
        suggests: whether a roll that nobody took shows the codes it would begin with; otherwise only the office's.
        name: what students are called.
    """

    def __init__(
        self,
        roll: Mapping[str, Any],
        records: Iterable[Record],
        codes: CodeBook,
        *,
        name: Callable[[Record], str],
        suggests: bool = True,
    ) -> None:
        self.version: int = roll["version"]
        self.codes, self.usual = codes, choices_of(codes)
        self._name, self._suggests = name, suggests
        self._speaks = suggests or roll["taken_at"] is not None
        self.rows: list[Row] = []
        self.gone: list[Row] = []
        for record in records:
            (self.rows if record["on_roster"] else self.gone).append(self._row(record))

    def _row(self, record: Record) -> Row:
        # The teacher's own code, where there is one: the office's stands beside it and stays.
        own = record["teacher_code"] or record["code" if self._speaks else "office_code"] or ""
        code = self.codes.by_letter.get(own)
        times = code is None or code.state != DayState.ABSENT
        return Row(
            student_id=str(record["student_id"]),
            name=self._name(record),
            number=record["roll_number"],
            record=record,
            said=Fields(
                code=own,
                arrived_at=clock_of(record["arrived_at"]) if times else "",
                left_at=clock_of(record["left_at"]) if times else "",
                remark=record["remark"].strip(),
            ),
            choices=self._choices(own),
            office=self._office(record),
        )

    def _choices(self, own: str) -> list[AttendanceCode]:
        code = self.codes.by_letter.get(own)
        return self.usual if code is None or code in self.usual else [*self.usual, code]

    def _office(self, record: Record) -> str:
        if not record["office_code"]:
            return ""
        times = "–".join(clock_of(time) for time in (record["arrived_at"], record["left_at"]) if time)
        return f"{self._named(record['office_code'])} {times}".strip()

    @property
    def unmarked(self) -> int:
        """Of a roll that was taken, how many students nobody has marked: those who came onto it since."""
        return sum(row.record["code"] is None for row in self.rows)

    @property
    def fields(self) -> dict[str, Fields]:
        """What each student's fields say."""
        return {row.student_id: row.said for row in self.rows}

    def lay_over(self, typed: Typed, refusal: SchoolOpsError | None = None) -> list[str]:
        """Show what was typed and why it was refused; returns what is wrong and belongs to no row.

        Where somebody changed the roll meanwhile, their word stands for a student whom the page had left as it showed
        them; where it had said something, that does.
        """
        changes: dict[str, dict[str, Any]] = {}
        if not isinstance(refusal, RollChangedMeanwhile):
            # What others changed is not shown here: the next save has to be told of it.
            self.version = typed.version
        for each in getattr(refusal, "members", {}).get("changes", ()):
            # The first one's before and the last one's after.
            known = changes.setdefault(each["student_id"], {"before": each["before"]})
            known |= {"after": each["after"], "by": each["by"]}
        for row in self.rows:
            if (mine := typed.rows.get(row.student_id)) is not None:
                self._merge(row, mine, changes.get(row.student_id), codes_alone=typed.of_many_days)
        return self._say_what_is_wrong(refusal.errors if refusal is not None else (), typed)

    def _merge(self, row: Row, mine: Fields, change: Mapping[str, Any] | None, *, codes_alone: bool) -> None:
        if change is not None:
            before = self._before(row, change["before"])
            row.before, row.after = (change["before"] or {}).get("code", ""), (change["after"] or {}).get("code", "")
            untouched = mine.code == before.code if codes_alone else mine == before
            if mine != row.said:
                row.news = self._news(change, mine, untouched=untouched)
                row.conflict = not untouched
            if untouched:
                return
        row.said, row.choices = mine, self._choices(mine.code)

    def _before(self, row: Row, said: Mapping[str, Any] | None) -> Fields:
        """What the page showed, which is older than the change."""
        if said is None:
            default = self.codes.default() if self._suggests else None
            return Fields(code=row.record["office_code"] or (default.code if default is not None else ""))
        return Fields(
            code=said.get("teacher_code") or said.get("code") or "",
            arrived_at=said.get("arrived_at", ""),
            left_at=said.get("left_at", ""),
            remark=said.get("remark", "").strip(),
        )

    def _news(self, theirs: Mapping[str, Any], mine: Fields, *, untouched: bool) -> str:
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

    def _say_what_is_wrong(self, errors: Iterable[FieldError], typed: Typed) -> list[str]:
        order = {str(position): student for position, student in enumerate(typed.rows)}
        rows = {row.student_id: row for row in self.rows}
        left: list[str] = []
        for error in errors:
            _records, _dot, rest = error.field.partition(".")
            row = rows.get(order.get(rest.partition(".")[0], ""))
            (left if row is None else row.problems).append(message_of(error))
        return left


def clock_of(time: dt.time | None) -> str:
    """A time as browsers write it."""
    return time.isoformat("minutes") if time else ""


def choices_of(codes: CodeBook) -> list[AttendanceCode]:
    """What a teacher may choose."""
    return [code for code in codes.all if code.teacher_selectable and not code.retired]


def shown_in_place(error: SchoolOpsError) -> bool:
    """Whether the roll can still be shown with the refusal above it: it is there, and theirs to see."""
    return error.code.startswith("attendance:") and error.code != "attendance:period-unknown"


def why_not_saved(error: SchoolOpsError) -> str:
    """Why a roll was not saved, where what is wrong with its rows stands beside them."""
    if isinstance(error, RollChangedMeanwhile):
        words = _("Somebody else saved this roll while you had it open. Look at what changed, then save again.")
        by = error.members.get("changed_by")
        return f"{words} ({by['name']})" if by else words
    # What helps with marks that were refused speaks of the API's records.
    return words_of(error) if isinstance(error, MarksRefused) else in_full(error)
