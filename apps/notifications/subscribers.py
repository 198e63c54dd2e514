"""What follows when there is something to be told."""

from __future__ import annotations

from apps.notifications import tasks
from apps.notifications.events import AnnouncementDue, MessagesDue
from schoolops.events import subscribe


@subscribe(MessagesDue)
def hand_them_over_when_they_are_due(event: MessagesDue) -> None:
    minute = event.due_at.strftime("%Y-%m-%dT%H:%M")
    tasks.deliver.enqueue(channel=event.channel, minute=minute, run_at=event.due_at)


@subscribe(AnnouncementDue)
def tell_everybody_whom_it_is_for(event: AnnouncementDue) -> None:
    tasks.publish.enqueue(announcement=event.announcement_id, run_at=event.publish_at)
