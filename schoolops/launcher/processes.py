"""Processes as /proc shows them: who is alive, who is only a zombie, and who merely got a dead one's number."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

# Servers this very process started: somebody has to collect them, or they stay zombies for as long as we live.
_children: set[int] = set()


@dataclass(frozen=True, slots=True)
class Process:
    """One process for good: a number alone may belong to someone else tomorrow, a number with its start time may not.

    ``started`` counts clock ticks since boot, ``boot`` names the boot.
    """

    pid: int
    started: int
    boot: str

    def is_alive(self) -> bool:
        """Whether it still runs. A zombie does not run, though ``kill(pid, 0)`` answers for it."""
        _collect(self.pid)
        return find(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Signal it, unless it is gone or its number belongs to another process by now."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within ``seconds``."""
        return wait_until(lambda: not self.is_alive(), seconds)


def find(pid: int) -> Process | None:
    """The running process of that number; None where there is none or only a zombie."""
    fields = _status_fields(pid)
    if fields is None or fields[0] in ("X", "x"):
        return None
    # A zombie of which other threads are still going still holds its ports and files.
    if fields[0] == "Z" and int(fields[17]) <= 1:
        return None
    return Process(pid=pid, started=int(fields[19]), boot=_boot())


def adopt(popen: subprocess.Popen[bytes]) -> Process | None:
    """The process just started, or None if it has ended already. From here on it is ours to collect, not Popen's."""
    process = find(popen.pid)
    _children.add(popen.pid)
    # Popen would complain of a child that runs on, and servers may do so on purpose.
    popen.returncode = 0
    return process


def command_line(pid: int) -> list[str]:
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [os.fsdecode(word) for word in words]


def carries(pid: int, variable: str) -> bool:
    """Whether the process was started with ``NAME=value`` in its environment, as far as we may look."""
    try:
        return os.fsencode(variable) in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def everyone() -> Iterator[Process]:
    """All running processes of this machine that we can see."""
    for entry in os.listdir(PROC):
        if entry.isdigit() and (process := find(int(entry))):
            yield process


def working_in(folder: Path, program: str) -> list[Process]:
    """The processes called ``program`` whose working directory is ``folder``: both servers change into their data."""
    found = []
    for process in everyone():
        try:
            if (PROC / str(process.pid) / "cwd").readlink() != folder.resolve():
                continue
            if (PROC / str(process.pid) / "comm").read_text().strip() == program:
                found.append(process)
        except OSError:
            continue
    return found


def kill(processes: Iterable[Process], seconds: float = 10) -> None:
    """SIGKILL them and wait until they are gone."""
    doomed = list(processes)
    for process in doomed:
        process.send(signal.SIGKILL)
    for process in doomed:
        process.wait(seconds)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _collect(pid: int) -> None:
    if pid not in _children:
        return
    try:
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # it was our parent's child
        ended = True
    if ended:
        _children.discard(pid)


def _status_fields(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name stands in brackets and may hold spaces and brackets itself, so we read from behind it.
    return text[text.rindex(")") + 2 :].split()


def _boot() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
