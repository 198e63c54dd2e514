"""Announcements: written, counted before, told to everybody whom they are for, and who has read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, gettext_noop

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.selectors import school_today
from apps.notifications.errors import AnnouncementPublished, AudienceEmpty, AudienceUnknown
from apps.notifications.events import AnnouncementDue
from apps.notifications.models import WAITING, Announcement, Channel, Message
from apps.notifications.selectors.audiences import Audience, announcement_seen, guardians_of, users_of
from apps.notifications.services.attaching import Paper, attach, detach
from apps.notifications.services.delivering import take_back
from apps.notifications.services.facts import Fact, Told, declare
from apps.notifications.services.telling import written_down
from apps.notifications.services.wording import one_line, without_controls
from schoolops import clock, events
from schoolops.audit import trail

ANNOUNCE = "messages.announce"
ANNOUNCED, REMINDED = "announcement", "announcement.reminder"
_ATTACHED = gettext_lazy("Attached, to be read on your pages")
State, Kind, To = Announcement.State, Announcement.Kind, Announcement.To
CHUNK = 1000


def expect_audience(said: Audience, *, by: User) -> None:
    """Nothing, when ``by`` may write to all of this audience.

    Raises:
        PermissionMissing, OutOfReach; AudienceEmpty, AudienceUnknown.
    """
    access.require(by, ANNOUNCE)
    if (said.kind != Kind.SCHOOL and not said.targets) or (said.kind != Kind.ROLE and not said.to):
        raise AudienceEmpty
    if said.kind in {Kind.SCHOOL, Kind.LEVEL, Kind.ROLE}:
        access.require_everywhere(by, ANNOUNCE)
    rows = said.rows()
    if len(rows) != len(said.targets):
        raise AudienceUnknown
    for row in rows:
        match said.kind:
            case Kind.CAMPUS:
                access.require_at(by, ANNOUNCE, row)
            case Kind.SECTION:
                access.require_row(by, ANNOUNCE, "section", row)
            case Kind.CLASS:
                access.require_row(by, ANNOUNCE, "class", row)
            case Kind.STUDENTS:
                access.require_row(by, ANNOUNCE, "student", row)


@transaction.atomic
def announce(
    *,
    title: str,
    text: str,
    audience: Audience,
    channels: Collection[str] = (Channel.EMAIL,),
    acknowledge: bool = False,
    publish_at: dt.datetime | None = None,
    attachment: Paper | None = None,
    by: User,
) -> Announcement:
    """Let something be told to an audience, at once or from ``publish_at`` on; the inbox always has it.

    ``attachment``: a PDF, or a picture, which is drawn anew. Letters name it; it is read where one logs in.

    Raises:
        PermissionMissing, OutOfReach; AudienceEmpty, AudienceUnknown; TextTooLong; AttachmentRefused.
    """
    expect_audience(audience, by=by)
    moment = clock.now()
    made = Announcement(
        title=one_line(title),
        text=without_controls(text),
        kind=audience.kind,
        targets=audience.kept(),
        to=list(audience.to),
        channels=sorted({*channels, Channel.INBOX}),
        acknowledge=acknowledge,
        publish_at=max(publish_at or moment, moment),
        written_by=by,
        written_at=moment,
    )
    if attachment is not None:
        attach(made, attachment)
    made.save()
    trail.record(by, "notifications.announced", made, after={"title": made.title, "kind": made.kind})
    events.publish(AnnouncementDue(made.pk, made.publish_at))
    return made


@transaction.atomic
def attach_to_announcement(*, announcement: UUID, paper: Paper, by: User) -> Announcement:
    """Let a paper go with an announcement that nobody was told of yet, in place of the one before.

    Raises:
        As ``announce``, where ``by`` may not write to them any more; AnnouncementUnknown; AnnouncementPublished,
        AttachmentRefused.
    """
    found = _unpublished(announcement, by)
    expect_audience(Audience.of(found), by=by)
    detach(found)
    attach(found, paper)
    found.save(update_fields=["attachment", "attachment_name"])
    trail.record(by, "notifications.attached", found, after={"name": found.attachment_name})
    return found


@transaction.atomic
def detach_from_announcement(*, announcement: UUID, by: User) -> None:
    """Let nothing go with an announcement that nobody was told of yet.

    Raises:
        PermissionMissing, AnnouncementUnknown; AnnouncementPublished.
    """
    found = _unpublished(announcement, by)
    if found.attachment:
        detach(found)
        trail.record(by, "notifications.detached", found)


def _unpublished(announcement: UUID, by: User) -> Announcement:
    found = announcement_seen(announcement, by=by, to_change=True)
    if found.state != State.SCHEDULED:
        raise AnnouncementPublished
    return found


@transaction.atomic
def withdraw(*, announcement: UUID, by: User) -> Announcement:
    """Let an announcement be told to nobody more; what waits is not sent, and inboxes show it no more.

    Raises:
        PermissionMissing, AnnouncementUnknown.
    """
    found = announcement_seen(announcement, by=by, to_change=True)
    if found.state != State.WITHDRAWN:
        found.state = State.WITHDRAWN
        found.save(update_fields=["state"])
        detach(found)
        take_back(found.messages.all())
        waiting = found.messages.filter(state__in=WAITING)
        waiting.update(state=Message.State.SUPPRESSED, reason=Message.Reason.DISCARDED, settled_at=clock.now())
        trail.record(by, "notifications.announcement-withdrawn", found)
    return found


def publish(announcement: int) -> int:
    """Write down an announcement's messages, some hundred recipients a transaction; returns how many were written.

    Nothing before its moment or once it is withdrawn; doing it twice tells nobody twice.
    """
    rows = Announcement.objects.filter(pk=announcement, publish_at__lte=clock.now())
    if not rows.filter(state__in=(State.SCHEDULED, State.SENDING)).update(state=State.SENDING):
        return 0
    found = rows.get()
    written = sum(_write(found, ANNOUNCED, str(found.sourced_id), chunk) for chunk in recipients(Audience.of(found)))
    rows.filter(state=State.SENDING).update(state=State.PUBLISHED)
    return written


@dataclass(frozen=True, slots=True)
class Recipient:
    """A guardian or a login, by key, and the campus by whose clock they are written to."""

    guardian: int | None
    user: int | None
    institution: int | None


def recipients(audience: Audience) -> Iterator[list[Recipient]]:
    """Everybody in an audience, in chunks, each with one query: guardians who may see a student of it, and logins."""
    guardians = guardians_of(audience).annotate(campus=Min("student__institution")).order_by("guardian")
    for rows in _chunks(guardians.values_list("guardian", "campus")):
        yield [Recipient(guardian, None, campus) for guardian, campus in rows]
    for rows in _chunks(users_of(audience).annotate(campus=F("student__institution")).values_list("pk", "campus")):
        yield [Recipient(None, user, campus) for user, campus in rows]


def _chunks(rows: QuerySet[Any, Any]) -> Iterator[list[Any]]:
    """Pages of rows whose first column is their key."""
    name = "guardian" if rows.model.__name__ == "StudentGuardian" else "pk"
    last = 0
    while page := list(rows.filter(**{f"{name}__gt": last}).order_by(name)[:CHUNK]):
        yield page
        last = page[-1][0]


@transaction.atomic
def _write(found: Announcement, fact: str, key: str, to: Sequence[Recipient], *, inbox: bool = True) -> int:
    moment = clock.now()
    return written_down(
        [
            Message(
                fact=fact,
                key=key,
                channel=channel,
                guardian_id=each.guardian,
                user_id=each.user,
                institution_id=each.institution,
                announcement=found,
                due_at=moment,
                made_at=moment,
            )
            for each in to
            for channel in found.channels
            if inbox or channel != Channel.INBOX
        ]
    )


@transaction.atomic
def remind(*, announcement: UUID, by: User) -> int:
    """Write once more to those who have not read it, or not confirmed it where that was asked for: once a day.

    Returns how many are written to: none of those who were reminded on this day of the school.

    Raises:
        As ``announce``, where ``by`` may not write to them any more; AnnouncementUnknown; AnnouncementPublished, where
        it is not published yet.
    """
    found = announcement_seen(announcement, by=by, to_change=True)
    expect_audience(Audience.of(found), by=by)
    if found.state != State.PUBLISHED:
        raise AnnouncementPublished
    left = unread_of(found)
    key = f"{found.sourced_id} {school_today()}"
    told = Message.objects.filter(fact=REMINDED, key=key).exclude(state=Message.State.SUPPRESSED)
    reminded = set(told.values_list("guardian", "user"))
    rest = [
        Recipient(each.guardian_id, each.user_id, each.institution_id)
        for each in left
        if (each.guardian_id, each.user_id) not in reminded
    ]
    if not rest:
        return 0
    for start in range(0, len(rest), CHUNK):
        _write(found, REMINDED, key, rest[start : start + CHUNK], inbox=found.channels == [Channel.INBOX])
    found.reminded_at = clock.now()
    found.save(update_fields=["reminded_at"])
    trail.record(by, "notifications.readers-reminded", found, after={"number": len(rest)})
    return len(rest)


def unread_of(found: Announcement) -> QuerySet[Message]:
    """The inbox messages of an announcement that nobody has read, or confirmed where that was asked for."""
    rows = found.messages.filter(fact=ANNOUNCED, channel=Channel.INBOX).exclude(state=Message.State.SUPPRESSED)
    open_ones = Q(acknowledged_at=None) if found.acknowledge else Q(read_at=None)
    return rows.filter(open_ones).order_by("pk")


# --- what it says -----------------------------------------------------------------------------------------------------
def _read(messages: Sequence[Message]) -> dict[int, Told]:
    """What announcements say, for those who are still whom they are for. A few queries for each announcement."""
    told: dict[int, Told] = {}
    by_announcement: dict[int, list[Message]] = {}
    for message in messages:
        if message.announcement is not None and message.announcement.state != State.WITHDRAWN:
            by_announcement.setdefault(message.announcement.pk, []).append(message)
    for those in by_announcement.values():
        found = those[0].announcement
        assert found is not None  # noqa: S101 - asked above
        audience = Audience.of(found)
        guardians = {each.guardian_id for each in those if each.guardian_id is not None}
        users = {each.user_id for each in those if each.user_id is not None}
        there = set(guardians_of(audience).filter(guardian__in=guardians).values_list("guardian", flat=True))
        logins = set(users_of(audience).filter(pk__in=users).values_list("pk", flat=True)) if users else set()
        for each in those:
            if each.guardian_id in there or each.user_id in logins:
                told[each.pk] = {"title": found.title, "text": _text_of(found)}
    return told


def _text_of(found: Announcement) -> Any:
    """What it says, and what goes with it, in the language of whoever reads it."""
    if not found.attachment:
        return found.text
    return format_lazy("{text}\n\n{attached}: {name}", text=found.text, attached=_ATTACHED, name=found.attachment_name)


_PLACEHOLDERS = {"title": gettext_noop("its title"), "text": gettext_noop("what it says")}

declare(
    Fact(
        code=ANNOUNCED,
        name=gettext_noop("Announcement"),
        placeholders=_PLACEHOLDERS,
        subject="{title}",
        text=gettext_noop("{text}\n\n{school}\n{link}"),
        short=gettext_noop("{school}: {title}. {link}"),
        read=_read,
        of_children=False,
        missing=Message.Reason.NO_ACCESS,
    ),
    Fact(
        code=REMINDED,
        name=gettext_noop("Reminder of an announcement"),
        placeholders=_PLACEHOLDERS,
        subject=gettext_noop("Please read: {title}"),
        text=gettext_noop("Hello {name},\n\nyou have not read this yet:\n\n{text}\n\n{school}\n{link}"),
        short=gettext_noop("{school}, please read: {title}. {link}"),
        read=_read,
        of_children=False,
        missing=Message.Reason.NO_ACCESS,
    ),
)


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom an announcement would reach: people, and of them on each channel; ``parts`` is what texts cost."""

    recipients: int
    by_channel: dict[str, int]
    parts: int


def preview(*, title: str, audience: Audience, channels: Collection[str], by: User) -> Preview:
    """How many people an announcement would be told to, and how. A handful of queries, whatever their number.

    Raises:
        As ``announce``.
    """
    expect_audience(audience, by=by)
    guardians = guardians_of(audience).values("guardian").distinct()
    users = users_of(audience)
    mailed = guardians.filter(Q(guardian__email__gt="") | Q(guardian__user__email__gt="")).count()
    mailed += users.exclude(email="").count()
    texted = guardians.filter(guardian__phone__gt="").count()
    number = guardians.count() + users.count()
    reached = {Channel.INBOX.value: number}
    if Channel.EMAIL in channels:
        reached[Channel.EMAIL.value] = mailed
    if Channel.SMS in channels:
        reached[Channel.SMS.value] = texted
    return Preview(number, reached, reached.get(Channel.SMS.value, 0) * _parts(title))


def _parts(title: str) -> int:
    """How many parts a text with this title takes: of 160 plain letters, or 70 of any; fewer where they are joined."""
    length = len(title) + 60
    plain = title.isascii()
    if length <= (160 if plain else 70):
        return 1
    return -(-length // (153 if plain else 67))
