"""``resilience_check`` by the name it had first."""

from __future__ import annotations

from schoolops.resilience.management.commands.resilience_check import Command

__all__ = ["Command"]
