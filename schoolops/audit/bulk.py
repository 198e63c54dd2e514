"""Many rows with a line of the trail each, in few statements, for services that have asked for permission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db import models

from schoolops import clock
from schoolops.audit import trail
from schoolops.rows import refuse_too_long

Row = TypeVar("Row", bound=models.Model)
BATCH = 1000


def added(
    rows: Sequence[Row], *, by: trail.Actor, action: str, after: Sequence[Mapping[str, Any]], reason: str = ""
) -> list[Row]:
    """Insert ``rows``; ``after`` is what the trail says of each."""
    if not rows:
        return []
    for row in rows:
        refuse_too_long(row)
    manager: Any = type(rows[0])._default_manager
    written: list[Row] = manager.bulk_create(rows, batch_size=BATCH)
    trail.record_many(
        trail.entry_of(by, action, row, after=said, reason=reason) for row, said in zip(written, after, strict=True)
    )
    return written


def changed(
    changes: Sequence[tuple[Row, Mapping[str, Any]]],
    *,
    by: trail.Actor,
    action: str,
    reason: str = "",
) -> list[Row]:
    """Set the fields of each row that differ; its version and the moment of its change follow. The rows are held."""
    touched: list[Row] = []
    names: set[str] = set()
    entries = []
    for row, fields in changes:
        before, after = trail.changed(row, fields)
        if not after:
            continue
        for name, value in after.items():
            setattr(row, name, value)
        refuse_too_long(row, after)
        names |= after.keys()
        if hasattr(row, "version"):
            row.version += 1
            names.add("version")
        if hasattr(row, "date_last_modified"):
            row.date_last_modified = clock.now()
            names.add("date_last_modified")
        touched.append(row)
        entries.append(trail.entry_of(by, action, row, before=before, after=after, reason=reason))
    if touched:
        manager: Any = type(touched[0])._default_manager
        manager.bulk_update(touched, sorted(names), batch_size=200)
        trail.record_many(entries)
    return touched
