"""What a new school starts with. Apps register; provisioning runs them inside the school, lowest app first."""

from __future__ import annotations

from collections.abc import Callable

Seed = Callable[[], None]
_seeds: list[tuple[int, Seed]] = []


def seeds_a_school(*, order: int) -> Callable[[Seed], Seed]:
    """Register a function that fills a new school's tables. Provisioning may run it again: make it idempotent."""

    def register(seed: Seed) -> Seed:
        if all(known.__qualname__ != seed.__qualname__ or known.__module__ != seed.__module__ for _, known in _seeds):
            _seeds.append((order, seed))
        return seed

    return register


def sow() -> None:
    """Run every seed in order, in the current school and transaction."""
    for _, seed in sorted(_seeds, key=lambda pair: pair[0]):
        seed()
