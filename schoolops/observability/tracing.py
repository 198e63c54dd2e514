"""Spans for OpenTelemetry: of requests and of jobs, in one trace. Off unless TRACES_URL says where to send them.

The trace itself is always there (``context.traceparent``, on log lines and in a job's row); spans add how long and
what in between. They cost three times our whole middleware, and so are sampled: a request that came with a decision
keeps it, of the others TRACES_PERCENT are sent.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import ImproperlyConfigured

from schoolops import context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

Kind = Literal["SERVER", "CONSUMER"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where spans go and how many of them."""

    url: str
    percent: int


_wanted: Wanted | None = None
_tracer: Any = None


def want(url: str, percent: int) -> None:
    """Send spans to ``url`` (OTLP over HTTP) from the first request or job of this process on; empty: none.

    Raises:
        ImproperlyConfigured: the extra ``otel`` is not installed.
    """
    global _wanted
    if url and not _is_installed():
        raise ImproperlyConfigured("TRACES_URL is set, which needs OpenTelemetry: .venv/bin/pip install '.[otel]'.")
    _wanted = Wanted(url, percent) if url else None


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def send_to(exporter: SpanExporter, percent: int, *, at_once: bool = False) -> None:
    """Send spans of this process to ``exporter``; ``at_once`` rather than in batches from a thread."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an optional extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    global _tracer
    provider = TracerProvider(
        resource=Resource.create({"service.name": "schoolops"}), sampler=ParentBased(TraceIdRatioBased(percent / 100))
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("schoolops")


def stop() -> None:
    """Send no spans from now on."""
    global _tracer, _wanted
    _tracer = _wanted = None


def _ours() -> Any:
    # Not before there is something to send: a thread that sends would not survive the fork of a worker.
    if _tracer is None and _wanted is not None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an optional extra
            OTLPSpanExporter,
        )

        send_to(OTLPSpanExporter(endpoint=_wanted.url), _wanted.percent)
    return _tracer


class Span:
    """One span that is open, and current for whatever else of OpenTelemetry runs inside."""

    def __init__(self, tracer: Any, name: str, kind: Kind, parent: str | None) -> None:
        from opentelemetry import context as current  # noqa: PLC0415 - an optional extra
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._current = current
        around = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {})
        self._span = tracer.start_span(name, context=around, kind=trace.SpanKind[kind])
        self._token = current.attach(trace.set_span_in_context(self._span, around))
        found = self._span.get_span_context()
        self.traceparent = f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"

    def close(self, name: str | None = None, *, failure: str = "", **attributes: str | int) -> None:
        """End it, under its final name. Ids only: what a span says stands in somebody else's store."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - an optional extra

        if name is not None:
            self._span.update_name(name)
        for key, value in attributes.items():
            self._span.set_attribute(key.replace("__", "."), value)
        if failure:
            self._span.set_status(StatusCode.ERROR, failure)
        self._current.detach(self._token)
        self._span.end()


def opened(name: str, kind: Kind, parent: str | None) -> Span | None:
    """A span whose parent is the ``traceparent`` given; ``None`` while none are sent."""
    tracer = _ours()
    return None if tracer is None else Span(tracer, name, kind, parent)


@contextmanager
def job(task: str, queue: str) -> Iterator[None]:
    """The span of a job's body, child of the request or job that wanted it; what it enqueues is its child in turn."""
    span = opened(task, "CONSUMER", context.traceparent.get())
    if span is None:
        yield
        return
    token = context.traceparent.set(span.traceparent)
    failure = ""
    try:
        yield
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        context.traceparent.reset(token)
        span.close(failure=failure, messaging__destination__name=queue, schoolops__school=_school())


def _school() -> str:
    school = context.school_or_none()
    return school.slug if school is not None else ""
