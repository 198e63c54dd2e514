"""Each count of an exam session over HTTP sees what it is there for: planted into rows and answers of no server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exams import counting
from tests.exams.__main__ import WANTED
from tests.exams.counting import Rule, Said
from tests.exams.reading import Watch

# Two papers, of 80 marks (moderated: × 1.05 + 2) and of 20; three students of one section.
RULES = {"maths": Rule(8000, 105, 200), "art": Rule(2000)}
TRUTH = {
    ("maths", "amina"): Said("entered", 6125), ("art", "amina"): Said("entered", 1150),
    ("maths", "bilal"): Said("absent"), ("art", "bilal"): Said("exempt"),
    ("maths", "chloe"): Said("entered", 7975), ("art", "chloe"): Said("malpractice"),
}  # fmt: skip
MARKS = [(paper, student, said.status, said.score) for (paper, student), said in TRUTH.items()]
# By hand: 61.25 × 1.05 + 2 = 66.3125, which counts 66.31; 79.75 is above the paper's 80.
RESULTS = [
    ("amina", 7781, 10_000, 7781, 2, "7 B"),
    ("bilal", 0, 8000, 0, 3, "7 B"),
    ("chloe", 8000, 10_000, 8000, 1, "7 B"),
]
SOUND = {
    "papers": 20, "clashes_refused": 6, "marks": 800, "lost": 0, "early_reads": 0, "cards": 200, "wrong_totals": 0,
    "cards_changed_on_rerun": 0,
}  # fmt: skip


def card(student: str, total: str, percent: str, version: int = 1) -> tuple[Any, ...]:
    line = ["Total", f"\u2066{total}\u2069", percent, ""]
    return student, version, "a" * 64, {"blocks": [{"kind": "branding"}, {"kind": "marks", "total": line}]}


CARDS = [
    card("amina", "77.81 / 100", "77.81 %"),
    card("bilal", "0 / 80", "0.00 %"),
    card("chloe", "80 / 100", "80.00 %"),
]


def test_nothing_wrong_is_sound() -> None:
    assert counting.lost(TRUTH, MARKS, MARKS) == 0
    assert counting.wrong_totals(TRUTH, RULES, RESULTS) == 0
    assert counting.wrong_cards(TRUTH, RULES, CARDS) == 0
    assert counting.changed({"a": "1"}, {"a": "1", "b": "2"}) == 0
    assert counting.is_sound(SOUND, **WANTED)


@pytest.mark.parametrize("name", SOUND)
def test_each_count_alone_makes_it_fail(name: str) -> None:
    assert not counting.is_sound({**SOUND, name: SOUND[name] + 1}, **WANTED)


@pytest.mark.parametrize("wrong", [MARKS[1:], [("maths", "amina", "entered", 6124), *MARKS[1:]]])
def test_a_mark_that_is_gone_or_another_is_lost_and_so_is_one_without_its_history(wrong: list[Any]) -> None:
    assert counting.lost(TRUTH, wrong, MARKS) == 1
    assert counting.lost(TRUTH, MARKS, wrong) == 1


@pytest.mark.parametrize(
    "planted",
    [
        [],
        [("amina", 7782, 10_000, 7782, 2, "7 B")],
        [("amina", 7781, 12_000, 7781, 2, "7 B")],
        [("amina", 7781, 10_000, 7780, 2, "7 B")],
        [("amina", 7781, 10_000, 7781, 1, "7 B")],
    ],
    ids=["gone", "total", "out of", "percent", "rank"],
)
def test_a_result_that_is_gone_or_another_is_wrong(planted: list[Any]) -> None:
    assert counting.wrong_totals(TRUTH, RULES, [*planted, *RESULTS[1:]]) >= 1


@pytest.mark.parametrize(
    "planted",
    [[], [card("amina", "77.82 / 100", "77.81 %")], [CARDS[0], card("amina", "77.81 / 100", "78.00 %", version=2)]],
    ids=["gone", "total", "the later version"],
)
def test_a_card_that_is_gone_or_says_another_total_is_wrong(planted: list[Any]) -> None:
    assert counting.wrong_cards(TRUTH, RULES, [*planted, *CARDS[1:]]) == 1


def test_a_file_that_became_another_or_is_gone_is_changed() -> None:
    assert counting.changed({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == 1
    assert counting.changed({"a": "1", "b": "2"}, {"a": "1"}) == 1


def test_a_half_counts_up_and_no_score_counts_beyond_its_paper() -> None:
    assert [counting.half_up(each, 2) for each in (0, 1, 2, 3)] == [0, 1, 1, 2]
    assert counting.counts(Said("entered", 8000), RULES["maths"]) == 8000
    assert counting.counts(Said("entered", 100), Rule(8000, 100, -500)) == 0


@pytest.mark.parametrize(("door", "told"), [("marks", {"results": [{}]}), ("results", {"results": [], "terms": [{}]})])
def test_whatever_a_family_is_told_is_early(door: str, told: dict[str, Any]) -> None:
    watch = Watch(lambda _who, path: told if path.endswith(door) else {"results": []}, "child")
    watch.look()
    assert (watch.early, watch.asked) == (2, 6)


def test_a_watch_that_is_refused_says_so() -> None:
    def refused(_who: str, _path: str) -> Any:
        raise PermissionError

    watch = Watch(refused, "child")
    with pytest.raises(PermissionError), watch.meanwhile(0.0):
        watch.ended.wait(60)
