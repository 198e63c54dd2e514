"""Who cannot be erased yet: a child on the books, and who is responsible for one."""

from __future__ import annotations

from django.db.models import F, Model, Q

from apps.institutions.selectors import school_today
from apps.students.models import Enrolment, Guardian, Student
from schoolops.privacy import stays


@stays
def is_on_the_books(person: Model) -> str:
    """An enrolment of the student, or of a child of the guardian, that has not ended."""
    if isinstance(person, Student):
        mine = Q(student=person)
    elif isinstance(person, Guardian):
        mine = Q(student__guardian_links__guardian=person)
    else:
        return ""
    ended = Q(exited_on__lte=school_today()) | Q(exited_on__lte=F("entered_on"))
    over = Q(exited_on__isnull=True, year_ends_on__lt=school_today())
    if not Enrolment.objects.filter(mine).exclude(ended | over).exists():
        return ""
    return "the student is enrolled" if isinstance(person, Student) else "a child of theirs is enrolled"
