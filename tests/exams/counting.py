"""What is counted: by SQL and whole numbers, with nothing of the project in it.

Marks are kept here in hundredths, as whole numbers; ``truth`` is what the server said it had taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# (paper, student), public ids.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """A mark: hundredths of a mark where it is a score, else its status."""

    status: str
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A paper: its marks in hundredths, and what was made of its scores: ``× hundredths / 100 + hundredths``."""

    most: int
    factor: int = 100
    shift: int = 0


Truth = Mapping[Place, Said]
Row = tuple[Any, ...]

MARKS = """
SELECT e.sourced_id::text, s.sourced_id::text, m.status, (m.score * 100)::int FROM {schema}.examinations_mark m
  JOIN {schema}.examinations_exam e ON e.id = m.exam_id JOIN {schema}.students_student s ON s.id = m.student_id
"""
# The last line of the history of each mark.
HISTORY = """
SELECT DISTINCT ON (c.exam_id, c.student_id)
       e.sourced_id::text, s.sourced_id::text, c.after->>'status', ((c.after->>'score')::numeric * 100)::int
  FROM {schema}.examinations_markchange c
  JOIN {schema}.examinations_exam e ON e.id = c.exam_id JOIN {schema}.students_student s ON s.id = c.student_id
 ORDER BY c.exam_id, c.student_id, c.id DESC
"""
RESULTS = """
SELECT s.sourced_id::text, (r.total * 100)::int, (r.out_of * 100)::int, (r.percent * 100)::int, r.rank,
       g.sourced_id::text
  FROM {schema}.examinations_sessionresult r JOIN {schema}.students_student s ON s.id = r.student_id
  JOIN {schema}.institutions_section g ON g.id = r.section_id
"""
CARDS = """
SELECT s.sourced_id::text, c.version, c.sha256, c.data FROM {schema}.reports_reportcard c
  JOIN {schema}.students_student s ON s.id = c.student_id WHERE c.state = 'published'
"""
PAPERS = "SELECT count(*) FROM {schema}.examinations_exam"


def lost(truth: Truth, marks: Iterable[Row], history: Iterable[Row]) -> int:
    """How many marks that were taken do not stand there, or not as the last line of their history."""
    kept, last = ({(row[0], row[1]): Said(row[2], row[3]) for row in rows} for rows in (marks, history))
    return sum(kept.get(place) != said or last.get(place) != said for place, said in truth.items())


def half_up(number: int, by: int) -> int:
    """``number / by``, halves up; neither is below nought."""
    return (2 * number + by) // (2 * by)


def counts(said: Said, rule: Rule) -> int:
    """What a score counts, in hundredths: what is below a paper's nought or above its marks counts as those."""
    return min(max(half_up((said.score or 0) * rule.factor + rule.shift * 100, 100), 0), rule.most)


def totals(truth: Truth, rules: Mapping[str, Rule]) -> dict[str, tuple[int, int, int | None]]:
    """Student → total, out of how many, percent, in hundredths. Exempt leaves the denominator, absence does not."""
    sums: dict[str, list[int]] = {}
    for (paper, student), said in truth.items():
        there = sums.setdefault(student, [0, 0])
        if said.status != "exempt":
            there[0] += counts(said, rules[paper]) if said.status == "entered" else 0
            there[1] += rules[paper].most
    return {
        student: (total, most, half_up(total * 10_000, most) if most else None)
        for student, (total, most) in sums.items()
    }


def wrong_totals(truth: Truth, rules: Mapping[str, Rule], results: Iterable[Row]) -> int:
    """How many students have no result, another one, or another rank than as many better ones of their section."""
    wanted, there = totals(truth, rules), {row[0]: row for row in results}
    wrong = 0
    for student, said in wanted.items():
        row = there.get(student)
        if row is None or tuple(row[1:4]) != said:
            wrong += 1
            continue
        section = [wanted[each][2] for each, other in there.items() if other[5] == row[5] and each in wanted]
        wrong += row[4] != 1 + sum((percent or 0) > (said[2] or 0) for percent in section)
    return wrong


def wrong_cards(truth: Truth, rules: Mapping[str, Rule], cards: Iterable[Row]) -> int:
    """How many students have no published card, or whose latest one says another total or percentage."""
    latest: dict[str, Row] = {}
    for row in sorted(cards, key=lambda each: each[1]):
        latest[row[0]] = row
    return sum(_is_wrong(said, latest.get(student)) for student, said in totals(truth, rules).items())


def _is_wrong(said: tuple[int, int, int | None], card: Row | None) -> bool:
    if card is None:
        return True
    (line,) = [block["total"] for block in card[3]["blocks"] if block["kind"] == "marks"]
    total, most, percent = said
    shown = "–" if percent is None else f"{Decimal(percent) / 100:.2f} %"
    return [_plain(each) for each in line[1:3]] != [f"{_number(total)} / {_number(most)}", shown]


def _plain(text: str) -> str:
    """Without the marks that keep a text's direction."""
    return "".join(each for each in text if each not in "\u2066\u2067\u2068\u2069")


def _number(hundredths: int) -> str:
    text = f"{hundredths // 100}.{hundredths % 100:02}"
    return text.rstrip("0").rstrip(".")


def changed(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> int:
    """Of how many the file is another one, or gone."""
    return sum(after.get(key) != content for key, content in before.items())


def is_sound(result: Mapping[str, Any], *, papers: int, clashes: int, marks: int, cards: int) -> bool:
    """Whether everything is there and nothing is wrong."""
    there = {"papers": papers, "clashes_refused": clashes, "marks": marks, "cards": cards}
    nothing = ("lost", "early_reads", "wrong_totals", "cards_changed_on_rerun")
    return all(result[name] == number for name, number in there.items()) and not any(result[name] for name in nothing)
