"""What somebody does with their own messages: reads and confirms them, and says how they want to be told."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.notifications.errors import LinkUnknown, MessageUnknown, NothingToAcknowledge
from apps.notifications.models import Channel, Message, Preference
from apps.notifications.selectors.own import READ, guardian_of, inbox_of
from apps.students.models import StudentGuardian
from schoolops import clock
from schoolops.audit import trail


def _mine(message: UUID, by: User) -> Message:
    found = inbox_of(by).filter(sourced_id=message).first()
    if found is None:
        raise MessageUnknown
    return found


def _and_its_reminders(found: Message) -> QuerySet[Message]:
    """``found``, and what else told the same reader of the same announcement: whichever is read, it was read."""
    if found.announcement_id is None:
        return Message.objects.filter(pk=found.pk)
    return Message.objects.filter(
        announcement=found.announcement_id, channel=Channel.INBOX, guardian=found.guardian_id, user=found.user_id
    )


@transaction.atomic
def read_message(*, message: UUID, by: User) -> Message:
    """Note that a message of ``by``'s inbox was read: the first time counts. Raises ``MessageUnknown``."""
    found = _mine(message, by)
    if found.read_at is None:
        found.read_at = clock.now()
        _and_its_reminders(found).filter(read_at=None).update(read_at=found.read_at)
    return found


@transaction.atomic
def acknowledge(*, message: UUID, by: User) -> Message:
    """Confirm that a message was read and understood: the first time counts.

    Raises:
        MessageUnknown; NothingToAcknowledge, where nobody asked for it.
    """
    found = _mine(message, by)
    if found.announcement is None or not found.announcement.acknowledge:
        raise NothingToAcknowledge
    if found.acknowledged_at is None:
        moment = clock.now()
        found.read_at, found.acknowledged_at = found.read_at or moment, moment
        rows = _and_its_reminders(found)
        rows.filter(read_at=None).update(read_at=found.read_at)
        rows.filter(acknowledged_at=None).update(acknowledged_at=moment)
        trail.record(by, "notifications.acknowledged", found.announcement)
    return found


@transaction.atomic
def set_preference(*, channel: Channel | str, wanted: bool | None, student: UUID | None = None, by: User) -> None:
    """Say whether ``by``, a guardian, wants messages on a channel: about a child, or about all others.

    ``None`` takes back what was said. The inbox always has everything.

    Raises:
        PermissionMissing; LinkUnknown: no guardian, or none of their children.
    """
    access.require(by, READ)
    guardian, channel = guardian_of(by), Channel(channel)
    if guardian is None or channel == Channel.INBOX:
        raise LinkUnknown
    link = None
    if student is not None:
        links = StudentGuardian.objects.filter(guardian=guardian, data_access=True, restriction_note="")
        link = links.filter(student__sourced_id=student).first()
        if link is None:
            raise LinkUnknown
    if wanted is None:
        Preference.objects.filter(guardian=guardian, link=link, channel=channel).delete()
    else:
        Preference.objects.update_or_create(guardian=guardian, link=link, channel=channel, defaults={"wanted": wanted})
    told = {"channel": channel, "wanted": wanted, "student": student}
    trail.record(by, "notifications.preference-set", guardian, after=told)
