"""Gradebooks: what is assessed, what is entered of it, and from when on families read what that comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import (
    AssessmentHasMarks,
    GradebookChangedMeanwhile,
    GradebookMarksChangedMeanwhile,
    GradebookRefused,
    GradebookThere,
    MarksNotLocked,
    MarksRefused,
)
from apps.examinations.models import Assessment, AssessmentCategory, AssessmentMark, Gradebook, Mark, MarkChange
from apps.examinations.services.marks import part_of, reopening_ends
from apps.institutions.models import Course, CourseClass, Section, Term
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import Student
from schoolops import clock
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.folding import fold

Resit = Assessment.Resit


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySaid:
    """What is said of a category."""

    name: str
    weight: Decimal = Decimal(1)
    drop_lowest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentSaid:
    """What is said of an assessment; its category, and what it is a re-sit of, by name."""

    name: str
    category: str
    max_marks: Decimal
    weight: Decimal = Decimal(1)
    day: dt.date | None = None
    extra: bool = False
    resit_of: str = ""
    resit: str = ""
    cap: Decimal | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What was written in one cell; ``at``: where it stood in what was sent."""

    student_id: UUID
    assessment_id: UUID
    score: Any = None
    status: str | None = None
    at: str = ""


@transaction.atomic
def open_gradebook(
    *,
    term: Term,
    section: Section | None = None,
    course_class: CourseClass | None = None,
    course: Course | None = None,
    by: User,
) -> Gradebook:
    """Begin the gradebook of a section in a course, or of a class, in a term.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, GradebookRefused (it is of another year or campus), GradebookThere.
    """
    access.require(by, "marks.enter")
    year = term.year
    refuse_closed(year)
    if course_class is not None:
        section, course = course_class.section, course_class.course
    group: Any = course_class if course_class is not None else section
    if group is None or course is None or group.year_id != year.pk or course.institution_id != year.institution_id:
        why = "A gradebook is of a section in a course, or of a class, of the term's year."
        raise GradebookRefused(errors=[FieldError("section_id", "section-or-class", why)])
    made = Gradebook(term=term, section=section, course_class=course_class, course=course)
    with explains({"gradebook_once": GradebookThere}):
        made.save(force_insert=True)
    # The rows in reach are asked for as they stand, so the one that is not is taken back with all else.
    selectors.gradebook_of(made.sourced_id, "marks.enter", by)
    trail.record(by, "examinations.gradebook-opened", made)
    return made


@transaction.atomic
def set_gradebook(
    *,
    gradebook: UUID,
    categories: Sequence[CategorySaid],
    assessments: Sequence[AssessmentSaid],
    expected_version: int | None,
    by: User,
) -> Gradebook:
    """Say what is assessed, in order; an assessment of which something is entered stays, with its marks. As many
    statements for 60 assessments as for 5.

    Raises:
        PermissionMissing, OutOfReach, GradebookUnknown, YearIsClosed, GradebookLocked, PostingClosed (that is over),
        GradebookChangedMeanwhile, GradebookRefused (naming each), AssessmentHasMarks.
    """
    book = _held(gradebook, "marks.enter", by)
    selectors.must_be_open(book, entering=False)
    if expected_version is not None and book.version != expected_version:
        raise GradebookChangedMeanwhile(version=book.version)
    present = {each.sourced_id: each for each in book.assessments.all()}
    if refused := list(_wrong(categories, assessments, present)):
        raise GradebookRefused(errors=refused)
    before = _told(book)
    _keep_what_has_marks(assessments, present)
    # Names may change places, and each stands once; what is sat again may go, and its re-sit stay.
    book.assessments.update(name=Cast("sourced_id", CharField()), resit_of=None, resit="", cap=None)
    leaving = book.assessments.exclude(sourced_id__in=[said.id for said in assessments if said.id])
    AssessmentMark.objects.filter(assessment__in=leaving.values("pk")).delete()
    leaving.delete()
    groups = _write_categories(book, categories)
    _write_assessments(book, assessments, present, groups)
    book.categories.exclude(pk__in=[row.pk for row in groups.values()]).delete()
    book.version += 1
    book.save(update_fields=["version"])
    trail.record(by, "examinations.gradebook-set", book, before=before, after=_told(book))
    return book


