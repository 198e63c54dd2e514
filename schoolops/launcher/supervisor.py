"""Several programs under one roof: started together, their lines told apart, stopped together, nothing left behind."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from . import places, processes
from .errors import LauncherError
from .processes import Process

_MARK = "SCHOOLOPS_SUPERVISED_BY"
_PLAIN_COMMAND = re.compile(r"[\w./-]+( [\w./:@%+,='\"-]+)*")
# Carried beside the mark: whose child a process is, when its program has died and is to be started again.
PROGRAM = "SCHOOLOPS_SUPERVISED_PROGRAM"
# In the folder of the servers, of what runs beside them.
RECORD = "programs.json"
_LEADERS_SECONDS = 5.0
_SURVIVORS_SECONDS = 1.0
# Until a program that died is started again: doubling while it keeps dying, as one that cannot work would else keep a
# processor busy. One that ran for long enough begins anew.
FIRST_PAUSE_S, LONGEST_PAUSE_S, RAN_WELL_S = 0.5, 30.0, 60.0
# EX_CONFIG: it will refuse the next time as well.
_WILL_NOT_START = 78


class ProgramEnded(LauncherError):
    """A program that should have gone on running has ended."""


class ProgramFailed(LauncherError):
    """A program that should have done its work failed; the message carries the end of what it said."""


@dataclass(slots=True)
class Program:
    """One program. ``line``: what the shell is told, for one that is to go on running; ``again_at``: when it is started
    once more, by ``Supervisor.clock``."""

    name: str
    popen: subprocess.Popen[bytes]
    line: str = ""
    began_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    again_at: float | None = None

    def how_it_ended(self) -> str | None:
        """``was killed by signal 9``; ``None`` while it runs."""
        code = self.popen.poll()
        if code is None:
            return None
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


@dataclass(slots=True)
class Supervisor:
    """Runs programs in ``folder`` with ``environment`` on top of ours, and remembers them in ``record``.

    Each program leads a session of its own, and carries a mark in its environment by which its children and
    grandchildren are known even after their parents have died. What a crash of ours leaves running,
    ``clear_leftovers`` ends on the next start.
    """

    folder: Path
    record: Path
    environment: Mapping[str, str]
    output: IO[str] = field(default_factory=lambda: sys.stdout)
    clock: Callable[[], float] = time.monotonic
    restarts: dict[str, int] = field(default_factory=dict)
    _mark: str = field(default_factory=lambda: secrets.token_hex(12))
    _programs: list[Program] = field(default_factory=list)
    _relays: list[threading.Thread] = field(default_factory=list)
    _printing: threading.Lock = field(default_factory=threading.Lock)

    def run(self, name: str, command: list[str]) -> str:
        """Run a program to its end and return what it printed. Raises ``ProgramFailed``."""
        program = self._spawn(name, command, subprocess.PIPE)
        said, complaints = program.popen.communicate()
        self._programs.remove(program)
        if program.popen.returncode != 0:
            tail = (said + complaints).decode(errors="replace").strip()[-4000:]
            raise ProgramFailed(f"{name} failed with code {program.popen.returncode}:\n{tail}")
        return said.decode(errors="replace")

    def start(self, name: str, command: str) -> None:
        """Start a program, given as a line for the shell, and print its lines under its name as they come."""
        # Where the line is one plain command, the shell steps aside: the program itself gets our SIGTERM then.
        line = f"exec {command}" if _PLAIN_COMMAND.fullmatch(command) else command
        self._listen(self._spawn(name, ["/bin/sh", "-c", line], subprocess.STDOUT, line=line))

    def check(self) -> None:
        """Raise ``ProgramEnded`` naming the first program that has ended."""
        for program in self._programs:
            if (how := program.how_it_ended()) is not None:
                raise ProgramEnded(f"{program.name} {how}. Its last lines are above.")

    def tend(self) -> None:
        """Start again what has died, each after a pause of its own, and say so. Call it a few times a second.

        Raises:
            ProgramEnded: one says that it cannot work as it is configured.
        """
        for program in list(self._programs):
            if (how := program.how_it_ended()) is None:
                continue
            if program.again_at is None:
                if program.popen.returncode == _WILL_NOT_START:
                    raise ProgramEnded(f"{program.name} {how}. Its last lines are above.")
                ran_well = self.clock() - program.began_at >= RAN_WELL_S
                program.pause_s = FIRST_PAUSE_S if ran_well else program.pause_s
                program.again_at = self.clock() + program.pause_s
                self._print(program.name, f"{how}; it is started again in {program.pause_s:g} s.")
            elif self.clock() >= program.again_at:
                self._start_again(program)

    def _start_again(self, ended: Program) -> None:
        # Its children may have outlived it: they hold its port, or work for a parent that is no more.
        _end(_carrying(f"{PROGRAM}={self._mark}:{ended.name}"), _SURVIVORS_SECONDS)
        self._programs.remove(ended)
        program = self._spawn(ended.name, ["/bin/sh", "-c", ended.line], subprocess.STDOUT, line=ended.line)
        program.pause_s = min(ended.pause_s * 2, LONGEST_PAUSE_S)
        self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
        self._listen(program)

    def stop(self) -> None:
        """End all programs and their descendants: politely, then for certain. Takes at most about seven seconds."""
        # Only those that have not been collected: the number of one that has may be a stranger's by now.
        running = [program.popen for program in self._programs if program.popen.poll() is None]
        _end([leader for popen in running if (leader := processes.find(popen.pid))], _LEADERS_SECONDS)
        _end_marked(self._mark)
        for popen in running:
            popen.wait()
        for relay in self._relays:
            relay.join(timeout=1)
        self._programs.clear()
        self._relays.clear()
        self.record.unlink(missing_ok=True)

    def _listen(self, program: Program) -> None:
        relay = threading.Thread(target=self._relay_lines, args=(program,), daemon=True)
        relay.start()
        self._relays.append(relay)

    def _spawn(self, name: str, command: list[str], stderr: int, *, line: str = "") -> Program:
        # The mark is on record before the first program carries it.
        self._write_record()
        popen = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self.environment, _MARK: self._mark, PROGRAM: f"{self._mark}:{name}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
        program = Program(name, popen, line, self.clock())
        self._programs.append(program)
        self._write_record()
        return program

    def _write_record(self) -> None:
        running = [program.popen for program in self._programs if program.popen.poll() is None]
        known = [leader for popen in running if (leader := processes.find(popen.pid))]
        places.write_private(
            self.record,
            json.dumps(
                {
                    "mark": self._mark,
                    "leaders": [[one.pid, one.started, one.boot] for one in known],
                }
            ),
        )

    def _relay_lines(self, program: Program) -> None:
        with program.popen.stdout or io.BytesIO() as lines:
            for line in lines:
                self._print(program.name, line.decode(errors="replace").rstrip())

    def _print(self, name: str, text: str) -> None:
        width = max([len(name), *(len(one.name) for one in self._programs)])
        # When nobody listens any more we read on all the same: the program must not block on a full pipe.
        with self._printing, contextlib.suppress(OSError, ValueError):
            print(f"{name:<{width}} | {text}", file=self.output)
            self.output.flush()


def clear_leftovers(record: Path) -> list[int]:
    """End what an earlier supervisor left running when it crashed, and return the pids.

    Only what is provably its own: the very processes on record, same start time and same boot, and those that carry
    its mark. A stranger with a recycled number is left alone.
    """
    try:
        written = json.loads(record.read_text(encoding="utf-8"))
        mark = str(written["mark"])
        leaders = [Process(int(pid), int(started), str(boot)) for pid, started, boot in written["leaders"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        record.unlink()
        return []
    leftovers = list({process.pid: process for process in [*leaders, *_marked(mark)] if process.is_alive()}.values())
    _end(leftovers, _LEADERS_SECONDS)
    _end_marked(mark)
    record.unlink()
    return [process.pid for process in leftovers]


def _marked(mark: str) -> list[Process]:
    return _carrying(f"{_MARK}={mark}")


def _carrying(variable: str) -> list[Process]:
    return [process for process in processes.everyone() if processes.carries(process.pid, variable)]


def _end_marked(mark: str) -> None:
    _end(_marked(mark), _SURVIVORS_SECONDS)
    # One of them may have had another child between our looking and its end.
    for _ in range(10):
        if not (late := _marked(mark)):
            break
        processes.kill(late, seconds=1)


def _end(doomed: list[Process], seconds: float) -> None:
    for process in doomed:
        process.send(signal.SIGTERM)
    processes.wait_until(lambda: not any(process.is_alive() for process in doomed), seconds)
    processes.kill(process for process in doomed if process.is_alive())
