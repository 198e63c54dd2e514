"""``GET /health/queues``, and what the queues add to readiness."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from schoolops import problem
from schoolops.errors import Unauthenticated, Unavailable
from schoolops.health.checks import Check, register
from schoolops.health.answers import as_json
from schoolops.queues import overview


class LedgerAway(Unavailable):
    """The ledger cannot be reached: no job is accepted, and none was acknowledged."""

    code = "health:ledger-away"


class MonitoringOnly(Unauthenticated):
    """This is for monitoring, which sends the platform's token."""

    code = "health:monitoring-only"
    remedy = "Send `Authorization: Bearer …` with the value of PLATFORM_TOKEN."


def may_look(request: HttpRequest) -> bool:
    """Whether the request carries PLATFORM_TOKEN, where one is set."""
    wanted = settings.PLATFORM_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return not wanted or hmac.compare_digest(given.encode(), wanted.encode())


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