def _write_categories(book: Gradebook, categories: Sequence[CategorySaid]) -> dict[str, AssessmentCategory]:
    """Those that are said, by name; others stay for now."""
    known = {fold(each.name): each for each in book.categories.all()}
    groups: dict[str, AssessmentCategory] = {}
    for number, each in enumerate(categories):
        row = known.get(fold(each.name)) or AssessmentCategory(gradebook=book)
        row.name, row.position, row.weight, row.drop_lowest = each.name, number, each.weight, each.drop_lowest
        groups[fold(each.name)] = row
    kept, new = [row for row in groups.values() if row.pk], [row for row in groups.values() if not row.pk]
    AssessmentCategory.objects.bulk_update(kept, ["name", "position", "weight", "drop_lowest"])
    AssessmentCategory.objects.bulk_create(new)
    return groups


PLAIN = ("name", "max_marks", "weight", "day", "extra")


def _write_assessments(
    book: Gradebook,
    assessments: Sequence[AssessmentSaid],
    present: Mapping[UUID, Assessment],
    groups: Mapping[str, AssessmentCategory],
) -> None:
    rows: dict[str, Assessment] = {}
    for number, said in enumerate(assessments):
        made = present[said.id] if said.id is not None else Assessment(gradebook=book)
        made.category, made.position = groups[fold(said.category)], number
        for name in PLAIN:
            setattr(made, name, getattr(said, name))
        made.resit_of, made.resit, made.cap = None, "", None
        rows[fold(said.name)] = made
    Assessment.objects.bulk_create([row for row in rows.values() if not row.pk])
    for said in assessments:
        if said.resit_of:
            made = rows[fold(said.name)]
            made.resit_of, made.resit, made.cap = rows[fold(said.resit_of)], said.resit, said.cap
    Assessment.objects.bulk_update(rows.values(), ["category", "position", *PLAIN, "resit_of", "resit", "cap"])


def _keep_what_has_marks(assessments: Sequence[AssessmentSaid], present: Mapping[UUID, Assessment]) -> None:
    kept = {said.id: said for said in assessments if said.id is not None}
    # A mark that was taken back is none; what it was stays in the history.
    there = AssessmentMark.objects.filter(assessment__in=[row.pk for row in present.values()])
    marked = set(
        there.exclude(status=Mark.Status.NOT_ENTERED).values_list("assessment__sourced_id", flat=True).distinct()
    )
    for key in marked:
        said = kept.get(key)
        if said is None or said.max_marks != present[key].max_marks:
            raise AssessmentHasMarks(name=present[key].name)


def _wrong(
    categories: Sequence[CategorySaid], assessments: Sequence[AssessmentSaid], present: Mapping[UUID, Assessment]
) -> Iterable[FieldError]:
    groups = [fold(each.name) for each in categories]
    for number, category in enumerate(categories):
        where = f"categories.{number}"
        if groups.index(fold(category.name)) != number:
            yield FieldError(f"{where}.name", "named-twice", "Each category has a name of its own.")
        if category.weight <= 0:
            yield FieldError(f"{where}.weight", "no-weight", "A category weighs more than 0.")
    names = [fold(each.name) for each in assessments]
    of = {fold(each.name): each for each in assessments}
    ids: set[UUID] = set()
    for number, said in enumerate(assessments):
        where = f"assessments.{number}"
        if names.index(fold(said.name)) != number:
            yield FieldError(f"{where}.name", "named-twice", "Each assessment has a name of its own.")
        if said.id is not None and (said.id not in present or said.id in ids):
            yield FieldError(f"{where}.id", "unknown", "This gradebook has no such assessment, or it is named twice.")
        ids |= {said.id} if said.id is not None else set()
        if fold(said.category) not in groups:
            yield FieldError(f"{where}.category", "unknown", "There is no category of that name.")
        if said.max_marks <= 0 or said.weight <= 0:
            yield FieldError(f"{where}.max_marks", "counts-nothing", "An assessment has marks and a weight above 0.")
        yield from _wrong_resit(where, said, of)


