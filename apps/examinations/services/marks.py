"""Entering the marks of a paper: one reading of what was written, one upsert, one insert of its history."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import (
    MarksChangedMeanwhile,
    MarksNotLocked,
    MarksRefused,
    MarksReopeningTooLong,
    SessionCancelled,
)
from apps.examinations.events import MarksEntered
from apps.examinations.models import Exam, Mark, MarkChange
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import Student
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import FieldError

Status = Mark.Status
NAMED = ("sourced_id", "given_name", "middle_name", "family_name", "admission_number")
LONGEST_REOPENING = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of one student: a score as people write it, or a status; neither is not entered."""

    student_id: UUID
    score: Any = None
    status: str | None = None


@transaction.atomic
def enter_marks(*, paper: UUID, marks: Sequence[Written], expected_version: int | None, by: User) -> Exam:
    """Enter the marks of a whole paper; entering them again replaces. As many statements for 60 students as for 5.

    Args:
        marks: every student who sits the paper, exactly once. Who is marked and does not sit it any more may be left
            out: their mark stays.
        expected_version: the version that was read; ``None`` or 0 for a paper that nobody has marked.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, PaperAhead, MarksLocked,
        NotMarking, PostingClosed, MarksChangedMeanwhile, MarksRefused (naming each record).
    """
    exam = selectors.paper_of(paper, "marks.enter", by, for_update=True)
    selectors.must_be_marking(exam)
    expected = expected_version or 0
    if exam.marks_version != expected:
        members = selectors.marks_since(exam, expected)
        raise MarksChangedMeanwhile(version=exam.marks_version, expected=expected, members=members)
    before, there, known = _standing(exam)
    after = _read(marks, known, there, exam)
    return _entered(exam, before, after, by)


@transaction.atomic
def correct_marks(*, paper: UUID, touched: Sequence[Written], seen_version: int, by: User) -> Exam:
    """Enter the marks of some who sit a paper; everybody else's stay as they are by now. The statements are as few.

    Args:
        touched: whom somebody wrote something about, each once.
        seen_version: the version beside which it was written.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, PaperAhead, MarksLocked,
        NotMarking, PostingClosed, MarksRefused, MarksChangedMeanwhile (a mark of these is another one since).
    """
    exam = selectors.paper_of(paper, "marks.enter", by, for_update=True)
    selectors.must_be_marking(exam)
    before, there, known = _standing(exam)
    after = _read(touched, known, there, exam, whole=False)
    newer = set(
        MarkChange.objects.filter(exam=exam, marks_version__gt=seen_version, student__in=after).values_list(
            "student", flat=True
        )
    )
    if any(student in newer and _said(before.get(student)) != _said(mark) for student, mark in after.items()):
        members = selectors.marks_since(exam, seen_version)
        raise MarksChangedMeanwhile(version=exam.marks_version, expected=seen_version, members=members)
    return _entered(exam, before, after, by)


@dataclass(frozen=True, slots=True)
class Beside:
    """What somebody wrote of one student beside what the paper says, each as a cell of a grid: what stood there at the
    version they wrote it beside, what stands there by now, and what they wrote. ``errors``: why it cannot be entered.
    """

    name: str
    admission_number: str
    was: str
    now: str
    said: str
    errors: tuple[FieldError, ...] = ()

    @property
    def touched(self) -> bool:
        """Whether it says anything new."""
        return self.said not in {self.was, self.now}

    @property
    def meanwhile(self) -> bool:
        """Whether somebody else entered another mark since."""
        return self.touched and self.was != self.now


