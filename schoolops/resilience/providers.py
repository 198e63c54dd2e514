"""Mail through a provider's API instead of SMTP, and what the provider reports later, by django-anymail.

An extra (``mail-provider``): nothing of it is imported where ``MAIL_PROVIDER`` is empty.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
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
_OUTCOMES: Final[Mapping[str, str]] = {
    "delivered": "delivered",
    "bounced": "bounced",
    "rejected": "bounced",
    "failed": "failed",
    "complained": "complained",
}


class NotTheProvider(Exception):
    """Whoever reports does not know the secret or the signature, or none is set."""


class NotAReport(Exception):
    """It cannot be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a letter: ``delivered``, ``bounced``, ``failed`` or ``complained``."""

    school: str
    letter: str
    outcome: str
    words: str


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
        Report(str(marks[SCHOOL]), str(marks[LETTER]), _OUTCOMES[each.event_type], _words(each))
        for each in events
        if each.event_type in _OUTCOMES and {SCHOOL, LETTER} <= (marks := each.metadata or {}).keys()
    ]


def _words(event: Any) -> str:
    return str(event.mta_response or event.description or event.reject_reason or event.event_type)
