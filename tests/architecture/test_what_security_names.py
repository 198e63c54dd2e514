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


@pytest.mark.parametrize(("numbers", "held"), rows(), ids=[numbers for numbers, _ in rows()])
def test_a_row_names_a_test_or_a_gap(numbers: str, held: str) -> None:
    assert NAMED.search(held) or any(each in held for each in ELSEWHERE)
