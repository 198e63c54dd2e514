"""What the school shows the families of a grade level."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import GradeLevel
from apps.students.models import FamilyItem, FamilyOpening
from schoolops.audit import trail


@transaction.atomic
def set_opening(*, grade_level: GradeLevel, closed: Collection[str], by: User) -> None:
    """Close these items of a grade level to families, and open all others, with their next click.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_everywhere(by, "family.open")
    wanted = [item for item in FamilyItem.values if item in closed]
    row, _made = FamilyOpening.objects.select_for_update().get_or_create(grade_level=grade_level)
    if row.closed == wanted:
        return
    before, row.closed = row.closed, wanted
    row.save(update_fields=["closed"])
    trail.record(by, "family.opened", grade_level, before={"closed": before}, after={"closed": wanted})
