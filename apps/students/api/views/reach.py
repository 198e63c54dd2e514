"""Which student an address means, for whoever reaches them."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.students.models import Student
from schoolops.api import parameters
from schoolops.api.parameters import Parameter

AS_OF = Parameter(parameters.day, None, "As of this day; today unless said.")


def reached_student(request: Request, id: UUID, permission: str = "students.view") -> Student:
    """The student by that id, if the user reaches them today. Raises ``PermissionMissing``, ``OutOfReach``."""
    reach = access.within_reach(actor(request), permission, "student", day=access.today(actor(request)))
    found: Student | None = Student.objects.filter(reach, sourced_id=id).first()
    if found is None:
        raise OutOfReach
    return found
