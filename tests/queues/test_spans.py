"""With OpenTelemetry's extra: a request and the jobs it wants are spans of one trace; without, nothing of it runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from schoolops import context
from schoolops.observability import tracing
from schoolops.observability.middleware import RequestContextMiddleware
from schoolops.queues import FEES, task
from tests.queues.ground import Ledger

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_SAMPLED = CALLER[:-2] + "00"


@task(queue=FEES, name="test.second")
def second(*, n: int) -> None:
    """The job of a job."""


@task(queue=FEES, name="test.first")
def first(*, n: int) -> None:
    second.enqueue(n=n)


@task(queue=FEES, name="test.broken")
def broken(*, n: int) -> None:
    raise ValueError("Carol's telephone number")


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.send_to(exporter, percent=0, at_once=True)
    yield exporter
    tracing.stop()


def requested(ledger: Ledger, wanted: Any, traceparent: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        ledger.enqueue(wanted, n=1)
        return HttpResponse()

    request = RequestFactory().post("/", headers={"traceparent": traceparent})
    answer: Any = RequestContextMiddleware(view)(request)
    return answer


def test_a_request_its_job_and_the_jobs_job_are_one_trace(ledger: Ledger, spans: InMemorySpanExporter) -> None:
    requested(ledger, first, CALLER)
    ledger.run()
    ledger.run()
    by_name = {span.name: span for span in spans.get_finished_spans()}
    request, one, two = by_name["POST unmatched"], by_name["test.first"], by_name["test.second"]
    assert {f"{span.context.trace_id:032x}" for span in (request, one, two)} == {CALLER.split("-")[1]}
    parents = [f"{span.parent.span_id:016x}" for span in (request, one, two) if span.parent]
    assert parents == [CALLER.split("-")[2], *(f"{span.context.span_id:016x}" for span in (request, one))]
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200
    assert one.attributes == {"messaging.destination.name": "fees", "schoolops.school": ledger.school.slug}
    assert context.traceparent.get() is None


def test_a_job_that_fails_says_with_what_and_not_whose(ledger: Ledger, spans: InMemorySpanExporter) -> None:
    requested(ledger, broken, CALLER)
    ledger.run()
    (job,) = [span for span in spans.get_finished_spans() if span.name == "test.broken"]
    assert (job.status.is_ok, job.status.description) == (False, "ValueError")
    assert "telephone" not in job.to_json()


def test_a_callers_decision_not_to_sample_is_kept(ledger: Ledger, spans: InMemorySpanExporter) -> None:
    requested(ledger, first, NOT_SAMPLED)
    ledger.run()
    assert spans.get_finished_spans() == ()


def test_without_a_place_to_send_them_no_exporter_is_imported() -> None:
    program = (
        "import sys, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings.offline'; import django; "
        "django.setup(); print(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_place_to_send_them_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(tracing.importlib.util, "find_spec", missing)
    with pytest.raises(ImproperlyConfigured, match=r"'\.\[otel\]'"):
        tracing.want("http://127.0.0.1:4318/v1/traces", 5)
