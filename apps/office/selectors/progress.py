"""What runs in the background and people wait for: imports, being read, applied or undone, and how far each is."""

from __future__ import annotations

from typing import Any

from apps.access import selectors as access_rows
from apps.accounts.models import User
from apps.exchange.models import Import
from apps.exchange.services.stopping import stop_of

MAY = "imports.view"
UNDER_WAY = (Import.State.RECEIVED, Import.State.APPLYING, Import.State.UNDOING)
FIELDS = ("sourced_id", "file_name", "state", "done", "of", "received_at")
SHOWN = 5


def in_progress(by: User) -> list[dict[str, Any]] | None:
    """The imports under way, stopped, or read and waiting for a decision, newest first.

    ``None`` for who may not see them.
    """
    if MAY not in access_rows.permissions_of(by):
        return None
    shown = (*UNDER_WAY, Import.State.VALIDATED, Import.State.STOPPED)
    rows = Import.objects.filter(state__in=shown).order_by("-received_at", "-pk")[:SHOWN]
    return [{name: getattr(row, name) for name in FIELDS} | {"stopped": stop_of(row) is not None} for row in rows]
