"""The processes of the chaos test: each our own child in a session of its own, started again whenever it dies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Child:
    """One supervised process with everything it forks."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = True

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL it and all it forked."""
        if self.process is None:
            return
        with suppress(psutil.NoSuchProcess):
            everybody = psutil.Process(self.process.pid).children(recursive=True)
            for each in everybody:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def forked(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


@dataclass(slots=True)
class Supervisor:
    """Starts again what died, by our hand or by its own."""

    children: dict[str, Child] = field(default_factory=dict)
    died_by_itself: dict[str, int] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _thread: threading.Thread | None = None

    def add(self, child: Child) -> None:
        self.children[child.name] = child
        child.start()

    def watch(self) -> None:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stopped.wait(0.1):
            with self._lock:
                for child in self.children.values():
                    if child.wanted and child.process is not None and child.process.poll() is not None:
                        self.died_by_itself[child.name] = self.died_by_itself.get(child.name, 0) + 1
                        child.start()

    def kill(self, name: str, pause: float) -> None:
        """SIGKILL one, and start it again after ``pause`` seconds."""
        with self._lock:
            self.children[name].kill()
        time.sleep(pause)
        with self._lock:
            child = self.children[name]
            if child.process is not None and child.process.poll() is not None:
                child.start()

    def end(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for child in self.children.values():
            child.wanted = False
            child.kill()


def kill_one_fork(child: Child, dice: random.Random) -> bool:
    """SIGKILL one of the processes that ``child`` forked."""
    forks = child.forked()
    if not forks:
        return False
    with suppress(psutil.NoSuchProcess):
        dice.choice(forks).kill()
        return True
    return False


def wait_until(happened: Callable[[], bool], seconds: float, *, every: float = 0.2) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(every)
    return happened()