def lay_beside(*, exam: Exam, written: Sequence[Written], seen_version: int) -> list[Beside]:
    """Each of ``written``, in its order, beside the paper; nothing is entered. As few statements for 60 as for 5.

    Args:
        exam: as ``selectors.paper_of`` finds it.
        seen_version: the version beside which it was written.
    """
    present, _, known = _standing(exam)
    read, refused = _understood(written, known, exam)
    errors: dict[int, list[FieldError]] = {}
    for error in refused:
        place, _, field = error.field.removeprefix("records.").partition(".")
        errors.setdefault(int(place), []).append(dataclasses.replace(error, field=field))
    earlier: dict[int, Mapping[str, str] | None] = {}
    since = MarkChange.objects.filter(exam=exam, marks_version__gt=seen_version).order_by("id")
    for student, before in since.values_list("student", "before"):
        earlier.setdefault(student, before)
    people = {person.sourced_id: person for person in known}
    found = []
    for number, each in enumerate(written):
        wrong = tuple(errors.get(number, ()))
        person = people.get(each.student_id)
        if person is None:
            found.append(Beside("", "", "", "", "", wrong))
            continue
        now = _cell(present.get(person.pk))
        was = _kept(earlier[person.pk]) if person.pk in earlier else now
        said = str(each.score or "") if wrong else _cell(read[person.pk])
        found.append(Beside(person.full_name, person.admission_number, was, now, said, wrong))
    return found


def _cell(mark: Mark | None) -> str:
    return "" if mark is None else selectors.cell_of(mark.status, mark.score)


def _kept(said: Mapping[str, str] | None) -> str:
    """A mark as its history keeps it, as a cell."""
    return (
        "" if said is None else selectors.cell_of(said["status"], Decimal(said["score"]) if "score" in said else None)
    )


def _standing(exam: Exam) -> tuple[dict[int, Mark], set[int], list[Student]]:
    """The marks there are, who sits the paper, and everybody who may be named."""
    before = {row.student_id: row for row in Mark.objects.filter(exam=exam)}
    there = set(Student.objects.filter(selectors.sitting(exam)).values_list("pk", flat=True))
    known = list(Student.objects.filter(pk__in=there | set(before)).only(*NAMED).order_by("pk"))
    return before, there, known


def _entered(exam: Exam, before: Mapping[int, Mark], after: Mapping[int, Mark], by: User) -> Exam:
    changed = {student: mark for student, mark in after.items() if _said(before.get(student)) != _said(mark)}
    exam.marks_version += 1
    exam.marked_by, exam.marked_at = by, clock.now()
    exam.save(update_fields=["marks_version", "marked_by", "marked_at"])
    write_marks(exam, {student: (before.get(student), mark) for student, mark in changed.items()}, by=by)
    counted = [mark.status for mark in {**before, **after}.values()]
    told = {"version": exam.marks_version, "entered": counted.count(Status.ENTERED), "changed": len(changed)}
    trail.record(by, "examinations.marks-entered", exam, after=told)
    if changed:
        events.publish(MarksEntered(exam.session_id))
    return exam


