"""Letters go over one connection in as few round trips as the server allows, and none is taken for another."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMultiAlternatives

from schoolops import launcher
from schoolops.resilience import mail
from schoolops.resilience.mail import GuardedBackend, MailUnavailable
from schoolops.resilience.smtp import ANSWERS, as_bytes


class Box:
    """What arrived, and what to answer for an address: at its commands, or at its text."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.refuses: dict[str, str] = {}
        self.drops: dict[str, str] = {}
        self.pipelining, self.connections = True, 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, said: list[str]) -> list[str]:  # noqa: N802 - aiosmtpd's
        session.host_name = name
        self.connections += 1
        return [*said[:-1], "250-PIPELINING", said[-1]] if self.pipelining else said

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.drops.get(address) == "before":
            del self.drops[address]
            server.transport.abort()
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        to = envelope.rcpt_tos[0]
        self.taken.append((to, message_from_bytes(envelope.content, policy=policy.default)))
        if self.drops.get(to) == "after":
            server.transport.abort()
        return "554 spam" if self.drops.get(to) == "spam" else "250 Taken"


@pytest.fixture
def box(settings: Any) -> Iterator[Box]:
    found = Box()
    server = Controller(found, hostname="127.0.0.1", port=launcher.free_port())
    server.start()
    settings.EMAIL_BACKEND_BEHIND = "schoolops.resilience.smtp.PipeliningBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    mail.circuit.reset()
    yield found
    server.stop()
    mail.circuit.reset()


def _letter(place: int, text: str = "Hello\n.\n..two\n") -> EmailMultiAlternatives:
    made = EmailMultiAlternatives(f"Über {place} \N{SPARKLES}", text, to=[f"g{place}@example.org"])
    made.attach_alternative(f"<p>{text}</p>", "text/html")
    made.extra_headers = {"X-Place": str(place)}
    return made


def _send(number: int, *, unwritable: int | None = None) -> list[object]:
    letters = [_letter(place, f"To {place}\n.\n..two\n") for place in range(number)]
    if unwritable is not None:
        letters[unwritable].to = ["two@signs@example.org"]
    found: list[object] = []
    backend = GuardedBackend()
    backend.open()
    for letter, following in zip(letters, [*letters[1:], None], strict=True):
        backend.follows(following)
        try:
            found.append(backend.send_messages([letter]))
        except MailUnavailable as away:
            found.append(away.sent)
        except (*ANSWERS, ValueError) as answer:
            found.append(type(answer))
    backend.close()
    return found


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_letter_arrives_once_with_its_own_text(box: Box, pipelining: bool) -> None:
    box.pipelining = pipelining
    assert _send(5) == [1] * 5
    assert [to for to, _ in box.taken] == [f"g{place}@example.org" for place in range(5)]
    assert box.connections == 1
    for place, (to, read) in enumerate(box.taken):
        plain = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert (read["to"], read["x-place"], plain) == (to, str(place), f"To {place}\n.\n..two\n")
        assert read["subject"] == f"Über {place} \N{SPARKLES}"


def test_a_refused_address_keeps_no_other_letter(box: Box) -> None:
    box.refuses = {"g1@example.org": "550 unknown", "g2@example.org": "451 later"}
    box.drops = {"g3@example.org": "spam"}
    refused = smtplib.SMTPRecipientsRefused
    assert _send(5) == [1, refused, refused, smtplib.SMTPDataError, 1]
    assert [to for to, _ in box.taken] == ["g0@example.org", "g3@example.org", "g4@example.org"]


def test_an_address_that_nobody_can_write_keeps_no_other_letter(box: Box) -> None:
    assert _send(5, unwritable=2) == [1, 1, ValueError, 1, 1]
    assert [to for to, _ in box.taken] == [f"g{place}@example.org" for place in (0, 1, 3, 4)]


def test_a_server_that_goes_after_a_text_leaves_that_letter_alone_in_doubt(box: Box) -> None:
    box.drops = {"g1@example.org": "after"}
    assert _send(4) == [1, "unknown", 1, 1]
    assert [to for to, _ in box.taken] == [f"g{place}@example.org" for place in range(4)]


def test_a_server_that_goes_before_a_text_is_called_again(box: Box) -> None:
    box.drops = {"g1@example.org": "before"}
    box.refuses = {}
    assert _send(3) == [1, 1, 1]
    assert [to for to, _ in box.taken] == [f"g{place}@example.org" for place in range(3)]
    assert box.connections == 2


def test_a_server_that_says_goodbye_again_and_again_has_taken_nothing(box: Box) -> None:
    box.refuses = {"g0@example.org": "421 too many"}
    assert _send(1) == ["no"]
    assert box.taken == []


def test_what_is_encoded_once_is_what_django_would_send() -> None:
    letter = _letter(1, "é" * 600 + "\nضضض\n")
    ours = message_from_bytes(as_bytes(letter), policy=policy.default)
    djangos = message_from_bytes(letter.message().as_bytes(linesep="\r\n"), policy=policy.default)
    assert {name.lower() for name, _ in ours.items()} == {name.lower() for name, _ in djangos.items()}
    for name in ("subject", "from", "to", "x-place"):
        assert ours[name] == djangos[name]
    for kind in ("plain", "html"):
        assert ours.get_body((kind,)).get_content() == djangos.get_body((kind,)).get_content()  # type: ignore[union-attr]


def test_a_header_of_two_lines_is_refused() -> None:
    letter = _letter(1)
    letter.subject = "a\r\nBcc: x@example.org"
    with pytest.raises(ValueError, match="newlines"):
        as_bytes(letter)
