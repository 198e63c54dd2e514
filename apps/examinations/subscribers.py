"""What follows for papers when what is taught changes, and for results when papers or marks do."""

from __future__ import annotations

from apps.examinations import services, tasks
from apps.examinations.events import MarksEntered, MarksMissing, ModerationBegun, PapersChanged, ResultsDue
from apps.institutions.events import ClassSectionChanged
from apps.students.events import ClassRostersChanged, StudentsMerged, StudentsMoved, StudentWithdrawn
from schoolops.events import Followed, subscribe

RESULTS = "exam-results"


def _compute(session: int) -> Followed:
    return Followed(RESULTS, 1, tasks.compute_results.enqueue(session=session).job_id)


@subscribe(ClassSectionChanged)
def let_papers_ahead_be_of_the_new_section(event: ClassSectionChanged) -> None:
    services.follow_class(course_class=event.course_class_id)


@subscribe(ResultsDue)
def compute_them_from_the_start(event: ResultsDue) -> Followed:
    return _compute(event.session_id)


@subscribe(MarksEntered)
def compute_those_of_whom_was_marked(event: MarksEntered) -> Followed | None:
    return _compute(event.session_id) if services.follow_marks(event.session_id) else None


@subscribe(PapersChanged)
def compute_everybodys_anew(event: PapersChanged) -> Followed | None:
    return _compute(event.session_id) if services.follow_papers(event.session_id) else None


@subscribe(ModerationBegun)
def compute_them_for_whoever_moderates(event: ModerationBegun) -> None:
    services.begin_results(event.session_id)


@subscribe(StudentsMoved)
def count_the_papers_of_their_new_sections(event: StudentsMoved) -> None:
    services.follow_students(event.student_ids, since=event.since)


@subscribe(StudentWithdrawn)
def count_no_paper_after_the_last_day(event: StudentWithdrawn) -> None:
    services.follow_students((event.student_id,), since=event.on)


@subscribe(ClassRostersChanged)
def count_the_papers_of_a_class_for_those_in_it(event: ClassRostersChanged) -> None:
    services.follow_students(event.student_ids)


@subscribe(StudentsMerged)
def let_the_child_have_one_result(event: StudentsMerged) -> None:
    services.follow_students((event.kept_id, event.duplicate_id))


@subscribe(MarksMissing)
def remind_whoever_marks_them(event: MarksMissing) -> None:
    tasks.mail_marking_reminder.enqueue(user_id=event.user_id, exams=list(event.exam_ids))
