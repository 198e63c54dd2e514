"""Many guardians at once, by the same rules and with the same trail as one at a time.

A fixed number of statements for any number of rows. A row that is refused refuses them all; whoever calls finds out
which by trying fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.audit import bulk, trail
from schoolops.constraints import explains


def _require_at_all(by: User, permission: str, institutions: set[Institution]) -> None:
    for institution in sorted(institutions, key=lambda one: one.pk):
        access.require_at(by, permission, institution)


def _refuse_merged(students: Iterable[Student]) -> None:
    if any(student.merged_into_id is not None for student in students):
        raise errors.StudentMerged


@transaction.atomic
def add_many_guardians(*, fields: Sequence[Mapping[str, Any]], reason: str, by: User) -> list[Guardian]:
    """Guardians without any student yet. Raises ``PermissionMissing``."""
    access.require(by, "guardians.manage")
    rows = [Guardian(**field) for field in fields]
    return bulk.added(rows, by=by, action="students.guardian-added", after=fields, reason=reason)


@transaction.atomic
def change_many_guardians(
    *, changes: Sequence[tuple[Guardian, Mapping[str, Any]]], reason: str, by: User
) -> list[Guardian]:
    """Change guardians whose rows the caller holds, for somebody who manages them all. Raises ``PermissionMissing``."""
    access.require(by, "guardians.manage")
    return bulk.changed(changes, by=by, action="students.guardian-changed", reason=reason)


@transaction.atomic
def link_many_guardians(
    *, links: Sequence[tuple[Student, Guardian, Mapping[str, Any]]], reason: str, by: User
) -> list[StudentGuardian]:
    """Link guardians to students; a priority that is taken or not said becomes the next free one.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, GuardianAlreadyLinked.
    """
    access.require(by, "guardians.manage")
    _refuse_merged(student for student, _, _ in links)
    _require_at_all(by, "guardians.manage", {student.institution for student, _, _ in links})
    taken: dict[int, set[int]] = {student.pk: set() for student, _, _ in links}
    for student_id, priority in StudentGuardian.objects.filter(student__in=taken).values_list(
        "student_id", "contact_priority"
    ):
        taken[student_id].add(priority)
    rows = []
    for student, guardian, fields in links:
        held = taken[student.pk]
        priority = fields.get("contact_priority") or 0
        if not priority or priority in held:
            priority = max(held, default=0) + 1
        held.add(priority)
        rows.append(StudentGuardian(student=student, guardian=guardian, **{**fields, "contact_priority": priority}))
    with explains({"guardian_linked_once": errors.GuardianAlreadyLinked}):
        written: list[StudentGuardian] = StudentGuardian.objects.bulk_create(rows, batch_size=bulk.BATCH)
    trail.record_many(
        trail.entry_of(by, "students.guardian-linked", student, after={"guardian": guardian, **fields}, reason=reason)
        for student, guardian, fields in links
    )
    return written
