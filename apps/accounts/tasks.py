"""What accounts leave to the queues. A link's secret is made when the mail is written, so it never stands in a job."""

from __future__ import annotations

import datetime as dt

from apps.accounts import services
from schoolops.queues import NOTIFICATIONS, PLATFORM, task
from schoolops.queues.mailing import hand_over
from schoolops.queues.schedule import Schedule, schedule


@task(
    queue=NOTIFICATIONS,
    once_per=("login",),
    while_waiting=True,
    outside="at_most_once",
    refused="discard",
    acts_for="the school",
)
def mail_reset_link(*, login: str) -> None:
    """Mail a link for a new password to whoever has this login; nothing, when nobody has."""
    if (letter := services.reset_letter(login=login)) is not None:
        hand_over(letter)


@task(
    queue=NOTIFICATIONS,
    once_per=("user_id",),
    while_waiting=True,
    outside="at_most_once",
    refused="discard",
    acts_for="the school",
)
def mail_invitation(*, user_id: int) -> None:
    """Mail an invitation; nothing, when there is no address or access any more."""
    if (letter := services.invitation_letter(user_id=user_id)) is not None:
        hand_over(letter)


@task(queue=PLATFORM, acts_for="the school")
def clear_sessions() -> None:
    """Delete the sessions of this school that are over."""
    services.clear_sessions()


@task(queue=PLATFORM, acts_for="the school")
def clear_logins() -> None:
    """Delete the tokens, logins and links of this school that were over a week ago."""
    services.clear_logins()


# At three in the night, UTC.
schedule(Schedule("accounts.clear-sessions", clear_sessions, every=dt.timedelta(days=1), offset=dt.timedelta(hours=3)))
schedule(Schedule("accounts.clear-logins", clear_logins, every=dt.timedelta(days=1), offset=dt.timedelta(hours=3)))
