"""The outermost middleware: request id and trace in, one access line out, whatever happened in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from schoolops import context
from schoolops.observability import trace, tracing
from schoolops.observability.instruments import school_label
from schoolops.observability.logging import ACCESS
from schoolops.observability.metrics import HTTP_LATENCY, HTTP_REQUESTS

Handler = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]
log = logging.getLogger(ACCESS)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What they note in the trail, as that somebody looked, is not what they were asked for.
_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestContextMiddleware:
    """Sync and async. Sets the ContextVars of ``schoolops.context`` and resets them when the request is over."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._later(request) if self.is_async else self._now(request)

    def _now(self, request: HttpRequest) -> HttpResponseBase:
        answer = cast(Callable[[HttpRequest], HttpResponseBase], self.get_response)
        opened, began = _Opened(request), time.perf_counter()
        try:
            response = answer(request)
            return _finished(request, response, began, opened)
        finally:
            opened.close()

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        answer = cast(Callable[[HttpRequest], Awaitable[HttpResponseBase]], self.get_response)
        opened, began = _Opened(request), time.perf_counter()
        try:
            response = await answer(request)
            return _finished(request, response, began, opened)
        finally:
            opened.close()


class _Opened:
    """The ContextVars of one request, and how to put them back."""

    def __init__(self, request: HttpRequest) -> None:
        self._request_id = context.request_id.set(trace.request_id_from(request.headers.get("X-Request-ID")))
        came_with = request.headers.get("traceparent")
        self.span = tracing.opened("request", "SERVER", came_with)
        self._trace = context.traceparent.set(
            trace.traceparent_from(came_with) if self.span is None else self.span.traceparent
        )
        self._user = context.user_id.set(None)
        self._kept = context.kept.set(None if request.method in _LOOKS else context.Kept())

    def close(self) -> None:
        if self.span is not None:
            # Nobody answered.
            self.span.close(failure="no answer")
        context.kept.reset(self._kept)
        context.user_id.reset(self._user)
        context.traceparent.reset(self._trace)
        context.request_id.reset(self._request_id)


def _finished(request: HttpRequest, response: HttpResponseBase, began: float, opened: _Opened) -> HttpResponseBase:
    request_id = context.request_id.get()
    response.headers["X-Request-ID"] = request_id or ""
    school = getattr(request, "school", None)
    slug = school.slug if school is not None else None
    match = request.resolver_match
    route = f"/{match.route}" if match and match.route else getattr(request, "fixed_route", "unmatched")
    # What is counted is what is logged, to the digit: percentiles of the log and of the metrics must agree.
    milliseconds = round((time.perf_counter() - began) * 1000, 2)
    HTTP_LATENCY.observe(milliseconds / 1000, route, _method(request))
    HTTP_REQUESTS.count(school_label(slug), f"{response.status_code // 100}xx")
    if opened.span is not None:
        opened.span.close(
            f"{_method(request)} {route}",
            failure=str(response.status_code) if response.status_code >= 500 else "",
            http__request__method=_method(request),
            http__route=route,
            http__response__status_code=response.status_code,
            schoolops__school=slug or "",
        )
        opened.span = None
    log.info(
        "request",
        extra={
            "requestId": request_id,
            "tenantId": slug,
            # Views set it on the request as well: an async hop copies the ContextVar and loses what it was given.
            "userId": getattr(request, "audited_user_id", None) or context.user_id.get(),
            "route": route,
            "method": request.method,
            "latencyMs": milliseconds,
            "statusCode": response.status_code,
        },
    )
    return response


def _method(request: HttpRequest) -> str:
    """A label must not be what a stranger makes up."""
    return request.method if request.method in _METHODS else "other"
