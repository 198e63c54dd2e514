"""What the pages of exams show beside what the app tells everybody."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.access import services as access
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import Exam, ExamSession, Mark, SessionResult
from apps.institutions.models import CourseClass, Section
from apps.office.shell.fields import apart

MOST_SESSIONS = 12
DECILES = 10


def session_seen(key: UUID, *, by: User) -> ExamSession:
    """A session that ``by`` sees, with its term and campus. Raises ``PermissionMissing``, ``SessionUnknown``."""
    rows: QuerySet[ExamSession] = selectors.sessions_seen(by=by).select_related("term__year__institution")
    found = rows.filter(sourced_id=key).first()
    if found is None:
        raise SessionUnknown
    return found


def titled(exam: Exam) -> str:
    """A paper by its course, its title and who sits it."""
    return f"{apart(selectors.name_of(exam))} – {apart(selectors.group_of(exam))}"


def latest_sessions(*, by: User) -> list[ExamSession]:
    """The sessions that ``by`` sees and that are not cancelled, those of the latest terms first."""
    rows = selectors.sessions_seen(by=by).exclude(state=ExamSession.State.CANCELLED).select_related("term__year")
    return list(rows.order_by("-term__starts_on", "-pk")[:MOST_SESSIONS])


def may(exam: Exam, permission: str, by: User) -> bool:
    """Whether ``by`` holds ``permission`` over this very paper."""
    if permission not in permissions_of(by):
        return False
    return Exam.objects.filter(selectors.papers_in_reach(by, permission), pk=exam.pk).exists()


def sections_to_remark(session: ExamSession, *, by: User) -> list[Section]:
    """The sections with papers of a session of whose students ``by`` may say something as their class teacher."""
    if "remarks.write" not in permissions_of(by):
        return []
    reach = access.within_reach(by, "remarks.write", "section", at_work=True)
    there = Exam.objects.filter(session=session, section__isnull=False).values("section")
    rows = Section.objects.filter(reach, pk__in=there).select_related("grade_level")
    return list(rows.order_by("grade_level__position", "name", "pk"))


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper on the timetable. ``twice``: others at the same time, each with how many students sit both."""

    exam: Exam
    group: str
    invigilators: str
    students: int
    marked: int
    marks_seen: bool
    twice: Sequence[tuple[str, int]]


def timetable_of(session: ExamSession, *, by: User) -> list[tuple[dt.date, list[Paper]]]:
    """A session's papers in reach by day, each with how many sit it and how many are marked. Eight statements at most.

    Raises:
        PermissionMissing.
    """
    exams = list(
        selectors.papers_seen(by=by)
        .filter(session=session)
        .select_related("section__grade_level", "course_class", "course")
        .order_by("day", "starts_at", "course__title", "pk")
    )
    keys = [exam.pk for exam in exams]
    numbers = selectors.numbers_of(keys)
    readable = set(
        Exam.objects.filter(selectors.papers_in_reach(by, "marks.view"), pk__in=keys).values_list("pk", flat=True)
        if "marks.view" in permissions_of(by)
        else ()
    )
    people = selectors.invigilators_of(keys)
    known = {exam.pk: f"{selectors.name_of(exam)} ({selectors.group_of(exam)})" for exam in exams}
    twice: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for one, other, number in selectors.doubly_booked(session.pk):
        for here, there in ((one, other), (other, one)):
            # Of a paper out of reach nothing is told but that it is there.
            twice[here].append((known.get(there, "–"), number))
    days: dict[dt.date, list[Paper]] = defaultdict(list)
    for exam in exams:
        days[exam.day].append(
            Paper(
                exam,
                selectors.group_of(exam),
                ", ".join(each["name"] for each in people.get(exam.pk, ())),
                numbers[exam.pk].sitting,
                numbers[exam.pk].marked,
                exam.pk in readable,
                twice[exam.pk],
            )
        )
    return list(days.items())


def groups_of(session: ExamSession) -> tuple[list[Section], list[CourseClass]]:
    """Who can sit a paper of a session: the sections and classes of its year."""
    year = session.term.year
    sections = Section.objects.filter(year=year).select_related("grade_level").order_by("grade_level__position", "name")
    classes = CourseClass.objects.filter(year=year).select_related("course").order_by("title", "pk")
    return list(sections), list(classes)


@dataclass(frozen=True, slots=True)
class PaperResult:
    """How a paper went. Exact where nothing is rounded: ``mean`` of the percentages, and ``passed`` of ``entered``."""

    name: str
    group: str
    entered: int
    mean: Decimal | None
    passed: int
    absent: int
    components: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A session's results in reach: ``deciles`` counts percentages of [0, 10) … [90, 100]."""

    results: list[SessionResult]
    deciles: list[int]
    mean: Decimal | None
    sections: list[tuple[str, int, Decimal]]
    papers: list[PaperResult]


def outcome_of(session: ExamSession, *, by: User) -> Outcome:
    """What a session came to, of the sections in reach. As many statements for 200 students as for 20.

    Raises:
        PermissionMissing, SessionUnknown.
    """
    results = list(
        selectors.results_seen(session.sourced_id, by=by)
        .select_related("student", "section__grade_level")
        .order_by("section__grade_level__position", "section__name", "student__name_key", "student_id")
    )
    shares = [row.percent for row in results if row.percent is not None]
    deciles = [0] * DECILES
    by_section: dict[str, list[Decimal]] = defaultdict(list)
    for row in results:
        if row.percent is not None:
            deciles[min(int(row.percent // DECILES), DECILES - 1)] += 1
            by_section[str(row.section or "–")].append(row.percent)
    return Outcome(
        results,
        deciles,
        _mean(shares),
        [(name, len(there), _mean(there) or Decimal(0)) for name, there in by_section.items()],
        _papers(session, by),
    )


def _mean(shares: Sequence[Decimal]) -> Decimal | None:
    if not shares:
        return None
    return selectors.rounded(Fraction(sum(shares)) / len(shares), selectors.PERCENT_PLACES)


def _papers(session: ExamSession, by: User) -> list[PaperResult]:
    exams = list(
        Exam.objects.filter(selectors.papers_in_reach(by, "marks.view"), session=session)
        .select_related("section__grade_level", "course_class", "course")
        .order_by("course__title", "title", "day", "pk")
    )
    scales = selectors.scales_of(exam.scale_id for exam in exams)
    marks: dict[int, list[Mark]] = defaultdict(list)
    for mark in Mark.objects.filter(exam__in=exams):
        marks[mark.exam_id].append(mark)
    parts = selectors.outcomes_of(exams)
    return [_paper(exam, marks[exam.pk], scales[exam.scale_id], parts.get(exam.pk, ())) for exam in exams]


def _paper(
    exam: Exam, marks: Sequence[Mark], scale: selectors.Scale, components: Sequence[Mapping[str, Any]]
) -> PaperResult:
    shown: list[dict[str, Any]] = [selectors.result_of(mark, exam, scale) for mark in marks]
    entered = [each for each in shown if each["score"] is not None]
    mean = None
    if entered:
        whole = sum((Fraction(each["counted"]) for each in entered), Fraction(0))
        mean = selectors.rounded(whole / Fraction(exam.max_marks) / len(entered) * 100, selectors.PERCENT_PLACES)
    return PaperResult(
        selectors.name_of(exam),
        selectors.group_of(exam),
        len(entered),
        mean,
        sum(bool(each["passed"]) for each in entered),
        sum(each["status"] == Mark.Status.ABSENT for each in shown),
        components,
    )
