"""What a paper is made of. Its mark is made of theirs as these are entered, and made anew when weights change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import ComponentsHaveMarks, ComponentsRefused, PaperChangedMeanwhile
from apps.examinations.events import MarksEntered
from apps.examinations.models import Exam, ExamComponent, Mark
from apps.examinations.services.marks import write_marks
from apps.examinations.services.papers import exam_for_update
from schoolops import events
from schoolops.audit import trail
from schoolops.errors import FieldError
from schoolops.folding import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What is said of a component; ``weight`` ``None``: its marks, so that the mark is the plain sum's share."""

    name: str
    max_marks: Decimal
    weight: Decimal | None = None
    id: UUID | None = None

    def row(self, exam: Exam, position: int, known: Mapping[UUID, ExamComponent]) -> ExamComponent:
        """The row, not saved; of one that there is, with its keys."""
        weight = self.max_marks if self.weight is None else self.weight
        made = ExamComponent(exam=exam, name=self.name, position=position, max_marks=self.max_marks, weight=weight)
        if self.id is not None:
            made.pk, made.sourced_id = known[self.id].pk, self.id
        return made


@transaction.atomic
def set_components(
    *,
    paper: UUID,
    components: Sequence[Component],
    absent: str | None = None,
    expected_version: int | None,
    by: User,
) -> Exam:
    """Say of what a paper is made, in order; of nothing: it has one mark. As many statements for 12 as for 2.

    Once something is entered of it, which components there are and their marks stay; names, weights and what an
    absence does may change, and every mark is made anew.

    Args:
        absent: what an absence in one component does; ``None``: as it is, of a paper that had one mark as the school's
            policy says.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, ResultsArePublished,
        PaperChangedMeanwhile, ComponentsRefused (naming each), ComponentsHaveMarks.
    """
    exam = exam_for_update(paper, by)
    if expected_version is not None and exam.version != expected_version:
        raise PaperChangedMeanwhile(version=exam.version)
    present = {each.sourced_id: each for each in exam.components.all()}
    if refused := list(_wrong(components, present)):
        raise ComponentsRefused(errors=refused)
    rows = [each.row(exam, number, present) for number, each in enumerate(components)]
    counts = absent or (exam.parts_absent if exam.parts else selectors.result_policy().absent)
    before = _told(present.values(), exam.parts_absent if exam.parts else None)
    after = _told(rows, counts if rows else None)
    if before == after:
        return exam
    if _structure(present.values()) != _structure(rows):
        if Mark.objects.filter(exam=exam).exists():
            raise ComponentsHaveMarks
        exam.components.exclude(pk__in=[row.pk for row in rows if row.pk]).delete()
    kept = [row for row in rows if row.pk]
    # Names may change places, and each stands once.
    ExamComponent.objects.filter(pk__in=[row.pk for row in kept]).update(name=Cast("sourced_id", CharField()))
    ExamComponent.objects.bulk_update(kept, ["name", "position", "max_marks", "weight"])
    ExamComponent.objects.bulk_create([row for row in rows if not row.pk])
    exam.parts, exam.parts_absent, exam.version = len(rows), counts, exam.version + 1
    exam.save(update_fields=["parts", "parts_absent", "version"])
    trail.record(by, "examinations.components-set", exam, before=before, after=after)
    _total_anew(exam, by)
    return exam


def _total_anew(exam: Exam, by: User) -> None:
    """Make every mark of a paper of its components'. Its history says what it was."""
    components, parts = selectors.components_of(exam), selectors.parts_of(exam)
    pairs = {}
    for mark in Mark.objects.filter(exam=exam, student__in=parts):
        mark.parts = parts[mark.student_id]
        status, score = selectors.total_of(exam, components, mark.parts)
        if (status, score) != (mark.status, mark.score):
            made = Mark(exam=exam, student_id=mark.student_id, status=status, score=score, max_marks=exam.max_marks)
            made.parts = mark.parts
            pairs[mark.student_id] = mark, made
    if pairs:
        exam.marks_version += 1
        exam.save(update_fields=["marks_version"])
        write_marks(exam, pairs, components=components, by=by)
        events.publish(MarksEntered(exam.session_id))


def _structure(rows: Iterable[ExamComponent]) -> set[tuple[Any, ...]]:
    return {(row.pk, row.max_marks) for row in rows}


def _told(rows: Iterable[ExamComponent], absent: str | None) -> dict[str, Any]:
    return {
        "components": [f"{row.name}: {row.max_marks.normalize():f}, × {row.weight.normalize():f}" for row in rows],
        "absent": absent,
    }


def _wrong(components: Sequence[Component], present: Mapping[UUID, ExamComponent]) -> Iterable[FieldError]:
    names: set[str] = set()
    ids: set[UUID] = set()
    if len(components) == 1:
        yield FieldError("components", "one-alone", "A paper is made of two components or more, or of none.")
    for number, said in enumerate(components):
        where = f"components.{number}"
        if fold(said.name) in names:
            yield FieldError(f"{where}.name", "named-twice", "Each component has a name of its own.")
        names.add(fold(said.name))
        if said.id is not None and (said.id not in present or said.id in ids):
            yield FieldError(f"{where}.id", "unknown", "This paper has no such component, or it is named twice.")
        ids |= {said.id} if said.id is not None else set()
        if said.max_marks <= 0:
            yield FieldError(f"{where}.max_marks", "no-marks", "A component has more than 0 marks.")
        if said.weight is not None and said.weight <= 0:
            yield FieldError(f"{where}.weight", "no-weight", "A component weighs more than 0.")