@transaction.atomic
def reopen_marks(*, paper: UUID, reason: str, lasting: dt.timedelta, by: User) -> Exam:
    """Let a paper's marks be entered for a while, whatever closed them but the year. Closes itself again.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, MarksNotLocked,
        MarksReopeningTooLong.
    """
    exam = selectors.paper_of(paper, "marks.reopen", by, for_update=True)
    session = exam.session
    refuse_closed(session.term.year)
    if session.state == session.State.CANCELLED:
        raise SessionCancelled(name=session.name, reason=session.cancelled_reason)
    if selectors.is_marking(exam):
        raise MarksNotLocked
    if not dt.timedelta(minutes=1) <= lasting <= LONGEST_REOPENING:
        raise MarksReopeningTooLong(most=int(LONGEST_REOPENING.total_seconds() // 3600))
    exam.reopened_until, exam.reopened_reason = clock.now() + lasting, reason
    exam.save(update_fields=["reopened_until", "reopened_reason"])
    told = {"until": exam.reopened_until, "results_published_at": session.results_published_at}
    trail.record(by, "examinations.marks-reopened", exam, after=told, reason=reason)
    return exam


def write_marks(exam: Exam, pairs: Mapping[int, tuple[Mark | None, Mark]], *, by: User | None) -> None:
    """Store marks by student, with what they were before, and their history: one statement whatever their number."""
    rows = [
        {"student": student, "status": mark.status, "score": mark.score, "before": told(earlier), "after": told(mark)}
        for student, (earlier, mark) in pairs.items()
    ]
    if not rows:
        return
    asked = {
        "rows": orjson.dumps(rows, default=str).decode(), "exam": exam.pk, "max_marks": exam.max_marks,
        "version": exam.marks_version, "by": by and by.pk, "at": clock.now(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, asked)


# Rows of the ORM took half of what entering sixty marks costs.
_WRITE = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS r (student bigint, status text, score numeric, before jsonb, after jsonb)
), marked AS (
    INSERT INTO examinations_mark (exam_id, student_id, status, score, max_marks)
    SELECT %(exam)s, student, status, score, %(max_marks)s FROM said
    ON CONFLICT (exam_id, student_id) DO UPDATE SET status = excluded.status, score = excluded.score
)
INSERT INTO examinations_markchange (exam_id, student_id, marks_version, before, after, by_id, at)
SELECT %(exam)s, student, %(version)s, before, after, %(by)s, %(at)s FROM said
"""


def told(mark: Mark | None) -> dict[str, str] | None:
    """A mark as its history keeps it."""
    if mark is None:
        return None
    return {"status": str(mark.status)} | ({"score": str(mark.score)} if mark.score is not None else {})


def _said(mark: Mark | None) -> tuple[str, Decimal | None]:
    # Nobody has marked whose mark is taken back, either.
    return (str(Status.NOT_ENTERED), None) if mark is None else (str(mark.status), mark.score)


def _read(
    marks: Sequence[Written], known: Sequence[Student], there: set[int], exam: Exam, *, whole: bool = True
) -> dict[int, Mark]:
    """Each student's mark, by key; ``whole``: of everybody. Raises ``MarksRefused`` with an error per record."""
    read, refused = _understood(marks, known, exam)
    refused += [
        FieldError(
            "records",
            "student-missing",
            "{student} ({id}) is not marked: send them without a score where there is none yet.",
            {"student": student.full_name, "id": student.sourced_id},
        )
        for student in known
        if whole and student.pk in there and student.pk not in read
    ]
    if refused:
        raise MarksRefused(errors=refused)
    return read


def _understood(
    marks: Sequence[Written], known: Sequence[Student], exam: Exam
) -> tuple[dict[int, Mark], list[FieldError]]:
    """Each student's mark, by key, and what is wrong with which record."""
    students = {student.sourced_id: student for student in known}
    refused: list[FieldError] = []
    read: dict[int, Mark] = {}
    for number, written in enumerate(marks):
        where = f"records.{number}"
        student = students.get(written.student_id)
        if student is None:
            refused.append(
                FieldError(
                    f"{where}.student_id",
                    "not-in-the-class",
                    "This student is not in the class on the day of the paper; the office corrects who is.",
                )
            )
            continue
        if student.pk in read:
            facts = {"student": student.full_name}
            refused.append(FieldError(f"{where}.student_id", "named-twice", "{student} is marked twice here.", facts))
            continue
        mark = _mark(written, exam, student.pk)
        if isinstance(mark, FieldError):
            refused.append(dataclasses.replace(mark, field=f"{where}.{mark.field}"))
            mark = Mark()
        read[student.pk] = mark
    return read, refused


def _mark(written: Written, exam: Exam, student: int) -> Mark | FieldError:
    blank = written.score is None or not str(written.score).strip()
    status = written.status or (Status.NOT_ENTERED if blank else Status.ENTERED)
    if status == Status.ENTERED:
        if blank:
            return FieldError("score", "score-missing", "A mark that is entered has a score; else choose a status.")
        score = selectors.read_score(written.score, exam.max_marks)
        if isinstance(score, FieldError):
            return score
        return Mark(exam=exam, student_id=student, status=status, score=score, max_marks=exam.max_marks)
    if not blank:
        facts = {"status": str(status)}
        return FieldError(
            "score", "score-with-status", "Who is {status} has no score: leave it empty, or choose entered.", facts
        )
    return Mark(exam=exam, student_id=student, status=status, max_marks=exam.max_marks)
