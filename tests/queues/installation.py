"""A relay and real worker processes on a test's own database, to be killed."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from django.conf import settings

from schoolops.queues.relay.relay import Relay
from tests.chaos.processes import Child, Supervisor, wait_until
from tests.queues.ground import Ledger

LONG = 60.0


class Installation:
    """A relay in a thread of ours, and workers as processes, on the test's own database."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        self.folder = folder
        (folder / "barriers").mkdir()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CHAOS_FOLDER": str(folder),
            "ALLOWED_HOSTS": ".localhost",
            # What one process seals the others open.
            "SECRET_KEY": settings.SECRET_KEY,
        }
        self.supervisor = Supervisor()
        self.relay = Relay()
        self._thread = threading.Thread(target=self.relay.run)

    def start(self, *names: str) -> None:
        self._thread.start()
        for name in names:
            self.worker(name)
        self.supervisor.watch()

    def worker(self, name: str) -> Child:
        return self.program(name, "config.worker", name)

    def program(self, name: str, *command: str) -> Child:
        child = Child(name, [sys.executable, "-m", *command], self.environment, self.folder / f"{name}.log")
        self.supervisor.add(child)
        return child

    def end(self) -> None:
        self.supervisor.end()
        self.relay.stop()
        if self._thread.is_alive():
            self._thread.join()

    def effects(self) -> list[int]:
        return [
            n for (n,) in self.ledger.sql(f"SELECT n FROM {self.ledger.school.schema_name}.chaos_effect ORDER BY n")
        ]

    def arm(self, arrow: str) -> None:
        (self.folder / "barriers" / f"{arrow}.armed").touch()

    def caught(self, arrow: str) -> int:
        """The pid of the process that waits in the middle of ``arrow``."""
        folder = self.folder / "barriers"
        assert wait_until(lambda: bool(list(folder.glob(f"{arrow}.held.*"))), LONG), self.logs()
        return int(next(folder.glob(f"{arrow}.held.*")).suffix[1:])

    def comes_to_rest(self) -> None:
        assert wait_until(lambda: not self.ledger.jobs(), LONG), f"{self.ledger.jobs()}\n{self.logs()}"

    def logs(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()[-2000:]}" for path in self.folder.glob("*.log"))
