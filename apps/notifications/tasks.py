"""Handing messages over, and looking for those that wait."""

from __future__ import annotations

import datetime as dt

from apps.notifications import services
from schoolops.queues import NOTIFICATIONS, task
from schoolops.queues.schedule import Schedule, schedule


@task(
    queue=NOTIFICATIONS,
    leased=True,
    outside="keyed",
    once_per=("channel", "minute"),
    while_waiting=True,
    acts_for="the school",
)
def deliver(*, channel: str, minute: str) -> int:  # noqa: ARG001 - one job for what is due at the same time
    """Hand over what is due on a channel. Each message is called out at most once: its own state says so."""
    return services.deliver(channel)


@task(queue=NOTIFICATIONS, leased=True, once_per=("announcement",), while_waiting=True, acts_for="the school")
def publish(*, announcement: int) -> int:
    """Write an announcement's messages down, chunk by chunk; doing it twice tells nobody twice."""
    return services.publish(announcement)


@task(queue=NOTIFICATIONS, acts_for="the school")
def look_after() -> int:
    """Let what is due be handed over, and say of what was being handed over by a job that is gone that nobody knows."""
    return services.look_after()


schedule(Schedule("notifications.look-after", look_after, every=dt.timedelta(minutes=10)))


@task(queue=NOTIFICATIONS, acts_for="the school")
def forget_attachments() -> int:
    """Let go of what was attached to announcements a year ago; doing it twice finds no more."""
    return services.forget_attachments()


schedule(Schedule("notifications.forget", forget_attachments, every=dt.timedelta(days=1), offset=dt.timedelta(hours=2)))
