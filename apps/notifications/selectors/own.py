"""What somebody reads of their own: the inbox, and how they want to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from apps.access import services as access
from apps.access.selectors import asked_reach, permissions_of, roles_held
from apps.accounts.models import User
from apps.institutions.selectors import school_timezone
from apps.notifications.models import Announcement, Channel, Message, Preference
from apps.notifications.selectors.audiences import still_for
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.tenancy.compiled import KEY, TEXT, Compiled, Parameter, by_shape

READ, SEES = "messages.read", "students.view"


def inbox_of(user: User) -> QuerySet[Any, Message]:
    """What was told to ``user``, or to the guardian who logs in as them, the latest first.

    What is about a child, while they may see that child; an announcement while they are still whom it is for, as
    guardians of a child whom it was about or by their role, and not once it was withdrawn.

    Raises:
        PermissionMissing.
    """
    access.require(user, READ)
    seen = access.within_reach(user, SEES, "student") if SEES in permissions_of(user) else None
    return (
        _told_to(user, [held.role for held in roles_held(user)], seen, school_timezone())
        .select_related("announcement", "student", "institution")
        .order_by("-handed_at", "-pk")
    )


def _told_to(user: Any, roles: Any, seen: Q | None, timezone: str) -> QuerySet[Any, Message]:
    """The same of a user with these roles, who sees these students; rows, or parameters in their place."""
    links = StudentGuardian.objects.filter(guardian=OuterRef("guardian"), data_access=True, restriction_note="")
    mine = Q(user=user, student=None) | Q(guardian__user=user) & (
        Q(student=None) & Exists(links) | Q(Exists(links.filter(student=OuterRef("student"))))
    )
    if seen is not None:
        mine |= Q(user=user, student__in=Student.objects.filter(seen).values("pk"))
    rows = Message.objects.alias(told_on=TruncDate("announcement__publish_at", tzinfo=ZoneInfo(timezone))).filter(
        mine, still_for(user, roles), channel=Channel.INBOX, state=Message.State.DELIVERED
    )
    return rows.exclude(announcement__state=Announcement.State.WITHDRAWN)


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
    if not _UNREAD.all(user=user.pk):
        return 0
    sees, timezone = SEES in permissions_of(user), school_timezone()
    reach = asked_reach(user, SEES, "student") if sees else None
    if sees and reach is None:
        return inbox_of(user).filter(read_at=None).count()
    number: Compiled[int] = by_shape(
        ("notifications.unread", timezone, reach and reach.shape),
        lambda: _number_unread(None if reach is None else reach.rows(), timezone),
    )
    roles = [held.role for held in roles_held(user)]
    return number.first(user=user.pk, roles=roles, **({} if reach is None else reach.values)) or 0


def _number_unread(seen: Q | None, timezone: str) -> QuerySet[Any, int]:
    rows = _told_to(Parameter("user", KEY), Parameter("roles", TEXT, many=True), seen, timezone)
    # They are all of one channel.
    counted: Any = rows.filter(read_at=None).order_by().values("channel").annotate(number=Count("pk"))
    numbers: QuerySet[Any, int] = counted.values_list("number", flat=True)
    return numbers


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
