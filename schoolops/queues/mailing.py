"""Handing a letter over to the mail server, from a task that is declared ``outside="at_most_once"``."""

from __future__ import annotations

from django.core.mail import EmailMessage

from schoolops.queues.job import NotSent, calling_outside
from schoolops.resilience.mail import MailUnavailable
from schoolops.resilience.smtp import ANSWERS


def hand_over(letter: EmailMessage) -> None:
    """Send ``letter``, at most once: what is not known to have failed is for a person to look at, not for another try.

    Raises:
        NotSent: the server was not reached, or refused it. MailUnavailable: it went away meanwhile.
    """
    with calling_outside():
        try:
            letter.send()
        except ANSWERS as refusal:
            raise NotSent(f"The mail server refused it: {refusal}") from refusal
        except MailUnavailable as away:
            if away.sent == "no":
                raise NotSent("The mail server was not reached.") from away
            raise
