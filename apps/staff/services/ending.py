"""What teaching ends with: somebody's last day here, or a year; and how it goes on where they stay after all."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Model, Q

from apps.accounts.models import User
from apps.institutions.models import AcademicYear
from apps.institutions.selectors import school_today
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from schoolops.audit import trail
from schoolops.audit.bulk import BATCH
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import SYSTEM
from schoolops.privacy import stays

Taught = TeachingAssignment | Substitution


def end_teaching(days: Mapping[StaffMember, dt.date], *, reason: str = "", by: User) -> dict[StaffMember, AuditEntry]:
    """End what each teaches on their day; what would have begun later, or been for a day after, never is.

    Returns the lines of the trail, not yet written, of those who taught. Constant statements for any number of people.
    Whoever calls holds their rows, and has asked for permission.
    """
    taught = teaching_from({member.pk: day for member, day in days.items()})
    gone: dict[type[Taught], list[int]] = {TeachingAssignment: [], Substitution: []}
    ended: list[TeachingAssignment] = []
    entries = {}
    for member, day in days.items():
        before: dict[str, list[Any]] = {"assignments": [], "substitutions": []}
        count = 0
        for row in taught.get(member.pk, []):
            if isinstance(row, TeachingAssignment) and row.starts_on < day:
                row.ends_on = day
                ended.append(row)
                count += 1
                continue
            gone[type(row)].append(row.pk)
            named = {f"{name}__sourced_id": _public_id(row, name) for name in ("section", "course_class")}
            if isinstance(row, TeachingAssignment):
                before["assignments"].append({"starts_on": row.starts_on, **named})
            else:
                before["substitutions"].append({"day": row.day, **named})
        if count or any(before.values()):
            after = {"assignments_ended": count, "ends_on": day}
            entries[member] = trail.entry_of(
                by, "staff.teaching-ended", member, before=before, after=after, reason=reason
            )
    for model, keys in gone.items():
        if keys:
            model._default_manager.filter(pk__in=keys).delete()
    if ended:
        TeachingAssignment.objects.bulk_update(ended, ["ends_on"], batch_size=BATCH)
    return entries


def _public_id(row: Taught, name: str) -> Any:
    group = getattr(row, name)
    return None if group is None else group.sourced_id


def teaching_from(days: Mapping[int, dt.date]) -> dict[int, list[Taught]]:
    """What ``end_teaching`` would change, as it is now: key → rows, for people who leave on these days. Two queries."""
    found: dict[int, list[Taught]] = defaultdict(list)
    groups = ("section", "course_class")
    for row in TeachingAssignment.objects.filter(staff__in=days).select_related(*groups).order_by("pk"):
        day = days[row.staff_id]
        if row.starts_on >= day or row.ends_on is None or row.ends_on > day:
            found[row.staff_id].append(row)
    for stand_in in Substitution.objects.filter(staff__in=days).select_related(*groups).order_by("pk"):
        if stand_in.day >= days[stand_in.staff_id]:
            found[stand_in.staff_id].append(stand_in)
    return found


def restore_teaching(*, member: StaffMember, left_on: dt.date, were: Sequence[Taught], reason: str, by: User) -> None:
    """Let somebody teach and stand in again as ``were`` says, as if they had never been said to leave on ``left_on``.

    What was decided since about one of these stays, and in a year that was closed since nothing opens again. Whoever
    calls holds the person's row, and has asked for permission.
    """
    assignments = {row.pk: row for row in were if isinstance(row, TeachingAssignment)}
    there = TeachingAssignment.objects.select_for_update().in_bulk(assignments)
    opened = [row for pk, row in assignments.items() if pk in there and there[pk].ends_on == left_on]
    for row in opened:
        TeachingAssignment.objects.filter(pk=row.pk).update(ends_on=row.ends_on)
    # What began before and is gone by now was removed by somebody.
    again = [row for pk, row in assignments.items() if pk not in there and row.starts_on >= left_on]
    TeachingAssignment.objects.bulk_create(again)
    stand_ins = Substitution.objects.bulk_create([row for row in were if isinstance(row, Substitution)])
    if not (opened or again or stand_ins):
        return
    _end_what_closed_since([*opened, *again])
    after = {"assignments": len(opened) + len(again), "substitutions": len(stand_ins)}
    trail.record(by, "staff.teaching-restored", member, before={"left_on": left_on}, after=after, reason=reason)


def _end_what_closed_since(rows: Sequence[TeachingAssignment]) -> None:
    closed = AcademicYear.objects.filter(
        Q(sections__in=[row.section_id for row in rows if row.section_id])
        | Q(classes__in=[row.course_class_id for row in rows if row.course_class_id]),
        state=AcademicYear.State.CLOSED,
    )
    for year_id in closed.values_list("pk", flat=True).distinct():
        end_assignments_of_closed_year(year_id=year_id)


@transaction.atomic
def end_assignments_of_closed_year(*, year_id: int) -> int:
    """End what is still open in a year that was closed, on the day after its last one; how many.

    Whoever may close the year decided it, so no permission over staff is asked for.
    """
    year = AcademicYear.objects.get(pk=year_id)
    after = year.ends_on + dt.timedelta(days=1)
    ended: int = TeachingAssignment.objects.filter(
        Q(section__year=year) | Q(course_class__year=year),
        Q(ends_on__isnull=True) | Q(ends_on__gt=after),
        starts_on__lte=after,
    ).update(ends_on=after)
    if ended:
        trail.record(SYSTEM, "staff.year-ended", year, after={"assignments": ended, "ends_on": after})
    return ended


@stays
def works_here(person: Model) -> str:
    """Employment that has not ended."""
    if not isinstance(person, StaffMember) or (person.ends_on is not None and person.ends_on <= school_today()):
        return ""
    return "the member of staff works here"
