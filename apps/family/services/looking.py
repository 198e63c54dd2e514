"""Who looks: the office as a guardian, and at a child's page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.db import transaction

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.family.errors import NotToBeSeenAs
from apps.students.models import Guardian, Student
from schoolops import clock
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.context import current_school

SALT = "family.see-as"
LASTS = dt.timedelta(minutes=15)
# Whose pages they are says whose guardian they are.
SEE_AS, STUDENTS = "family.see_as", "students.view"


@dataclass(frozen=True, slots=True)
class Looking:
    """Whose pages are looked at, and until when."""

    whose: User
    until: dt.datetime


def begin_seeing_as(*, guardian: Guardian, by: User) -> str:
    """Let ``by`` look at the pages of a guardian for a quarter of an hour, read-only; what ``seen_as`` reads.

    Written down with each of the guardian's children, so that the family reads who looked.

    Raises:
        PermissionMissing, OutOfReach; NotToBeSeenAs: the guardian has no login, or one that opens no such pages.
    """
    for code in (SEE_AS, STUDENTS):
        access.require_everywhere(by, code)
    user = guardian.user
    if user is None or not access.is_family(user) or access.is_staff(user):
        raise NotToBeSeenAs(name=guardian.full_name)
    children = Student.objects.kept().filter(guardian_links__guardian=guardian)
    with transaction.atomic():
        trail.record(by, "family.seen-as", guardian)
        trail.record_many(trail.entry_of(by, "family.seen-as", child) for child in children)
    until = clock.now() + LASTS
    said = {"by": by.pk, "whose": user.pk, "until": until.timestamp(), "at": current_school().schema_name}
    return signing.dumps(said, salt=SALT)


def seen_as(token: str, *, by: User) -> Looking | None:
    """What ``begin_seeing_as`` gave ``by`` at this school, unless it is over, or is theirs no longer."""
    try:
        said = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    until = dt.datetime.fromtimestamp(said["until"], dt.UTC)
    if (said["by"], said["at"]) != (by.pk, current_school().schema_name) or clock.now() >= until:
        return None
    if not all(access_rows.reaches_everything(by, code) for code in (SEE_AS, STUDENTS)):
        return None
    whose = User.objects.filter(pk=said["whose"]).first()
    return None if whose is None or access.is_staff(whose) else Looking(whose, until)


def note_look(*, student: Student, by: User) -> None:
    """Write down that ``by`` opened a child's page; once a day, so that the trail says who and not how often."""
    subject: UUID = student.sourced_id
    since = clock.now() - dt.timedelta(days=1)
    seen = AuditEntry.objects.filter(
        object_type=Student._meta.label_lower, object_id=str(subject), action="students.looked-at", at__gt=since,
        actor_id=by.audit_id,
    )  # fmt: skip
    if not seen.exists():
        trail.record(by, "students.looked-at", student)
