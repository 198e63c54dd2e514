"""Reads of staff: who teaches what on a day, for the year or standing in for a colleague."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Q

from apps.access import services as access
from apps.access.selectors import AskedCampuses, belongs_to_campus, roles_held, row_scope
from apps.accounts.models import User
from apps.staff.models import StaffMember, Substitution, TeachingAssignment, works_on

VIEW = "staff.view"


def asked_staff(user: User, permission: str = VIEW) -> AskedCampuses:
    """The campuses whose staff ``user`` may see: a teacher knows colleagues, so it is the role's campus that counts.

    Raises:
        PermissionMissing.
    """
    access.require(user, permission)
    at = {held.institution_id for held in roles_held(user) if permission in held.permissions}
    return AskedCampuses(permission, None not in at, {} if None in at else {"reach-campuses": at})


def staff_in_view(by: User | AskedCampuses, permission: str = VIEW) -> Q:
    """The members of staff ``by`` may see, or as ``asked_staff`` says it. Raises ``PermissionMissing``."""
    if isinstance(by, AskedCampuses):
        return by.rows(permission, "institution")
    asked = asked_staff(by, permission)
    return Q(institution__in=asked.values["reach-campuses"]) if asked.limited else Q()


@belongs_to_campus
def staff_of(institutions: Collection[int]) -> Q:
    """The logins of those who work at these campuses, or did."""
    return Q(pk__in=StaffMember.objects.filter(institution__in=institutions, user__isnull=False).values("user"))


def _taught(user: User, day: dt.date, what: str) -> Q:
    """Keys of what ``user`` teaches on ``day``: assigned and still working here, or standing in on exactly that day."""
    here = StaffMember.objects.filter(works_on(day), user=user)
    assigned = TeachingAssignment.objects.filter(staff__in=here.values("pk"), **{f"{what}__isnull": False}).on(day)
    standing_in = Substitution.objects.filter(staff__in=here.values("pk"), day=day, **{f"{what}__isnull": False})
    return Q(pk__in=assigned.values(what)) | Q(pk__in=standing_in.values(what))


@row_scope("teacher", "section")
def sections_taught(user: User, day: dt.date) -> Q:
    """The sections that ``user`` teaches or stands in for on ``day``."""
    return _taught(user, day, "section")


@row_scope("teacher", "class")
def classes_taught(user: User, day: dt.date) -> Q:
    """The classes that ``user`` teaches or stands in for on ``day``."""
    return _taught(user, day, "course_class")
