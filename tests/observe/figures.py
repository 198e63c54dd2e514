"""The three figures that need no running stack: what the middleware costs, and what 200 lives leave in a scrape.

``python -m tests.observe.figures cost FOLDER`` and ``… lives FOLDER`` print one number or one JSON object.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROUNDS, REQUESTS = 9, 3_000
LIVES = 200
SIDE_BY_SIDE = 4


class Nowhere:
    """Takes every line, as a terminal that nobody reads."""

    def write(self, text: str) -> None:
        """Formatting is part of the cost, the disk is not."""

    def flush(self) -> None:
        """Nothing is kept."""


def begin(folder: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    from config.settings import offline

    offline.METRICS_FOLDER = folder
    offline.LOGGING["handlers"]["stderr"] = {
        "class": "logging.StreamHandler",
        "formatter": "json",
        "stream": Nowhere(),
    }
    import django

    django.setup()


def cost() -> float:
    """Microseconds of CPU per request: the least of several rounds with our middleware, less those without."""
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory

    from schoolops.observability.middleware import RequestContextMiddleware

    request: Any = RequestFactory().get("/")
    request.resolver_match = SimpleNamespace(route="api/v1/students")
    request.school = SimpleNamespace(slug="oak")

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"{}")

    def least(answer: Callable[[Any], Any]) -> float:
        found = []
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(REQUESTS):
                answer(request)
            found.append((time.process_time() - began) / REQUESTS)
        return min(found) * 1e6

    return round(least(RequestContextMiddleware(view)) - least(view), 1)


def lives(folder: Path) -> dict[str, Any]:
    """The CPU of a scrape after 200 lives against that after the first four, its series, and counters that fell."""
    from prometheus_client.multiprocess import MultiProcessCollector

    from schoolops.observability import slots
    from schoolops.observability.metrics import DB_LATENCY, HTTP_LATENCY, HTTP_REQUESTS, PROCESS_MEMORY

    def live() -> None:
        for number in range(20):
            HTTP_LATENCY.observe(0.01 * number, f"/route/{number}", "GET")
            HTTP_REQUESTS.count("oak", "2xx")
            DB_LATENCY.observe(0.001)
        PROCESS_MEMORY.set(1.0)

    def scrape(place: Path = folder) -> dict[str, float]:
        slots.bury(place)
        collector: Any = MultiProcessCollector(None, str(place))  # type: ignore[no-untyped-call]
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in collector.collect()
            for sample in family.samples
        }

    def cpu(place: Path) -> float:
        began = time.process_time()
        scrape(place)
        return time.process_time() - began

    def generation() -> None:
        children = []
        for number in range(SIDE_BY_SIDE):
            child = os.fork()
            if not child:
                live()
                # Every other one dies without a word.
                os.kill(os.getpid(), signal.SIGKILL) if number % 2 else os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)

    generation()
    before, fell = scrape(), 0
    warm = folder.with_name(f"{folder.name}-warm")
    shutil.copytree(folder, warm)
    for _ in range(LIVES // SIDE_BY_SIDE - 1):
        generation()
        now = scrape()
        fell += sum(now.get(name, 0.0) < value for name, value in before.items() if "process_memory" not in name)
        before = now
    # In turns, so that whatever else this machine does slows down both.
    taken: dict[Path, list[float]] = {folder: [], warm: []}
    for number in range(400):
        for place in (folder, warm) if number % 2 else (warm, folder):
            taken[place].append(cpu(place))
    shutil.rmtree(warm)
    growth = min(taken[folder]) / min(taken[warm])
    requests = before["schoolops_http_requests_total[('status', '2xx'), ('tenant', 'oak')]"]
    return {
        "growth": round(growth, 3),
        "series": len(before),
        "fell": fell,
        "exact": requests == LIVES * 20,
        "files": len(list(folder.glob("*.db"))),
    }


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    begin(folder)
    logging.raiseExceptions = False
    print(json.dumps(cost() if what == "cost" else lives(folder)))


if __name__ == "__main__":
    main()
