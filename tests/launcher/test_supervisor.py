from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schoolops import launcher
from schoolops.launcher import processes

from . import school

# A program with a child in its session, and a grandchild that left it and ignores SIGTERM.
FAMILY = "sleep 300 & setsid sh -c 'trap \"\" TERM; echo $$ >stubborn; while :; do sleep 1; done' & echo up; wait"


def _supervisor(place: Path, output: io.StringIO | None = None, **environment: str) -> launcher.Supervisor:
    return launcher.Supervisor(place, place / "programs.json", environment, output or io.StringIO())


def _wait_for(path: Path) -> None:
    """Until it is there and something stands in it: a shell makes the file before it writes."""
    assert processes.wait_until(lambda: path.exists() and path.read_text().endswith("\n"), 10)


def test_lines_are_told_apart_by_the_programs_name(place: Path) -> None:
    output = io.StringIO()
    supervisor = _supervisor(place, output, SCHOOL="Oak")
    supervisor.start("web", "echo $SCHOOL >&2; sleep 300")
    supervisor.start("worker", "echo ready; sleep 300")
    assert processes.wait_until(lambda: output.getvalue().count("\n") == 2, 10)
    supervisor.stop()

    assert sorted(line.split("|")[1].strip() for line in output.getvalue().splitlines()) == ["Oak", "ready"]
    assert {line.split()[0] for line in output.getvalue().splitlines()} == {"web", "worker"}


def test_stopping_ends_children_and_grandchildren(place: Path) -> None:
    supervisor = _supervisor(place)
    supervisor.start("web", FAMILY)
    _wait_for(place / "stubborn")
    assert len(school.living_below(place)) >= 3

    supervisor.stop()

    assert school.living_below(place) == []
    assert not (place / "programs.json").exists()


def test_a_plain_program_is_told_to_stop_itself(place: Path) -> None:
    (place / "worker.sh").write_text(
        "trap 'echo graceful >goodbye; exit 0' TERM; echo up >up; while :; do sleep 0.1; done"
    )
    supervisor = _supervisor(place)
    supervisor.start("worker", "sh worker.sh")
    _wait_for(place / "up")

    supervisor.stop()

    assert (place / "goodbye").read_text() == "graceful\n"


def test_a_program_that_ends_is_named(place: Path) -> None:
    supervisor = _supervisor(place)
    supervisor.start("web", "sleep 300")
    supervisor.check()
    supervisor.start("worker", "true; exit 7")

    def ended() -> bool:
        supervisor.check()
        return False

    with pytest.raises(launcher.ProgramEnded, match="worker ended with code 7"):
        processes.wait_until(ended, 10)
    supervisor.stop()


def test_a_program_that_is_killed_is_started_again_after_a_pause_that_grows(place: Path) -> None:
    output, moment = io.StringIO(), [1000.0]
    supervisor = launcher.Supervisor(place, place / "programs.json", {}, output, clock=lambda: moment[0])
    supervisor.start("relay", "echo $$ >>pids; exec sleep 300")
    pids = place / "pids"
    pauses = []
    for number in range(1, 4):
        assert processes.wait_until(lambda: pids.exists() and len(pids.read_text().split()) == number, 10)  # noqa: B023
        os.kill(int(pids.read_text().split()[-1]), 9)
        assert processes.wait_until(lambda: _said(supervisor, output, number), 10)  # noqa: B023
        before = moment[0]
        supervisor.tend()
        assert supervisor.restarts.get("relay", 0) == number - 1
        while supervisor.restarts.get("relay", 0) < number:
            moment[0] += 0.5
            supervisor.tend()
        pauses.append(moment[0] - before)

    assert pauses == [0.5, 1.0, 2.0]
    assert output.getvalue().count("relay | was killed by signal 9; it is started again in") == 3
    # One that ran well for a while is not held back for what was.
    moment[0] += 61
    assert processes.wait_until(lambda: len(pids.read_text().split()) == 4, 10)
    os.kill(int(pids.read_text().split()[-1]), 9)
    assert processes.wait_until(lambda: _said(supervisor, output, 4), 10)
    assert output.getvalue().endswith("started again in 0.5 s.\n")
    supervisor.stop()


def _said(supervisor: launcher.Supervisor, output: io.StringIO, times: int) -> bool:
    supervisor.tend()
    return output.getvalue().count("was killed by signal 9") == times


