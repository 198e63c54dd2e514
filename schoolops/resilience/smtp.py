"""Mail by SMTP, a round trip a letter where the server takes commands in groups (PIPELINING, RFC 2920)."""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from email.policy import compat32
from email.utils import formatdate, make_msgid
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import forbid_multi_line_headers, sanitize_address
from django.core.mail.utils import DNS_NAME

_DOT = re.compile(rb"(?m)^\.")
_OF_A_LETTER = ("Subject", "From", "To", "Date", "Message-ID")
_LONGEST_LINE = 76
# Answers about this message, from a server that works.
ANSWERS: Final = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


class NotBegun(smtplib.SMTPServerDisconnected):
    """The server went away before it had anything of a letter's text: it has certainly not taken it."""


class PipeliningBackend(EmailBackend):
    """Django's, whose letters say what follows them: ``ahead`` is the letter that the next call sends.

    Its commands go together with the text of the one before, so that each waits for the server once. A letter whose
    text has not been sent has not been sent, whatever happens to the connection.
    """

    ahead: EmailMessage | None = None
    # Whose commands the server has, and answers: between here and its text nothing else may be said.
    begun: EmailMessage | None = None
    # A letter and how it goes over the wire, made while the server read the one before.
    _made: tuple[EmailMessage, bytes] | None = None

    def _send(self, email_message: EmailMessage) -> bool:
        server = self.connection
        if server is None or len(email_message.recipients()) != 1:
            return bool(super()._send(email_message))  # type: ignore[misc]
        following, self.ahead = self.ahead, None
        text = self._text(email_message)
        server.ehlo_or_helo_if_needed()
        if not server.has_extn("pipelining"):
            sender, to = _envelope(email_message)
            server.sendmail(sender, [to], text)
            return True
        try:
            if self.begun is None:
                server.send(_commands(email_message))
            elif self.begun is not email_message:
                raise NotBegun("Another letter was to follow")
            self.begun = None
            _expect_begun(server, email_message)
        except ANSWERS:
            raise
        except OSError as gone:
            raise NotBegun from gone
        next_ones = b""
        if following is not None and following is not email_message and len(following.recipients()) == 1:
            # One that nobody can write down says so when it is its turn.
            with suppress(ValueError):
                next_ones = _commands(following)
                self.begun = following
        server.send(_DOT.sub(b"..", text) + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n") + next_ones)
        if following is not None:
            with suppress(ValueError):
                self._made = (following, as_bytes(following))
        code, words = server.getreply()
        if code != 250:
            raise smtplib.SMTPDataError(code, words)
        return True

    def _text(self, message: EmailMessage) -> bytes:
        made, self._made = self._made, None
        return made[1] if made is not None and made[0] is message else as_bytes(message)

    def close(self) -> None:
        """As Django's; without a farewell where the server awaits a text, since it would take it for one."""
        if self.begun is not None and self.connection is not None:
            self.begun = None
            self.connection.close()
            self.connection = None
        super().close()


# Parsing an address takes longer than a server does to take a letter; the sender is always the same.
_sane = lru_cache(maxsize=1024)(sanitize_address)


def _envelope(message: EmailMessage) -> tuple[str, str]:
    encoding = message.encoding or settings.DEFAULT_CHARSET
    return _sane(message.from_email, encoding), _sane(message.recipients()[0], encoding)


def _commands(message: EmailMessage) -> bytes:
    sender, to = _envelope(message)
    lines = f"MAIL FROM:{smtplib.quoteaddr(sender)}\r\nRCPT TO:{smtplib.quoteaddr(to)}\r\nDATA\r\n"
    return lines.encode("ascii")


def _expect_begun(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Read what the server says to a letter's commands.

    Raises:
        SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError: nothing was sent, and nothing is awaited.
        NotBegun: it ends the connection.
    """
    (code, words), (rcpt, rcpt_words), (data, data_words) = server.getreply(), server.getreply(), server.getreply()
    if 421 in {code, rcpt, data}:
        raise NotBegun("The server says goodbye")
    sender, to = _envelope(message)
    taken = code == 250 and rcpt in {250, 251}
    if taken and data == 354:
        return
    if data == 354:
        # Nothing for nobody: it answers that there is no recipient.
        server.send(b".\r\n")
        server.getreply()
    server.rset()
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, words, sender)
    if not taken:
        raise smtplib.SMTPRecipientsRefused({to: (rcpt, rcpt_words)})
    raise smtplib.SMTPDataError(data, data_words)


def as_bytes(message: EmailMessage) -> bytes:
    """A letter as it goes over the wire. What many letters say alike is encoded once for them."""
    alike = type(message) is EmailMultiAlternatives and all(isinstance(each[0], str) for each in message.alternatives)
    if not alike or message.attachments or message.cc or message.reply_to:
        return message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    headers: dict[str, Any] = {
        "Subject": message.subject,
        "From": message.from_email,
        "To": ", ".join(map(str, message.to)),
        "Date": formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
        "Message-ID": make_msgid(domain=str(DNS_NAME)),
        **message.extra_headers,
    }
    encoding = message.encoding or settings.DEFAULT_CHARSET
    alternatives = tuple((each[0], each[1]) for each in message.alternatives)  # type: ignore[attr-defined]
    head = "".join(_header(name, value, encoding) for name, value in headers.items())
    return head.encode("ascii") + _body(str(message.body), message.content_subtype, alternatives, encoding)


@lru_cache(maxsize=256)
def _header(name: str, value: Any, encoding: str) -> str:
    name, value = forbid_multi_line_headers(name, value, encoding)
    if (len(name) + len(value) < _LONGEST_LINE or " " not in value) and "\n" not in value:
        return f"{name}: {value}\r\n"
    return compat32.fold(name, value).replace("\r\n", "\n").replace("\n", "\r\n")


@lru_cache(maxsize=64)
def _body(text: str, subtype: str, alternatives: tuple[tuple[str, str], ...], encoding: str) -> bytes:
    letter = EmailMultiAlternatives("", text, alternatives=list(alternatives))
    letter.content_subtype, letter.encoding = subtype, encoding
    made = letter.message()
    for name in _OF_A_LETTER:
        del made[name]
    return made.as_bytes(linesep="\r\n")  # type: ignore[call-arg]
