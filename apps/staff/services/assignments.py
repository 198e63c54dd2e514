"""Who teaches which section or class, from which day to which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CourseClass, Section
from apps.institutions.selectors import today_at
from apps.staff import errors
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services.members import in_order, locked
from schoolops.audit import bulk, trail
from schoolops.constraints import Explanation, explains

ONE_DAY = dt.timedelta(days=1)
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
    access.require_at(by, "staff.manage", member.institution)
    access.require_at(by, "staff.manage", group.institution)


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


def _explained(*members: StaffMember) -> Mapping[str, Explanation]:
    def taken() -> errors.AlreadyAssigned:
        # Which of them it was, the database does not say.
        return errors.AlreadyAssigned(name=", ".join(dict.fromkeys(member.full_name for member in members[:3])))

    return {"assignment_section_once": taken, "assignment_class_once": taken}


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


@transaction.atomic
def assign_many(*, teaching: Sequence[Teaching], reason: str = "", by: User) -> list[TeachingAssignment]:
    """Let these people teach, all or none, in a fixed number of statements; the people are held in the order of keys.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotInYear, NotEmployed, EndsBeforeStart, AlreadyAssigned.
    """
    held = StaffMember.objects.select_for_update(of=("self",)).select_related("institution").order_by("pk")
    members = {each.pk: each for each in held.filter(pk__in={each.staff.pk for each in teaching})}
    places = [member.institution for member in members.values()] + [each.group.institution for each in teaching]
    for institution in {place.pk: place for place in places}.values():
        access.require_at(by, "staff.manage", institution)
    rows = [_row(each, members[each.staff.pk]) for each in teaching]
    with explains(_explained(*(members[each.staff.pk] for each in teaching))):
        return bulk.added(rows, by=by, action="staff.assigned", after=[_said(row) for row in rows], reason=reason)


def _row(wanted: Teaching, member: StaffMember) -> TeachingAssignment:
    """What would be written. Raises ``YearIsClosed``, ``NotInYear``, ``NotEmployed``, ``EndsBeforeStart``."""
    group, ends_on = wanted.group, wanted.ends_on
    if ends_on is None and member.ends_on is not None and member.ends_on <= group.year.ends_on:
        ends_on = member.ends_on
    in_order(wanted.starts_on, ends_on)
    refuse_outside(group, member, wanted.starts_on, ends_on)
    return TeachingAssignment(
        staff=member,
        section=group if isinstance(group, Section) else None,
        course_class=group if isinstance(group, CourseClass) else None,
        kind=wanted.kind,
        starts_on=wanted.starts_on,
        ends_on=ends_on,
    )


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
    """As ``assign_many``, for one. Raises ``SectionOrClass`` too."""
    group = group_of(section, course_class)
    return assign_many(teaching=[Teaching(staff, group, starts_on, ends_on, kind)], by=by)[0]


def _said(row: TeachingAssignment) -> dict[str, Any]:
    return {
        "staff": row.staff,
        "section": row.section,
        "class": row.course_class,
        "kind": row.kind,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }


def _held(assignment: TeachingAssignment) -> tuple[TeachingAssignment, StaffMember]:
    """The assignment and its person, both held. The person first, as everywhere."""
    member = locked(assignment.staff)
    row: TeachingAssignment = (
        TeachingAssignment.objects.select_for_update(of=("self",))
        .select_related("section__institution", "section__year", "course_class__institution", "course_class__year")
        .get(pk=assignment.pk)
    )
    return row, member


@transaction.atomic
def change_assignment(*, assignment: TeachingAssignment, fields: Mapping[str, Any], by: User) -> TeachingAssignment:
    """Change the kind of an assignment or the day it ends. One that ends on the day it begins never held.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotInYear, NotEmployed, EndsBeforeStart, AlreadyAssigned.
    """
    row, member = _held(assignment)
    require_both(by, member, row.group)
    before, after = trail.changed(row, fields)
    if not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    in_order(row.starts_on, row.ends_on)
    refuse_outside(row.group, member, row.starts_on, row.ends_on)
    with explains(_explained(member)):
        row.save(update_fields=[*after])
    trail.record(by, "staff.assignment-changed", row, before=before, after=after)
    return row


@transaction.atomic
def remove_assignment(*, assignment: TeachingAssignment, by: User) -> None:
    """Remove an assignment that has not begun, or never held.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, AssignmentBegan.
    """
    row, member = _held(assignment)
    require_both(by, member, row.group)
    if row.group.year.state == AcademicYear.State.CLOSED:
        raise YearIsClosed(year=row.group.year.name)
    if row.starts_on <= today_at(row.group.institution) and row.ends_on != row.starts_on:
        raise errors.AssignmentBegan(day=row.starts_on)
    trail.record(by, "staff.assignment-removed", row, before=_said(row))
    row.delete()
