"""``/health``, ``/health/ready``, ``/health/queues``, ``/health/metrics`` and ``/metrics``: read by any host, before a
school is looked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from schoolops.health import checks
from schoolops.health.answers import as_json
from schoolops.health.monitoring import percentiles, scrape
from schoolops.health.queues import queues

Handler = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def live(request: HttpRequest) -> HttpResponse:
    """The process answers. No I/O."""
    return as_json({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """``ok`` or ``degraded`` with 200, ``unavailable`` with 503."""
    answer = checks.readiness()
    return as_json(answer, status=503 if answer["status"] == "unavailable" else 200)


VIEWS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/health": live,
    "/health/ready": ready,
    "/health/queues": queues,
    "/health/metrics": percentiles,
    "/metrics": scrape,
}


class HealthMiddleware:
    """Sync and async. Answers the health paths itself and passes everything else on."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        view = VIEWS.get(request.path.rstrip("/")) if request.method in {"GET", "HEAD"} else None
        if view is None:
            return self.get_response(request)
        request.fixed_route = request.path.rstrip("/")  # type: ignore[attr-defined]
        if self.is_async:
            return cast(Awaitable[HttpResponseBase], sync_to_async(view, thread_sensitive=False)(request))
        return view(request)
