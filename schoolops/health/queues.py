"""``GET /health/queues``, and what the queues add to readiness."""

from __future__ import annotations

from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from schoolops import problem
from schoolops.errors import Unavailable
from schoolops.health.access import MonitoringOnly, may_look
from schoolops.health.answers import as_json
from schoolops.health.checks import Check, register
from schoolops.observability import telemetry
from schoolops.queues import pipeline
from schoolops.queues.desk import overview
from schoolops.queues.registry import QUEUES

RATES_OVER_S: Final = 60
SHOWN: Final = {"enqueued": pipeline.ENQUEUE, "finished": pipeline.FINISH, "dead": pipeline.BURY}


class LedgerAway(Unavailable):
    """The ledger cannot be reached: no job is accepted, and none was acknowledged."""

    code = "health:ledger-away"


def queues(request: HttpRequest) -> HttpResponse:
    """Counts per queue; 503 with the same counts while the broker is away, since nothing can begin."""
    if not may_look(request):
        return problem.response(MonitoringOnly())
    try:
        now = overview.overview()
    except DatabaseError:
        return problem.response(LedgerAway())
    per_minute, scope = rates()
    shown = {name: {**counts, "perMinute": per_minute[name]} for name, counts in now["queues"].items()}
    return as_json({**now, "queues": shown, "ratesOf": scope}, status=503 if now["status"] == "unavailable" else 200)


def rates() -> tuple[dict[str, dict[str, int]], str]:
    """(per queue: jobs enqueued, finished and given up in the last minute, of all processes or of this one)."""
    names = [pipeline.rate_name(arrow, queue) for arrow in SHOWN.values() for queue in QUEUES]
    counted, scope = telemetry.window(names, RATES_OVER_S)
    return {
        queue: {said: counted[pipeline.rate_name(arrow, queue)].total() for said, arrow in SHOWN.items()}
        for queue in QUEUES
    }, scope


def _probe() -> dict[str, Any]:
    now = overview.overview()
    facts: dict[str, Any] = {"dead": sum(each["dead"] for each in now["queues"].values())}
    if now["status"] != "ok":
        facts |= {"status": "degraded"} | {name: now[name] for name in ("broker", "relay", "unmanned", "silent")}
    return facts


register(Check("queues", _probe, failure="degraded"))
