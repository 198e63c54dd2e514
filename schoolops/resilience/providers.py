"""Mail through a provider's API instead of SMTP, and what the provider reports later, by django-anymail.

An extra (``mail-provider``): nothing of it is imported where ``MAIL_PROVIDER`` is empty.
"""

from __future__ import annotations

import datetime as dt
import re
import smtplib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest

# Certainly not taken, and no letter's fault: too many, closed for now, or a key of ours that is not accepted.
_NOT_NOW: Final = frozenset({401, 403, 408, 425, 429, 503})
# What goes with a letter and comes back with each report.
SCHOOL, LETTER = "schoolops_school", "schoolops_letter"
# Of what else is reported (queued, sent, deferred, subscribed, unknown) a letter is no wiser.
_OUTCOMES: Final[Mapping[str, str]] = {
    "delivered": "delivered",
    # Whoever opens a letter, or has a machine answer it, has it.
    "opened": "delivered",
    "clicked": "delivered",
    "autoresponded": "delivered",
    "bounced": "bounced",
    "rejected": "bounced",
    "failed": "failed",
    "complained": "complained",
    "unsubscribed": "complained",
}
# Why a letter comes back or is not sent on, where that says nothing of the address.
_PASSING: Final = frozenset({"timed_out", "blocked"})
# How providers say in their own words that one came back for now: a full mailbox, a server that is away.
_SOFT: Final = frozenset({"softbounce", "soft_bounce", "soft_bounced", "activity.soft_bounced", "transient", "blocked"})
_SOFT_CLASSES: Final = frozenset({"20", "21", "22", "23", "24", "40", "70"})
_SAYS_FOR_NOW: Final = re.compile(r"\s*(smtp;\s*)?4(\d\d\b|\.\d\.\d)", re.IGNORECASE)


class NotTheProvider(Exception):
    """Whoever reports does not know the secret or the signature, or none is set."""


class NotAReport(Exception):
    """It cannot be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a letter: ``delivered``, ``bounced``, ``came-back`` (for now), ``failed`` or ``complained``.

    ``at``: when, where the provider says it.
    """

    school: str
    letter: str
    outcome: str
    words: str
    at: dt.datetime | None = None


class ProviderBackend(BaseEmailBackend):
    """Anymail's for ``MAIL_PROVIDER``, whose refusals are those of a mail server."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - Django's
        super().__init__(fail_silently=fail_silently)
        self._behind = get_connection(f"anymail.backends.{settings.MAIL_PROVIDER}.EmailBackend", **options)

    def open(self) -> bool | None:
        return self._behind.open()

    def close(self) -> None:
        self._behind.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        from anymail import exceptions  # noqa: PLC0415 - an extra

        try:
            return self._behind.send_messages(email_messages) or 0
        except exceptions.AnymailRecipientsRefused as refused:
            words = str(refused).encode()
            to = [address for each in email_messages for address in each.recipients()]
            raise smtplib.SMTPRecipientsRefused(dict.fromkeys(to, (550, words))) from refused
        except exceptions.AnymailAPIError as refused:
            status = refused.status_code or 0
            if status in _NOT_NOW:
                raise ConnectionRefusedError(f"The provider answers {status}") from refused
            if 400 <= status < 500:
                raise smtplib.SMTPDataError(554, str(status).encode()) from refused
            raise smtplib.SMTPServerDisconnected(f"The provider answers {status or 'nothing'}") from refused


def reports_in(request: HttpRequest) -> list[Report]:
    """What the provider reports of letters that bear our marks.

    Raises:
        NotTheProvider, NotAReport.
    """
    if not settings.MAIL_PROVIDER or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise NotTheProvider
    from anymail.exceptions import AnymailWebhookValidationFailure  # noqa: PLC0415 - an extra

    module = import_module(f"anymail.webhooks.{settings.MAIL_PROVIDER}")
    view: Any = next(made for name, made in vars(module).items() if name.endswith("TrackingWebhookView"))()
    try:
        view.run_validators(request)
        events = view.parse_events(request)
    except AnymailWebhookValidationFailure as refused:
        raise NotTheProvider from refused
    except (KeyError, ValueError, TypeError, AttributeError, LookupError) as unread:
        raise NotAReport from unread
    return [
        Report(str(marks[SCHOOL]), str(marks[LETTER]), _outcome(each), _words(each), each.timestamp)
        for each in events
        if each.event_type in _OUTCOMES and {SCHOOL, LETTER} <= (marks := each.metadata or {}).keys()
    ]


def _outcome(event: Any) -> str:
    outcome, why = _OUTCOMES[event.event_type], event.reject_reason
    if outcome != "bounced":
        return outcome
    if event.event_type == "rejected":
        # Never sent on: for an address that the provider knows to be none, or for something that is the letter's.
        return "failed" if why in _PASSING or why == "other" else outcome
    return "came-back" if why in _PASSING or _is_soft(event) else outcome


def _is_soft(event: Any) -> bool:
    """Whether a letter came back for now alone, as far as the provider tells it apart."""
    if _SAYS_FOR_NOW.match(event.mta_response or ""):
        return True
    for each in _within(event.esp_event):
        said = {str(each[name]).lower() for name in ("event", "type", "Type", "bounceType") if name in each}
        # Mailjet says which is hard; SparkPost says a class.
        if said & _SOFT or each.get("hard_bounce") is False or str(each.get("bounce_class")) in _SOFT_CLASSES:
            return True
    return False


def _within(said: Any, depth: int = 3) -> Iterator[Mapping[str, Any]]:
    if isinstance(said, Mapping) and depth:
        yield said
        for each in said.values():
            yield from _within(each, depth - 1)


def _words(event: Any) -> str:
    return str(event.mta_response or event.description or event.reject_reason or event.event_type)
