"""Results of a session: what its marks make of each student, by the policy it was computed under.

Whatever the order in which marks, corrections and papers came, the same marks make the same results.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import ResultPolicyChangedMeanwhile
from apps.examinations.events import PapersChanged, ResultsDue
from apps.examinations.models import Exam, ExamSession, Mark, MarkChange, ResultPolicy, SessionResult
from apps.examinations.services.sessions import session_for_update
from apps.institutions.models import Section
from apps.students.models import SectionMembership, Student
from schoolops import events, queues
from schoolops.audit import trail
from schoolops.constraints import explains

Counts, Ranks, Status = ResultPolicy.Counts, ResultPolicy.Ranks, Mark.Status
PERCENT_PLACES = 2
SAID = ("section_id", "total", "out_of", "percent", "complete")


@dataclass(frozen=True, slots=True)
class Sat:
    """A paper that a student sat or should have: its marks, and what was entered, of a score what counts."""

    max_marks: Decimal
    status: str
    score: Decimal | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What papers come to; ``percent`` is exact."""

    total: Decimal
    out_of: Decimal
    percent: Fraction | None
    complete: bool


def tally(papers: Iterable[Sat], policy: ResultPolicy) -> Tally:
    """A student's papers added up. Exempt leaves the denominator, and so does what is not entered yet."""
    total = out_of = Decimal(0)
    complete = True
    for paper in papers:
        counts = {
            Status.ENTERED: True,
            Status.ABSENT: policy.absent == Counts.ZERO,
            Status.MALPRACTICE: policy.malpractice == Counts.ZERO,
        }.get(Status(paper.status), False)
        complete &= paper.status != Status.NOT_ENTERED
        if counts:
            total += paper.score or 0
            out_of += paper.max_marks
    percent = Fraction(total) / Fraction(out_of) * 100 if out_of else None
    return Tally(total, out_of, percent, complete)


def ranks_of(percents: Mapping[int, Decimal], kind: str) -> dict[int, int]:
    """The rank of each key, the highest first; who shows the same percentage has the same rank.

    Dense: 1, 2, 2, 3. Competition: 1, 2, 2, 4. None: nobody has one.
    """
    if kind == Ranks.NONE:
        return {}
    ordered = sorted(percents.values(), reverse=True)
    places = {percent: place for place, percent in enumerate(dict.fromkeys(ordered), start=1)}
    if kind == Ranks.COMPETITION:
        places = {percent: ordered.index(percent) + 1 for percent in places}
    return {key: places[percent] for key, percent in percents.items()}


@transaction.atomic
def set_result_policy(*, values: Mapping[str, Any], expected_version: int | None, by: User) -> ResultPolicy:
    """Make a new version of how results are made; sessions keep theirs until they are computed anew.

    Raises:
        PermissionMissing, OutOfReach, ResultPolicyChangedMeanwhile.
    """
    access.require_everywhere(by, "exams.configure")
    current = selectors.result_policy()
    if expected_version is not None and current.version != expected_version:
        raise ResultPolicyChangedMeanwhile(version=current.version)
    before, after = trail.changed(current, values)
    if not after:
        return current
    kept = {name: getattr(current, name) for name in selectors.POLICY}
    policy = ResultPolicy(**{**kept, **values}, version=current.version + 1)
    with explains(
        {"examinations_resultpolicy_version_key": lambda: ResultPolicyChangedMeanwhile(version=current.version + 1)}
    ):
        policy.save(force_insert=True)
    trail.record(by, "examinations.result-policy-set", policy, before=before, after=after)
    return policy


@transaction.atomic
def ask_for_results(*, session: UUID, by: User) -> ExamSession:
    """Let a session's results be computed anew by a job, all of them, by the policy of now.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled.
    """
    found = session_for_update(session, "exams.manage", by)
    trail.record(by, "examinations.results-asked", found)
    make_results_due(found)
    return found


