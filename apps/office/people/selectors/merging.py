"""Two records of one child: which may be, and what each of them says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.accounts.models import User
from apps.students.models import Enrolment, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to, matching, students_like

SHOWN = 10


def may_be_one_child(student: Student, words: str, *, by: User, day: dt.date) -> list[Student]:
    """Other records that ``by`` may merge with this: those found by ``words``, else those that look alike."""
    reach = access.within_reach(by, "students.merge", "student", day=day)
    if words:
        rows = Student.objects.kept().filter(reach, matching(words))
    else:
        alike = students_like(
            given=student.given_name, family=student.family_name, birth_date=student.birth_date, by=by, day=day
        )
        rows = Student.objects.kept().filter(reach, pk__in=[each.pk for each in alike])
    return list(rows.exclude(pk=student.pk).select_related("institution").order_by("name_key", "pk")[:SHOWN])


def compared(kept: Student, other: Student, *, by: User, day: dt.date) -> Sequence[tuple[str, str, str, bool]]:
    """(what, what the kept record says, what the other says, whether they differ) for ``by``. Four queries."""
    shown = contacts_shown_to(by, day)
    lines = [
        (title, one, two)
        for title, one, two in (
            (_("Name"), kept.full_name, other.full_name),
            (_("Campus"), kept.institution.name, other.institution.name),
            (_("Admission number"), kept.admission_number, other.admission_number),
            (_("Born on"), _day(kept.birth_date), _day(other.birth_date)),
            (_("Phone"), kept.phone, other.phone),
            (_("Enrolled"), _enrolments(kept), _enrolments(other)),
            (_("Guardians"), _guardians(kept, shown), _guardians(other, shown)),
        )
    ]
    return [(title, one or "–", two or "–", one != two) for title, one, two in lines]


def _day(day: dt.date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


def _enrolments(student: Student) -> str:
    rows = Enrolment.objects.filter(student=student).select_related("year", "grade_level").order_by("-entered_on")
    return ", ".join(f"{each.year.name} {each.grade_level.name}" for each in rows)


def _guardians(student: Student, shown: Q) -> str:
    # One that is withheld from the reader is not counted out to them either.
    return str(StudentGuardian.objects.filter(shown, student=student).count())