def _wrong_resit(where: str, said: AssessmentSaid, of: Mapping[str, AssessmentSaid]) -> Iterable[FieldError]:
    if not said.resit_of:
        if said.resit or said.cap is not None:
            yield FieldError(f"{where}.resit_of", "resit-of-nothing", "Say of which assessment it is a re-sit.")
        return
    first = of.get(fold(said.resit_of))
    if first is None or first is said or first.resit_of or first.extra or said.extra:
        yield FieldError(
            f"{where}.resit_of", "no-first", "A re-sit is of another assessment, neither extra nor a re-sit itself."
        )
    elif fold(first.category) != fold(said.category):
        yield FieldError(f"{where}.category", "of-another-category", "A re-sit is in the category of the first.")
    if said.resit not in Resit.values:
        yield FieldError(f"{where}.resit", "says-not-how", "It replaces, is capped or is averaged.")
    if (said.resit == Resit.CAPPED) != (said.cap is not None) or (said.cap is not None and not 0 < said.cap <= 100):
        yield FieldError(f"{where}.cap", "no-cap", "A capped re-sit, and no other, says at how many per cent.")


@transaction.atomic
def enter_assessments(*, gradebook: UUID, typed: Sequence[Typed], seen_version: int, by: User) -> Gradebook:
    """Enter cells of a gradebook; others stay as they are. As many statements for 60 students as for 5.

    Args:
        seen_version: the version of the marks beside which they were written.

    Raises:
        PermissionMissing, OutOfReach, GradebookUnknown, YearIsClosed, GradebookLocked, PostingClosed, MarksRefused
        (naming each record), GradebookMarksChangedMeanwhile (a cell of these is another one since, or there is no such
        version yet).
    """
    book = _held(gradebook, "marks.enter", by)
    selectors.must_be_open(book)
    assessments = {each.sourced_id: each for each in book.assessments.all()}
    people = {each.sourced_id: each for each in selectors.students_in_book(book)}
    rows = AssessmentMark.objects.filter(assessment__in=[each.pk for each in assessments.values()])
    present = {(row.student_id, row.assessment_id): row for row in rows}
    before = {key: (row.status, row.score) for key, row in present.items()}
    read = _read(typed, assessments, people)
    changed = {key: part for key, part in read.items() if before.get(key, selectors.NOTHING) != part}
    newer = any(present[key].marks_version > seen_version for key in changed.keys() & present.keys())
    if newer or seen_version > book.marks_version:
        raise GradebookMarksChangedMeanwhile(version=book.marks_version)
    if not changed:
        return book
    book.marks_version += 1
    most = {each.pk: each.max_marks for each in assessments.values()}
    AssessmentMark.objects.bulk_create(
        [
            AssessmentMark(
                student_id=student,
                assessment_id=key,
                status=status,
                score=score,
                max_marks=most[key],
                marks_version=book.marks_version,
            )
            for (student, key), (status, score) in changed.items()
        ],
        update_conflicts=True,
        unique_fields=["student", "assessment"],
        update_fields=["status", "score", "marks_version"],
    )
    book.save(update_fields=["marks_version"])
    names = {each.pk: each for each in assessments.values()}
    MarkChange.objects.bulk_create(
        MarkChange(
            gradebook=book,
            assessment=names[key].sourced_id,
            student_id=student,
            marks_version=book.marks_version,
            before=told_of(names[key], before.get((student, key))),
            after=told_of(names[key], part),
            by=by,
            at=clock.now(),
        )
        for (student, key), part in changed.items()
    )
    told = {"version": book.marks_version, "changed": len(changed)}
    trail.record(by, "examinations.assessments-entered", book, after=told)
    return book


