"""Entering the marks of a paper: one reading of what was written, one upsert, one insert of its history."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
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
from apps.examinations.models import ComponentMark, Exam, ExamComponent, Mark, MarkChange
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
    """What was written of one student: a score as people write it, or a status; neither is not entered.

    Of a paper with components it is about one of them, or without a score about each. ``at``: where it stood in what
    was sent, for what is wrong with it; else by its number.
    """

    student_id: UUID
    score: Any = None
    status: str | None = None
    component: UUID | None = None
    at: str = ""


class Standing(NamedTuple):
    """The marks of a paper that there are, who sits it, everybody who may be named, and of what it is made."""

    before: dict[int, Mark]
    there: set[int]
    known: list[Student]
    components: list[ExamComponent]


@transaction.atomic
def enter_marks(*, paper: UUID, marks: Sequence[Written], expected_version: int | None, by: User) -> Exam:
    """Enter the marks of a whole paper; entering them again replaces. As many statements for 60 students as for 5.

    Args:
        marks: every student who sits the paper, exactly once (in each component, where it has some; what is not said
            of one is not entered). Who is marked and does not sit it any more may be left
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
    standing = _standing(exam)
    return _entered(exam, standing, _read(marks, standing, exam), by)


@transaction.atomic
def correct_marks(*, paper: UUID, touched: Sequence[Written], seen_version: int, by: User) -> Exam:
    """Enter the marks of some who sit a paper; everybody else's stay as they are by now. The statements are as few.

    Args:
        touched: whom somebody wrote something about, each once.
        seen_version: the version beside which it was written.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, PaperAhead, MarksLocked,
        NotMarking, PostingClosed, MarksRefused, MarksChangedMeanwhile (a mark of these is another one since, or
        there is no such version yet).
    """
    exam = selectors.paper_of(paper, "marks.enter", by, for_update=True)
    selectors.must_be_marking(exam)
    standing = _standing(exam)
    after = _read(touched, standing, exam, whole=False)
    newer = _changed_since(exam, seen_version, after)
    ahead = seen_version > exam.marks_version
    cells = [(student, each) for student in after for each in _each(standing.components)]
    if ahead or any(
        (student, _uuid(each)) in newer and _cell(standing.before.get(student), each) != _cell(after[student], each)
        for student, each in cells
    ):
        members = selectors.marks_since(exam, seen_version)
        raise MarksChangedMeanwhile(version=exam.marks_version, expected=seen_version, members=members)
    return _entered(exam, standing, after, by)


def _changed_since(exam: Exam, version: int, students: Iterable[int]) -> set[tuple[int, UUID | None]]:
    """Whose mark somebody changed after ``version``, and in which component, where the paper has some."""
    found: set[tuple[int, UUID | None]] = set()
    rows = MarkChange.objects.filter(exam=exam, marks_version__gt=version, student__in=list(students))
    for student, before, after in rows.values_list("student", "before", "after"):
        was, now = (said.get("components", {}) if said else {} for said in (before, after))
        found.add((student, None))
        found |= {(student, UUID(each)) for each in {*was, *now} if was.get(each) != now.get(each)}
    return found


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
    standing = _standing(exam)
    read, refused = _understood(written, standing, exam, whole=False)
    errors: dict[int, list[FieldError]] = {}
    for error in refused:
        place, _, field = error.field.removeprefix("records.").partition(".")
        errors.setdefault(int(place), []).append(dataclasses.replace(error, field=field))
    earlier: dict[int, Mapping[str, Any] | None] = {}
    since = MarkChange.objects.filter(exam=exam, marks_version__gt=seen_version).order_by("id")
    for student, before in since.values_list("student", "before"):
        earlier.setdefault(student, before)
    people = {person.sourced_id: person for person in standing.known}
    parts = {each.sourced_id: each for each in standing.components}
    found = []
    for number, each in enumerate(written):
        wrong = tuple(errors.get(number, ()))
        person = people.get(each.student_id)
        if person is None:
            found.append(Beside("", "", "", "", "", wrong))
            continue
        part = parts.get(each.component) if each.component is not None else None
        now = _cell(standing.before.get(person.pk), part)
        was = _kept(earlier[person.pk], part) if person.pk in earlier else now
        said = str(each.score or "") if wrong else _cell(read[person.pk], part)
        found.append(Beside(person.full_name, person.admission_number, was, now, said, wrong))
    return found


