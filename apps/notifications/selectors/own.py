"""What somebody reads of their own: the inbox, and how they want to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from apps.access import services as access
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.institutions.selectors import school_timezone
from apps.notifications.models import Announcement, Channel, Message, Preference
from apps.notifications.selectors.audiences import still_for
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.tenancy.compiled import KEY, Compiled, Parameter

READ = "messages.read"


def inbox_of(user: User) -> QuerySet[Any, Message]:
    """What was told to ``user``, or to the guardian who logs in as them, the latest first.

    What is about a child, while they may see that child; an announcement while they are still whom it is for, as
    guardians of a child whom it was about or by their role, and not once it was withdrawn.

    Raises:
        PermissionMissing.
    """
    access.require(user, READ)
    links = StudentGuardian.objects.filter(guardian=OuterRef("guardian"), data_access=True, restriction_note="")
    mine = Q(user=user, student=None) | Q(guardian__user=user) & (
        Q(student=None) & Exists(links) | Q(Exists(links.filter(student=OuterRef("student"))))
    )
    if "students.view" in permissions_of(user):
        seen = Student.objects.filter(access.within_reach(user, "students.view", "student"))
        mine |= Q(user=user, student__in=seen.values("pk"))
    zone = ZoneInfo(school_timezone())
    rows = Message.objects.alias(told_on=TruncDate("announcement__publish_at", tzinfo=zone)).filter(
        mine, still_for(user), channel=Channel.INBOX, state=Message.State.DELIVERED
    )
    return (
        rows.exclude(announcement__state=Announcement.State.WITHDRAWN)
        .select_related("announcement", "student", "institution")
        .order_by("-handed_at", "-pk")
    )


_UNREAD: Compiled[int] = Compiled(
    lambda: Message.objects.filter(
        Q(user=Parameter("user", KEY)) | Q(guardian__user=Parameter("user", KEY)),
        channel=Channel.INBOX, state=Message.State.DELIVERED, read_at=None,
    ).values_list("pk", flat=True)[:1]
)  # fmt: skip


def unread_of(user: User) -> int:
    """How many messages ``user`` has not read. Raises ``PermissionMissing``.

    A statement, and another where something is unread: whether it is still theirs to read.
    """
    access.require(user, READ)
    return inbox_of(user).filter(read_at=None).count() if _UNREAD.all(user=user.pk) else 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a guardian is told about a child (``None``: about all others): by channel, what they said, or ``None``."""

    student: Student | None
    channels: dict[str, bool | None]


def guardian_of(user: User) -> Guardian | None:
    """The guardian who logs in as ``user``."""
    return Guardian.objects.filter(user=user).first()


def preferences_of(user: User) -> list[Wanted]:
    """What the guardian who logs in as ``user`` wants, in general and for each child they may see. Three queries.

    Raises:
        PermissionMissing.
    """
    access.require(user, READ)
    guardian = guardian_of(user)
    if guardian is None:
        return []
    said = {(each.link_id, each.channel): each.wanted for each in Preference.objects.filter(guardian=guardian)}
    links = StudentGuardian.objects.filter(guardian=guardian, data_access=True, restriction_note="")
    links = (
        links.filter(student__merged_into__isnull=True).select_related("student").order_by("student__name_key", "pk")
    )

    def of(link: int | None) -> dict[str, bool | None]:
        return {channel: said.get((link, channel)) for channel in (Channel.EMAIL, Channel.SMS)}

    return [Wanted(None, of(None)), *(Wanted(link.student, of(link.pk)) for link in links)]
