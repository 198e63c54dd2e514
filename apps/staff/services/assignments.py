"""Who teaches which section or class, from which day to which: one rule, one place, for one and for many."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CourseClass, Section
from apps.institutions.selectors import today_at
from apps.staff import errors
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services.members import MANAGE, Result, in_order, locked
from schoolops import clock
from schoolops.audit import bulk, trail
from schoolops.constraints import Explanation, explains
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.holders import who

ONE_DAY = dt.timedelta(days=1)
GROUPS = ("section", "course_class")
Group = Section | CourseClass


def group_of(section: Section | None, course_class: CourseClass | None) -> Group:
    """The one of the two that was said. Raises ``SectionOrClass``."""
    if section is not None and course_class is None:
        return section
    if course_class is not None and section is None:
        return course_class
    raise errors.SectionOrClass


def require_both(by: User, member: StaffMember, group: Group) -> None:
    """Nothing, when ``by`` manages staff where the person works and where the group is.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, MANAGE, member.institution)
    access.require_at(by, MANAGE, group.institution)


def refuse_outside(group: Group, member: StaffMember, starts_on: dt.date, ends_on: dt.date | None) -> None:
    """Nothing, when ``[starts_on, ends_on)`` is in the group's year and ``member`` works here all that time.

    Without ``ends_on``, until the year is over.

    Raises:
        YearIsClosed, NotInYear, NotEmployed.
    """
    year: AcademicYear = group.year
    if year.state == AcademicYear.State.CLOSED:
        raise YearIsClosed(year=year.name)
    ends_on = ends_on or year.ends_on + ONE_DAY
    if not year.contains(starts_on) or ends_on > year.ends_on + ONE_DAY:
        raise errors.NotInYear(year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
    if (member.starts_on is not None and starts_on < member.starts_on) or (
        member.ends_on is not None and (ends_on > member.ends_on or starts_on >= member.ends_on)
    ):
        raise errors.NotEmployed(name=member.full_name)


@dataclass(frozen=True, slots=True)
class Teaching:
    """Somebody teaches a section or class from ``starts_on``: to before ``ends_on``, or until the year is over.

    Or until they leave, where that day is known and nothing else is said.
    """

    staff: StaffMember
    group: Group
    starts_on: dt.date
    ends_on: dt.date | None = None
    kind: str = TeachingAssignment.Kind.TEACHER


@dataclass(frozen=True, slots=True)
class AssignmentChange:
    """The kind of an assignment, or the day it ends, is to be another."""

    assignment: TeachingAssignment
    fields: Mapping[str, Any]


Wish = Teaching | AssignmentChange


class _Books:
    """Who teaches what, as each wish is looked at as if those before it were done."""

    def __init__(self, wishes: Sequence[Wish], members: Mapping[int, StaffMember], *, hold: bool, by: User) -> None:
        access.require(by, MANAGE)
        self.members, self.at = members, access_rows.institutions_of(by, MANAGE)
        rows = TeachingAssignment.objects.filter(staff__in=members).order_by("pk")
        rows = rows.select_related(*(f"{group}__{of}" for group in GROUPS for of in ("institution", "year")))
        self.rows: dict[int, TeachingAssignment] = {}
        self.there: defaultdict[tuple[int, int], list[TeachingAssignment]] = defaultdict(list)
        for row in rows.select_for_update(of=("self",)) if hold else rows:
            row.staff = members[row.staff_id]
            self.rows[row.pk] = row
            self.there[self._place(row.staff_id, row.group)].append(row)

    @staticmethod
    def _place(member: int, group: Group) -> tuple[int, int]:
        # Sections and classes count apart.
        return (member, 2 * who(group) + isinstance(group, Section))

    def consider(self, wish: Wish) -> tuple[TeachingAssignment, Mapping[str, Any], Mapping[str, Any]]:
        """The row as it is to be, and what of it was and is. Raises why it cannot be, and then nothing changed."""
        return self._begin(wish) if isinstance(wish, Teaching) else self._change(wish)

    def _may(self, member: StaffMember, group: Group) -> None:
        # What a file is yet to bring has no key; who may is asked of its campus when it is there.
        places = {member.institution_id, group.institution_id} - {None}
        if self.at is not None and not places <= set(self.at):
            access.refuse(MANAGE, "institution", OutOfReach())

    def _begin(self, wish: Teaching) -> tuple[TeachingAssignment, Mapping[str, Any], Mapping[str, Any]]:
        member, group, ends_on = self.members.get(who(wish.staff), wish.staff), wish.group, wish.ends_on
        self._may(member, group)
        if ends_on is None and member.ends_on is not None and member.ends_on <= group.year.ends_on:
            ends_on = member.ends_on
        row = TeachingAssignment(
            staff=member,
            section=group if isinstance(group, Section) else None,
            course_class=group if isinstance(group, CourseClass) else None,
            kind=wish.kind,
            starts_on=wish.starts_on,
            ends_on=ends_on,
        )
        there = self.there[self._place(who(member), group)]
        self._refuse(row, group, member, (wish.starts_on, ends_on), there)
        there.append(row)
        return row, {}, _said(row)

    def _change(self, wish: AssignmentChange) -> tuple[TeachingAssignment, Mapping[str, Any], Mapping[str, Any]]:
        row = self.rows[wish.assignment.pk]
        member, group = self.members[row.staff_id], row.group
        self._may(member, group)
        before, after = trail.changed(row, wish.fields)
        if after:
            days = (after.get("starts_on", row.starts_on), after.get("ends_on", row.ends_on))
            self._refuse(row, group, member, days, self.there[self._place(row.staff_id, group)])
        for name, value in after.items():
            setattr(row, name, value)
        return row, before, after

    @staticmethod
    def _refuse(
        row: TeachingAssignment,
        group: Group,
        member: StaffMember,
        days: tuple[dt.date, dt.date | None],
        there: Sequence[TeachingAssignment],
    ) -> None:
        in_order(*days)
        refuse_outside(group, member, *days)
        if any(each is not row and clock.meet((each.starts_on, each.ends_on), days) for each in there):
            raise errors.AlreadyAssigned(name=member.full_name)


@transaction.atomic
def arrange_teaching(wishes: Sequence[Wish], *, reason: str = "", by: User) -> Result:
    """Let people teach, and change who does, each assignment once; say of the others why not.

    The people are held in the order of keys. Refused row by row: OutOfReach, YearIsClosed, NotInYear, NotEmployed,
    EndsBeforeStart, AlreadyAssigned. Constant statements.

    Raises:
        PermissionMissing; for all of them AlreadyAssigned by what is written this moment.
    """
    held = StaffMember.objects.select_for_update(of=("self",)).select_related("institution").order_by("pk")
    members = {each.pk: each for each in held.filter(pk__in={_whose(wish) for wish in wishes})}
    books, result = _Books(wishes, members, hold=True, by=by), Result([None] * len(wishes))
    begun: list[TeachingAssignment] = []
    # An assignment that ends earlier makes room for one that ends later: the database looks at each by itself.
    shorter: list[TeachingAssignment] = []
    longer: list[TeachingAssignment] = []
    names: set[str] = set()
    said: list[tuple[str, TeachingAssignment, Mapping[str, Any], Mapping[str, Any]]] = []
    for number, wish in enumerate(wishes):
        try:
            row, before, after = books.consider(wish)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        result.rows[number] = row
        if isinstance(wish, Teaching):
            begun.append(row)
            said.append(("staff.assigned", row, before, after))
        elif after:
            was = before.get("ends_on", row.ends_on)
            (shorter if _until(row.ends_on) <= _until(was) else longer).append(row)
            names |= after.keys()
            said.append(("staff.assignment-changed", row, before, after))
    with explains(_explained(*(row.staff for _, row, _, _ in said))):
        for changed in (shorter, longer):
            if changed:
                TeachingAssignment.objects.bulk_update(changed, sorted(names), batch_size=bulk.BATCH)
        if begun:
            TeachingAssignment.objects.bulk_create(begun, batch_size=bulk.BATCH)
    trail.record_many(
        trail.entry_of(by, action, row, before=before or None, after=after, reason=reason)
        for action, row, before, after in said
    )
    return result


def look_at_teaching(wishes: Sequence[Wish], *, by: User) -> dict[int, SchoolOpsError]:
    """Number of the wish → why ``arrange_teaching`` would refuse it. Nothing is written or held.

    People, sections and classes may be yet to come. Raises ``PermissionMissing``.
    """
    keys = {_whose(wish) for wish in wishes} - {None}
    members = {each.pk: each for each in StaffMember.objects.select_related("institution").filter(pk__in=keys)}
    books = _Books(wishes, members, hold=False, by=by)
    refused: dict[int, SchoolOpsError] = {}
    for number, wish in enumerate(wishes):
        try:
            books.consider(wish)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            refused[number] = refusal
    return refused


def _whose(wish: Wish) -> int | None:
    key: int | None = wish.staff.pk if isinstance(wish, Teaching) else wish.assignment.staff_id
    return key


def _until(day: dt.date | None) -> dt.date:
    return day or dt.date.max


def _explained(*members: StaffMember) -> Mapping[str, Explanation]:
    def taken() -> errors.AlreadyAssigned:
        # Which of them it was, the database does not say.
        return errors.AlreadyAssigned(name=", ".join(dict.fromkeys(member.full_name for member in members[:3])))

    return {"assignment_section_once": taken, "assignment_class_once": taken}


def _said(row: TeachingAssignment) -> dict[str, Any]:
    return {
        "staff": row.staff,
        "section": row.section,
        "class": row.course_class,
        "kind": row.kind,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }


def assign_teacher(
    *,
    staff: StaffMember,
    section: Section | None = None,
    course_class: CourseClass | None = None,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    kind: str = TeachingAssignment.Kind.TEACHER,
    by: User,
) -> TeachingAssignment:
    """As ``arrange_teaching``, for one.

    Raises:
        SectionOrClass, PermissionMissing, OutOfReach, YearIsClosed, NotInYear, NotEmployed, EndsBeforeStart,
        AlreadyAssigned.
    """
    group = group_of(section, course_class)
    row: TeachingAssignment = arrange_teaching([Teaching(staff, group, starts_on, ends_on, kind)], by=by).all()[0]
    return row


def change_assignment(*, assignment: TeachingAssignment, fields: Mapping[str, Any], by: User) -> TeachingAssignment:
    """Change the kind of an assignment or the day it ends. One that ends on the day it begins never held.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotInYear, NotEmployed, EndsBeforeStart, AlreadyAssigned.
    """
    row: TeachingAssignment = arrange_teaching([AssignmentChange(assignment, fields)], by=by).all()[0]
    return row


@transaction.atomic
def remove_assignment(*, assignment: TeachingAssignment, by: User) -> None:
    """Remove an assignment that has not begun, or never held.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, AssignmentBegan.
    """
    # The person first, as everywhere.
    member = locked(assignment.staff)
    row: TeachingAssignment = (
        TeachingAssignment.objects.select_for_update(of=("self",))
        .select_related(*(f"{group}__{of}" for group in GROUPS for of in ("institution", "year")))
        .get(pk=assignment.pk)
    )
    require_both(by, member, row.group)
    if row.group.year.state == AcademicYear.State.CLOSED:
        raise YearIsClosed(year=row.group.year.name)
    if row.starts_on <= today_at(row.group.institution) and row.ends_on != row.starts_on:
        raise errors.AssignmentBegan(day=row.starts_on)
    trail.record(by, "staff.assignment-removed", row, before=_said(row))
    row.delete()