def test_children_that_outlive_a_killed_program_do_not_keep_it_down(place: Path) -> None:
    moment = [0.0]
    supervisor = launcher.Supervisor(place, place / "programs.json", {}, io.StringIO(), clock=lambda: moment[0])
    supervisor.start("web", f"echo $$ >leader; {FAMILY}")
    supervisor.start("relay", "echo $$ >other; exec sleep 300")
    _wait_for(place / "stubborn")
    _wait_for(place / "other")
    stubborn, other = (int((place / name).read_text()) for name in ("stubborn", "other"))
    os.kill(int((place / "leader").read_text()), 9)

    def again() -> bool:
        moment[0] += 1
        supervisor.tend()
        return supervisor.restarts == {"web": 1}

    assert processes.wait_until(again, 10)
    assert not school.runs(stubborn)
    assert school.runs(other)
    supervisor.stop()
    assert school.living_below(place) == []


def test_a_program_that_says_it_cannot_work_is_not_tried_again(place: Path) -> None:
    supervisor = _supervisor(place)
    supervisor.start("web", "true; exit 78")

    def ended() -> bool:
        supervisor.tend()
        return False

    with pytest.raises(launcher.ProgramEnded, match="web ended with code 78"):
        processes.wait_until(ended, 10)
    supervisor.stop()


def test_a_step_that_fails_shows_what_it_said(place: Path) -> None:
    supervisor = _supervisor(place)
    assert supervisor.run("migrate", ["/bin/sh", "-c", "echo done"]) == "done\n"
    with pytest.raises(launcher.ProgramFailed, match=r"migrate failed with code 3:\nno such table"):
        supervisor.run("migrate", ["/bin/sh", "-c", "echo no such table >&2; exit 3"])
    supervisor.stop()


def _crash(place: Path) -> None:
    """A supervisor in the folder is killed, and its program goes on."""
    program = (
        "import sys, time; from pathlib import Path; from schoolops import launcher; place = Path(sys.argv[1]);"
        "launcher.Supervisor(place, place / 'programs.json', {}).start('web', sys.argv[2]); time.sleep(300)"
    )
    crashed = subprocess.Popen(
        [sys.executable, "-c", program, str(place), FAMILY],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.DEVNULL,
    )
    _wait_for(place / "stubborn")
    crashed.kill()
    crashed.wait()
    assert school.living_below(place)


def test_removing_a_folder_ends_what_a_crash_left_behind(place: Path) -> None:
    launcher.hold(place / "demo").release()
    _crash(place / "demo")
    launcher.remove(place / "demo")
    assert school.living_below(place) == []
    assert [*place.iterdir()] == []


def test_what_a_crash_left_behind_is_ended_by_the_next(place: Path) -> None:
    _crash(place)

    ended = launcher.clear_leftovers(place / "programs.json")

    assert len(ended) >= 3
    assert school.living_below(place) == []
    assert launcher.clear_leftovers(place / "programs.json") == []


def test_a_stranger_with_a_recycled_number_is_left_alone(place: Path) -> None:
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        known = processes.find(stranger.pid)
        assert known is not None
        leaders = [[known.pid, known.started - 1, known.boot], [known.pid, known.started, "another boot"]]
        (place / "programs.json").write_text(json.dumps({"mark": "0" * 24, "leaders": leaders}))

        assert launcher.clear_leftovers(place / "programs.json") == []

        assert school.runs(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mark": 1}'])
def test_a_record_cut_short_by_the_crash_is_dropped(place: Path, text: str) -> None:
    (place / "programs.json").write_text(text)
    assert launcher.clear_leftovers(place / "programs.json") == []
    assert not (place / "programs.json").exists()


def test_a_program_does_not_block_when_nobody_reads(place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    nobody_listens = os.fdopen(writing, "w")
    supervisor = launcher.Supervisor(place, place / "programs.json", {}, nobody_listens)
    supervisor.start("web", "i=0; while [ $i -lt 20000 ]; do echo line; i=$((i+1)); done; touch finished; sleep 300")
    assert processes.wait_until((place / "finished").exists, 10)
    supervisor.stop()
    with contextlib.suppress(BrokenPipeError):
        nobody_listens.close()