def make_results_due(session: ExamSession) -> None:
    """Have a session that is held computed from the start, by the policy of now."""
    policy = selectors.result_policy()
    # The defaults are no row.
    session.results_policy = policy if policy.version else None
    session.results_through = 0
    session.save(update_fields=["results_policy", "results_through"])
    events.publish(ResultsDue(session.pk))


def begin_results(session: int) -> None:
    """Have a session computed that never was."""
    found = ExamSession.objects.select_for_update(no_key=True).filter(pk=session, results_through__isnull=True).first()
    if found is not None:
        make_results_due(found)


def follow_students(students: Sequence[int], *, since: dt.date = dt.date.min) -> None:
    """Have the sessions computed anew, with a paper on ``since`` or later, that any of ``students`` sits or has sat."""
    had = SessionResult.objects.filter(session=OuterRef("session"), student__in=students)
    theirs = Q(Exists(had)) | selectors.sat_by(Student.objects.filter(pk__in=students))
    there = Exam.objects.filter(theirs, day__gte=since, session__results_through__isnull=False)
    for session in sorted(set(there.values_list("session", flat=True))):
        events.publish(PapersChanged(session))


def follow_marks(session: int) -> bool:
    """Whether a session has results that must follow its marks."""
    return ExamSession.objects.filter(pk=session, results_through__isnull=False).exists()


def follow_papers(session: int) -> bool:
    """The same of its papers, which change everybody's: they are computed from the start."""
    return bool(ExamSession.objects.filter(pk=session, results_through__isnull=False).update(results_through=0))


# Who sits which paper as of its day, and what was entered; of two records of one child the kept one's mark counts.
# A mark that was taken back is none.
_SAT = """
WITH sits AS (
    SELECT e.id AS exam_id, m.student_id
      FROM examinations_exam e
      JOIN students_sectionmembership m ON m.section_id = e.section_id
      JOIN institutions_section g ON g.id = e.section_id JOIN institutions_academicyear y ON y.id = g.year_id
     WHERE e.session_id = %(session)s::bigint AND m.starts_on <= e.day
       AND (m.ends_on > e.day OR (m.ends_on IS NULL AND y.ends_on >= e.day))
    UNION
    SELECT e.id, t.student_id
      FROM examinations_exam e
      JOIN students_classenrolment t ON t.course_class_id = e.course_class_id
      JOIN institutions_courseclass k ON k.id = e.course_class_id JOIN institutions_academicyear y ON y.id = k.year_id
     WHERE e.session_id = %(session)s::bigint AND t.starts_on <= e.day
       AND (t.ends_on > e.day OR (t.ends_on IS NULL AND y.ends_on >= e.day))
    UNION
    SELECT k.exam_id, k.student_id
      FROM examinations_mark k JOIN examinations_exam e ON e.id = k.exam_id
     WHERE e.session_id = %(session)s::bigint AND k.status <> 'not-entered'
)
SELECT DISTINCT ON (s.exam_id, COALESCE(st.merged_into_id, st.id))
       COALESCE(st.merged_into_id, st.id), e.max_marks, COALESCE(k.status, 'not-entered'), k.score, e.factor, e.shift
  FROM sits s
  JOIN examinations_exam e ON e.id = s.exam_id
  JOIN students_student st ON st.id = s.student_id
  LEFT JOIN examinations_mark k
    ON k.exam_id = s.exam_id AND k.student_id = s.student_id AND k.status <> 'not-entered'
 WHERE %(students)s::bigint[] IS NULL OR COALESCE(st.merged_into_id, st.id) = ANY(%(students)s::bigint[])
 ORDER BY s.exam_id, COALESCE(st.merged_into_id, st.id), k.id IS NULL, st.merged_into_id IS NOT NULL, st.id
"""


