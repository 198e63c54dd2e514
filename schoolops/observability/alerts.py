"""The table of alerts: what is too much, over how long, and which runbook to open.

From here come ``deploy/prometheus/rules.yml``, docs/reference/alerts.md, and what /health/metrics says is firing. The
latter looks at the same counts without a Prometheus, and without waiting for ``for``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from schoolops import reference
from schoolops.observability import exposition, instruments, metrics, telemetry
from schoolops.observability.conditions import Above, Below, Condition, Growing, Often, Slow, Unreachable, View

MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert.

    Args:
        name: in Prometheus, ``LoginsSlow``; the runbook is ``docs/runbooks/logins-slow.md``.
        sentence: what an operator reads first.
        severity: ``page``: the school day suffers now; ``ticket``: it will.
        window_s: over how long the condition is measured; for_s: how long it must hold before anybody is told.
    """

    name: str
    sentence: str
    severity: Literal["page", "ticket"]
    condition: Condition
    window_s: int = 5 * MINUTE
    for_s: int = 2 * MINUTE

    @property
    def slug(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", self.name).lower()

    @property
    def runbook(self) -> str:
        """Path from the root of the repository."""
        return f"docs/runbooks/{self.slug}.md"


ALERTS: Final = (
    Alert(
        name="LoginsSlow",
        sentence="People wait more than two seconds to log in.",
        severity="page",
        condition=Slow(metrics.AUTH_LATENCY, 2.0),
    ),
    Alert(
        name="StatementsSlow",
        sentence="Statements take the database more than a second.",
        severity="page",
        condition=Slow(metrics.DB_LATENCY, 1.0),
    ),
    Alert(
        name="PermissionsSlow",
        sentence="Finding out what a user may do takes more than half a second.",
        severity="page",
        condition=Slow(metrics.RBAC_LATENCY, 0.5),
    ),
    Alert(
        name="RedisSlow",
        sentence="Redis takes more than 200 ms to answer.",
        severity="ticket",
        condition=Slow(metrics.REDIS_LATENCY, 0.2),
        window_s=MINUTE,
    ),
    Alert(
        name="LoginFailuresMany",
        sentence="Somebody may be guessing passwords.",
        severity="page",
        condition=Often(metrics.LOGIN_FAILURES, 20),
        window_s=MINUTE,
        for_s=0,
    ),
    Alert(
        name="DeniesMany",
        sentence="Many actions are refused for missing permissions.",
        severity="ticket",
        condition=Often(metrics.RBAC_DENIES, 50),
        window_s=MINUTE,
        for_s=0,
    ),
    Alert(
        name="RedisDisconnects",
        sentence="Connections to Redis break.",
        severity="ticket",
        condition=Often(metrics.REDIS_DISCONNECTS, 3),
        window_s=MINUTE,
        for_s=0,
    ),
    Alert(
        name="BreakerOpen",
        sentence="Something we depend on keeps failing, so it is not asked: part of SchoolOps is reduced or away.",
        severity="page",
        condition=Above(metrics.BREAKER_OPEN, 0),
        for_s=MINUTE,
    ),
    Alert(
        name="SlowQueriesMany",
        sentence="Many statements take more than half a second.",
        severity="ticket",
        condition=Often(metrics.SLOW_QUERIES, 10),
        window_s=5 * MINUTE,
    ),
    Alert(
        name="DeadLettersGrowing",
        sentence="Jobs are being given up: notices or imports that people expect do not happen.",
        severity="page",
        condition=Growing(metrics.JOBS_DEAD),
        window_s=5 * MINUTE,
        for_s=0,
    ),
    Alert(
        name="OldestJobOld",
        sentence="Jobs wait longer than five minutes for a worker.",
        severity="page",
        condition=Above(metrics.JOBS_OLDEST, 300),
    ),
    Alert(
        name="QueueUnmanned",
        sentence="No worker takes from a queue, so none of its jobs will begin.",
        severity="page",
        condition=Above(metrics.JOBS_UNMANNED, 0),
    ),
    Alert(
        name="RelayStopped",
        sentence="No relay hands jobs to workers, so none begin.",
        severity="page",
        condition=Below(metrics.RELAY_LEADS, 1),
        for_s=MINUTE,
    ),
    Alert(
        name="DerivedDrift",
        sentence="Derived figures, such as days of attendance, are not what they are derived from.",
        severity="ticket",
        condition=Often(metrics.DERIVED_DRIFT, 0),
        for_s=0,
    ),
    Alert(
        name="BooksDiffer",
        sentence="The books of a school, its bills and its payments do not say the same.",
        severity="ticket",
        condition=Often(metrics.FEES_DIFFERENCES, 0),
        for_s=0,
    ),
    Alert(
        name="RestoreDrillFailed",
        sentence="A backup could not be restored, or for two days none was tried: there may be none that helps.",
        severity="ticket",
        condition=Above(metrics.DRILL_FAILED, 0),
    ),
    Alert(
        name="IndexDrift",
        sentence="Some schools do not have the indexes that are declared: what they ask for may be slow.",
        severity="ticket",
        condition=Above(metrics.INDEX_DRIFT, 0),
        for_s=10 * MINUTE,
    ),
    Alert(
        name="MemoryFull",
        sentence="More than nine tenths of the memory are in use.",
        severity="page",
        condition=Above(metrics.MEMORY, 0.9),
    ),
    Alert(
        name="DiskFull",
        sentence="More than nine tenths of the disk are in use.",
        severity="ticket",
        condition=Above(metrics.DISK, 0.9),
        for_s=5 * MINUTE,
    ),
    Alert(
        name="TargetDown",
        sentence="SchoolOps does not answer monitoring.",
        severity="page",
        condition=Unreachable(),
        for_s=MINUTE,
    ),
)


def firing() -> dict[str, Any]:
    """What fires by our own counts, now.

    ``{"firing": [{"alert", "severity", "sentence", "runbook"}], "unknown": [alert], "scope": …}``; the unknown ones are
    for Prometheus to say. ``scope`` is ``process`` while Redis is away: then others may have seen more.
    """
    gauges: dict[str, list[float]] = {}
    for metric, _, value in instruments.readings():
        gauges.setdefault(metric.name, []).append(value)
    for metric in {alert.condition.metric for alert in ALERTS if alert.condition.metric is not None}:
        if metric.merge:
            gauges[metric.name] = [value for _, value in exposition.live(metric)]
    counts: dict[int, Mapping[str, Counter[int]]] = {}
    answer: dict[str, Any] = {"firing": [], "unknown": [], "scope": "installation"}
    for alert in ALERTS:
        if alert.window_s not in counts:
            names = [each.condition.metric.name for each in ALERTS if each.condition.metric is not None]
            counts[alert.window_s], scope = telemetry.window(names, alert.window_s)
            if scope != "installation":
                answer["scope"] = scope
        held = alert.condition.holds(
            View(counts[alert.window_s], {name: tuple(values) for name, values in gauges.items()}, alert.window_s)
        )
        if held is None:
            answer["unknown"].append(alert.name)
        elif held:
            answer["firing"].append(
                {
                    "alert": alert.name,
                    "severity": alert.severity,
                    "sentence": alert.sentence,
                    "runbook": alert.runbook,
                }
            )
    return answer


def duration(seconds: float) -> str:
    """As Prometheus writes it; whole milliseconds."""
    if seconds == int(seconds):
        return f"{int(seconds)}s" if int(seconds) % MINUTE or not seconds else f"{int(seconds) // MINUTE}m"
    return f"{round(seconds * 1000)}ms"


def rules(*, faster: float = 1.0) -> str:
    """The rules file. ``faster`` shortens windows and ``for`` by this factor, for a rehearsal; thresholds stay."""
    lines = [
        "# Generated by `make docs` from schoolops/observability/alerts.py; do not edit.",
        "groups:",
        "  - name: schoolops",
        "    rules:",
    ]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.condition.expression(duration(alert.window_s / faster)))}",
            f"        for: {duration(alert.for_s / faster)}",
            "        labels:",
            f"          severity: {alert.severity}",
            "        annotations:",
            f"          summary: {json.dumps(alert.sentence)}",
            f"          runbook: {alert.runbook}",
        ]
    return "\n".join(lines) + "\n"


reference.declare(
    reference.Table(
        name="alerts",
        title="Alerts",
        introduction=(
            "When somebody is told, declared in `schoolops/observability/alerts.py`; `deploy/prometheus/rules.yml` is "
            "written from the same table. `page` means that the school day suffers now, `ticket` that it will."
        ),
        columns=("Alert", "Fires when", "Measured over", "For", "Severity", "Runbook"),
        rows=lambda: (
            (
                f"`{alert.name}`",
                alert.condition.says(),
                duration(alert.window_s) if f"[{duration(alert.window_s)}]" in alert.condition.expression(
                    duration(alert.window_s)
                ) else "now",
                duration(alert.for_s) if alert.for_s else "at once",
                alert.severity,
                f"[{alert.slug}](../runbooks/{alert.slug}.md)",
            )
            for alert in ALERTS
        ),
    )
)  # fmt: skip
