"""Nothing leaves before the commit: whoever asks somebody outside our database holds no transaction meanwhile.

What was said outside does not come back when a transaction is undone, its receiver looks for rows that are not
committed yet, and a slow answer holds locks and a connection.
"""

from __future__ import annotations

from django.db import connections


class CalledInTransaction(RuntimeError):
    """Somebody outside was to be called while a transaction is open: enqueue a task declared with ``outside=…``."""


def expect_no_transaction(what: str) -> None:
    """Raises ``CalledInTransaction`` where this thread has one open. The one around a whole test is none."""
    for connection in connections.all(initialized_only=True):
        # Django's own mark, which `atomic(durable=True)` asks as well.
        if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined] # noqa: SLF001
            raise CalledInTransaction(f"{what}, inside a transaction on {connection.alias!r}.")
