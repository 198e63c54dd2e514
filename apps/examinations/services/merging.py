"""What of examinations goes along when two records of one child become one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from apps.examinations import selectors
from apps.examinations.models import (
    AssessmentMark,
    ComponentMark,
    Exam,
    ExamComponent,
    ExamSession,
    Gradebook,
    Mark,
    MarkChange,
)
from apps.examinations.selectors import sat_by
from apps.examinations.services.gradebooks import told_of
from apps.examinations.services.marks import told
from apps.students.models import Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved
from schoolops import clock


@moves_on_merge("marks", of=Mark)
def move_marks(duplicate: Student, kept: Student) -> Moved:
    """Marks move, with what they are made of, but those of papers the duplicate still sits or the kept record has too.

    What stays is read beside the kept record's, which counts where both have one.
    """
    theirs = Mark.objects.filter(student=duplicate)
    # Whoever enters marks of these papers, or computes their results, comes before or after. Sessions before papers, as
    # where results are computed: two who wait for each other would cost the office its merge.
    sessions = ExamSession.objects.filter(pk__in=theirs.values("exam__session"))
    list(sessions.select_for_update(no_key=True).order_by("pk"))
    list(Exam.objects.select_for_update(no_key=True).filter(pk__in=theirs.values("exam")).order_by("pk"))
    sits = Exam.objects.filter(sat_by(Student.objects.filter(pk=duplicate.pk)), pk=OuterRef("exam"))
    had = Mark.objects.filter(student=kept, exam=OuterRef("exam"))
    moving = list(theirs.exclude(Exists(sits) | Exists(had)).select_related("exam"))
    parts: dict[int, list[ExamComponent]] = {}
    for mark in moving:
        if mark.exam.parts:
            parts[mark.exam_id] = selectors.components_of(mark.exam)
            mark.parts = selectors.parts_of(mark.exam).get(duplicate.pk, {})
    Mark.objects.filter(pk__in=[mark.pk for mark in moving]).update(student=kept)
    ComponentMark.objects.filter(student=duplicate, component__exam__in=list(parts)).update(student=kept)
    MarkChange.objects.bulk_create(
        MarkChange(
            exam=mark.exam,
            student=student,
            marks_version=mark.exam.marks_version,
            before=told(mark, parts.get(mark.exam_id, ())) if student == duplicate else None,
            after=told(mark, parts.get(mark.exam_id, ())) if student == kept else None,
            at=clock.now(),
        )
        for mark in moving
        for student in (duplicate, kept)
    )
    return Moved(len(moving), theirs.count())


@moves_on_merge("assessment-marks", of=AssessmentMark)
def move_assessment_marks(duplicate: Student, kept: Student) -> Moved:
    """Marks of gradebooks move but those of assessments the kept record has a mark of, which counts."""
    theirs = AssessmentMark.objects.filter(student=duplicate)
    books = Gradebook.objects.filter(assessments__marks__student=duplicate).values("pk")
    list(Gradebook.objects.select_for_update(no_key=True).filter(pk__in=books).order_by("pk"))
    # A mark that was taken back is none.
    AssessmentMark.objects.filter(
        student=kept, status=Mark.Status.NOT_ENTERED, assessment__in=theirs.values("assessment")
    ).delete()
    had = AssessmentMark.objects.filter(student=kept, assessment=OuterRef("assessment"))
    moving = list(theirs.exclude(Exists(had)).select_related("assessment__gradebook"))
    AssessmentMark.objects.filter(pk__in=[mark.pk for mark in moving]).update(student=kept)
    MarkChange.objects.bulk_create(
        MarkChange(
            gradebook=mark.assessment.gradebook,
            assessment=mark.assessment.sourced_id,
            student=student,
            marks_version=mark.assessment.gradebook.marks_version,
            before=told_of(mark.assessment, (mark.status, mark.score)) if student == duplicate else None,
            after=told_of(mark.assessment, (mark.status, mark.score)) if student == kept else None,
            at=clock.now(),
        )
        for mark in moving
        for student in (duplicate, kept)
    )
    return Moved(len(moving), theirs.count())
