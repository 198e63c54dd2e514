"""The site as a real server process on loopback, on the run's own database, and jobs worked off when a test says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.env import BASE_DIR
from schoolops import launcher
from schoolops.tenancy.models import School
from tests.factories import people

THREADS = 4
STARTS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Served:
    """Where the site answers, and what its process wrote."""

    port: int
    log: Path

    def address(self, school: School | None, path: str = "/") -> str:
        """``path`` at the school's address; at the operators' without a school."""
        host = "localhost" if school is None else f"{school.slug}.localhost"
        return f"http://{host}:{self.port}{path}"

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4_000:]


@contextmanager
def served(folder: Path, *, gateway: str) -> Iterator[Served]:
    """Serve the worker's database until the block ends. It is ``people.SCHOOL_MOMENT`` there when it begins.

    ``gateway``: where the sandbox for card payments stands.
    """
    site = Served(launcher.free_port(), folder / "server.log")
    environment = {
        **os.environ,
        "SCHOOLOPS_TODAY": f"{people.SCHOOL_MOMENT:%Y-%m-%dT%H:%M}",
        "MEDIA_ROOT": str(folder / "media"),
        "SANDBOX_GATEWAY_URL": gateway,
        "LOG_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
    }
    command = [
        *(sys.executable, "-m", "config.server", "--host=127.0.0.1", f"--port={site.port}"),
        *("--workers=1", f"--threads={THREADS}", "--max-rss=2048", "--drain-seconds=0", f"--drain-file={folder}/drain"),
    ]
    with site.log.open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=BASE_DIR, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(site, process)
        yield site
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(site: Served, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}: {site.said()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The server did not answer within {STARTS_WITHIN_S} s: {site.said()}")


def work_off_jobs() -> int:
    """Run every job that is due, and those they bring, in this process; returns how many."""
    # The runner of tests: needs no worker beside it.
    from schoolops.context import outside_schools
    from schoolops.queues import registry
    from schoolops.queues.models import Job
    from schoolops.queues.worker.runner import Runner

    runner, done = Runner(patience_s=0), 0
    while True:
        with outside_schools():
            due = list(Job.objects.filter(run_at=None).order_by("id").values_list("id", "task"))
        if not due:
            return done
        for job_id, name in due:
            task = registry.find(name)
            if task is not None and task.leased:
                runner.run_leased(job_id, 120)
            else:
                runner.run([job_id], 120)
        done += len(due)
        if done > 1_000:
            raise RuntimeError("Jobs bring jobs without end.")
