"""What the attack counts makes it fail: bombs that were taken or never finished, requests that were not answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack import bombing
from tests.attack.__main__ import TRIED, is_shut
from tests.attack.fake import Planted, Sound

SHUT = {
    "findings_open": 0,
    "schemathesis_failures": 0,
    "neighbour_p95_ratio": 1.0,
    "web_restarts": 0,
    "lost": 0,
    "told_in_logs": 0,
}


def test_nothing_open_is_shut() -> None:
    assert is_shut(SHUT)


@pytest.mark.parametrize("name", SHUT)
def test_each_count_alone_opens_it(name: str) -> None:
    assert not is_shut({**SHUT, name: 4})


@pytest.mark.parametrize("name", sorted(TRIED))
def test_how_much_was_tried_opens_nothing(name: str) -> None:
    assert is_shut({**SHUT, name: 400})


def test_a_token_is_forgotten_before_it_ends() -> None:
    target, now = Sound().target(), [0.0]
    target.clock = lambda: now[0]
    asked: list[str] = []
    honest = target.send

    def noted(method: str, path: str, *more: Any) -> Any:
        asked.append(path)
        return honest(method, path, *more)

    target.send = noted
    for now[0] in (0.0, 599.0, 601.0, 1_200.0, 1_202.0):
        target.ask("GET", "students", "erin")
    assert asked.count("/api/v1/auth/login") == 3


@pytest.fixture(autouse=True)
def _one_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bombing.bombs, "XLSX", {"small": lambda: b"PK"})
    monkeypatch.setattr(bombing.bombs, "ZIP", {})
    monkeypatch.setattr(bombing.bombs, "CSV", {})
    monkeypatch.setattr(bombing.bombs, "OPEN_DOCUMENT", {})
    monkeypatch.setattr(bombing.bombs, "XLS", {})
    monkeypatch.setattr(bombing, "ASKED_EVERY_S", 0.001)
    monkeypatch.setattr(bombing, "FINISHED_EVERY_S", 0.01)
    monkeypatch.setattr(bombing, "PATIENCE_S", 0.02)


def _read(state: str, where: str = "imports") -> Planted:
    def planted(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        return (200, {"state": state}) if asked.startswith(f"erin GET /{where}/") else None

    return planted


@pytest.mark.parametrize(("state", "lost"), [("failed", 0), ("validated", 1), ("received", 1)])
def test_a_bomb_is_refused_and_neither_taken_nor_left_standing(state: str, lost: int) -> None:
    oak, elm = Sound(wrong=_read(state)).target(), Sound(slug="elm").target()

    seen = bombing.compared(oak, elm, "alice", quiet_s=0.02)

    assert seen.lost == lost
    assert seen.tried == bombing.ROUNDS
    assert seen.quiet
    assert seen.bombed


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_bombs_that_no_door_looked_at_were_not_tried(status: int) -> None:
    def shut(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        return (status, {}) if asked == "erin POST /imports" else None

    tried, wrong = bombing.bomb(Sound(wrong=shut).target())

    assert tried == 0
    assert wrong["nothing"] == "not one file was taken, so none was tried"


@pytest.mark.parametrize("times", [40, 1_000])
def test_a_bomb_that_was_always_turned_away_was_not_tried(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(bombing.bombs, "XLSX", {"small": lambda: b"PK", "full": lambda: b"full"})
    monkeypatch.setattr(bombing, "FINISHED_EVERY_S", 0.001)
    turned: list[str] = []

    def full(_: Sound, asked: str, given: Any) -> tuple[int, Any] | None:
        if asked == "erin POST /imports" and b"full" in given["said"] and len(turned) < times:
            turned.append(asked)
            return 503, {}
        return (200, {"state": "failed"}) if asked.startswith("erin GET /imports/") else None

    _, wrong = bombing.bomb(Sound(wrong=full).target())

    assert wrong == ({} if times == 40 else {"full": "was turned away, and not tried"})


def test_a_bomber_who_is_not_let_in_is_seen() -> None:
    def shut(_: Sound, asked: str, given: Any) -> tuple[int, Any] | None:
        return (401, {}) if "/auth/login" in asked and given["said"]["login"] == "erin" else None

    seen = bombing.compared(Sound(wrong=shut).target(), Sound(slug="elm").target(), "alice", quiet_s=0.02)

    assert seen.lost == 1


@pytest.mark.parametrize(
    ("where", "wrong"), [("bank-statements", "small, of a bank"), ("mark-files", "small, of marks")]
)
def test_each_door_that_takes_spreadsheets_is_sent_some(
    monkeypatch: pytest.MonkeyPatch, where: str, wrong: str
) -> None:
    monkeypatch.setattr(bombing, "EVERYWHERE", ("small",))

    def planted(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        if asked == "erin POST /exam-sessions/e1/mark-file":
            return 202, {"headers": {"location": "/api/v1/mark-files/m1"}}
        if asked.startswith("erin GET /") and asked.endswith(("/i1", "/m1", "/s1")):
            return 200, {"state": "read" if where in asked else "failed"}
        return None

    tried, found = bombing.bomb(Sound(wrong=planted).target())

    assert tried == 3
    assert found == {wrong: "was taken for what it is not: read"}


def test_a_neighbour_who_is_not_answered_is_lost() -> None:
    def nothing(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        return (503, {}) if asked.startswith("alice GET /students") else None

    oak, elm = Sound(wrong=_read("failed")).target(), Sound(slug="elm", wrong=nothing).target()

    seen = bombing.compared(oak, elm, "alice", quiet_s=0.02)

    assert seen.lost == len(seen.quiet + seen.bombed)
