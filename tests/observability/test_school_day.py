"""The load of a school day is judged by its table, and a tool that is pointed elsewhere starts nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import __main__ as load
from benchmarks.load.picture import MISSED, drawn
from config.env import BASE_DIR
from locustfiles.targets import (
    BURST,
    FAMILY_BILLS,
    FAMILY_CHILD,
    FAMILY_HOME,
    FAMILY_MARKS,
    GOALS,
    LIST_EXAMS,
    LIST_STUDENTS,
    LOG_IN,
    MARK_ROLL,
    NEVER_MS,
    PAGES,
    READ_ROLL,
    SET_EXAM,
    STEADY,
    judge,
)
from tests.failures import rows
from tests.support import marks


@dataclass
class Entry:
    """What locust knows of one kind of request."""

    name: str
    p95: float
    num_requests: int = 10
    num_failures: int = 0

    @property
    def min_response_time(self) -> float:
        return self.p95 / 4

    def get_response_time_percentile(self, share: float) -> float:
        return {0.5: self.p95 / 2, 0.95: self.p95, 1.0: self.p95 * 2}[share]


@dataclass
class Stats:
    said: list[Entry]
    entries: dict[str, Entry] = field(init=False)

    def __post_init__(self) -> None:
        self.entries = {entry.name: entry for entry in self.said}


WELL = (
    Entry(LOG_IN, 150), Entry(READ_ROLL, 200), Entry(MARK_ROLL, 200), Entry(LIST_STUDENTS, 300), Entry(LIST_EXAMS, 250),
    Entry(FAMILY_HOME, 300), Entry(FAMILY_CHILD, 300), Entry(FAMILY_MARKS, 300), Entry(FAMILY_BILLS, 300),
)  # fmt: skip


def test_a_day_within_its_targets_misses_nothing() -> None:
    figures, missed = judge(Stats(list(WELL)), STEADY)
    assert missed == []
    assert figures[LIST_STUDENTS] == {
        "requests": 10, "failures": 0, "first_ms": 75, "p50_ms": 150, "p95_ms": 300, "last_ms": 600,
    }  # fmt: skip
    # Of all at once only that they are answered at all.
    assert judge(Stats([Entry(each.name, 1999) for each in WELL]))[1] == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry(LIST_STUDENTS, 301), "list students: p95 301 ms, goal 300 ms"),
        (Entry(READ_ROLL, 20, num_failures=1), "read a roll: 1 failures"),
        (Entry(LIST_EXAMS, 0, num_requests=0), "list exams: was not asked"),
    ],
)
def test_too_slow_failed_or_never_asked_is_missed(entry: Entry, said: str) -> None:
    others = [each for each in WELL if each.name != entry.name]
    assert judge(Stats([*others, entry]), STEADY)[1] == [said]


AS_AIMED_AT = {name: goal for name, (goal, _) in GOALS.items()}


def test_figures_that_reach_their_goals_are_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "REPORTS", tmp_path)
    assert load.report(AS_AIMED_AT) == 0
    assert "**missed**" not in (tmp_path / "report.md").read_text("utf-8")


@pytest.mark.parametrize("name", GOALS)
def test_each_figure_alone_turns_the_load_red(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "REPORTS", tmp_path)
    goal, how = GOALS[name]
    assert load.report({**AS_AIMED_AT, name: goal + (0.01 if how == "at most" else -0.01)}) == 1
    assert (tmp_path / "report.md").read_text("utf-8").count("**missed**") == 1


def test_what_was_not_measured_is_missed_on_a_stack_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "REPORTS", tmp_path)
    assert load.report({}) == 1
    assert (tmp_path / "report.md").read_text("utf-8").count("**missed**") == len(GOALS)
    # An installation that runs already may have nobody who sets exams.
    assert load.report({"errors": 0}, ours=False) == 0
    assert load.report({"errors": 1}, ours=False) == 1


def seen(p95_ms: int) -> dict[str, int]:
    return {"requests": 10, "failures": 0, "first_ms": 5, "p50_ms": 10, "p95_ms": p95_ms, "last_ms": 2 * p95_ms}


def test_exams_are_as_late_as_the_worse_of_listing_and_setting_them() -> None:
    [exams] = [page for page in PAGES if page.figure == "exams_p95_ms"]
    assert exams.worst({LIST_EXAMS: seen(50), SET_EXAM: seen(1900)}, ours=True) == 1900
    assert exams.worst({LIST_EXAMS: seen(50)}, ours=True) == NEVER_MS
    assert exams.worst({LIST_EXAMS: seen(50)}, ours=False) == 50


def test_an_exam_that_was_refused_was_not_set() -> None:
    assert load.set_in({SET_EXAM: {**seen(50), "requests": 20, "failures": 3}}) == 17
    assert load.set_in({}) == 0


def test_what_the_burst_missed_and_what_broke_off_stand_in_the_result() -> None:
    phase: dict[str, Any] = {"missed": 0, "broken": 0, "still_waiting": 0, "seconds": 20.0, "turns": 100}
    burst = {**phase, SET_EXAM: {**seen(2400), "failures": 1}, "missed": 2}
    found = load.of_the_phases(burst, {**phase, LIST_STUDENTS: seen(90)}, {**phase, "broken": 1}, 60.0)
    assert (found["burst_missed"], found["steady_missed"], found["errors"]) == (2, 0, 2)
    assert found["burst_p95_ms"] == {SET_EXAM: 2400}


def test_fewer_than_the_cast_is_there_for_is_missed() -> None:
    others = [Entry(each.name, 100) for each in WELL]
    assert judge(Stats([*others, Entry(SET_EXAM, 900, num_requests=19)]), BURST, {SET_EXAM: 20})[1] == [
        "set an exam: asked 19 times of 20"
    ]
    assert judge(Stats([*others, Entry(SET_EXAM, 900, num_requests=20)]), BURST, {SET_EXAM: 20})[1] == []
    assert judge(Stats(others), BURST, {SET_EXAM: 20})[1] == ["set an exam: was not asked"]


def test_every_figure_that_has_a_goal_stands_in_the_document_or_is_said_to_be_missing_there() -> None:
    text = marks.kept(load.PERFORMANCE, "load")
    result = load.result_in(text)
    missing = re.findall(r"^Not measured yet: (.*)$", text, re.MULTILINE)
    assert {*GOALS} == ({*GOALS} & {*result}) | {name for line in missing for name in re.findall(r"`(\w+)`", line)}


def test_a_report_is_kept_where_readers_look_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "REPORTS", tmp_path)
    load.report({**AS_AIMED_AT, "errors": 7})
    performance, readme = tmp_path / "performance.md", tmp_path / "README.md"
    performance.write_text("## A school day\n\n<!-- load -->old<!-- /load -->\n\n## Jobs\n", "utf-8")
    readme.write_text("| figures | <!-- load -->old<!-- /load --> |\n", "utf-8")
    picture = tmp_path / "school-day.svg"
    load.keep((tmp_path / "report.md").read_text("utf-8"), performance, readme, picture)
    assert "| `errors` | at most 0 | 7 | **missed** |" in performance.read_text("utf-8")
    assert performance.read_text("utf-8").endswith("<!-- /load -->\n\n## Jobs\n")
    said = f"{len(GOALS) - 1} of {len(GOALS)} goals met; missed: `errors`<!-- /load --> |\n"
    assert readme.read_text("utf-8").endswith(said)
    assert picture.read_text("utf-8") == drawn(AS_AIMED_AT)


def test_the_picture_is_of_the_figures_beside_it() -> None:
    assert load.PICTURE.read_text("utf-8") == drawn(load.result_in(marks.kept(load.PERFORMANCE, "load")))
    late = drawn({**AS_AIMED_AT, "students_p95_ms": 301})
    assert (late.count(MISSED), late.count(">301 ms<"), drawn(AS_AIMED_AT).count(MISSED)) == (1, 1, 0)
    assert drawn({}).count("not measured") == len(PAGES)


def test_readme_says_how_many_rows_of_the_failure_matrix_hold() -> None:
    holds = re.findall(r"\*\*(\d+ of \d+ rows hold)\.\*\*", (BASE_DIR / "docs" / "resilience.md").read_text("utf-8"))
    assert [marks.kept(load.README, "resilience").partition(": ")[2]] == holds


def test_every_row_of_the_failure_matrix_stands_in_its_page() -> None:
    page = (BASE_DIR / "docs" / "resilience.md").read_text("utf-8")
    assert [row.name for row in rows.ROWS if f"| {row.name} |" not in page] == []


def test_the_load_can_be_run_by_hand() -> None:
    command = [sys.executable, "-m", "locust", "-f", "locustfiles/school_day.py", "--list"]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=True)
    assert {"Arriving", "Teacher", "Reader"} <= {line.strip() for line in (done.stdout + done.stderr).splitlines()}


def test_whoever_is_named_comes_today_unless_a_day_is_named(tmp_path: Path) -> None:
    cast, script = tmp_path / "cast.json", "from locustfiles import school_day; print(school_day.CAST['day'])"
    said = {}
    for day in ({}, {"day": "2026-11-10"}):
        cast.write_text(json.dumps({"arriving": [], "teachers": [], "readers": [], "papers": [], **day}), "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=BASE_DIR, env={**os.environ, "CAST": str(cast)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        said[len(day)] = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", said[0])
    assert said[1] == "2026-11-10"


TOOLS = set(re.findall(r"-m ((?:benchmarks|tests)[\w.]*)", (BASE_DIR / "Makefile").read_text(encoding="utf-8")))
FROM_OUTSIDE = {"benchmarks.load", "tests.smoke", "tests.observe"}
# Takes pictures of pages; measures and checks nothing.
NO_CHECK = {"tests.browser.pictures"}


@pytest.mark.parametrize("tool", sorted(TOOLS - FROM_OUTSIDE - NO_CHECK))
def test_a_tool_that_cannot_work_from_outside_says_so_and_starts_nothing(tool: str) -> None:
    command, environment = [sys.executable, "-m", tool], {**os.environ, "BASE_URL": "https://oak.example"}
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Not against https://oak.example" in done.stderr
