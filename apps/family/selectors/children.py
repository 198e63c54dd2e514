"""Whose family somebody is, and what the school shows them of whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.permissions import FAMILY, GUARDIAN, STUDENT
from apps.accounts.models import User
from apps.institutions.selectors import today_at
from apps.students import selectors as students
from apps.students.models import FamilyItem, SectionMembership, Student
from schoolops.tenancy.compiled import DAY, KEY, Compiled, Parameter, any_of, by_shape

# What a role must allow, so that an item is there.
PERMISSIONS: Mapping[str, str] = {
    FamilyItem.ATTENDANCE: "attendance.view",
    FamilyItem.TIMETABLE: "sections.view",
    FamilyItem.EXAMS: "exams.follow",
    FamilyItem.MARKS: "exams.follow",
    FamilyItem.CARDS: "exams.follow",
    FamilyItem.BILLS: "fees.follow",
    FamilyItem.LEAVE: "leave.request",
    FamilyItem.TRAIL: "students.view",
}
# Of guardians alone, whatever a school lets its students' role do.
GUARDIANS_ONLY = frozenset({FamilyItem.BILLS, FamilyItem.LEAVE, FamilyItem.TRAIL})


@dataclass(frozen=True, slots=True)
class Child:
    """A student as their family meets them on ``today``, the day at their campus; ``items`` are open to who asks."""

    student: Student
    section: str
    today: dt.date
    items: frozenset[str]
    oneself: bool

    @property
    def name(self) -> str:
        return self.student.preferred_name or self.student.given_name

    @property
    def shown(self) -> list[FamilyItem]:
        """The items, in order."""
        return [item for item in FamilyItem if item in self.items]


def children_of(by: User) -> list[Child]:
    """Who is ``by``'s child or ``by`` themselves, by name. The same number of statements for any number of them."""
    held = [role for role in access_rows.roles_held(by) if role.scope in FAMILY]
    held = [role for role in held if "students.view" in role.permissions]
    if not held:
        return []
    at: dict[str, set[int | None]] = {}
    for role in held:
        at.setdefault(role.scope, set()).add(role.institution_id)
    scopes = tuple(sorted((scope, None not in places) for scope, places in at.items()))
    limits = {f"at-{scope}": at[scope] for scope, limited in scopes if limited}
    asked: Compiled[Any] = by_shape(("family.children", scopes), lambda: _rows(scopes))
    rows = asked.all(user=by.pk, day=access.today(by), **limits)
    todays = {row.pk: today_at(row.institution) for row in rows}
    sections: dict[int, list[str]] = {}
    for each in _MEMBERS.all(students=list(todays)) if rows else ():
        if each.holds(todays[each.student_id]):
            sections.setdefault(each.student_id, []).append(str(each.section))
    found = []
    for row in rows:
        oneself = row.user_id == by.pk
        allowed = frozenset().union(
            *(
                role.permissions
                for role in held
                if (role.scope == STUDENT) == oneself and role.institution_id in {None, row.institution_id}
            )
        )
        shut = GUARDIANS_ONLY.union(row.shut or ()) if oneself else frozenset(row.shut or ())
        items = frozenset(item for item, code in PERMISSIONS.items() if code in allowed and item not in shut)
        found.append(Child(row, ", ".join(sections.get(row.pk, ())), todays[row.pk], items, oneself))
    return found


def _rows(scopes: tuple[tuple[str, bool], ...]) -> QuerySet[Any, Student]:
    """Whom a guardian's role, a student's or both reach; where it is ``limited``, at some campuses only."""
    user, day = cast(Any, Parameter("user", KEY)), cast(Any, Parameter("day", DAY))
    reach = Q(pk__in=[])
    for scope, limited in scopes:
        mine = students.children_of(user, day) if scope == GUARDIAN else students.oneself(user, day)
        reach |= mine & Q(any_of("institution", f"at-{scope}")) if limited else mine
    found = Student.objects.filter(reach).annotate(shut=students.closed_column(day)).select_related("institution")
    ordered: QuerySet[Any, Student] = found.order_by("name_key", "pk")
    return ordered


_MEMBERS: Compiled[SectionMembership] = Compiled(
    lambda: (
        SectionMembership.objects.filter(any_of("student", "students"))
        .select_related("section__grade_level", "section__year")
        .order_by("-enrolment__primary", "pk")
    )
)


def child_of(by: User, student: UUID, item: str = "") -> Child:
    """Their child, or they themselves, of whom ``item`` is open to them.

    Raises:
        PermissionMissing; OutOfReach: theirs, and open, is no such student.
    """
    access.require(by, PERMISSIONS[item] if item else "students.view")
    for each in children_of(by):
        if each.student.sourced_id == student and (not item or item in each.items):
            return each
    raise OutOfReach
