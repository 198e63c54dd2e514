"""Two seconds a letter, three hundred letters: each goes once, its link works on arrival, and Elm waits for few."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apps.accounts import services, tasks
from apps.accounts.models import User
from schoolops.context import inside
from schoolops.errors import SchoolOpsError
from schoolops.queues import NOTIFICATIONS, broker
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.chaos import tasks as chaos
from tests.chaos.processes import wait_until
from tests.chaos.stage import TABLES
from tests.queues.installation import LONG, Installation

pytestmark = pytest.mark.proof
LETTERS, SECONDS = 300, 2.0
NEW = "a new and rather long one"


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Readers:
    """Those to whom the letters go: each opens theirs at once, while the server still keeps the sender waiting."""

    school: School
    box: Path
    opened: set[str] = field(default_factory=set)
    to: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def read(self) -> int:
        """Follow the link of every letter that is new; how many there are by now."""
        for path in sorted(self.box.glob("*.eml")):
            if path.name not in self.opened:
                self.opened.add(path.name)
                letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                self.to.append(str(letter["To"]))
                secret = str(letter.get_content()).split("/redeem#")[1].split()[0]
                try:
                    with inside(self.school):
                        services.redeem_link(token=secret, password=NEW)
                except SchoolOpsError as refusal:
                    self.refused.append(f"{letter['To']}: {refusal.code}")
        return len(self.opened)


def test_a_slow_mail_server_costs_no_letter_no_link_and_no_other_school(
    installation: Installation, fresh_school: Callable[..., School], tmp_path: Path
) -> None:
    pace = chaos.TASKS[4]
    oak, elm = installation.ledger.school, fresh_school()
    with owner.owner_connection() as owning:
        owning.execute(TABLES.format(schema=elm.schema_name, role=elm.role_name))
    box, port = tmp_path / "box", a_free_port()
    box.mkdir()
    installation.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
    installation.program("mail", "tests.support.slow_mail", str(port), str(box), str(SECONDS))
    installation.start("notifications")
    assert pace.queue is NOTIFICATIONS
    assert wait_until(lambda: bool(broker.client().hgetall(broker.WORKERS_KEY)), LONG), installation.logs()

    with inside(oak):
        people = [User(username=f"p{n}", email=f"p{n}@example.org", password="!") for n in range(LETTERS)]
        User.objects.bulk_create(people)
        tasks.mail_invitation.enqueue_many([{"user_id": person.pk} for person in people])

    readers = Readers(oak, box)
    # Of Elm's jobs, by number, how many of Oak's letters had gone when it was asked for, and when it was done.
    asked: dict[int, int] = {}
    done: dict[int, int] = {}
    last = time.monotonic() + 6 * LONG
    while (arrived := readers.read()) < LETTERS or len(done) < len(asked):
        assert time.monotonic() < last, f"{arrived} letters, Elm {done} of {asked}\n{installation.logs()}"
        # Elm asks for something every thirty letters, in the same queue.
        if arrived >= 30 * (len(asked) + 1) and arrived < LETTERS:
            number = len(asked)
            asked[number] = arrived
            with inside(elm):
                pace.enqueue(n=number, kind="well")
        with owner.owner_connection() as owning:
            rows = owning.execute(f"SELECT n FROM {elm.schema_name}.chaos_effect ORDER BY n").fetchall()
        for (number,) in rows:
            done.setdefault(number, readers.read())
        time.sleep(0.1)
    installation.comes_to_rest()

    assert sorted(readers.to) == sorted(f"p{n}@example.org" for n in range(LETTERS))
    assert readers.refused == []
    assert installation.ledger.letters() == []
    assert len(rows) == len(asked) >= 9
    # No more of Oak's went before Elm's turn than the workers' threads take twice.
    assert {n: done[n] - asked[n] for n in asked if done[n] - asked[n] > 2 * NOTIFICATIONS.in_flight} == {}
