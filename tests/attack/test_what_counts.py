"""What the attack counts makes it fail: bombs that were taken or never finished, requests that were not answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack import bombing
from tests.attack.__main__ import is_shut
from tests.attack.fake import Planted, Sound

SHUT = {
    "findings_open": 0,
    "schemathesis_failures": 0,
    "neighbour_p95_ratio": 1.0,
    "web_restarts": 0,
    "lost": 0,
}


def test_nothing_open_is_shut() -> None:
    assert is_shut(SHUT)


@pytest.mark.parametrize("name", SHUT)
def test_each_count_alone_opens_it(name: str) -> None:
    assert not is_shut({**SHUT, name: 4})


@pytest.fixture(autouse=True)
def _one_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bombing.bombs, "XLSX", {"small": lambda: b"PK"})
    monkeypatch.setattr(bombing.bombs, "ZIP", {})
    monkeypatch.setattr(bombing.bombs, "CSV", {})
    monkeypatch.setattr(bombing, "ASKED_EVERY_S", 0.001)
    monkeypatch.setattr(bombing, "FINISHED_EVERY_S", 0.01)
    monkeypatch.setattr(bombing, "PATIENCE_S", 0.02)


def _read(state: str) -> Planted:
    def planted(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        return (200, {"state": state}) if asked.startswith("erin GET /imports/") else None

    return planted


@pytest.mark.parametrize(("state", "lost"), [("failed", 0), ("validated", 1), ("received", 1)])
def test_a_bomb_is_refused_and_neither_taken_nor_left_standing(state: str, lost: int) -> None:
    oak, elm = Sound(wrong=_read(state)).target(), Sound(slug="elm").target()

    seen = bombing.compared(oak, elm, "alice", quiet_s=0.02)

    assert seen.lost == lost
    assert seen.quiet
    assert seen.bombed


def test_a_neighbour_who_is_not_answered_is_lost() -> None:
    def nothing(_: Sound, asked: str, __: Any) -> tuple[int, Any] | None:
        return (503, {}) if asked.startswith("alice GET /students") else None

    oak, elm = Sound(wrong=_read("failed")).target(), Sound(slug="elm", wrong=nothing).target()

    seen = bombing.compared(oak, elm, "alice", quiet_s=0.02)

    assert seen.lost == len(seen.quiet + seen.bombed)
