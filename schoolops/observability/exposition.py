"""What Prometheus reads: the sum over all processes, and the gauges measured now."""

from __future__ import annotations

from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

from schoolops.observability import slots, telemetry
from schoolops.observability.instruments import REGISTRY, Metric, readings, table

CONTENT_TYPE = CONTENT_TYPE_LATEST


def _counted() -> Iterator[Family]:
    telemetry.tick()
    folder = slots.folder()
    if folder is None:
        yield from REGISTRY.collect()
        yield from prometheus_client.REGISTRY.collect()
        return
    slots.bury(folder)
    yield from MultiProcessCollector(None, str(folder)).collect()  # type: ignore[no-untyped-call]


def live(metric: Metric) -> list[tuple[dict[str, str], float]]:
    """(labels, value) of a gauge that each process sets of itself, over all processes that live."""
    folder = slots.folder()
    if folder is None:
        families = list(REGISTRY.collect())
    else:
        slots.bury(folder)
        files = [str(file) for file in folder.glob(f"gauge_{metric.merge}_*.db")]
        families = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return [
        (dict(sample.labels), sample.value)
        for family in families
        for sample in family.samples
        if sample.name == metric.exported
    ]


def _measured() -> Iterator[Family]:
    families = {
        metric.name: GaugeMetricFamily(metric.exported, metric.sentence, labels=metric.labels)
        for metric in table()
        if metric.kind == "gauge" and not metric.merge
    }
    for metric, labels, value in readings():
        families[metric.name].add_metric(labels, value)
    yield from families.values()


class _Together(CollectorRegistry):
    """Both, without registering: that would collect once only to learn the names."""

    def collect(self) -> Iterator[Family]:
        yield from _counted()
        yield from _measured()


def scrape() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(_Together())
