"""A family as one: a student, who is responsible for them, and the other children of these."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from apps.access import services as access
from apps.accounts.models import User
from apps.students.models import Guardian, SectionMembership, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to


@dataclass(slots=True)
class Child:
    """A child of a family. ``section``: where they are on the day; ``guardians``: what each shared one is to them."""

    student: Student
    section: str = ""
    guardians: dict[int, StudentGuardian] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """``children``: the student first, then the others by name. ``guardians``: those of the student."""

    children: list[Child]
    guardians: list[Guardian]


def family_of(student: Student, *, by: User, day: dt.date) -> Family:
    """The family of a student in reach, as far as its children are in reach and its guardians shown. Three queries.

    Raises:
        PermissionMissing.
    """
    shown = contacts_shown_to(by, day)
    own = StudentGuardian.objects.filter(shown, student=student).select_related("guardian")
    guardians = [link.guardian for link in own.order_by("contact_priority", "pk").defer("restriction_note")]
    reached = Student.objects.filter(access.within_reach(by, "guardians.view", "student", day=day), merged_into=None)
    links = (
        StudentGuardian.objects.filter(shown, guardian__in=[each.pk for each in guardians], student__in=reached)
        .select_related("student")
        .defer("restriction_note")
        .order_by("student__name_key", "student_id", "pk")
    )
    children = {student.pk: Child(student)}
    for link in links:
        children.setdefault(link.student_id, Child(link.student)).guardians[link.guardian_id] = link
    there = SectionMembership.objects.on(day).filter(student__in=list(children))
    for membership in there.select_related("section__grade_level"):
        children[membership.student_id].section = str(membership.section)
    return Family(list(children.values()), guardians)
