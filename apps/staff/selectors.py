"""Reads of staff: who teaches what on a day, for the year or standing in for a colleague."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from apps.access.selectors import row_scope
from apps.accounts.models import User
from apps.staff.models import StaffMember, Substitution, TeachingAssignment


def _taught(user: User, day: dt.date, what: str) -> Q:
    """Keys of what ``user`` teaches on ``day``: assigned and still working here, or standing in on exactly that day."""
    here = StaffMember.objects.filter(user=user).filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=day), Q(ends_on__isnull=True) | Q(ends_on__gt=day)
    )
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
