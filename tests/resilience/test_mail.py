"""A mail server that is away is noticed once and not again by every job; one that refuses an address works."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test import override_settings

from schoolops.resilience import mail
from schoolops.resilience.breaker import State
from schoolops.resilience.mail import GuardedBackend, MailUnavailable

asked: list[int] = []
answer: list[Exception] = []


class Server(BaseEmailBackend):
    """A mail server's stand-in: fails with ``answer``, or takes everything."""

    def send_messages(self, email_messages: Any) -> int:
        asked.append(len(email_messages))
        if answer:
            raise answer[0]
        return len(email_messages)


@pytest.fixture(autouse=True)
def _server() -> Iterator[None]:
    asked.clear()
    answer.clear()
    mail.circuit.reset()
    with override_settings(EMAIL_BACKEND_BEHIND=f"{__name__}.Server"):
        yield
    mail.circuit.reset()


def send() -> int:
    return GuardedBackend().send_messages([EmailMessage("Hello", "Text", to=["carol@example.org"])])


@pytest.mark.parametrize(
    "failure",
    [ConnectionRefusedError(), TimeoutError(), smtplib.SMTPServerDisconnected(), OSError(113, "No route to host")],
    ids=lambda each: type(each).__name__,
)
def test_a_server_that_is_away_is_asked_five_times_and_then_left_alone(failure: Exception) -> None:
    answer.append(failure)
    for _ in range(8):
        with pytest.raises(MailUnavailable) as refused:
            send()
        assert refused.value.retry_after
    assert len(asked) == 5
    assert mail.circuit.state is State.OPEN


def test_a_server_that_refuses_an_address_works() -> None:
    answer.append(smtplib.SMTPRecipientsRefused({"carol@example.org": (550, b"no such user")}))
    for _ in range(8):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send()
    assert len(asked) == 8
    assert mail.circuit.state is State.CLOSED


def test_what_can_be_sent_is_sent() -> None:
    assert send() == 1