def _cell(mark: Mark | None, component: ExamComponent | None = None) -> str:
    if mark is None:
        return ""
    said = (mark.status, mark.score) if component is None else mark.parts.get(component.pk, selectors.NOTHING)
    return selectors.cell_of(*said)


def _kept(said: Mapping[str, Any] | None, component: ExamComponent | None) -> str:
    """A mark as its history keeps it, as a cell."""
    if said is None:
        return ""
    if component is not None:
        return str(said.get("components", {}).get(str(component.sourced_id), ""))
    return selectors.cell_of(said["status"], Decimal(said["score"]) if "score" in said else None)


def _standing(exam: Exam) -> Standing:
    before = {row.student_id: row for row in Mark.objects.filter(exam=exam)}
    there = set(Student.objects.filter(selectors.sitting(exam)).values_list("pk", flat=True))
    known = list(Student.objects.filter(pk__in=there | set(before)).only(*NAMED).order_by("pk"))
    parts = selectors.parts_of(exam)
    for student, mark in before.items() if exam.parts else ():
        mark.parts = parts.get(student, {})
    return Standing(before, there, known, selectors.components_of(exam))


def _entered(exam: Exam, standing: Standing, after: Mapping[int, Mark], by: User) -> Exam:
    before = standing.before
    changed = {student: mark for student, mark in after.items() if _said(before.get(student)) != _said(mark)}
    exam.marks_version += 1
    exam.marked_by, exam.marked_at = by, clock.now()
    exam.save(update_fields=["marks_version", "marked_by", "marked_at"])
    pairs = {student: (before.get(student), mark) for student, mark in changed.items()}
    write_marks(exam, pairs, components=standing.components, by=by)
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
    exam.reopened_until, exam.reopened_reason = reopening_ends(lasting), reason
    exam.save(update_fields=["reopened_until", "reopened_reason"])
    told = {"until": exam.reopened_until, "results_published_at": session.results_published_at}
    trail.record(by, "examinations.marks-reopened", exam, after=told, reason=reason)
    return exam


