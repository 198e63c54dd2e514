"""What keeps one failing neighbour from taking everybody along: named breakers and the retry ladder."""

from __future__ import annotations

from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits, State

__all__ = ["Breaker", "BreakerOpen", "Limits", "State"]
