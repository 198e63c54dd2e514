"""What a metric is: declared once as a ``Metric``, recorded through it, exported to Prometheus under one derived name.

Latencies are also counted in the logarithmic buckets of ``percentiles``, for /health/metrics and for alerts that do not
need a Prometheus.
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import prometheus_client
from django.conf import settings
from prometheus_client import values

from schoolops import context
from schoolops.observability import slots, telemetry
from schoolops.observability.seat_values import SeatValue

log = logging.getLogger(__name__)

Kind = Literal["counter", "histogram", "gauge"]
NAMESPACE: Final = "schoolops"
# More schools than this share one label: a series per school must stay affordable.
MOST_SCHOOLS: Final = 200
OTHER_SCHOOLS: Final = "other"
NO_SCHOOL: Final = "none"
SCHOOL: Final = "tenant"

REGISTRY = prometheus_client.CollectorRegistry()


_started = False


def start() -> None:
    """Make every declared metric, where the settings say. Once per process, before django-prometheus makes its own."""
    global _started
    if _started:
        return
    _started = True
    _choose_where()
    for metric in _table.values():
        _make(metric)


def _choose_where() -> None:
    if not settings.METRICS_FOLDER:
        return
    try:
        slots.use(settings.METRICS_FOLDER)
    except (OSError, slots.NotOurFolder) as refused:
        log.warning("metrics are kept per process: %s", refused)
        return
    # Not only ours: those of django-prometheus are made after this.
    values.ValueClass = SeatValue


_table: dict[str, Metric] = {}
_made: dict[str, Any] = {}
_children: dict[tuple[Any, ...], Any] = {}
_schools: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Args:
        name: as people call it, ``auth.latency``.
        sentence: what one sample, or the value, means.
        kind: a histogram is of seconds; a gauge is measured when somebody asks, or set by each process of itself.
        labels: names of labels; ``tenant`` is bounded to 200 schools.
        edges: bucket edges of a histogram, in seconds; alert thresholds must be among them.
        unit: of a gauge: ``bytes``, ``seconds``, ``ratio`` or nothing for a number of things.
    """

    name: str
    sentence: str
    kind: Kind
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    unit: str = ""
    merge: Literal["livemax", "livesum"] | None = None

    def __post_init__(self) -> None:
        if self.name in _table:
            raise ValueError(f"{self.name} is declared twice.")
        _table[self.name] = self
        if _started:
            _make(self)

    @property
    def exported(self) -> str:
        """The name in Prometheus, without the suffixes ``_bucket``, ``_sum`` and ``_count`` of a histogram."""
        base = f"{NAMESPACE}_{self.name.replace('.', '_')}"
        if self.kind == "histogram":
            return f"{base}_seconds"
        if self.kind == "counter":
            return f"{base}_total"
        return f"{base}_{self.unit}" if self.unit else base

    def count(self, *labels: str, times: int = 1) -> None:
        """Count ``times`` more of a counter."""
        _child(self.name, labels).inc(times)
        telemetry.counted(self.name, times)

    def observe(self, seconds: float, *labels: str) -> None:
        """Record one sample of a histogram."""
        _child(self.name, labels).observe(seconds)
        telemetry.took(self.name, seconds * 1000)

    def set(self, value: float, *labels: str) -> None:
        """Say how it is with this process, for a gauge that each process has its own value of."""
        _child(self.name, labels).set(value)

    @contextmanager
    def timed(self, *labels: str, but: type[BaseException] | tuple[type[BaseException], ...] = ()) -> Iterator[None]:
        """Record how long the block took, whether it raised or not, unless it raised one of ``but``."""
        began = time.perf_counter()
        try:
            yield
        except but:
            raise
        except BaseException:
            self.observe(time.perf_counter() - began, *labels)
            raise
        self.observe(time.perf_counter() - began, *labels)


def _make(metric: Metric) -> None:
    name = f"{NAMESPACE}_{metric.name.replace('.', '_')}"
    # Files are read at the scrape, not this process's registry.
    registry = None if slots.folder() else REGISTRY
    if metric.kind == "counter":
        _made[metric.name] = prometheus_client.Counter(name, metric.sentence, metric.labels, registry=registry)
    elif metric.kind == "histogram":
        _made[metric.name] = prometheus_client.Histogram(
            metric.exported, metric.sentence, metric.labels, buckets=metric.edges, registry=registry
        )
    elif metric.merge:
        _made[metric.name] = prometheus_client.Gauge(
            metric.exported, metric.sentence, metric.labels, multiprocess_mode=metric.merge, registry=registry
        )
    if not metric.labels and metric.name in _made:
        _children[(metric.name,)] = _made[metric.name]


def _child(name: str, labels: tuple[str, ...]) -> Any:
    child = _children.get((name, *labels))
    if child is None:
        start()
        # Those without labels are made at the start.
        child = _children.get((name, *labels))
    if child is None:
        child = _children[(name, *labels)] = _made[name].labels(*labels)
    return child


def school_label(slug: str | None) -> str:
    """The label of a school, of which there are at most 200; the others share one."""
    if slug is None:
        return NO_SCHOOL
    if slug in _schools:
        return slug
    if len(_schools) >= MOST_SCHOOLS:
        return OTHER_SCHOOLS
    _schools.add(slug)
    return slug


def here() -> str:
    """The label of the current school."""
    school = context.school_or_none()
    return school_label(school.slug if school is not None else None)


def table() -> tuple[Metric, ...]:
    """Every declared metric, in order of name."""
    return tuple(_table[name] for name in sorted(_table))


# --- gauges that are measured when somebody asks ---------------------------------------------------------------------
Reading = tuple[Metric, tuple[str, ...], float]
_readers: dict[str, Callable[[], Iterator[Reading]]] = {}


def reads(name: str) -> Callable[[Callable[[], Iterator[Reading]]], Callable[[], Iterator[Reading]]]:
    """Register a function that measures gauges: yields (metric, label values, value). A later ``name`` replaces it."""

    def register(function: Callable[[], Iterator[Reading]]) -> Callable[[], Iterator[Reading]]:
        _readers[name] = function
        return function

    return register


# A database that hangs must not hide that it hangs: what has not answered by then is left out of this scrape.
BUDGET_S: Final = 0.5
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gauges")
_running: dict[str, Future[list[Reading]]] = {}


def _read(reader: Callable[[], Iterator[Reading]]) -> list[Reading]:
    return list(reader())


def readings() -> list[Reading]:
    """Every gauge that can be measured now, in half a second. What cannot has no value, rather than a wrong one."""
    asked = {}
    for name, reader in list(_readers.items()):
        # One that hangs is not asked twice: it would take the threads of the others.
        if name not in _running or _running[name].done():
            _running[name] = _pool.submit(contextvars.Context().run, _read, reader)
        asked[name] = _running[name]
    wait(asked.values(), timeout=BUDGET_S)
    found: list[Reading] = []
    for name, future in asked.items():
        if not future.done():
            log.debug("the gauges of %s are late", name)
        elif failure := future.exception():
            log.debug("cannot read the gauges of %s: %s", name, failure)
        else:
            found += future.result()
    return found
