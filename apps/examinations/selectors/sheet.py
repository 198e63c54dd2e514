"""Marks as people read them: a whole paper for staff, and a student's published ones for their family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.attendance.selectors import LISTED
from apps.examinations.models import Exam, ExamComponent, GradeBand, GradingScale, Mark, MarkChange
from apps.examinations.selectors.components import cells_of, components_of, parts_of, told_of_components
from apps.examinations.selectors.entry import is_marking, paper_of
from apps.examinations.selectors.grading import Scale, band_of, moderated, scale_of, share
from apps.examinations.selectors.timetable import student_followed
from apps.students.models import FamilyItem
from schoolops import clock
from schoolops.tenancy.compiled import KEY, MOMENT, Compiled, Parameter, any_of
from schoolops.tenancy.prepared import Statement


def marks_sheet(paper: UUID, *, by: User) -> dict[str, Any]:
    """A paper's marks with every student who sits it, marked or not. As many statements for 60 students as for 5.

    A student who is marked and does not belong to the class that day any more has ``on_roster`` false.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown.
    """
    return sheet_of(paper_of(paper, "marks.view", by))


def sheet_of(exam: Exam) -> dict[str, Any]:
    """The same of a paper that is at hand, and may be seen."""
    scale = scales_of([exam.scale_id])[exam.scale_id]
    asked = {"homeroom": exam.section_id, "taught": exam.course_class_id, "day": exam.day, "exam": exam.pk}
    components = components_of(exam)
    parts = parts_of(exam) if components else {}
    records = []
    for row in map(SheetRow._make, _SHEET.rows(**asked)):
        person = dict(zip(PERSON, row, strict=False))
        by_component = cells_of(components, parts.get(row.student, {})) if components else ()
        records.append({**person, **result_of(row, exam, scale), "components": by_component})
    return {**head_of_marks(exam, components), "records": records}


class SheetRow(NamedTuple):
    """A student of a paper: whether they sit it, and what is entered of them, if anything."""

    student_id: UUID
    given_name: str
    middle_name: str
    family_name: str
    preferred_name: str
    admission_number: str
    roll_number: int | None
    on_roster: bool
    status: str | None
    score: Decimal | None
    student: int


PERSON = SheetRow._fields[:-3]
# Who sits a paper as ``sitting`` says it, and who is marked and does not: a test holds them to one another.
_SHEET = Statement(f"""
WITH there AS (
{LISTED}
    UNION ALL
    SELECT k.student_id, false, NULL FROM examinations_mark k WHERE k.exam_id = %(exam)s::bigint
), each_once AS (
    SELECT student_id, bool_or(listed) AS listed, max(roll_number) AS roll_number FROM there GROUP BY student_id
)
SELECT st.sourced_id, st.given_name, st.middle_name, st.family_name, st.preferred_name, st.admission_number,
       o.roll_number, o.listed AND st.merged_into_id IS NULL, k.status, k.score, st.id
  FROM each_once o JOIN students_student st ON st.id = o.student_id
  LEFT JOIN examinations_mark k ON k.exam_id = %(exam)s::bigint AND k.student_id = st.id
 WHERE k.id IS NOT NULL OR st.merged_into_id IS NULL
 ORDER BY COALESCE(o.roll_number, 10000), st.name_key, st.sourced_id
""")  # noqa: S608 - ours


def head_of_marks(exam: Exam, components: Sequence[ExamComponent] | None = None) -> dict[str, Any]:
    """A paper's marks without its records; ``components``: its own, where they are at hand."""
    taker = exam.marked_by
    reopened = exam.reopened_until
    return {
        "exam_id": exam.sourced_id,
        "version": exam.marks_version,
        "open": is_marking(exam),
        "reopened_until": reopened if reopened is not None and reopened > clock.now() else None,
        "max_marks": exam.max_marks,
        "pass_marks": exam.pass_marks,
        "factor": exam.factor,
        "shift": exam.shift,
        "components": told_of_components(components_of(exam) if components is None else components),
        "marked_by": {"id": taker.sourced_id, "name": str(taker)} if taker is not None else None,
        "marked_at": exam.marked_at,
    }


def scales_of(scales: Iterable[int]) -> dict[int, Scale]:
    """Scales by key. Two statements for any number."""
    keys = sorted(set(scales))
    bands: dict[int, list[GradeBand]] = {}
    for band in _BANDS.all(scales=keys):
        bands.setdefault(band.scale_id, []).append(band)
    return {row.pk: scale_of(row, bands.get(row.pk, ())) for row in _SCALES.all(scales=keys)}


