"""The engine as it works on PostgreSQL 16 and 17, which do not report search_path to the client."""

from __future__ import annotations

from schoolops.tenancy.backend import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _reported_path(self) -> bytes | None:
        return None
