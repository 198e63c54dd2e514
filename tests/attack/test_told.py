"""What the programs say is read to its end, and what a log may not tell is found in it."""

from __future__ import annotations

import io
import itertools
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest

from tests.attack import told
from tests.attack.fake import Sound

ACCESS = 'web | {"level":"INFO","route":"students","statusCode":200}'
TOKEN = f"so_a_oak_{'x' * 43}_check"


def _known() -> dict[str, str]:
    target = Sound().target()
    target.given.add("ticket-of-carol")
    machine: Any = SimpleNamespace(targets=[target], passwords={"password of the database"})
    return told.secrets_of(machine)


def test_a_log_of_requests_tells_nothing() -> None:
    assert told.leaks([ACCESS, "web | started"], _known()) == {}


@pytest.mark.parametrize(
    "secret",
    [
        "password of erin", "password of the database", "ticket-of-carol", told.SMS_SECRET, told.SMS_KEY,
        "sk_sandbox_demo", "Tuition", "Marchetti", "ليلى", told.CHILD, "Perpetua Smokestack", TOKEN,
        TOKEN.replace("so_a", "so_r"),
    ],
    # Some are made anew in each process; what a test is called is not.
    ids=itertools.count(),
)  # fmt: skip
def test_whatever_may_not_stand_there_is_found(secret: str) -> None:
    assert len(told.leaks([ACCESS, f'web | {{"level":"ERROR","message":"of {secret}: no"}}'], _known())) == 1


def test_logs_without_a_request_were_not_read() -> None:
    assert told.leaks(["web | started"], _known()) == {"no request is logged": ""}


def test_what_is_usual_is_kept_and_the_rest_is_seen_as_well() -> None:
    kept, seen = io.StringIO(), io.StringIO()
    journal = told.Journal(kept, seen)
    print(ACCESS, file=journal)
    print('web | {"level":"ERROR","message":"no"}', "Traceback", sep="\n", file=journal)
    assert journal.lines() == [ACCESS, 'web | {"level":"ERROR","message":"no"}', "Traceback"]
    assert seen.getvalue() == 'web | {"level":"ERROR","message":"no"}\nTraceback\n'


def test_the_stack_says_what_a_production_does_and_texts_leave_it() -> None:
    with told.overheard() as (journal, variables):
        print(ACCESS)
        sent = urllib.request.Request(variables["SMS_URL"], b"{}", method="POST")
        with urllib.request.urlopen(sent, timeout=5) as answer:
            assert answer.status == 200
        lines = journal.lines()
    assert lines == [ACCESS]
    assert (variables["LOG_LEVEL"], variables["LOG_FORMAT"]) == ("INFO", "json")


def test_what_is_told_is_said() -> None:
    journal = told.Journal(io.StringIO(), io.StringIO())
    print(ACCESS, f"web | Tuition {TOKEN}", sep="\n", file=journal)
    said: list[str] = []
    assert len(told.reported(journal, _known(), said.append)) == 2
    assert TOKEN[:12] in said[1]
