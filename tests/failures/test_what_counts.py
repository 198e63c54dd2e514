"""The matrix's own counting can fail: what is lost, done twice, or refused and there all the same turns a row red."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.failures import rows
from tests.failures.__main__ import exit_code, play
from tests.failures.rows import row as of_a_row
from tests.failures.stage import UNKNOWN, Journal, Said, Scene
from tests.observe.stage import Failed


class Played(Scene):
    """A scene without a stage: what is there is what the test says."""

    def __init__(self, there: Counter[str], *, keeps: bool = True) -> None:
        self.lost = self.doubled = self.unwanted = 0
        self.found, self.keeps = there, keeps

    def write(self, name: str, key: str, port: int | None = None) -> Said:
        if self.keeps and not self.found[name]:
            self.found[name] = 1
        return Said(name, key, 201, 0.01, "")

    def counted(self) -> int:
        return self.found.total()

    def there(self, names: list[str]) -> Counter[str]:
        return Counter({name: self.found[name] for name in names if self.found[name]})


TAKEN = Said("a", "k", 201, 0.1, "")
REFUSED = Said("b", "k", 503, 0.1, "schoolops:unavailable")
UNANSWERED = (Said("c", "k", 0, 0.1, ""), Said("d", "k", 503, 0.1, UNKNOWN))


def test_what_was_taken_is_there_and_what_was_not_is_sent_again() -> None:
    scene = Played(Counter(a=1, c=1))
    scene.settle(Journal([TAKEN, REFUSED, *UNANSWERED]))
    assert scene.found["b"] == scene.found["c"] == scene.found["d"] == 1


@pytest.mark.parametrize(
    ("there", "keeps", "figures"),
    [
        (Counter(), False, (1, 0, 0)),
        (Counter(a=2), True, (0, 1, 0)),
        (Counter(a=1, b=1), True, (0, 0, 1)),
    ],
)
def test_lost_doubled_and_refused_but_there_are_seen(
    there: Counter[str], keeps: bool, figures: tuple[int, int, int]
) -> None:
    scene = Played(there, keeps=keeps)
    with pytest.raises(Failed):
        scene.settle(Journal([TAKEN, REFUSED] if there else [TAKEN]))
    assert (scene.lost, scene.doubled, scene.unwanted) == figures


def test_an_error_of_ours_is_no_outage() -> None:
    with pytest.raises(Failed, match="schoolops:internal"):
        rows.unavailable(Journal([TAKEN, Said("e", "k", 500, 0.1, "schoolops:internal")]))


def a_row(play: Callable[[Scene], tuple[str, float]], lacks: str = "") -> rows.Row:
    return rows.Row("a row", play, lambda: lacks)


def loses(scene: Scene) -> tuple[str, float]:
    scene.lost += 2
    raise Failed("lost or twice: a")


def test_a_row_says_what_it_found_and_left_and_what_it_lost() -> None:
    scene = Played(Counter(a=3))
    held = play(a_row(lambda _: ("all told", 0.25)), scene)
    assert held.cells() == ("a row", "all told", "250 ms", "3 → 3", "holds")
    lost = play(a_row(loses), scene)
    assert (lost.cells()[-1], lost.lost, lost.seen) == ("**does not hold**", 2, "lost or twice: a")


def test_a_row_that_could_not_be_tried_is_no_row_that_holds() -> None:
    row = play(a_row(loses, lacks="root"), Played(Counter()))
    assert row.cells() == ("a row", "it takes root", "", "", "**not tried**")


def test_what_was_not_tried_is_said_by_the_exit_code() -> None:
    scene = Played(Counter())
    held, lost, untried = (
        play(row, scene) for row in (a_row(lambda _: ("all told", 0.0)), a_row(loses), a_row(loses, lacks="root"))
    )
    assert [exit_code(each) for each in ([held], [held, lost, untried], [held, untried], [untried], [])] == [
        0,
        1,
        2,
        2,
        1,
    ]


def test_every_row_of_the_customers_matrix_is_played() -> None:
    asked = ("Redis down, development", "Redis down, production", "Redis lost", "slow query", "broker is killed",
             "is thin", "fails three times", "wanted twice", "Memory above", "full under a table",
             "full under the ledger", "clock is put", "Half deployed", "address moves", "named in DATABASE_URL",
             "split between")  # fmt: skip
    names = [row.name for row in rows.ROWS]
    assert all(any(each in name for name in names) for each in asked)
    assert len(set(names)) == len(names)


def test_a_shallow_clone_does_not_have_the_last_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    (whole / "config").mkdir(parents=True)
    git = ["git", "-C", str(whole), "-c", "user.name=Alice", "-c", "user.email=alice@oak.example"]
    subprocess.run(["git", "init", "--quiet", whole], check=True)
    for name in ("config/migrations.txt", "later"):
        (whole / name).write_text(name, encoding="utf-8")
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", name], check=True)
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{whole}", shallow], check=True)

    for clone, lacks in ((whole, False), (shallow, True), (tmp_path, True)):
        monkeypatch.setattr(of_a_row, "BASE_DIR", clone)
        assert bool(of_a_row.history()) is lacks
