"""Every fault that can be planted has a command that must see it, and being red for something else is not seeing it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.failures import rows
from tests.planted.__main__ import SEEN_BY, is_seen
from tests.planted.faults import FAULTS

RED = {
    "late": {"students_p95_ms": 450, "students_vs_families": 4.2},
    "lost_write": {"rows": 1, "rows_held": 0, "lost": 7},
    "lost_mark": {"rows": 1, "rows_held": 0, "lost": 3},
    "dropped_job": {"rows": 1, "rows_held": 0},
    "swallowed_exception": {"rows": 1, "rows_held": 0},
    "disabled_breaker": {"rows": 1, "rows_held": 0},
    "leaked_school": {"leaks": 1},
}
GREEN = {"students_p95_ms": 120, "students_vs_families": 0.4, "rows": 1, "rows_held": 1, "lost": 0, "leaks": 0}


def output(result: dict[str, int], because: str) -> str:
    return f"something\n{because} and more\nRESULT {json.dumps(result)}\n"


def test_every_fault_has_a_command_and_every_command_a_fault() -> None:
    assert set(FAULTS) == set(SEEN_BY) == set(RED)


@pytest.mark.parametrize("name", RED)
def test_it_is_seen_by_what_the_command_says_and_not_by_its_exit_code_alone(name: str) -> None:
    seen = SEEN_BY[name]
    assert is_seen(seen, 1, output(RED[name], seen.because))
    assert not is_seen(seen, 0, output(RED[name], seen.because))
    assert not is_seen(seen, 1, output(GREEN, seen.because))
    assert not is_seen(seen, 1, "Traceback: it did not start")


@pytest.mark.parametrize("name", [name for name, seen in SEEN_BY.items() if seen.command[0] == "tests.failures"])
def test_a_row_that_is_red_for_something_else_has_not_seen_it(name: str) -> None:
    assert SEEN_BY[name].because
    assert not is_seen(SEEN_BY[name], 1, output(RED[name], "not so: other groups go on: 4 × 201, 9 × 503"))


def test_a_machine_too_busy_for_anything_is_not_what_was_planted() -> None:
    said = 'RESULT {"students_p95_ms": 2300, "students_vs_families": 0.4}'
    assert not is_seen(SEEN_BY["late"], 1, said)


def test_a_row_that_must_turn_red_is_one_of_the_matrix() -> None:
    wanted = [seen.command[-1] for seen in SEEN_BY.values() if seen.command[0] == "tests.failures"]
    found = {name: [row.name for row in rows.ROWS if name in row.name] for name in wanted}
    assert {name: len(names) for name, names in found.items()} == dict.fromkeys(wanted, 1)


# Instead of a command: it says that it is up, and when it is stopped takes its time.
SLOW = """
import pathlib, signal, sys, time
def stop(*_):
    time.sleep(0.5)
    pathlib.Path(sys.argv[1]).touch()
    sys.exit(1)
signal.signal(signal.SIGTERM, stop), signal.signal(signal.SIGINT, stop)
print("up", file=open(sys.argv[2], "w"), flush=True)
time.sleep(60)
"""
PLANTS = """
import signal, sys
# Whatever started this run in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.planted import __main__ as planted
run = planted.ran
told, sys.argv[1:] = sys.argv[1:4], ["--only", "late"]
planted.ran = lambda _, fault: run([sys.executable, "-c", *told], fault)
sys.exit(planted.main())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_whoever_is_stopped_waits_until_what_it_started_has_stopped(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    down, up = tmp_path / "down", tmp_path / "up"
    os.mkfifo(up)
    planting = subprocess.Popen(
        [sys.executable, "-c", PLANTS, SLOW, str(down), str(up)], cwd=BASE_DIR, start_new_session=True
    )
    assert up.read_text(encoding="utf-8") == "up\n"
    if number is signal.SIGINT:
        # As a terminal does: to all that it runs.
        os.killpg(planting.pid, number)
    else:
        planting.send_signal(number)
    assert planting.wait(30) == code
    assert down.exists()
