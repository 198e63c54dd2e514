"""When an alert fires: as PromQL, in words for the reference, and by our own counts without a Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from schoolops.observability.instruments import Metric
from schoolops.observability.percentiles import value_of

# The job that deploy/prometheus/prometheus.yml scrapes us under.
JOB: Final = "schoolops"


@dataclass(frozen=True, slots=True)
class View:
    """What conditions look at without a Prometheus: counts of the window per metric, gauges per metric."""

    counts: Mapping[str, Counter[int]]
    gauges: Mapping[str, tuple[float, ...]]
    window_s: int


class Condition(Protocol):
    """When an alert fires."""

    @property
    def metric(self) -> Metric | None:
        """The metric it looks at; ``None``: whether we can be scraped at all."""

    def expression(self, window: str) -> str:
        """In PromQL; true while it fires."""

    def says(self) -> str:
        """In words, for the reference."""

    def holds(self, view: View) -> bool | None:
        """Whether it holds in ``view``; ``None`` when only Prometheus can know."""

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        """Series, in promtool's notation at a sample a minute, just beyond or just short of the threshold."""


@dataclass(frozen=True, slots=True)
class Slow:
    """More than ``share`` of the calls took longer than ``limit_s``: p95 is beyond it."""

    metric: Metric
    limit_s: float
    share: float = 0.05

    def __post_init__(self) -> None:
        if self.limit_s not in self.metric.edges:
            raise ValueError(f"{self.limit_s} s is no edge of {self.metric.name}: the share would be a guess.")

    def expression(self, window: str) -> str:
        name = self.metric.exported
        return (
            f'1 - sum(rate({name}_bucket{{le="{self.limit_s}"}}[{window}])) / sum(rate({name}_count[{window}]))'
            f" > {self.share:g}"
        )

    def says(self) -> str:
        return f"more than {self.share:.0%} of `{self.metric.name}` beyond {self.limit_s * 1000:g} ms"

    def holds(self, view: View) -> bool | None:
        buckets = view.counts.get(self.metric.name, Counter())
        slow = sum(times for bucket, times in buckets.items() if value_of(bucket) > self.limit_s * 1000)
        return slow > self.share * buckets.total()

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        name, quick = self.metric.exported, 1000 * (1 - self.share) + (-1 if firing else 1)
        return {
            f'{name}_bucket{{le="{self.limit_s}"}}': f"0+{quick:g}x{minutes}",
            f"{name}_count": f"0+1000x{minutes}",
        }


@dataclass(frozen=True, slots=True)
class Often:
    """More than ``per_minute`` a minute."""

    metric: Metric
    per_minute: int

    def expression(self, window: str) -> str:
        return f"sum(rate({self.metric.exported}[{window}])) * 60 > {self.per_minute}"

    def says(self) -> str:
        return f"more than {self.per_minute} `{self.metric.name}` a minute"

    def holds(self, view: View) -> bool | None:
        return view.counts.get(self.metric.name, Counter()).total() * 60 > self.per_minute * view.window_s

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        return {self.metric.exported: f"0+{self.per_minute + 1 if firing else max(0, self.per_minute - 1)}x{minutes}"}


@dataclass(frozen=True, slots=True)
class Above:
    """The gauge, or the worst of its labels, is above ``limit``."""

    metric: Metric
    limit: float

    def expression(self, window: str) -> str:
        return f"max({self.metric.exported}) > {self.limit:g}"

    def says(self) -> str:
        return f"`{self.metric.name}` above {self.limit:g}{' s' if self.metric.unit == 'seconds' else ''}"

    def holds(self, view: View) -> bool | None:
        values = view.gauges.get(self.metric.name)
        return max(values) > self.limit if values else None

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        beyond = self.limit * 1.001 or 1
        return {self.metric.exported: f"{beyond if firing else self.limit * 0.999:g}+0x{minutes}"}


@dataclass(frozen=True, slots=True)
class Below:
    """The gauge is below ``limit``."""

    metric: Metric
    limit: float

    def expression(self, window: str) -> str:
        return f"max({self.metric.exported}) < {self.limit:g}"

    def says(self) -> str:
        return f"`{self.metric.name}` below {self.limit:g}"

    def holds(self, view: View) -> bool | None:
        values = view.gauges.get(self.metric.name)
        return max(values) < self.limit if values else None

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        return {self.metric.exported: f"{0 if firing else self.limit:g}+0x{minutes}"}


@dataclass(frozen=True, slots=True)
class Growing:
    """The gauge, summed over its labels, has grown in the window."""

    metric: Metric

    def expression(self, window: str) -> str:
        return f"sum(delta({self.metric.exported}[{window}])) > 0"

    def says(self) -> str:
        return f"`{self.metric.name}` grows"

    def holds(self, view: View) -> bool | None:
        return None

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        return {self.metric.exported: f"3+{1 if firing else 0}x{minutes}"}


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Prometheus cannot scrape us."""

    @property
    def metric(self) -> Metric | None:
        return None

    def expression(self, window: str) -> str:
        return f'up{{job="{JOB}"}} == 0'

    def says(self) -> str:
        return "Prometheus gets no answer from `/metrics`"

    def holds(self, view: View) -> bool | None:
        return None

    def series(self, minutes: int, *, firing: bool) -> dict[str, str]:
        return {f'up{{job="{JOB}"}}': f"{0 if firing else 1}+0x{minutes}"}