_SCALES: Compiled[GradingScale] = Compiled(lambda: GradingScale.objects.filter(any_of("pk", "scales")))
_BANDS: Compiled[GradeBand] = Compiled(lambda: GradeBand.objects.filter(any_of("scale", "scales")))


class Marked(Protocol):
    """What is entered of a student; no status: nothing."""

    @property
    def status(self) -> str | None: ...
    @property
    def score(self) -> Decimal | None: ...


def result_of(mark: Marked | None, exam: Exam, scale: Scale) -> dict[str, Any]:
    """What a mark says, in figures and as a grade; nobody's is that it is not entered.

    ``score`` is what was entered, ``counted`` what counts of it once the paper is moderated.
    """
    if mark is None or mark.score is None:
        status = (mark.status if mark is not None else None) or Mark.Status.NOT_ENTERED
        return {"status": status, "score": None, "counted": None, "percent": None, "grade": None, "passed": None}
    counted = moderated(mark.score, exam.factor, exam.shift, exam.max_marks)
    graded = band_of(scale, share(counted, exam.max_marks))
    return {
        "status": mark.status,
        "score": mark.score,
        "counted": counted,
        "percent": graded.percent,
        "grade": graded.band.code,
        "passed": has_passed(counted, exam.pass_marks, passing=graded.band.passing),
    }


def has_passed(score: Decimal, pass_marks: Decimal | None, *, passing: bool) -> bool:
    """By the paper's own pass mark where it has one, else by the grade."""
    return passing if pass_marks is None else score >= pass_marks


def published(now: Any = None) -> Q:
    """Marks whose session's results are public by now, and that say something."""
    return Q(exam__session__results_published_at__lte=now or clock.now()) & ~Q(status=Mark.Status.NOT_ENTERED)


def marks_followed(student: UUID, *, by: User) -> list[dict[str, Any]]:
    """A student's published marks, whoever asks, by day. The same number of statements always.

    Raises:
        PermissionMissing, OutOfReach.
    """
    return marks_told(student_followed(student, FamilyItem.MARKS, by=by).pk)


_CHILD: Any = Parameter("child", KEY)
_MARKS: Compiled[Mark] = Compiled(
    lambda: (
        Mark.objects.filter(Q(student=_CHILD) | Q(student__merged_into=_CHILD), published(Parameter("now", MOMENT)))
        .select_related("exam__session", "exam__course")
        .order_by("exam__day", "exam__starts_at", "exam_id", "student__merged_into")
    )
)


def marks_told(child: int) -> list[dict[str, Any]]:
    """The same of a child (by key) of whom they may be seen."""
    rows = _MARKS.all(child=child, now=clock.now())
    if not rows:
        return []
    scales = scales_of(row.exam.scale_id for row in rows)
    # The kept record's comes after what was merged into it, and counts.
    by_exam = {row.exam_id: row for row in rows}
    return [
        {
            "exam_id": row.exam.sourced_id,
            "session_id": row.exam.session.sourced_id,
            "session": row.exam.session.name,
            "kind": row.exam.session.kind,
            "course_id": row.exam.course.sourced_id,
            "course": row.exam.course.title,
            "title": row.exam.title,
            "day": row.exam.day,
            "max_marks": row.exam.max_marks,
            "pass_marks": row.exam.pass_marks,
            **as_counted(result_of(row, row.exam, scales[row.exam.scale_id])),
        }
        for row in by_exam.values()
    ]


def as_counted(result: dict[str, Any]) -> dict[str, Any]:
    """A result of whoever is told what counts, and not what was entered."""
    return {**{name: said for name, said in result.items() if name != "counted"}, "score": result["counted"]}


def mark_changes(paper: UUID, *, by: User) -> QuerySet[MarkChange]:
    """The history of a paper's marks. Raises ``PermissionMissing``, ``OutOfReach``, ``PaperUnknown``."""
    return MarkChange.objects.filter(exam=paper_of(paper, "marks.view", by))


def marks_since(exam: Exam, version: int) -> dict[str, Any]:
    """Who changed a paper's marks after ``version``, when, and what: for whoever's page is older."""
    rows = (
        MarkChange.objects.filter(exam=exam, marks_version__gt=version)
        .order_by("id")
        .values("student__sourced_id", "before", "after", "at", "by__given_name", "by__family_name")
    )
    taker = exam.marked_by
    return {
        "changed_by": {"id": str(taker.sourced_id), "name": str(taker)} if taker is not None else None,
        "changed_at": exam.marked_at,
        "changes": [
            {
                "student_id": str(row["student__sourced_id"]),
                "before": row["before"],
                "after": row["after"],
                "by": f"{row['by__given_name'] or ''} {row['by__family_name'] or ''}".strip(),
                "at": row["at"],
            }
            for row in rows
        ],
    }
