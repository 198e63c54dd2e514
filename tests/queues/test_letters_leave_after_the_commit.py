"""A letter goes out when its link is committed, once; and nothing else leaves from inside a transaction either."""

from __future__ import annotations

import smtplib
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections, transaction
from django.test import override_settings

from apps.accounts import services, tasks
from apps.accounts.models import OneTimeLink, User
from schoolops.context import inside
from schoolops.queues import REPORTS, task
from schoolops.queues.job import calling_outside
from schoolops.resilience import mail
from schoolops.resilience.mail import GuardedBackend
from schoolops.resilience.outside import CalledInTransaction
from tests.queues.ground import Ledger

NEW = "a new and rather long one"
letters: list[EmailMessage] = []
on_open: list[Exception] = []
on_sending: list[Callable[[EmailMessage], None]] = []


class Server(BaseEmailBackend):
    """A mail server's stand-in: does what it was told on being reached and on being handed a letter."""

    def open(self) -> bool:
        if on_open:
            raise on_open.pop()
        return True

    def send_messages(self, messages: Any) -> int:
        letters.extend(messages)
        for act in on_sending:
            act(messages[0])
        return len(messages)


@pytest.fixture(autouse=True)
def _server() -> Iterator[None]:
    for each in (letters, on_open, on_sending):
        each.clear()
    mail.circuit.reset()
    behind = f"{__name__}.Server"
    with override_settings(EMAIL_BACKEND="schoolops.resilience.mail.GuardedBackend", EMAIL_BACKEND_BEHIND=behind):
        yield
    mail.circuit.reset()


@pytest.fixture
def nadia(ledger: Ledger) -> User:
    with inside(ledger.school):
        user = User(username="nadia", email="nadia@example.org")
        user.set_password("what was before")
        user.save()
        return user


def secret_in(letter: EmailMessage) -> str:
    return str(letter.body).split("/redeem#")[1].split()[0]


def ways(nadia: User) -> list[tuple[Any, dict[str, Any]]]:
    return [(tasks.mail_invitation, {"user_id": nadia.pk}), (tasks.mail_reset_link, {"login": "nadia"})]


def test_the_link_works_when_the_letter_arrives(ledger: Ledger, nadia: User) -> None:
    answers: list[User] = []

    def read_it_at_once(letter: EmailMessage) -> None:
        def redeem() -> User:
            try:
                with inside(ledger.school):
                    return services.redeem_link(token=secret_in(letter), password=NEW)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as elsewhere:
            answers.append(elsewhere.submit(redeem).result(30))

    on_sending.append(read_it_at_once)
    for sending, payload in ways(nadia):
        ledger.run(ledger.enqueue(sending, **payload))
    assert answers == [nadia, nadia]
    assert ledger.jobs() == ledger.letters() == []


def test_a_letter_whose_worker_died_is_not_sent_again(ledger: Ledger, nadia: User) -> None:
    for sending, payload in ways(nadia):
        job = ledger.enqueue(sending, **payload)
        ledger.sql(
            "UPDATE queues_job SET sending_at = now(), lease_token = 1, lease_until = now() - interval '1 second'"
        )
        ledger.run(job)
    assert letters == []
    assert [letter.reason for letter in ledger.letters()] == ["outcome_unknown"] * 2


def test_a_server_that_hangs_up_meanwhile_has_perhaps_sent_it(ledger: Ledger, nadia: User) -> None:
    def hang_up(_letter: EmailMessage) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    on_sending.append(hang_up)
    ledger.run(ledger.enqueue(tasks.mail_invitation, user_id=nadia.pk))
    ledger.make_due()
    ledger.run()
    assert len(letters) == 1
    assert [letter.reason for letter in ledger.letters()] == ["outcome_unknown"]


def test_a_server_that_was_not_reached_is_asked_again(ledger: Ledger, nadia: User) -> None:
    on_open.append(ConnectionRefusedError())
    ledger.run(ledger.enqueue(tasks.mail_invitation, user_id=nadia.pk))
    assert letters == []
    # An outage is nobody's failure.
    assert [(row.attempts, row.sending_at) for row in ledger.jobs()] == [(0, None)]
    ledger.make_due()
    ledger.run()
    assert ledger.jobs() == ledger.letters() == []
    with inside(ledger.school):
        assert services.redeem_link(token=secret_in(letters[0]), password=NEW) == nadia


def test_an_address_that_is_refused_comes_to_the_desk_with_what_the_server_said(ledger: Ledger, nadia: User) -> None:
    def refuse(_letter: EmailMessage) -> None:
        raise smtplib.SMTPRecipientsRefused({"nadia@example.org": (550, b"no such user")})

    on_sending.append(refuse)
    job = ledger.enqueue(tasks.mail_invitation, user_id=nadia.pk)
    for _ in range(tasks.mail_invitation.tries):
        ledger.make_due()
        ledger.run(job)
    [letter] = ledger.letters()
    assert letter.reason == "exhausted"
    assert "no such user" in letter.error


def test_nobody_left_to_write_to_is_no_letter_and_no_link(ledger: Ledger, nadia: User) -> None:
    with inside(ledger.school):
        User.objects.update(is_active=False)
    for sending, payload in ways(nadia):
        ledger.run(ledger.enqueue(sending, **payload))
    assert letters == ledger.jobs() == ledger.letters() == []
    with inside(ledger.school):
        assert not OneTimeLink.objects.exists()


# --- whatever else may come -------------------------------------------------------------------------------------------
def by_mail() -> None:
    EmailMessage("Hello", "Text", to=["carol@example.org"]).send()


def by_our_door() -> None:
    GuardedBackend().send_messages([EmailMessage("Hello", "Text", to=["carol@example.org"])])


def by_smtp() -> None:
    smtplib.SMTP("127.0.0.1", 9)


def by_urllib() -> None:
    urllib.request.urlopen("http://127.0.0.1:9/")


def by_requests() -> None:
    requests.post("http://127.0.0.1:9/", json={}, timeout=1)


def by_a_task() -> None:
    with calling_outside():
        pass


LEAVING = [by_mail, by_our_door, by_smtp, by_urllib, by_requests, by_a_task]


@pytest.mark.parametrize("leave", LEAVING, ids=lambda each: each.__name__)
def test_nothing_leaves_from_inside_a_transaction(leave: Callable[[], None], in_oak: Any) -> None:
    with pytest.raises(CalledInTransaction), transaction.atomic():
        leave()
    with transaction.atomic(), pytest.raises(CalledInTransaction), transaction.atomic():
        leave()
    assert letters == []


def test_a_task_that_is_one_transaction_sends_nothing(ledger: Ledger) -> None:
    @task(queue=REPORTS, name="test.sends_inside", tries=1)
    def sends_inside(*, n: int) -> None:
        by_our_door()

    ledger.run(ledger.enqueue(sends_inside, n=1))
    assert letters == []
    assert [letter.error_class for letter in ledger.letters()] == ["CalledInTransaction"]


def test_outside_of_one_everything_leaves(in_oak: Any) -> None:
    by_mail()
    by_our_door()
    by_a_task()
    assert len(letters) == 2
    for unreachable in (by_smtp, by_urllib, by_requests):
        with pytest.raises(OSError, match=r"[Rr]efused"):
            unreachable()
