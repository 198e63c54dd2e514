"""What families asked for: contacts to be corrected, and the calendars that they gave a link to."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from apps.access import services as access
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.family.models import CalendarFeed, ContactRequest
from apps.students.models import Guardian, Student
from apps.students.selectors import guardians_shown_to

MANAGE = "guardians.manage"


def contact_requests_seen(*, by: User, permission: str = "students.view") -> QuerySet[ContactRequest]:
    """Their own, and those of guardians whom ``by`` may correct. Raises ``PermissionMissing``."""
    access.require(by, permission)
    seen = Q(guardian__user=by)
    if MANAGE in permissions_of(by):
        shown = guardians_shown_to(by, MANAGE, access.today(by))
        seen |= Q(guardian__in=Guardian.objects.filter(shown).values("pk"))
    return ContactRequest.objects.filter(seen)


def feed_of(student: Student, *, by: User) -> CalendarFeed | None:
    """The calendar of a child that is read for ``by``, where there is one that holds."""
    begun = CalendarFeed.objects.select_related("user").filter(user=by, student=student).first()
    return begun if begun is not None and begun.holds else None
