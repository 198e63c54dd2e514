"""Remarks as whoever writes them reads them, and as they stand on a card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import Exam, ExamSession, Remark, RemarkPhrase
from apps.examinations.selectors.entry import paper_of, sitting
from apps.institutions.models import Section
from apps.institutions.selectors import today_at
from apps.students.models import SectionMembership, Student


def session_of_section(session: UUID, section: Section) -> ExamSession:
    """A session of a section's year, whoever asks. Raises ``SessionUnknown``."""
    rows = ExamSession.objects.filter(sourced_id=session, term__year=section.year_id)
    found: ExamSession | None = rows.select_related("term__year__institution").first()
    if found is None:
        raise SessionUnknown
    return found


def section_called(key: UUID) -> Section:
    """A section by its public id, wherever it is; who may, is asked of it. Raises ``OutOfReach`` where it is none."""
    found: Section | None = (
        Section.objects.select_related("grade_level", "year__institution").filter(sourced_id=key).first()
    )
    if found is None:
        raise OutOfReach
    return found


def in_section(session: ExamSession, section: Section) -> Q:
    """The students of a section on the day of a session's last paper, or today where it has none, as a ``Q``."""
    days = Exam.objects.filter(session=session).order_by("-day").values_list("day", flat=True)
    day = days.first() or today_at(session.term.year.institution)
    members = SectionMembership.objects.filter(section=section).on(day)
    return Q(pk__in=members.values("student"), merged_into__isnull=True)


def remarks_of(paper: UUID, *, by: User) -> list[dict[str, Any]]:
    """Who sits a paper, each with what is said of them about its course. Raises as ``paper_of``."""
    exam = paper_of(paper, "remarks.write", by)
    return _told(exam.session, exam.course_id, Student.objects.filter(sitting(exam)))


def class_remarks_of(session: UUID, section: Section, *, by: User) -> list[dict[str, Any]]:
    """The students of a section, each with what their class teacher says of them.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown.
    """
    access.require_row(by, "remarks.write", "section", section, at_work=True)
    found = session_of_section(session, section)
    return _told(found, None, Student.objects.filter(in_section(found, section)))


def _told(session: ExamSession, course: int | None, students: QuerySet[Student]) -> list[dict[str, Any]]:
    people = list(students.order_by("name_key", "pk"))
    rows = Remark.objects.filter(session=session, course=course, student__in=[each.pk for each in people])
    there = {row.student_id: row for row in rows.select_related("by")}
    return [
        {
            "student_id": each.sourced_id,
            "given_name": each.given_name,
            "family_name": each.family_name,
            "admission_number": each.admission_number,
            "text": row.text if (row := there.get(each.pk)) is not None else "",
            "by": str(row.by) if row is not None else None,
            "at": row.at if row is not None else None,
        }
        for each in people
    ]


def remarks_for_cards(
    session: ExamSession, students: Collection[int]
) -> tuple[dict[int, dict[int, str]], dict[int, str]]:
    """(student → course → what is said, student → what their class teacher says); what was merged is theirs.

    One statement.
    """
    theirs = Q(student__in=students) | Q(student__merged_into__in=students)
    by_course: dict[int, dict[int, str]] = defaultdict(dict)
    by_class: dict[int, str] = {}
    rows = Remark.objects.filter(theirs, session=session).exclude(text="").select_related("student")
    # The kept record's comes last, and counts.
    for row in rows.order_by("student__merged_into", "pk"):
        student = row.student.merged_into_id or row.student_id
        if row.course_id is None:
            by_class[student] = row.text
        else:
            by_course[student][row.course_id] = row.text
    return by_course, by_class


def phrases(*, by: User) -> QuerySet[RemarkPhrase]:
    """The school's bank of phrases, for who uses it and who fills it. Raises ``PermissionMissing``."""
    access.require(by, access.held(by, "remarks.write", "exams.configure", "remarks.write"))
    return RemarkPhrase.objects.order_by("pk")
