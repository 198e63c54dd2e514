"""What a school starts with, and what of it was offered before: a later release brings what is new, once."""

from __future__ import annotations

from schoolops.seeds.registry import fingerprint, first_time, seeds_a_school, sow

__all__ = ["fingerprint", "first_time", "seeds_a_school", "sow"]
