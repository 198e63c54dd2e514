"""How a letter is called out on each channel, and what the answer says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from smtplib import SMTPSenderRefused

from django.core.mail import EmailMultiAlternatives, get_connection

from apps.notifications.models import Channel, Message
from apps.notifications.services.judging import Letter
from apps.notifications.services.wording import as_html, one_line
from schoolops.context import school_or_none
from schoolops.resilience import sms
from schoolops.resilience.mail import GuardedBackend
from schoolops.resilience.providers import LETTER, SCHOOL
from schoolops.resilience.smtp import ANSWERS
from schoolops.tenancy.resolution import web_address

State, Reason = Message.State, Message.Reason
# Twice as long for each try, from five minutes on: half a day.
MOST_TRIES, AGAIN_AFTER = 8, dt.timedelta(minutes=5)

# Calls a letter out, and is told which one comes after it.
Give = Callable[[Letter, Letter | None], None]


@contextmanager
def _inbox() -> Iterator[Give]:
    def lay(letter: Letter, _following: Letter | None) -> None:
        letter.state = State.DELIVERED

    yield lay


@contextmanager
def _email() -> Iterator[Give]:
    """Over one connection, whatever number of letters."""
    backend = get_connection()
    # Nobody is at a school while somebody outside is called.
    school = getattr(school_or_none(), "slug", "")
    ready: dict[int, EmailMultiAlternatives] = {}

    def written(letter: Letter) -> EmailMultiAlternatives:
        if letter.first.pk in ready:
            return ready.pop(letter.first.pk)
        made = EmailMultiAlternatives(letter.subject, letter.text, to=[letter.address], connection=backend)
        made.extra_headers = {"X-SchoolOps-Message": str(letter.first.sourced_id), "Auto-Submitted": "auto-generated"}
        # A provider gives these back with each report; a mail server never sees them.
        made.metadata = {SCHOOL: school, LETTER: str(letter.first.sourced_id)}  # type: ignore[attr-defined]
        made.attach_alternative(as_html(letter.text, letter.language, link=letter.link), "text/html")
        return made

    def mail(letter: Letter, following: Letter | None) -> None:
        now = written(letter)
        if following is not None and isinstance(backend, GuardedBackend):
            ready[following.first.pk] = written(following)
            backend.follows(ready[following.first.pk])
        try:
            now.send()
        except ANSWERS as answer:
            _answered(letter, answer)
        except ValueError as unwritable:
            # No letter can be addressed so, as Django says before anything goes out: the others go all the same.
            letter.state, letter.answer = State.FAILED, one_line(str(unwritable))[:200]
        else:
            letter.state = State.SENT

    backend.open()
    try:
        yield mail
    finally:
        backend.close()


def _answered(letter: Letter, answer: Exception) -> None:
    """What the mail server said about a letter: not now, never to this address, or not like this."""
    refused = getattr(answer, "recipients", None)
    code, words = next(iter(refused.values())) if refused else (answer.smtp_code, answer.smtp_error)  # type: ignore[attr-defined]
    said = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    letter.answer = one_line(f"{code} {said}")[:200]
    # A sender who is refused is wrong in the settings, whatever the letter: it goes once they are right.
    passes = 400 <= code < 500 or isinstance(answer, SMTPSenderRefused)
    if passes and letter.first.tries < MOST_TRIES:
        letter.wait(Reason.OUTAGE, AGAIN_AFTER * 2**letter.first.tries)
    elif refused and not passes:
        letter.state, letter.bounced = State.BOUNCED, True
    else:
        letter.state = State.FAILED


@contextmanager
def _text() -> Iterator[Give]:
    gateway = sms.Gateway()
    callback = f"{web_address(school_or_none())}/hooks/sms"

    def text(letter: Letter, _following: Letter | None) -> None:
        key = str(letter.first.sourced_id)
        try:
            letter.reference = gateway.send(to=letter.address, text=letter.text, key=key, callback=callback)
        except sms.GatewayRefused as refused:
            letter.state, letter.answer = State.FAILED, one_line(str(refused))[:200]
        else:
            letter.state = State.SENT

    try:
        yield text
    finally:
        gateway.close()


HANDS: Mapping[Channel, Callable[[], AbstractContextManager[Give]]] = {
    Channel.EMAIL: _email,
    Channel.SMS: _text,
    Channel.INBOX: _inbox,
}
