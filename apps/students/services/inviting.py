"""Guardians who cannot log in: whom ``access.services.begin_inviting`` invites."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.selectors import school_today
from apps.students.events import GuardiansInvited
from apps.students.models import Enrolment, Guardian, StudentGuardian
from apps.students.services.guardians import change_guardian


def _rows() -> QuerySet[Any]:
    """Guardians who may see a child that is enrolled, or will be: others would find nothing behind a login."""
    here = Enrolment.objects.not_over(school_today())
    sees = StudentGuardian.objects.filter(
        guardian=OuterRef("pk"), data_access=True, restriction_note="", student__in=here.values("student")
    )
    return Guardian.objects.filter(Exists(sees))


def _link(row: Guardian, user: User, by: User) -> None:
    change_guardian(guardian=row, fields={"user": user}, expected_version=None, by=by)


GUARDIANS = access.Audience("guardians.manage", "guardian", _rows, _link, GuardiansInvited)
