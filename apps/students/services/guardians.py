"""Guardians, and the explicit links that say what each may see of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to, guardians_shown_to, holds_over, today_for
from apps.students.services.custody import UNLINKED
from apps.students.services.placing import locked
from schoolops.audit import trail
from schoolops.constraints import explains

_LOGIN = {"students_guardian_user_id_key": errors.LoginTaken}
_EXPLAINED = {"guardian_linked_once": errors.GuardianAlreadyLinked}


def write_guardian(fields: Mapping[str, Any], *, by: User) -> Guardian:
    """A new guardian's row and its line in the trail, for services that have asked for the permission."""
    with explains(_LOGIN):
        guardian: Guardian = Guardian.objects.create(**fields)
    trail.record(by, "students.guardian-added", guardian, after=fields)
    return guardian


@transaction.atomic
def add_guardian(*, fields: Mapping[str, Any], by: User) -> Guardian:
    """A guardian without any student yet: sees nothing. Raises ``PermissionMissing``, ``LoginTaken``."""
    access.require_login(by, "guardians.manage", fields.get("user"))
    return write_guardian(fields, by=by)


@transaction.atomic
def change_guardian(
    *, guardian: Guardian, fields: Mapping[str, Any], expected_version: int | None, by: User
) -> Guardian:
    """Change how a guardian is called and reached.

    Raises:
        PermissionMissing, OutOfReach, ChangedMeanwhile, LoginTaken. LoginOfWhoIsKeptAway.
    """
    row: Guardian = Guardian.objects.select_for_update().get(pk=guardian.pk)
    _require_reach(row, by=by, all_of_them="user" in fields)
    access.require_login(by, "guardians.manage", fields.get("user"))
    if expected_version is not None and row.version != expected_version:
        raise errors.ChangedMeanwhile(version=row.version)
    before, after = trail.changed(row, fields)
    if not after:
        return row
    if "user" in after:
        _let_go_of_the_login(row, by=by)
    for name, value in after.items():
        setattr(row, name, value)
    row.version += 1
    with explains(_LOGIN):
        row.save(update_fields=[*after, "version"])
    trail.record(by, "students.guardian-changed", row, before=before, after=after)
    return row


def _require_reach(*guardians: Guardian, by: User, all_of_them: bool = False) -> None:
    """Nothing, when each is a guardian whom ``by`` manages for some student of theirs, or has no student yet.

    ``all_of_them``: for every one; whom a login is given to sees all their children.

    Raises:
        PermissionMissing, OutOfReach.
    """
    day = access.today(by)
    reach = access.within_reach(by, "guardians.manage", "student", day=day)
    shown = guardians_shown_to(by, "guardians.manage", day)
    if shown == Q():
        return
    theirs = [guardian.pk for guardian in guardians]
    refused = ~Q(guardian__in=Guardian.objects.filter(shown, pk__in=theirs).values("pk"))
    if all_of_them and reach != Q():
        refused |= ~Q(student__in=Student.objects.filter(reach).values("pk"))
    if StudentGuardian.objects.filter(refused, guardian__in=theirs).exists():
        raise OutOfReach


def _let_go_of_the_login(guardian: Guardian, *, by: User) -> None:
    """Nothing, unless somebody is kept from a child by this record: their login on another one would read again.

    Raises:
        LoginOfWhoIsKeptAway; OutOfReach, as where a child is in nobody's reach: who may not see the restriction.
    """
    if guardian.user_id is None:
        return
    kept_away = StudentGuardian.objects.filter(guardian=guardian).exclude(restriction_note="")
    if restrictions := kept_away.count():
        seen = kept_away.filter(contacts_shown_to(by, access.today(by))).count()
        raise errors.LoginOfWhoIsKeptAway if seen == restrictions else OutOfReach


