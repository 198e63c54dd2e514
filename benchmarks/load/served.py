"""What the server itself took for each kind of request, by its own metrics: what they counted between two looks.

From the outermost middleware in to the answer out. What a request waited before that is what a client saw beyond it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from locustfiles.targets import LIST_EXAMS, LIST_STUDENTS, LOG_IN, MARK_ROLL, READ_ROLL, SET_EXAM
from schoolops.resilience.check import Target

HTTP, LOGINS = "schoolops_http_latency_seconds", "schoolops_auth_latency_seconds"
ROLL: Final = "/api/v1/sections/<uuid:section>/roll/<str:day>"
# Those of the burst. A login's is without those who were told to come again.
COUNTED_AS: Final = {
    LOG_IN: (LOGINS, "", ""),
    READ_ROLL: (HTTP, ROLL, "GET"),
    MARK_ROLL: (HTTP, ROLL, "PUT"),
    LIST_STUDENTS: (HTTP, "/api/v1/students", "GET"),
    LIST_EXAMS: (HTTP, "/api/v1/exams", "GET"),
    SET_EXAM: (HTTP, "/api/v1/exams", "POST"),
}
# By metric, route and method: how many, their seconds, and how many were within each edge.
Counts = dict[tuple[str, str, str], dict[str, float]]


def look(base_url: str) -> Counts:
    """As it is now; nothing where metrics are not shown."""
    answer = Target(base_url, os.environ.get("PLATFORM_TOKEN", "")).monitor("/metrics")
    return read(answer.body.decode()) if answer.status == 200 else {}


def read(text: str) -> Counts:
    found: Counts = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples if family.name in {HTTP, LOGINS} else ():
            key = (family.name, sample.labels.get("route", ""), sample.labels.get("method", ""))
            name = sample.labels.get("le") or sample.name.rpartition("_")[2]
            found.setdefault(key, {})[name] = sample.value
    return found


def between(before: Counts, after: Counts) -> dict[str, dict[str, Any]]:
    """By kind of request: ``requests``, ``mean_ms``, ``p95_at_most_ms`` (the edge below which 95 of 100 are)."""
    found = {}
    for kind, key in COUNTED_AS.items():
        counts = {name: number - before.get(key, {}).get(name, 0) for name, number in after.get(key, {}).items()}
        if asked := counts.get("count"):
            edge = _edge(counts, 0.95 * asked)
            found[kind] = {
                "requests": round(asked),
                "mean_ms": round(counts["sum"] / asked * 1000),
                "p95_at_most_ms": None if edge == float("inf") else round(edge * 1000),
            }
    return found


def _edge(counts: Mapping[str, float], rank: float) -> float:
    edges = sorted((float(name), number) for name, number in counts.items() if name not in {"count", "sum", "created"})
    return next((edge for edge, number in edges if number >= rank), float("inf"))


def table(burst: Mapping[str, Any], served: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The burst as it came: what its people saw, and beside it what the server took."""
    rows = [
        "| all at once, ms | asked | failed | p50 | p95 | last | server: requests | mean | p95 at most |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, seen in burst.items():
        if isinstance(seen, dict):
            its = served.get(kind, {})
            cells = [kind, *(seen[name] for name in ("requests", "failures", "p50_ms", "p95_ms", "last_ms"))]
            cells += [its.get(name, "–") for name in ("requests", "mean_ms", "p95_at_most_ms")]
            rows.append(f"| {' | '.join('more' if each is None else str(each) for each in cells)} |")
    return rows
