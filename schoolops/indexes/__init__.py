"""Indexes that apps declare next to the query they serve, built outside migrations."""

from __future__ import annotations

from schoolops.indexes.registry import IndexSpec

__all__ = ["IndexSpec"]
