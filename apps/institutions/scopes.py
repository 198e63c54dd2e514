"""The questions this app asks about permissions. ``apps.access`` stands above us, so it registers the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from django.db.models import Q

from apps.institutions.models import Institution


class Gate(Protocol):
    """Who may do what, as ``apps.access`` knows it."""

    def held(self, by: Any, *permissions: str) -> str: ...
    def by_any(self, by: Any, permissions: Sequence[str], rows: Callable[[str], Q]) -> Q: ...
    def require(self, by: Any, permission: str) -> None: ...
    def require_at(self, by: Any, permission: str, institution: Institution) -> None: ...
    def require_everywhere(self, by: Any, permission: str) -> None: ...
    def within_reach(self, by: Any, permission: str, kind: Any, *, day: dt.date) -> Q: ...
    def asked_reach(self, by: Any, permission: str, kind: Any, *, day: dt.date) -> Any: ...


_gates: list[Gate] = []


def guarded_by(gate: Gate) -> None:
    """Register the one gate; the last one registered counts."""
    _gates[:] = [gate]


def gate() -> Gate:
    """The registered gate. Without one nothing is allowed: there is no gate that is open by default."""
    if not _gates:
        raise RuntimeError("No gate is registered: apps.access has not started.")
    return _gates[0]
