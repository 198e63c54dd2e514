"""``GET /metrics`` for Prometheus and ``GET /health/metrics`` for people: both for monitoring only."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from schoolops import problem
from schoolops.health.access import MonitoringOnly, may_look
from schoolops.health.answers import as_json
from schoolops.observability import alerts, exposition, telemetry
from schoolops.observability.instruments import table
from schoolops.observability.percentiles import WINDOW_S, summary

REMEMBERED_S: Final = 1.0
_remembered: tuple[float, dict[str, Any]] | None = None
_lock = threading.Lock()


def scrape(request: HttpRequest) -> HttpResponse:
    """Everything, for Prometheus."""
    if not may_look(request):
        return problem.response(MonitoringOnly())
    return HttpResponse(
        exposition.scrape(), content_type=exposition.CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )


def percentiles(request: HttpRequest) -> HttpResponse:
    """p50, p95 and p99 of the last five minutes over all processes, in milliseconds."""
    if not may_look(request):
        return problem.response(MonitoringOnly())
    return as_json(now())


def now() -> dict[str, Any]:
    """``{"scope", "windowSeconds", "latencies": {metric: {"count", "p50", "p95", "p99"}}, "alerts"}``.

    At most a second old.

    ``scope`` is ``process`` while Redis is away: then this is what one process has seen.
    """
    global _remembered
    with _lock:
        if _remembered is None or time.monotonic() - _remembered[0] >= REMEMBERED_S:
            _remembered = (time.monotonic(), _look())
        return _remembered[1]


def forget() -> None:
    """Look anew next time."""
    global _remembered
    with _lock:
        _remembered = None


def _look() -> dict[str, Any]:
    names = [metric.name for metric in table() if metric.kind == "histogram"]
    counted, scope = telemetry.window(names, WINDOW_S)
    return {
        "scope": scope,
        "windowSeconds": WINDOW_S,
        "latencies": {name: summary(buckets) for name, buckets in counted.items()},
        "alerts": alerts.firing(),
    }