def reopening_ends(lasting: dt.timedelta) -> dt.datetime:
    """When marks that are re-opened close again. Raises ``MarksReopeningTooLong``."""
    if not dt.timedelta(minutes=1) <= lasting <= LONGEST_REOPENING:
        raise MarksReopeningTooLong(most=int(LONGEST_REOPENING.total_seconds() // 3600))
    return clock.now() + lasting


def write_marks(
    exam: Exam,
    pairs: Mapping[int, tuple[Mark | None, Mark]],
    *,
    components: Sequence[ExamComponent] = (),
    by: User | None,
) -> None:
    """Store marks by student, with what they were before, and their history: one statement whatever their number.

    Of a paper with components one more: each mark's ``parts`` are stored as well.
    """
    rows = [
        {
            "student": student, "status": mark.status, "score": mark.score,
            "before": told(earlier, components), "after": told(mark, components),
        }
        for student, (earlier, mark) in pairs.items()
    ]  # fmt: skip
    if not rows:
        return
    if components:
        ComponentMark.objects.bulk_create(
            [
                ComponentMark(
                    component=each, student_id=student, status=part[0], score=part[1], max_marks=each.max_marks
                )
                for student, (_, mark) in pairs.items()
                for each in components
                if (part := mark.parts.get(each.pk)) is not None
            ],
            update_conflicts=True,
            unique_fields=["component", "student"],
            update_fields=["status", "score"],
        )
    asked: dict[str, Any] = {
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


def told(mark: Mark | None, components: Sequence[ExamComponent] = ()) -> dict[str, Any] | None:
    """A mark as its history keeps it."""
    if mark is None:
        return None
    said: dict[str, Any] = {"status": str(mark.status)}
    if mark.score is not None:
        said["score"] = str(mark.score)
    if components:
        said["components"] = selectors.parts_in_words(components, mark.parts)
    return said


def _said(mark: Mark | None) -> tuple[Any, ...]:
    # Nobody has marked whose mark is taken back, either.
    if mark is None:
        return (*selectors.NOTHING, {})
    return str(mark.status), mark.score, {key: part for key, part in mark.parts.items() if part != selectors.NOTHING}


def _read(marks: Sequence[Written], standing: Standing, exam: Exam, *, whole: bool = True) -> dict[int, Mark]:
    """Each student's mark, by key; ``whole``: of everybody. Raises ``MarksRefused`` with an error per record."""
    read, refused = _understood(marks, standing, exam, whole=whole)
    refused += [
        FieldError(
            "records",
            "student-missing",
            "{student} ({id}) is not marked: send them without a score where there is none yet.",
            {"student": student.full_name, "id": student.sourced_id},
        )
        for student in standing.known
        if whole and student.pk in standing.there and student.pk not in read
    ]
    if refused:
        raise MarksRefused(errors=refused)
    return read


def _understood(
    marks: Sequence[Written], standing: Standing, exam: Exam, *, whole: bool
) -> tuple[dict[int, Mark], list[FieldError]]:
    """Each student's mark, by key, and what is wrong with which record."""
    students = {student.sourced_id: student for student in standing.known}
    components = standing.components
    refused: list[FieldError] = []
    seen: set[tuple[int, UUID | None]] = set()
    read: dict[int, dict[int, selectors.Part]] = {}
    for number, written in enumerate(marks):
        where = written.at or f"records.{number}"
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
        slots = _slots(written, components)
        if isinstance(slots, FieldError):
            refused.append(dataclasses.replace(slots, field=f"{where}.{slots.field}"))
            read.setdefault(student.pk, {})
            continue
        cells = {(student.pk, _uuid(each)) for each in slots}
        if cells & seen:
            facts = {"student": student.full_name}
            refused.append(FieldError(f"{where}.student_id", "named-twice", "{student} is marked twice here.", facts))
            continue
        seen |= cells
        parts = read.setdefault(student.pk, {})
        for each in slots:
            part = part_of(written.score, written.status, exam.max_marks if each is None else each.max_marks)
            if isinstance(part, FieldError):
                refused.append(dataclasses.replace(part, field=f"{where}.{part.field}"))
                break
            parts[0 if each is None else each.pk] = part
    return {student: _mark(exam, student, parts, standing, whole=whole) for student, parts in read.items()}, refused


def _each(components: Sequence[ExamComponent]) -> list[ExamComponent | None]:
    """What of a paper has marks: its components, or itself."""
    return [*components] or [None]


def _uuid(component: ExamComponent | None) -> UUID | None:
    return None if component is None else component.sourced_id


def _slots(written: Written, components: Sequence[ExamComponent]) -> list[ExamComponent | None] | FieldError:
    """What a record is about: the paper's one mark, one component, or each of them."""
    if not components:
        if written.component is not None:
            return FieldError("component_id", "no-components", "This paper has one mark, and no components.")
        return [None]
    if written.component is None:
        if _is_blank(written.score):
            return _each(components)
        names = ", ".join(each.name for each in components)
        return FieldError("score", "by-component", "This paper is marked by component: {names}.", {"names": names})
    found = [each for each in _each(components) if _uuid(each) == written.component]
    return found or FieldError("component_id", "unknown-component", "This paper has no such component.")


def _mark(exam: Exam, student: int, parts: Mapping[int, selectors.Part], standing: Standing, *, whole: bool) -> Mark:
    """The mark that was written, or that components come to: of those not written as they are, or nothing."""
    components = standing.components
    if not components:
        status, score = parts.get(0, selectors.NOTHING)
        return Mark(exam=exam, student_id=student, status=status, score=score, max_marks=exam.max_marks)
    earlier = standing.before.get(student)
    kept = {} if whole or earlier is None else earlier.parts
    there = {each.pk: parts.get(each.pk, kept.get(each.pk, selectors.NOTHING)) for each in components}
    status, score = selectors.total_of(exam, components, there)
    made = Mark(exam=exam, student_id=student, status=status, score=score, max_marks=exam.max_marks)
    made.parts = there
    return made


def _is_blank(score: Any) -> bool:
    return score is None or not str(score).strip()


def part_of(written: Any, status: str | None, most: Decimal) -> selectors.Part | FieldError:
    """What was written, a score or a status, of something with ``most`` marks; or why it cannot be."""
    blank = _is_blank(written)
    status = status or (Status.NOT_ENTERED if blank else Status.ENTERED)
    if status == Status.ENTERED:
        if blank:
            return FieldError("score", "score-missing", "A mark that is entered has a score; else choose a status.")
        score = selectors.read_score(written, most)
        return score if isinstance(score, FieldError) else (status, score)
    if not blank:
        facts = {"status": str(status)}
        return FieldError(
            "score", "score-with-status", "Who is {status} has no score: leave it empty, or choose entered.", facts
        )
    return status, None
