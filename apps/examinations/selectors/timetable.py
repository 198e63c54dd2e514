"""Which exam sessions and papers somebody sees: staff those in reach, a student's family what is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import Exam, ExamSession, Invigilation
from apps.institutions.models import CourseClass, Section
from apps.students.models import ClassEnrolment, FamilyItem, SectionMembership, Student
from apps.students.selectors import student_shown
from schoolops import clock
from schoolops.tenancy.compiled import Compiled, any_of


def papers_in_reach(by: User, permission: str) -> Q:
    """Papers over which ``by`` holds ``permission``: of a section or class of theirs.

    Whoever teaches a section has all of its papers; whoever teaches it in one course has those of that course. A family
    has none: a paper is of everybody who sits it.

    Raises:
        PermissionMissing.
    """
    return _papers_of(
        access.within_reach(by, permission, "section", at_work=True),
        access.within_reach(by, permission, "class", at_work=True),
    )


@dataclass(frozen=True, slots=True)
class AskedPapers:
    """The same for a compiled statement: the condition, what it depends on, and the values of its parameters."""

    shape: Hashable
    rows: Callable[[], Q]
    values: Mapping[str, Any]


def asked_papers(by: User, permission: str) -> AskedPapers | None:
    """``papers_in_reach`` compiled; ``None``, where that must be asked. Raises ``PermissionMissing``."""
    access.require(by, permission)
    sections = access_rows.asked_reach(by, permission, "section", at_work=True)
    classes = access_rows.asked_reach(by, permission, "class", at_work=True)
    if sections is None or classes is None:
        return None
    return AskedPapers(
        (sections.shape, classes.shape),
        lambda: _papers_of(sections.rows(), classes.rows()),
        # By the same roles, so a name means the same in both.
        {**sections.values, **classes.values},
    )


def _papers_of(sections: Q, classes: Q) -> Q:
    if sections == Q() and classes == Q():
        return Q()
    taught = CourseClass.objects.filter(classes)
    in_course = taught.filter(section=OuterRef("section"), course=OuterRef("course"))
    return (
        Q(section__in=Section.objects.filter(sections).values("pk"))
        | Q(course_class__in=taught.values("pk"))
        | Q(Exists(in_course), course_class__isnull=True)
    )


def papers_seen(*, by: User, permission: str = "exams.view") -> QuerySet[Exam]:
    """The papers ``by`` sees whether they are published or not. Raises ``PermissionMissing``."""
    return Exam.objects.filter(papers_in_reach(by, permission))


def sessions_seen(*, by: User, permission: str = "exams.view") -> QuerySet[ExamSession]:
    """The sessions ``by`` sees: of a campus all, else those with a paper in reach. Raises ``PermissionMissing``."""
    papers = papers_in_reach(by, permission)
    at = access_rows.institutions_of(by, permission)
    if at is None:
        return ExamSession.objects.all()
    theirs = Exam.objects.filter(papers).values("session")
    return ExamSession.objects.filter(Q(term__year__institution__in=at) | Q(pk__in=theirs))


def session_marked(session: UUID, *, by: User) -> ExamSession:
    """A session with a paper that ``by`` may mark. Raises ``PermissionMissing``, ``SessionUnknown``."""
    theirs = Exam.objects.filter(papers_in_reach(by, "marks.enter")).values("session")
    rows = ExamSession.objects.filter(sourced_id=session, pk__in=theirs).select_related("term__year__institution")
    found: ExamSession | None = rows.first()
    if found is None:
        raise SessionUnknown
    return found


def group_of(exam: Exam) -> str:
    """The class or section that sits a paper, in words."""
    return exam.course_class.title if exam.course_class is not None else str(exam.section)


def name_of(exam: Exam) -> str:
    """Course and title."""
    return " ".join(each for each in (exam.course.title, exam.title) if each)


def state_now() -> Combinable:
    """The state that people see, as ``ExamSession.state_at`` says it."""
    return Case(
        When(results_published_at__lte=clock.now(), then=Value(ExamSession.State.PUBLISHED)),
        default=F("state"),
        output_field=CharField(),
    )


def sat_by(students: QuerySet[Student]) -> Q:
    """The papers that any of ``students`` sits: who is in its section or class on its day."""
    there = {"student__in": students.values("pk")}
    members = SectionMembership.objects.filter(**there).on(OuterRef("day"))
    taught = ClassEnrolment.objects.filter(**there).on(OuterRef("day"))
    return Q(Exists(members.filter(section=OuterRef("section")))) | Q(
        Exists(taught.filter(course_class=OuterRef("course_class")))
    )


def student_followed(student: UUID, item: FamilyItem, *, by: User) -> Student:
    """A student of whom ``by`` may see this, once it is published. Raises ``PermissionMissing``, ``OutOfReach``."""
    return student_shown(student, item, "exams.follow", by=by)


def exams_followed(student: UUID, *, by: User) -> QuerySet[Exam]:
    """The papers of a student whose timetable is published by now, whoever asks.

    Raises:
        PermissionMissing, OutOfReach.
    """
    child = student_followed(student, FamilyItem.EXAMS, by=by)
    records = Student.objects.filter(Q(pk=child.pk) | Q(merged_into=child.pk))
    return Exam.objects.filter(sat_by(records), session__timetable_published_at__lte=clock.now())


def invigilators_of(papers: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Paper (by key) → who invigilates it, ``{"id", "name"}`` by name. One query."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _INVIGILATE.all(papers=list(papers)):
        found[row.exam_id].append({"id": row.staff.sourced_id, "name": row.staff.full_name})
    return found


_INVIGILATE: Compiled[Invigilation] = Compiled(
    lambda: (
        Invigilation.objects.filter(any_of("exam", "papers"))
        .select_related("staff")
        .order_by("staff__name_key", "staff_id")
    )
)


# Who is in two papers of a session at one time: of a class and their section, or of two classes. The database keeps a
# section and a class to one paper, not a child who is in several.
_DOUBLY_BOOKED = """
WITH sits AS (
    SELECT e.id AS exam_id, e.day, e.starts_at, e.ends_at, m.student_id
      FROM examinations_exam e
      JOIN students_sectionmembership m ON m.section_id = e.section_id AND m.starts_on <= e.day
       AND (m.ends_on IS NULL OR m.ends_on > e.day)
     WHERE e.session_id = %(session)s AND e.standing
    UNION
    SELECT e.id, e.day, e.starts_at, e.ends_at, t.student_id
      FROM examinations_exam e
      JOIN students_classenrolment t ON t.course_class_id = e.course_class_id AND t.starts_on <= e.day
       AND (t.ends_on IS NULL OR t.ends_on > e.day)
     WHERE e.session_id = %(session)s AND e.standing
)
SELECT a.exam_id, b.exam_id, count(DISTINCT a.student_id)
  FROM sits a
  JOIN sits b ON b.student_id = a.student_id AND b.day = a.day AND b.exam_id > a.exam_id
   AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
 GROUP BY 1, 2 ORDER BY 1, 2
"""


def doubly_booked(session: int) -> list[tuple[int, int, int]]:
    """Pairs of a session's papers (by key) at one time, with how many students sit both. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLY_BOOKED, {"session": session})
        return [(one, other, number) for one, other, number in cursor.fetchall()]
