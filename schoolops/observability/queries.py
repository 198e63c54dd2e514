"""Every statement is timed; one that took more than half a second is logged, as text without parameters."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django_prometheus.db import connections_total, errors_total

from schoolops.observability.metrics import DB_LATENCY, SLOW_QUERIES

log = logging.getLogger("schoolops.slow_queries")

SLOW_S: Final = 0.5
# Enough to find it; an IN (…) of a thousand placeholders is not.
SHOWN: Final = 2_000


def timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
    """Django's execute wrapper."""
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except Error as failure:
        connection = context["connection"]
        errors_total.labels(connection.alias, connection.vendor, type(failure).__name__).inc()
        raise
    finally:
        took = time.perf_counter() - began
        DB_LATENCY.observe(took)
        if took > SLOW_S:
            SLOW_QUERIES.count()
            # The text has placeholders where the parameters go; literals in it are ours.
            log.warning("slow query", extra={"facts": {"latencyMs": round(took * 1000, 1), "sql": str(sql)[:SHOWN]}})


def _watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    connections_total.labels(connection.alias, connection.vendor).inc()
    if timed not in connection.execute_wrappers:
        # First, for a block that has pushed its own wrapper takes the last one away.
        connection.execute_wrappers.insert(0, timed)


def install() -> None:
    """Time the statements of every connection opened from now on."""
    connection_created.connect(_watch, dispatch_uid="schoolops.observability.queries")
