"""Every route that writes is one whose acknowledged writes are counted, or says why not; and the count can fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from config.env import BASE_DIR
from tests.api.addresses import addresses
from tests.failures.excused import NOT_SENT, routes_that_write, unsaid
from tests.failures.history import NOBODY, History, Write
from tests.failures.stage import UNKNOWN
from tests.failures.writes import KINDS, READY, Kind, Mark, filled, key_for
from tests.smoke.asks.table import Ask, named
from tests.smoke.web import Picture

GUARDIANS = next(kind for kind in KINDS if kind.name == "POST guardians")
PAYMENTS = next(kind for kind in KINDS if kind.name == "POST payments")
LEAVES = next(kind for kind in KINDS if kind.name == "POST leaves")
DEACTIVATED = next(kind for kind in KINDS if kind.name == "POST users/{}/deactivate")
ASK = Ask({"id": "0"}, {"family_name": "", "given_name": "Kept"})


def test_every_route_that_writes_is_sent_or_says_why_not() -> None:
    unsafe = {named(each) for each in addresses() if each.method != "GET" and not each.is_alias}
    known = set(routes_that_write())
    assert unsaid(unsafe, known) == (set(), set())
    assert unsaid({*unsafe, "POST cats"}, known) == ({"POST cats"}, set())
    assert unsaid(unsafe - {"POST guardians"}, known) == (set(), {"POST guardians"})
    # Nothing is excused by its method.
    for name in ("PUT students/{}/photo", "PATCH terms/{}", "DELETE years/{}"):
        assert unsaid(unsafe, known - {name}) == ({name}, set())


def test_no_route_is_sent_and_excused() -> None:
    assert [name for name, number in Counter(routes_that_write()).items() if number > 1] == []


def test_what_stands_for_another_is_sent() -> None:
    named_there = {name for reason in NOT_SENT for name in re.findall(r"`((?:POST|PUT|PATCH|DELETE) [^`]+)`", reason)}
    assert named_there - {kind.name for kind in KINDS} == set()


def test_what_has_no_mark_is_sought_by_the_id_in_its_address() -> None:
    assert Write(DEACTIVATED, Ask({"id": "7"}, {}), Mark(1), "", 200, "").sought == "7"
    assert of(7, 201).sought == "Kept 00007"


def test_of_what_works_once_some_is_kept_for_each_kill() -> None:
    history = a_history({})
    history.ready = {kind.name: [ASK] * READY if kind is LEAVES else [] for kind in KINDS}
    sent = []
    for _ in range(3):
        sent.append(sum(history.write() is not None for _ in range(5)))
        history.let_go += 1
    assert sent == [0, 2, 2]
    assert {each.after for each in history.writes if each.kind is LEAVES and each.mark.number} == {1, 2}


def test_what_was_sent_to_nobody_is_sent_another_time() -> None:
    history = a_history({})
    history.ready, history.let_go = {kind.name: [ASK] * READY if kind is LEAVES else [] for kind in KINDS}, 1
    history.send = lambda *_: (0, NOBODY)
    history.write()
    assert len(history.ready["POST leaves"]) == READY


def test_a_mark_stands_in_the_body_and_in_the_column() -> None:
    assert filled(GUARDIANS, ASK, Mark(7)).body == {"family_name": "Kept 00007", "given_name": "Kept"}
    assert ASK.body["family_name"] == ""
    assert Mark(7).seen_as(GUARDIANS) == "Kept 00007"
    file = next(kind for kind in KINDS if kind.name == "POST imports")
    form = filled(file, Ask(body=Picture(b"name=NAME.csv SHEET")), Mark(7)).body
    assert (form.content, Mark(7).seen_as(file)) == (b"name=k00007.csv k00007", "k00007.csv")


def test_what_moves_money_has_a_key_and_of_the_others_every_second() -> None:
    assert [bool(key_for(GUARDIANS, Mark(number))) for number in (1, 2, 3)] == [True, False, True]
    assert all(key_for(PAYMENTS, Mark(number)) for number in (1, 2))


def a_history(there: dict[int, int], *writes: Write) -> History:
    def count(kind: Kind, marks: list[str]) -> Counter[str]:
        # Of the other kinds all is as it should be.
        found = {Mark(number).seen_as(GUARDIANS): times for number, times in there.items()}
        return Counter({mark: found.get(mark, 0) if kind is GUARDIANS else 1 for mark in marks})

    others = [Write(kind, ASK, Mark(0), "", 201, "", after=1) for kind in KINDS]
    return History(lambda *_: (201, ""), count, {}, writes=[*others, *writes])


def of(number: int, status: int, code: str = "", key: str = "") -> Write:
    return Write(GUARDIANS, ASK, Mark(number), key, status, code)


@pytest.mark.parametrize(
    ("there", "write", "wrong"),
    [
        ({1: 1}, of(1, 201), ""),
        ({1: 0}, of(1, 201), "lost"),
        ({1: 2}, of(1, 201), "doubled"),
        ({1: 0}, of(1, 503, "schoolops:unavailable"), ""),
        ({1: 1}, of(1, 503, "schoolops:unavailable"), "unwanted"),
        ({1: 0}, of(1, 0), ""),
        ({1: 1}, of(1, 0), ""),
        ({1: 2}, of(1, 0), "doubled"),
        ({1: 1}, of(1, 503, UNKNOWN), ""),
        ({1: 0}, of(1, 0, NOBODY), ""),
        ({1: 1}, of(1, 0, NOBODY), "unwanted"),
        ({1: 0}, of(1, 0, key="k"), "lost"),
        ({1: 1}, of(1, 0, key="k"), ""),
    ],
)
def test_what_was_lost_done_twice_or_refused_and_there_is_seen(there: dict[int, int], write: Write, wrong: str) -> None:
    history = a_history({0: 1, **there}, write)
    found = history.judged(history.sent_again())
    assert [what for what in ("lost", "doubled", "unwanted", "never") if found[what]] == ([wrong] if wrong else [])


def test_a_kind_that_nobody_could_write_is_no_kind_that_holds() -> None:
    history = a_history({0: 1})
    history.writes = [each for each in history.writes if each.kind is not PAYMENTS]
    assert history.judged(set())["never"] == ["POST payments: []"]


def test_a_kind_that_was_written_only_while_all_was_well_has_not_been_tried() -> None:
    history = a_history({0: 1})
    history.writes = [replace(each, after=0) if each.kind is LEAVES else each for each in history.writes]
    assert history.judged(set())["never"] == ["POST leaves: [(201, '')]"]


@pytest.mark.proof
def test_what_was_acknowledged_is_kept_while_everything_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.failures", "--only", "every kind"],
        cwd=BASE_DIR, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1].removeprefix("RESULT "))
    assert result == {"rows": 1, "rows_held": 1, "not_tried": 0, "lost": 0, "duplicated": 0}
