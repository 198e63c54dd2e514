"""Papers as a spreadsheet to fill in: a sheet each, or for each of its components, with what is entered by now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import PaperUnknown
from apps.examinations.models import Exam
from apps.exchange import errors
from apps.exchange.services.marks.columns import COLUMNS, Key
from schoolops.api.exports import shown
from schoolops.audit import trail
from schoolops.folding import fold

if TYPE_CHECKING:
    from openpyxl import Workbook

# An archive with more parts is not read.
MOST_PAPERS: Final = 50
_UNWRITTEN = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_WIDTHS = (6, 34, 20, 10)


def write_mark_file(
    *, session: UUID, section: UUID | None = None, paper: UUID | None = None, into: IO[bytes], by: User
) -> int:
    """The papers of a session that ``by`` may mark as XLSX, those of a section or one of them; returns how many.

    Raises:
        PermissionMissing, SessionUnknown, PaperUnknown (there is none), TooManyPapersInFile.
    """
    found = selectors.session_marked(session, by=by)
    rows = Exam.objects.filter(selectors.papers_in_reach(by, "marks.enter"), session=found)
    if section is not None:
        rows = rows.filter(section__sourced_id=section)
    if paper is not None:
        rows = rows.filter(sourced_id=paper)
    joined = rows.select_related("session__term__year__institution", "section__grade_level", "course_class", "course")
    papers = list(joined.select_related("marked_by").order_by("course__title", "title", "section__name", "pk"))
    if not papers:
        raise PaperUnknown
    if (sheets := sum(exam.parts or 1 for exam in papers)) > MOST_PAPERS:
        raise errors.TooManyPapersInFile(number=sheets, most=MOST_PAPERS)
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    taken: set[str] = set()
    for exam in papers:
        read = selectors.sheet_of(exam)
        for component in read["components"] or [None]:
            _write(book, exam, read, component, _title(exam, component, taken))
    book.save(into)
    trail.record(by, "exchange.marks-exported", found, after={"papers": len(papers)})
    return len(papers)


def _write(
    book: Workbook, exam: Exam, read: Mapping[str, Any], component: Mapping[str, Any] | None, title: str
) -> None:
    """One paper, or one component of it, to fill in."""
    sheet: Any = book.create_sheet(title)
    for letter, width in zip("ABCD", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    # It goes along where rows are sorted, and is in nobody's way.
    sheet.column_dimensions["E"].hidden = True
    facts = {
        "paper": _named(exam, component),
        "group": selectors.group_of(exam),
        "day": date_format(exam.day),
        "most": f"{(component or read)['max_marks'].normalize():f}",
    }
    sheet.append([_text(sheet, _("%(paper)s · %(group)s · %(day)s · marks from 0 to %(most)s") % facts, bold=True)])
    sheet.append([_text(sheet, _(column), bold=True) for column in COLUMNS])
    part = component["id"] if component is not None else None
    for record in read["records"]:
        if not record["on_roster"]:
            continue
        mark = next((each for each in record["components"] if each["component_id"] == part), record)
        cell = selectors.cell_of(mark["status"], mark["score"])
        name = " ".join(filter(None, (record["given_name"], record["middle_name"], record["family_name"])))
        key = Key(exam.sourced_id, read["version"], record["student_id"], part)
        sheet.append(
            [
                record["roll_number"],
                _text(sheet, name),
                _text(sheet, record["admission_number"]),
                Decimal(cell) if mark["score"] is not None else cell or None,
                _text(sheet, str(key)),
            ]
        )


def _text(sheet: Any, said: str, *, bold: bool = False) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, value=shown(said))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _named(exam: Exam, component: Mapping[str, Any] | None) -> str:
    return selectors.name_of(exam) if component is None else f"{selectors.name_of(exam)} {component['name']}"


def _title(exam: Exam, component: Mapping[str, Any] | None, taken: set[str]) -> str:
    """A name for its sheet, as spreadsheets allow."""
    plain = _UNWRITTEN.sub(" ", f"{selectors.group_of(exam)} {_named(exam, component)}").strip()[:31] or "1"
    title, number = plain, 1
    while fold(title) in taken:
        number += 1
        title = f"{plain[: 31 - len(str(number)) - 1]} {number}"
    taken.add(fold(title))
    return title