def _make_way(student: Student, guardians: Sequence[Guardian], *, by: User) -> set[int]:
    """The priorities of a student's links that are there for ``by``; of the others nothing is told.

    Raises:
        GuardianAlreadyLinked; OutOfReach, as if there were no such guardian: ``by`` may not see why.
    """
    links = list(StudentGuardian.objects.filter(student=student).order_by("contact_priority"))
    barred = [link for link in links if link.restriction_note]
    sees = not barred or holds_over(by, "students.view_custody", Q(pk=student.pk), today_for(student))
    hidden = [] if sees else barred
    asked = {guardian.pk for guardian in guardians}
    if any(each.guardian_id in asked for each in hidden):
        raise OutOfReach
    if any(link.guardian_id in asked for link in links):
        raise errors.GuardianAlreadyLinked
    # Who is nobody to call stands behind everybody who is, so that no number is missing.
    behind = max((link.contact_priority for link in links), default=0) + len(asked)
    for place, each in enumerate(hidden, start=behind + 1):
        each.contact_priority = place
    StudentGuardian.objects.bulk_update(hidden, ["contact_priority"])
    return {link.contact_priority for link in links if link not in hidden}


def write_links(
    student: Student, guardians: Sequence[tuple[Guardian, Mapping[str, Any]]], *, by: User
) -> list[StudentGuardian]:
    """Links of one student to these guardians; where none says a priority, they follow those that are there.

    Raises:
        GuardianAlreadyLinked, ContactPriorityTaken; PermissionMissing, OutOfReach: only for ``restriction_note``.
    """
    links = []
    _require_reach(*(guardian for guardian, _ in guardians), by=by)
    taken = _make_way(student, [guardian for guardian, _ in guardians], by=by)
    for guardian, fields in guardians:
        _may_write(student, fields, by=by)
        priority = fields.get("contact_priority") or max(taken, default=0) + 1
        if priority in taken:
            raise errors.ContactPriorityTaken(priority=priority)
        taken.add(priority)
        links.append(StudentGuardian(student=student, guardian=guardian, **{**fields, "contact_priority": priority}))
    with explains(_EXPLAINED):
        StudentGuardian.objects.bulk_create(links)
    trail.record_many(
        trail.entry_of(by, "students.guardian-linked", student, after={"guardian": guardian, **fields})
        for guardian, fields in guardians
    )
    return links


def _may_write(student: Student, fields: Mapping[str, Any], *, by: User, link: StudentGuardian | None = None) -> None:
    # A restriction that one cannot see is one that one could lift without knowing.
    if "restriction_note" in fields or (link is not None and link.restriction_note):
        access.require_row(by, "students.view_custody", "student", student, day=today_for(student))


@transaction.atomic
def link_guardian(*, student: Student, guardian: Guardian, fields: Mapping[str, Any], by: User) -> StudentGuardian:
    """Let ``guardian`` be one of this student's.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, GuardianAlreadyLinked, ContactPriorityTaken.
    """
    student = locked(student)
    access.require_row(by, "guardians.manage", "student", student, day=today_for(student))
    return write_links(student, [(guardian, fields)], by=by)[0]


@transaction.atomic
def change_guardian_link(*, link: StudentGuardian, fields: Mapping[str, Any], by: User) -> StudentGuardian:
    """Change what a guardian is to a student and may see. A priority that is taken makes the two change places.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged.
    """
    student = locked(link.student)
    access.require_row(by, "guardians.manage", "student", student, day=today_for(student))
    row: StudentGuardian = StudentGuardian.objects.select_related("guardian").get(pk=link.pk)
    _may_write(student, fields, by=by, link=row)
    before, after = trail.changed(row, fields)
    if not after:
        return row
    if "contact_priority" in after:
        # Unique, but looked at when the transaction ends, so two can change places.
        StudentGuardian.objects.filter(student=student, contact_priority=after["contact_priority"]).update(
            contact_priority=before["contact_priority"]
        )
    for name, value in after.items():
        setattr(row, name, value)
    row.save(update_fields=[*after])
    facts = {"guardian": row.guardian, **after}
    trail.record(by, "students.guardian-link-changed", student, before=before, after=facts)
    return row


@transaction.atomic
def unlink_guardian(*, link: StudentGuardian, by: User) -> None:
    """Let the guardian no longer be one of this student's.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged.
    """
    student = locked(link.student)
    access.require_row(by, "guardians.manage", "student", student, day=today_for(student))
    # As it is now: somebody may have restricted it since it was read.
    link = StudentGuardian.objects.select_related("guardian").get(pk=link.pk)
    _may_write(student, {}, by=by, link=link)
    guardian = link.guardian
    before = {"guardian": guardian, "relation": link.relation, "contact_priority": link.contact_priority}
    StudentGuardian.objects.filter(pk=link.pk).delete()
    trail.record(by, UNLINKED, student, before=before)
