"""The mail server behind a circuit: while it is away, jobs that send mail learn it at once and come again later."""

from __future__ import annotations

import select
import smtplib
from collections.abc import Sequence
from typing import Any, Final, Literal

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from schoolops.errors import Unavailable
from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits
from schoolops.resilience.outside import expect_no_transaction
from schoolops.resilience.smtp import ANSWERS, NotBegun, PipeliningBackend


class MailUnavailable(Unavailable):
    """The mail server does not answer.

    ``sent``: ``"no"`` for certain, or ``"unknown"`` where it went away after it was spoken to.
    """

    sent = "unknown"
    code = "resilience:mail-unavailable"
    retry_after = 60
    remedy = "Jobs that send mail are repeated by themselves. If it stays, look at EMAIL_URL and at the mail server."


circuit: Final = Breaker(
    "email",
    counts=(MailUnavailable,),
    # A mail server may take its time; five seconds a message, again and again, is not serving.
    limits=Limits(failures=5, slow_s=5.0, reset_s=5.0, reset_cap_s=60.0, probe_s=30.0),
)


def _hung_up(backend: BaseEmailBackend) -> bool:
    """Whether the server has said something unasked, or nothing any more, on a connection that was left open."""
    if isinstance(backend, PipeliningBackend) and backend.begun is not None:
        return False
    sock = getattr(getattr(backend, "connection", None), "sock", None)
    return sock is not None and bool(select.select([sock], [], [], 0)[0])


def _sent(backend: BaseEmailBackend, messages: Sequence[EmailMessage], *, kept: bool) -> int:
    try:
        if _hung_up(backend):
            backend.close()
        # By itself, since whoever could not be reached has certainly not sent anything.
        opened = backend.open()
    except OSError as away:
        raise _away("no") from away
    try:
        try:
            return backend.send_messages(messages) or 0
        except NotBegun:
            # As servers do that take so many letters over a connection, or have waited long enough.
            backend.close()
            backend.open()
            return backend.send_messages(messages) or 0
    except ANSWERS:
        raise
    except (NotBegun, ConnectionRefusedError) as away:
        backend.close()
        raise _away("no") from away
    except OSError as away:
        # SMTPException is one as well: a server that hangs up, refuses the login or speaks no SMTP.
        backend.close()
        raise _away("unknown") from away
    finally:
        if opened and not kept:
            backend.close()


def _away(sent: Literal["no", "unknown"], *, retry_after: int | None = None) -> MailUnavailable:
    error = MailUnavailable(retry_after=retry_after) if retry_after else MailUnavailable()
    error.sent = sent
    return error


class NowhereBackend(BaseEmailBackend):
    """Where no mail server is named and letters may not be written out: they name children, and open logins."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise smtplib.SMTPDataError(550, b"no mail server is set up (EMAIL_URL)")


class GuardedBackend(BaseEmailBackend):
    """Django's EMAIL_BACKEND: ``EMAIL_BACKEND_BEHIND`` behind the circuit ``email``.

    Raises ``MailUnavailable``; what the server answered about a message; ``CalledInTransaction``, where one is open.
    """

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - Django's
        super().__init__(fail_silently=fail_silently)
        self._backend = get_connection(settings.EMAIL_BACKEND_BEHIND, fail_silently=fail_silently, **options)
        self._kept = False

    def open(self) -> bool:
        """Keep the connection that the next message opens until ``close``; it is opened anew where it was lost."""
        self._kept = True
        return True

    def follows(self, message: EmailMessage | None) -> None:
        """The letter that is sent after the next one, the same object; it goes faster where it is known."""
        if isinstance(self._backend, PipeliningBackend):
            self._backend.ahead = message

    def close(self) -> None:
        self._kept = False
        self._backend.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        expect_no_transaction("Mail was to be sent")
        try:
            return circuit.call(_sent, self._backend, email_messages, kept=self._kept)
        except BreakerOpen as refusal:
            raise _away("no", retry_after=max(1, round(refusal.retry_after_s))) from refusal
