"""The paper that goes with an announcement: on the pages of its readers, and gone after a year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.notifications.errors import AttachmentRefused, AttachmentUnknown
from apps.notifications.models import Announcement
from apps.notifications.selectors.audiences import announcement_seen
from apps.notifications.selectors.own import inbox_of
from apps.notifications.services.wording import one_line
from schoolops import clock, files
from schoolops.files.papers import MOST_MB, PaperRefused, checked_paper, media_type_of

KEPT = dt.timedelta(days=365)
# So many in one transaction.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as it was sent, and how it was called."""

    content: bytes
    called: str


def attach(to: Announcement, paper: Paper) -> None:
    """Keep a paper with an announcement that is about to be saved. Raises ``AttachmentRefused``."""
    try:
        kept, suffix = checked_paper(paper.content)
    except PaperRefused as refusal:
        raise AttachmentRefused(most=MOST_MB) from refusal
    files.keep(to.attachment, kept, suffix=suffix)
    called = one_line(paper.called)
    stem = called.rpartition(".")[0] or called
    to.attachment_name = f"{stem[:100]}{suffix}"


def attachment_in(message: UUID, *, by: User) -> tuple[bytes, str]:
    """What came with an announcement in ``by``'s inbox, and its media type.

    Raises:
        PermissionMissing; AttachmentUnknown: also of what ``by`` may not see any more, or was withdrawn.
    """
    found = inbox_of(by).filter(sourced_id=message).first()
    if found is None or found.announcement is None:
        raise AttachmentUnknown
    return _read(found.announcement)


def attachment_of(announcement: UUID, *, by: User) -> tuple[bytes, str]:
    """The same, for who wrote it or sees what the school sends.

    Raises:
        PermissionMissing, AnnouncementUnknown; AttachmentUnknown.
    """
    return _read(announcement_seen(announcement, by=by))


def _read(found: Announcement | None) -> tuple[bytes, str]:
    if found is None or not found.attachment:
        raise AttachmentUnknown
    with found.attachment.open("rb") as file:
        return bytes(file.read()), media_type_of(str(found.attachment.name))


def detach(found: Announcement) -> None:
    """Let go of it, with the transaction that is open. Nothing, where there is none."""
    if found.attachment:
        files.forget(found.attachment)
        found.attachment_name = ""
        found.save(update_fields=["attachment", "attachment_name"])


def forget_attachments() -> int:
    """Let go of what was attached to announcements a year ago; how many those were."""
    number = 0
    old = Announcement.objects.filter(publish_at__lt=clock.now() - KEPT).exclude(attachment="")
    while True:
        with transaction.atomic():
            found = list(old.select_for_update(no_key=True, skip_locked=True).order_by("pk")[:AT_ONCE])
            for each in found:
                detach(each)
        number += len(found)
        if len(found) < AT_ONCE:
            return number
