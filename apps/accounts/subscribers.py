"""Consequences of what happens to accounts."""

from __future__ import annotations

from apps.accounts import tasks
from apps.accounts.events import InvitedByMail, PasswordForgotten
from schoolops.events import subscribe


@subscribe(PasswordForgotten)
def mail_a_new_link(event: PasswordForgotten) -> None:
    """The same work whether the login exists or not: the job finds out, so the answer's time tells nothing."""
    tasks.mail_reset_link.enqueue(login=event.login)


@subscribe(InvitedByMail)
def mail_the_invitation(event: InvitedByMail) -> None:
    tasks.mail_invitation.enqueue(user_id=event.user_id)
