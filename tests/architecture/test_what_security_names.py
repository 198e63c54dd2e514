"""What SECURITY.md says of a requirement is held by a test that there is, or it says that there is a gap."""

from __future__ import annotations

import re

import pytest

from config.env import BASE_DIR

TEXT = (BASE_DIR / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/.]*)(?:::(\w+))?`")
REQUIREMENT = re.compile(r"\d{1,2}(\.\d{1,2}){0,2}")
# What holds a row where no test does.
ELSEWHERE = ("**Gap**", "`make check`", "the gate `", "(docs/", "there are none", "there is none", "is used",
             "is taken", "is served", "are sent", "nor used", "S602")  # fmt: skip


def rows() -> list[tuple[str, str]]:
    table = TEXT.split("## Against OWASP ASVS")[1]
    cells = [line.strip("|").split(" | ") for line in table.splitlines() if re.match(r"\| \d", line)]
    return [(numbers.strip(), held.strip(" |")) for numbers, _, held in cells]


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 100, "the search itself is broken"
    files = {file for file, _ in named if not (BASE_DIR / file).exists()}
    lost = [
        f"{file}::{test}"
        for file, test in named
        if test and not re.search(rf"def {test}\(", (BASE_DIR / file).read_text(encoding="utf-8"))
    ]
    assert (files, lost) == (set(), [])


def test_a_requirement_stands_once_and_every_chapter_is_there() -> None:
    numbers = [number for row, _ in rows() for number in row.split(", ")]
    assert [number for number in numbers if not REQUIREMENT.fullmatch(number)] == []
    assert len(numbers) == len(set(numbers))
    assert {int(number.partition(".")[0]) for number in numbers} == set(range(1, 18))


# Of level 1 and 2, by section: up to which number they go without a gap, all that stand before those of level 3.
ASKED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "11.1": 2, "11.2": 3,
    "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2,
    "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4,
    "16.4": 3, "16.5": 3, "17.1": 1,
}  # fmt: skip


def test_no_requirement_of_the_level_is_missing() -> None:
    there = {number for row, _ in rows() for number in row.split(", ")}
    asked = {f"{section}.{number}" for section, most in ASKED.items() for number in range(1, most + 1)}
    # A section or a chapter that we have nothing of stands for all of it.
    missing = {each for each in asked if not {each, each.rpartition(".")[0], each.partition(".")[0]} & there}
    assert missing == set()
    # Of level 3, and held all the same.
    assert {each for each in there if each.count(".") == 2} - asked == {"1.2.10"}


@pytest.mark.parametrize(("numbers", "held"), rows(), ids=[numbers for numbers, _ in rows()])
def test_a_row_names_a_test_or_a_gap(numbers: str, held: str) -> None:
    assert NAMED.search(held) or any(each in held for each in ELSEWHERE)