def compute_results(session: int) -> dict[str, int]:
    """Make a session's results what its marks say: of the students whose marks changed since, or of all.

    How many students were looked at, and how many results are others now. A few statements for any number of students;
    nobody enters marks of the session meanwhile.
    """
    with queues.finishing():
        found = ExamSession.objects.select_for_update(no_key=True).select_related(None).filter(pk=session).first()
        if found is None or found.results_through is None:
            return {"students": 0, "changed": 0}
        exams = list(Exam.objects.select_for_update(no_key=True).filter(session=found).order_by("pk"))
        policy = found.results_policy or ResultPolicy(version=0)
        changes = MarkChange.objects.filter(exam__in=exams)
        through = changes.aggregate(last=Max("id"))["last"] or 0
        students = None if found.results_through == 0 else _changed_since(changes, found.results_through)
        counted = _compute(found, exams, policy, students)
        found.results_through = through
        found.save(update_fields=["results_through"])
    return counted


def _changed_since(changes: Any, through: int) -> list[int]:
    rows = changes.filter(id__gt=through).values_list("student", "student__merged_into").distinct()
    return sorted({into or student for student, into in rows})


def _compute(
    session: ExamSession, exams: Sequence[Exam], policy: ResultPolicy, students: list[int] | None
) -> dict[str, int]:
    papers: dict[int, list[Sat]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SAT, {"session": session.pk, "students": students})
        for student, max_marks, status, score, factor, shift in cursor.fetchall():
            counted = None if score is None else selectors.moderated(score, factor, shift, max_marks)
            papers[student].append(Sat(max_marks, status, counted))
    sections = _sections_of(papers, exams)
    known = {row.student_id: row for row in SessionResult.objects.filter(session=session)}
    touched = known if students is None else {each: known[each] for each in students if each in known}
    SessionResult.objects.filter(pk__in=[row.pk for key, row in touched.items() if key not in papers]).delete()
    changed = []
    for student, sat in papers.items():
        made = _result(session, student, sections.get(student), tally(sat, policy))
        earlier = known.get(student)
        if earlier is None or any(getattr(earlier, name) != getattr(made, name) for name in SAID):
            changed.append(made)
    SessionResult.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["session", "student"], update_fields=list(SAID)
    )
    _rank(session, policy)
    return {"students": len(papers), "changed": len(changed)}


def _result(session: ExamSession, student: int, section: int | None, made: Tally) -> SessionResult:
    percent = None if made.percent is None else selectors.rounded(made.percent, PERCENT_PLACES)
    return SessionResult(
        session=session,
        student_id=student,
        section_id=section,
        total=made.total,
        out_of=made.out_of,
        percent=percent,
        complete=made.complete,
    )


def _sections_of(students: Iterable[int], exams: Sequence[Exam]) -> dict[int, int]:
    """Whose section is which on the day of the session's last paper."""
    last = max((exam.day for exam in exams), default=None)
    if last is None:
        return {}
    members = SectionMembership.objects.filter(student__in=list(students)).on(last)
    return dict(members.order_by("starts_on", "pk").values_list("student", "section"))


def _rank(session: ExamSession, policy: ResultPolicy) -> None:
    rows = list(SessionResult.objects.filter(session=session))
    groups: dict[Any, dict[int, Decimal]] = defaultdict(dict)
    levels: dict[int, int] = {}
    if policy.ranked_within == ResultPolicy.Within.GRADE_LEVEL:
        there = {row.section_id for row in rows if row.section_id is not None}
        levels = dict(Section.objects.filter(pk__in=there).values_list("pk", "grade_level"))
    for row in rows:
        if row.percent is not None and row.complete and row.section_id is not None:
            groups[levels.get(row.section_id, row.section_id)][row.pk] = row.percent
    ranked = {
        key: (rank, len(group)) for group in groups.values() for key, rank in ranks_of(group, policy.ranks).items()
    }
    changed = []
    for row in rows:
        rank = ranked.get(row.pk, (None, None))
        if (row.rank, row.ranked) != rank:
            row.rank, row.ranked = rank
            changed.append(row)
    SessionResult.objects.bulk_update(changed, ["rank", "ranked"], batch_size=1000)
