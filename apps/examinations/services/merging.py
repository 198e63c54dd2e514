"""What of examinations goes along when two records of one child become one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from apps.examinations.models import Exam, ExamSession, Mark, MarkChange
from apps.examinations.selectors import sat_by
from apps.examinations.services.marks import told
from apps.students.models import Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved
from schoolops import clock


@moves_on_merge("marks", of=Mark)
def move_marks(duplicate: Student, kept: Student) -> Moved:
    """Marks move but those of papers the duplicate still sits, and those the kept record has one of.

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
    Mark.objects.filter(pk__in=[mark.pk for mark in moving]).update(student=kept)
    MarkChange.objects.bulk_create(
        MarkChange(
            exam=mark.exam,
            student=student,
            marks_version=mark.exam.marks_version,
            before=told(mark) if student == duplicate else None,
            after=told(mark) if student == kept else None,
            at=clock.now(),
        )
        for mark in moving
        for student in (duplicate, kept)
    )
    return Moved(len(moving), theirs.count())
