"""Apps register what fills a school. Run when one is made and whenever one is brought up, lowest app first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Seed = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Registered:
    order: int
    name: str
    seed: Seed
    contents: Callable[[], object]


_seeds: dict[str, _Registered] = {}


def seeds_a_school(*, order: int, contents: Callable[[], object]) -> Callable[[Seed], Seed]:
    """Register a function that fills a school's tables, new or not: what a school decided since must stand.

    ``contents`` returns the tables in code that it sows from: where they change, the schools that exist are behind.
    """

    def register(seed: Seed) -> Seed:
        name = f"{seed.__module__}.{seed.__qualname__}"
        _seeds[name] = _Registered(order, name, seed, contents)
        return seed

    return register


def _in_order() -> list[_Registered]:
    return sorted(_seeds.values(), key=lambda each: (each.order, each.name))


def sow() -> None:
    """Run every seed in order, in the current school and transaction."""
    for each in _in_order():
        each.seed()


def fingerprint() -> str:
    """SHA-256 over everything that is sown."""
    said = "\n".join(f"{each.name} {each.contents()!r}" for each in _in_order())
    return hashlib.sha256(said.encode()).hexdigest()


def first_time(subject: str, items: Iterable[str]) -> list[str]:
    """Those of ``items`` that ``subject`` was never offered in the current school, in their order; remembered from now.

    One caller at a time: a school is made, and brought up, under a lock.
    """
    from schoolops.seeds.models import Offered  # noqa: PLC0415 - registered before there are models

    known = set(Offered.objects.filter(subject=subject).values_list("item", flat=True))
    fresh = [item for item in items if item not in known]
    Offered.objects.bulk_create(Offered(subject=subject, item=item) for item in fresh)
    return fresh
