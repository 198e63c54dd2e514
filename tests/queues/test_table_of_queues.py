"""The queues are said once, in their table; whatever speaks of queues reads it there, or this fails."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from config import celery, worker
from schoolops.queues import QUEUES, broker, pipeline
from schoolops.queues.desk import overview
from schoolops.queues.registry import QUARANTINE_KEY
from schoolops.queues.worker import process
from tests.queues.ground import Ledger

ROOT = Path(__file__).resolve().parents[2]


def test_every_queue_has_its_line_in_the_procfile() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    for name in (*QUEUES, "quarantine"):
        assert lines[name] == f"python -m config.worker {name}"
    assert lines["relay"] == lines["standby"] == "python -m manage relay"
    assert set(lines) == {*QUEUES, "quarantine", "relay", "standby", "web", "beat"}


def test_celery_knows_these_lists_and_creates_no_other() -> None:
    known = {queue.name for queue in celery.app.conf.task_queues}
    assert known == {*(queue.broker_key for queue in QUEUES.values()), QUARANTINE_KEY, "jobs.unrouted"}
    assert celery.app.conf.task_create_missing_queues is False
    assert [name for name in celery.app.tasks if not name.startswith("celery.")] == ["jobs.run"]


@pytest.mark.parametrize("name", [*QUEUES, "quarantine"])
def test_a_worker_is_started_as_its_row_says(name: str) -> None:
    words = dict(word.removeprefix("--").split("=", 1) for word in worker.arguments(name, "WARNING") if "=" in word)
    queue = QUEUES.get(name)
    assert words["queues"] == (queue.broker_key if queue else QUARANTINE_KEY)
    assert words["pool"] == (queue.pool if queue else "prefork")
    assert int(words["concurrency"]) == (queue.concurrency if queue else 1)
    assert queue is None or queue.pool == "threads" or queue.processes + queue.ahead <= queue.in_flight


def test_a_worker_fetches_as_many_ahead_as_its_row_says_at_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = SimpleNamespace(initial_prefetch_count=80)
    for name in (*QUEUES, "quarantine"):
        monkeypatch.setattr(celery, "_worker", process.worker_for(name))
        celery.Announce(consumer)
        assert consumer.initial_prefetch_count == (QUEUES[name].ahead if name in QUEUES else 1)
    # Celery would lower it after a lost connection, and raise it again to a figure of its own.
    assert celery.app.conf.worker_enable_prefetch_count_reduction is False


def test_backends_stay_few() -> None:
    """A worker of threads shares a handful, a prefork worker has one for each child."""
    backends = sum(q.connections if q.pool == "threads" else q.processes for q in QUEUES.values())
    assert (backends, sum(queue.in_flight for queue in QUEUES.values())) == (22, 117)


def test_health_counts_every_queue_and_no_other(ledger: Ledger) -> None:
    broker.client.cache_clear()
    overview.forget()
    assert list(overview.overview()["queues"]) == list(QUEUES)


def test_the_reference_has_a_line_for_each_queue_and_arrow() -> None:
    queues = (ROOT / "docs/reference/queues.md").read_text()
    for queue in QUEUES.values():
        numbers = (queue.in_flight, queue.ahead, queue.window, f"{queue.timeout_s} s", queue.tries)
        assert f"| `{queue.name}` | {' | '.join(map(str, numbers))} |" in queues
    arrows = (ROOT / "docs/reference/job-life.md").read_text()
    assert all(f"| `{arrow.name}` |" in arrows for arrow in pipeline.ARROWS)