def told_of(assessment: Assessment, part: selectors.Part | None) -> dict[str, Any] | None:
    """What is entered in an assessment, as history keeps it: by the name it has at that moment."""
    if part is None:
        return None
    status, score = part
    said = {"assessment": assessment.name, "status": str(status)}
    return said if score is None else {**said, "score": str(score)}


@transaction.atomic
def reopen_gradebook(*, gradebook: UUID, reason: str, lasting: dt.timedelta, by: User) -> Gradebook:
    """Let a gradebook change for a while, whatever closed it but the year. Closes itself again.

    Raises:
        PermissionMissing, OutOfReach, GradebookUnknown, YearIsClosed, MarksNotLocked, MarksReopeningTooLong.
    """
    book = _held(gradebook, "marks.reopen", by)
    if selectors.is_open(book):
        raise MarksNotLocked
    book.reopened_until, book.reopened_reason = reopening_ends(lasting), reason
    book.save(update_fields=["reopened_until", "reopened_reason"])
    told = {"until": book.reopened_until, "published_at": book.published_at}
    trail.record(by, "examinations.gradebook-reopened", book, after=told, reason=reason)
    return book


Key = tuple[int, int]


def _read(
    typed: Sequence[Typed], assessments: Mapping[UUID, Assessment], people: Mapping[UUID, Student]
) -> dict[Key, selectors.Part]:
    read: dict[Key, selectors.Part] = {}
    refused: list[FieldError] = []
    for number, each in enumerate(typed):
        where = each.at or f"records.{number}"
        student, assessment = people.get(each.student_id), assessments.get(each.assessment_id)
        if student is None:
            refused.append(
                FieldError(f"{where}.student_id", "not-in-the-class", "This student is not in the class in this term.")
            )
        elif assessment is None:
            refused.append(FieldError(f"{where}.assessment_id", "unknown", "This gradebook has no such assessment."))
        elif (student.pk, assessment.pk) in read:
            facts = {"student": student.full_name}
            refused.append(FieldError(f"{where}.student_id", "named-twice", "{student} is marked twice here.", facts))
        else:
            part = part_of(each.score, each.status, assessment.max_marks)
            if isinstance(part, FieldError):
                refused.append(FieldError(f"{where}.{part.field}", part.code, part.message, part.facts))
                part = selectors.NOTHING
            read[student.pk, assessment.pk] = part
    if refused:
        raise MarksRefused(errors=refused)
    return read


@transaction.atomic
def publish_gradebook(
    *, gradebook: UUID, published_at: dt.datetime | None, expected_version: int | None, by: User
) -> Gradebook:
    """Let families read it from a moment on, by the policy of now; ``None``: not any more.

    Raises:
        PermissionMissing, OutOfReach, GradebookUnknown, YearIsClosed, GradebookChangedMeanwhile.
    """
    book = _held(gradebook, "exams.publish", by)
    if expected_version is not None and book.version != expected_version:
        raise GradebookChangedMeanwhile(version=book.version)
    before = {"published_at": book.published_at}
    policy = selectors.result_policy() if published_at is not None else None
    book.published_at, book.version = published_at, book.version + 1
    book.policy = policy if policy is not None and policy.version else None
    book.save(update_fields=["published_at", "policy", "version"])
    trail.record(by, "examinations.gradebook-published", book, before=before, after={"published_at": published_at})
    return book


def _held(gradebook: UUID, permission: str, by: User) -> Gradebook:
    book = selectors.gradebook_of(gradebook, permission, by, for_update=True)
    refuse_closed(book.term.year)
    return book


def _told(book: Gradebook) -> dict[str, Any]:
    return {
        "categories": [f"{each.name}: × {each.weight}, drops {each.drop_lowest}" for each in book.categories.all()],
        "assessments": [
            " ".join(
                filter(
                    None,
                    (
                        f"{each.name}: {each.max_marks}, × {each.weight}",
                        "+" if each.extra else "",
                        f"{each.resit} {each.resit_of}" if each.resit_of else "",
                    ),
                )
            )
            for each in book.assessments.select_related("resit_of")
        ],
    }
