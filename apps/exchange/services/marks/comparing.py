"""What a file of marks would change: every row beside what it was, what it is by now, and what the sheet says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations import services as exams
from apps.examinations.models import Exam
from apps.exchange import errors
from apps.exchange.models import MarkFile, MarkFileRow
from apps.exchange.services.marks import columns, reading
from apps.exchange.services.reading.cells import problem_of, said_of
from schoolops import clock, queues
from schoolops.errors import FieldError, SchoolOpsError, Unavailable
from schoolops.folding import fold

Action, State = MarkFileRow.Action, MarkFile.State
Keyed = tuple[reading.Row, columns.Key]


def compare_marks(run: MarkFile) -> MarkFile:
    """Read the kept file and lay it beside the papers. Doing it again begins anew.

    A file that cannot be read leaves no rows: it is then ``failed``, and ``problem`` says why.

    Raises:
        MarkFileNotReady: it was confirmed meanwhile.
    """
    try:
        with run.file.open("rb") as file:
            rows = list(reading.rows_of(file))
        papers, found = _compared(run, rows)
    except Unavailable:
        raise
    except SchoolOpsError as refusal:
        return _settled(run, [], [], problem_of(refusal))
    return _settled(run, papers, found, None)


def _settled(
    run: MarkFile, papers: list[dict[str, Any]], rows: Sequence[MarkFileRow], problem: dict[str, Any] | None
) -> MarkFile:
    with queues.finishing(), transaction.atomic():
        held = MarkFile.objects.select_for_update(no_key=True).get(pk=run.pk)
        if held.state not in {State.RECEIVED, State.VALIDATED, State.FAILED}:
            raise errors.MarkFileNotReady(state=held.state)
        MarkFileRow.objects.filter(run=held).delete()
        MarkFileRow.objects.bulk_create(rows, batch_size=1000)
        held.papers, held.problem, held.counts = papers, problem, dict(Counter(row.action for row in rows))
        held.state = State.VALIDATED if problem is None else State.FAILED
        held.validated_at = clock.now()
        held.save(update_fields=["papers", "problem", "counts", "state", "validated_at"])
    return held


def _compared(run: MarkFile, rows: Sequence[reading.Row]) -> tuple[list[dict[str, Any]], list[MarkFileRow]]:
    by_paper: dict[UUID, list[Keyed]] = {}
    found = []
    for row in rows:
        key = columns.Key.read(row.key)
        if key is None:
            wrong = [said_of(errors.MarkKeyMissing(), row=row.row, column=columns.KEY)]
            found.append(_made(run, row, None, Action.ERROR, errors=wrong))
        else:
            by_paper.setdefault(key.paper, []).append((row, key))
    papers = []
    for paper, keyed in by_paper.items():
        told, there = _paper(run, paper, keyed)
        papers.append(told)
        found += there
    return papers, found


def _paper(run: MarkFile, paper: UUID, keyed: Sequence[Keyed]) -> tuple[dict[str, Any], list[MarkFileRow]]:
    """What the file says of one paper, and its rows."""
    version = keyed[0][1].version
    told: dict[str, Any] = {"paper": str(paper), "sheet": keyed[0][0].sheet, "name": "", "group": "", "at": None}
    told |= {"version": version, "problem": None}
    try:
        exam = exam_of(run, paper, run.by)
        told |= {"name": selectors.name_of(exam), "group": selectors.group_of(exam), "at": exam.marks_version}
        if any(key.version != version for _, key in keyed):
            raise errors.VersionsMixed
        if version > exam.marks_version:
            raise errors.MarksAhead(version=version, at=exam.marks_version)
        selectors.must_be_marking(exam)
    except Unavailable:
        raise
    except SchoolOpsError as refusal:
        told["problem"] = problem_of(refusal)
        return told, [_made(run, row, key, Action.ERROR) for row, key in keyed]
    written = [
        exams.Written(key.student, *selectors.read_cell(row.mark), component=key.component) for row, key in keyed
    ]
    beside = exams.lay_beside(exam=exam, written=written, seen_version=version)
    return told, [_row(run, row, key, each) for (row, key), each in zip(keyed, beside, strict=True)]


def exam_of(run: MarkFile, paper: UUID, by: User) -> Exam:
    """A paper that this file may be about. Raises as ``selectors.paper_of``, and ``MarksOfAnotherPaper``."""
    exam = selectors.paper_of(paper, "marks.enter", by)
    if exam.session_id != run.session_id or run.paper not in {None, exam.sourced_id}:
        raise errors.MarksOfAnotherPaper
    return exam


def _row(run: MarkFile, row: reading.Row, key: columns.Key, beside: exams.Beside) -> MarkFileRow:
    wrong = [*row.wrong, *(said_of(each, row=row.row, column=_column(each)) for each in beside.errors)]
    if beside.name and _is_another(row, beside):
        error = errors.MarkOfAnotherStudent(student=beside.name)
        wrong.append(said_of(error, row=row.row, column=columns.STUDENT))
    action = (
        Action.ERROR
        if wrong
        else Action.UNCHANGED
        if not beside.touched
        else Action.MEANWHILE
        if beside.meanwhile
        else Action.CREATE
        if not beside.now
        else Action.UPDATE
    )
    return _made(run, row, key, action, beside=beside, errors=wrong)


def _column(error: FieldError) -> str:
    return {"student_id": columns.STUDENT, "component_id": columns.KEY}.get(error.field, columns.MARK)


def _is_another(row: reading.Row, beside: exams.Beside) -> bool:
    """Whether a row names somebody else: by name and by number, as far as it says them. One of the two may change."""
    said = [(row.name, beside.name), (row.admission, beside.admission_number)]
    there = [(theirs, ours) for theirs, ours in said if theirs]
    return bool(there) and all(fold(theirs) != fold(ours) for theirs, ours in there)


def _made(
    run: MarkFile,
    row: reading.Row,
    key: columns.Key | None,
    action: str,
    *,
    beside: exams.Beside | None = None,
    errors: Sequence[dict[str, Any]] = (),
) -> MarkFileRow:
    return MarkFileRow(
        run=run,
        sheet=row.sheet,
        row=row.row,
        paper=key.paper if key else None,
        student=key.student if key else None,
        component=key.component if key else None,
        name=(beside.name if beside else "") or row.name,
        was=beside.was if beside else "",
        now=beside.now if beside else "",
        said=beside.said if beside and not errors else row.mark,
        action=action,
        errors=list(errors),
    )
