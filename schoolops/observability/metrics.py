"""The table of metrics. Each is declared here, once; docs/reference/metrics.md is written from it.

Edges are where alerts have their thresholds, so that the share of calls beyond one is exact. A school is a label of
counters only, never beside a route.
"""

from __future__ import annotations

from typing import Final

from schoolops import reference
from schoolops.observability.instruments import SCHOOL, Metric, table

# --- requests ---------------------------------------------------------------------------------------------------------
HTTP_LATENCY: Final = Metric(
    name="http.latency",
    sentence="How long one request took, from the outermost middleware in to the answer out.",
    kind="histogram",
    labels=("route", "method"),
    edges=(0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
HTTP_REQUESTS: Final = Metric(
    name="http.requests",
    sentence="Requests answered, by school and class of status.",
    kind="counter",
    labels=(SCHOOL, "status"),
)

# --- logins and permissions -------------------------------------------------------------------------------------------
AUTH_LATENCY: Final = Metric(
    name="auth.latency",
    sentence="How long one login or renewal of a login took, from reading whose it is to opening it, refused ones too; "
    "those who were told to come again are not among them.",
    kind="histogram",
    edges=(0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
)
LOGIN_FAILURES: Final = Metric(
    name="auth.login_failures",
    sentence="Logins refused for a wrong name, password or second factor.",
    kind="counter",
    labels=(SCHOOL,),
)
RBAC_LATENCY: Final = Metric(
    name="rbac.resolution_latency",
    sentence="How long it took to find out what a user may do.",
    kind="histogram",
    edges=(0.001, 0.005, 0.02, 0.1, 0.5, 2.0),
)
RBAC_DENIES: Final = Metric(
    name="rbac.deny_count",
    sentence="Actions refused because a permission was missing or a row out of reach.",
    kind="counter",
    labels=(SCHOOL,),
)

# --- database ---------------------------------------------------------------------------------------------------------
DB_LATENCY: Final = Metric(
    name="db.query_latency",
    sentence="How long one statement took, seen from here.",
    kind="histogram",
    edges=(0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0),
)
SLOW_QUERIES: Final = Metric(
    name="db.slow_queries",
    sentence="Statements that took more than half a second. Each is in the log, without its parameters.",
    kind="counter",
)
DB_CONNECTIONS: Final = Metric(
    name="db.connections", sentence="Connections the PostgreSQL server holds, ours and others'.", kind="gauge"
)
DB_CONNECTIONS_MOST: Final = Metric(
    name="db.connections_most", sentence="Connections the PostgreSQL server allows.", kind="gauge"
)
DB_POOL: Final = Metric(
    name="db.pool",
    sentence="Connections of our pools, in_use or idle, and requests waiting for one; 0 without DATABASE_POOL_SIZE.",
    kind="gauge",
    labels=("state",),
    merge="livesum",
)

# --- Redis and the cache ----------------------------------------------------------------------------------------------
REDIS_LATENCY: Final = Metric(
    name="redis.latency",
    sentence="How long one command took or was waited for, refused by the circuit not counted.",
    kind="histogram",
    edges=(0.001, 0.005, 0.05, 0.2, 1.0),
)
REDIS_DISCONNECTS: Final = Metric(
    name="redis.disconnects", sentence="Connections that were lost, or closed after an error.", kind="counter"
)
REDIS_CONNECTIONS: Final = Metric(
    name="redis.connections", sentence="Connections open to Redis, of all processes.", kind="gauge", merge="livesum"
)
CACHE_ANSWERS: Final = Metric(
    name="cache.answers",
    sentence="Questions to the cache, by entry and the tier that answered (local, shared, database).",
    kind="counter",
    labels=("entry", "tier"),
)

# --- breakers ---------------------------------------------------------------------------------------------------------
BREAKER_CHANGES: Final = Metric(
    name="breaker.changes",
    sentence="Changes of a circuit to a state (closed, half-open, open).",
    kind="counter",
    labels=("breaker", "state"),
)
BREAKER_OPEN: Final = Metric(
    name="breaker.open",
    sentence="1 while some process refuses calls to this target, else 0.",
    kind="gauge",
    labels=("breaker",),
    merge="livemax",
)

# --- bulkheads --------------------------------------------------------------------------------------------------------
BULKHEAD_WAIT: Final = Metric(
    name="bulkhead.wait",
    sentence="How long one waited for a slot of a bulkhead; those who were refused at its door are not among them.",
    kind="histogram",
    labels=("bulkhead",),
    edges=(0.005, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
)
BULKHEAD_HELD: Final = Metric(
    name="bulkhead.held",
    sentence="How long one kept a slot of a bulkhead: with `passwords`, one hash.",
    kind="histogram",
    labels=("bulkhead",),
    edges=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
BULKHEAD_REFUSED: Final = Metric(
    name="bulkhead.refused",
    sentence="How many were told to come again because a bulkhead was full.",
    kind="counter",
    labels=("bulkhead",),
)

RATE_LIMITED: Final = Metric(
    name="ratelimit.refused",
    sentence="Requests and logins refused because a sliding window was full.",
    kind="counter",
    labels=("window",),
)

# --- jobs -------------------------------------------------------------------------------------------------------------
JOBS_WAITING: Final = Metric(
    name="jobs.waiting", sentence="Jobs that could begin now. Counted to 10,000.", kind="gauge", labels=("queue",)
)
JOBS_OLDEST: Final = Metric(
    name="jobs.oldest",
    sentence="How long the oldest job that could begin has waited.",
    kind="gauge",
    labels=("queue",),
    unit="seconds",
)
JOBS_UNMANNED: Final = Metric(
    name="jobs.unmanned", sentence="1 while no worker takes from the queue, else 0.", kind="gauge", labels=("queue",)
)
JOBS_DEAD: Final = Metric(
    name="jobs.dead_letters",
    sentence="Jobs given up, which somebody has to look at. Counted to 10,000.",
    kind="gauge",
    labels=("queue",),
)
JOB_STEPS: Final = Metric(
    name="jobs.steps",
    sentence="Jobs that took one arrow of a job's life: enqueued, finished, retried, buried …",
    kind="counter",
    labels=("arrow", "queue"),
)
RELAY_LEADS: Final = Metric(
    name="jobs.relay_leads", sentence="1 while a relay hands jobs to workers, else 0.", kind="gauge"
)

DERIVED_DRIFT: Final = Metric(
    name="derived.drift",
    sentence="Derived rows that a nightly check found to differ from what they are derived from; the log names them.",
    kind="counter",
)

FEES_DIFFERENCES: Final = Metric(
    name="fees.differences",
    sentence="What a nightly check found to differ between a school's books, bills and payments; the log names them.",
    kind="counter",
)

DRILL_FAILED: Final = Metric(
    name="copies.drill_failed",
    sentence="1 while the last restore drill failed, or none was whole for two days; else 0. Nothing before the first.",
    kind="gauge",
)
DRILL_AGE: Final = Metric(
    name="copies.drill_age",
    sentence="How long ago a backup was last restored and found whole.",
    kind="gauge",
    unit="seconds",
)

INDEX_DRIFT: Final = Metric(
    name="schools.index_drift",
    sentence="Schools that lack a declared index, or have it half-built or from another definition.",
    kind="gauge",
)

# --- the machine ------------------------------------------------------------------------------------------------------
MEMORY: Final = Metric(
    name="machine.memory_used",
    sentence="Share of the memory in use that we may have: of our control group, else of the machine.",
    kind="gauge",
    unit="ratio",
)
DISK: Final = Metric(
    name="machine.disk_used",
    sentence="Share of the disk in use that uploaded files are kept on.",
    kind="gauge",
    unit="ratio",
)
PROCESS_MEMORY: Final = Metric(
    name="process.memory", sentence="Memory of our largest process.", kind="gauge", unit="bytes", merge="livemax"
)

reference.declare(
    reference.Table(
        name="metrics",
        title="Metrics",
        introduction=(
            "What SchoolOps measures, declared in `schoolops/observability/metrics.py` and exported at `/metrics`. "
            "Histograms are also shown as percentiles of five minutes at `/health/metrics`. Beside these there are "
            "the `django_db_*` counters of django-prometheus."
        ),
        columns=("Metric", "In Prometheus", "Kind", "Labels", "Edges (s)", "What it is"),
        rows=lambda: (
            (
                f"`{metric.name}`",
                f"`{metric.exported}`",
                metric.kind,
                ", ".join(f"`{label}`" for label in metric.labels),
                ", ".join(f"{edge:g}" for edge in metric.edges),
                metric.sentence,
            )
            for metric in table()
        ),
    )
)
