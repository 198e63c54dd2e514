"""What a card of a child who is nobody says: to look at a layout before it is kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from apps.examinations import selectors as exams
from apps.examinations.models import Exam, ExamSession, Gradebook, GradingScale, Mark, SessionResult
from apps.institutions.models import AcademicYear, Course, GradeLevel, Institution, Section, Term
from apps.reports.models import CardLayout
from apps.reports.selectors.cards import COUNTED, Facts, card_of
from apps.students.models import Student

SCORES, MOST = (Decimal(87), Decimal("61.5"), None), Decimal(100)
DAYS = dict(zip(COUNTED, (60, 3, 2, 1, 4), strict=True))
TERM_LASTS = dt.timedelta(days=90)


def sample_card(layout: CardLayout, level: GradeLevel | None, *, day: dt.date) -> dict[str, Any]:
    """What ``layout`` makes of a child of a grade level (of none: of the first) with three marks, one of them absent.

    Of the school are the first campus, its name and logo, and the first grading scale.
    """
    campus = Institution.objects.order_by("pk").first() or Institution(name=_("School"))
    grade = level or GradeLevel.objects.order_by("position").first() or GradeLevel(name="")
    scale = GradingScale.objects.filter(retired=False).order_by("name", "pk").first()
    with translation.override(layout.language):
        year = AcademicYear(institution=campus, name=str(day.year))
        term, ahead = (
            Term(year=year, name=f"{_('Term')} {number}", starts_on=starts, ends_on=starts + TERM_LASTS)
            for number, starts in ((1, day), (2, day + TERM_LASTS))
        )
        session = ExamSession(name=_("Exam session"), term=term)
        section = Section(grade_level=grade, year=year, institution=campus, name="A")
        child = Student(given_name=_("Student"), family_name="1", admission_number="1001")
        sat: list[tuple[Exam, Mark | None]] = []
        for number, score in enumerate(SCORES, start=1):
            paper = Exam(course=Course(pk=number, title=f"{_('Subject')} {number}"), scale=scale, max_marks=MOST)
            status = Mark.Status.ENTERED if score is not None else Mark.Status.ABSENT
            sat.append((paper, Mark(status=status, score=score)))
        total, out_of = sum((score for score in SCORES if score), Decimal(0)), MOST * 2
        result = SessionResult(
            session=session, student=child, section=section, total=total, out_of=out_of,
            percent=(total / out_of * 100).quantize(Decimal("0.01")), complete=True, rank=1, ranked=1,
        )  # fmt: skip
        facts = Facts(session, section, layout, ahead)
        scales = exams.scales_of([scale.pk]) if scale is not None else {}
        paper, share = sat[0][0], Fraction(82)
        terms = [exams.CourseResult(term, paper.course, Gradebook(), (paper,), share, Fraction(87), share)]
        # Who is not kept has no key.
        days: Any = {None: DAYS}
        return card_of(facts, result, sat if scales else [], scales, days, ({}, {}), terms=terms if scales else ())
