"""What happens to jobs: given up, not handed on, not worked on."""

from __future__ import annotations

from collections.abc import Iterator

from schoolops.queues.registry import QUARANTINE, QUEUES
from tests.observe.causes import cause, repeatedly
from tests.observe.stage import PATIENCE_S, Stage


@cause("DeadLettersGrowing", patience_s=2 * PATIENCE_S)
def jobs_are_given_up(stage: Stage) -> Iterator[None]:
    with repeatedly(lambda _: stage.ask("/observe/fails", body={}), 2.0):
        yield


@cause("DerivedDrift")
def a_check_finds_figures_that_differ(stage: Stage) -> Iterator[None]:
    with repeatedly(lambda _: stage.ask("/observe/drifts", body={}), 2.0):
        yield


@cause("BooksDiffer")
def a_check_finds_books_that_differ(stage: Stage) -> Iterator[None]:
    with repeatedly(lambda _: stage.ask("/observe/books", body={}), 2.0):
        yield


@cause("RelayStopped")
def the_relay_stops(stage: Stage) -> Iterator[None]:
    stage.stop("relay")
    yield
    stage.start("relay", "manage.py", "relay")


def want_a_job_that_nobody_works_on(stage: Stage) -> None:
    stage.ask("/observe/waits", body={})


@cause("OldestJobOld", "QueueUnmanned", patience_s=400, early=want_a_job_that_nobody_works_on)
def no_worker_takes_a_job(stage: Stage) -> Iterator[None]:
    """Five minutes of waiting are the threshold, and not shortened. The stage has a worker for one queue only."""
    yield
    for name in {*QUEUES, QUARANTINE} - {"attendance"}:
        stage.start(f"worker-{name}", "-m", "config.worker", name)
