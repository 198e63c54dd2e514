"""Which student an address means, for whoever reaches them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from rest_framework.request import Request

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.accounts.models import User
from apps.students.models import Student
from schoolops.api import parameters
from schoolops.api.parameters import Parameter

AS_OF = Parameter(parameters.day, None, "As of this day; today unless said.")


def reached_students(by: User, permissions: Sequence[str], *, day: dt.date) -> Q:
    """The students whom ``by`` reaches by any of these permissions that they hold. Raises ``PermissionMissing``."""
    return access.by_any(by, permissions, lambda each: access.within_reach(by, each, "student", day=day))


def reached_student(request: Request, id: UUID, *permissions: str) -> Student:
    """The student by that id, if the user reaches them today by any of these permissions; unless said, by looking.

    Raises:
        PermissionMissing, OutOfReach.
    """
    reach = reached_students(actor(request), permissions or ("students.view",), day=access.today(actor(request)))
    found: Student | None = Student.objects.filter(reach, sourced_id=id).first()
    if found is None:
        raise OutOfReach
    return found
