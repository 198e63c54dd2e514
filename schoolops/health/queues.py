"""``GET /health/queues``, and what the queues add to readiness."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from schoolops import problem
from schoolops.errors import Unavailable
from schoolops.health.access import MonitoringOnly, may_look
from schoolops.health.answers import as_json
from schoolops.health.checks import Check, register
from schoolops.queues import overview


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
    return as_json(now, status=503 if now["status"] == "unavailable" else 200)


def _probe() -> dict[str, Any]:
    now = overview.overview()
    if now["status"] != "ok":
        raise Unavailable(f"broker {now['broker']}, relay {now['relay']}")
    return {"dead": sum(each["dead"] for each in now["queues"].values())}


register(Check("queues", _probe, failure="degraded"))
