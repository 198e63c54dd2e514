"""How every simple row of this app is written: one savepoint, one line of the trail, one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from django.db.models import ProtectedError, RestrictedError

from apps.institutions.errors import InUse
from schoolops.audit import trail
from schoolops.constraints import Explanation, explains

Row = TypeVar("Row", bound=models.Model)


def _action(row: models.Model, what: str) -> str:
    return f"{row._meta.app_label}.{row._meta.model_name}-{what}"


def write_new(row: Row, *, by: Any, explained: Mapping[str, Explanation], after: Mapping[str, Any]) -> Row:
    """Save a new row and its line of the trail; a violated constraint becomes the error ``explained`` names."""
    with explains(explained):
        row.save(force_insert=True)
    trail.record(by, _action(row, "added"), row, after=after)
    return row


def write_change(
    row: Row, fields: Mapping[str, Any], *, by: Any, explained: Mapping[str, Explanation], reason: str = ""
) -> bool:
    """Save what differs; whether anything did."""
    before, after = trail.changed(row, fields)
    if not after:
        return False
    for name, value in after.items():
        setattr(row, name, value)
    with explains(explained):
        row.save(update_fields=[*after])
    trail.record(by, _action(row, "changed"), row, before=before, after=after, reason=reason)
    return True


def write_removal(row: models.Model, *, by: Any) -> None:
    """Delete a row nothing refers to. Raises ``InUse`` naming what does."""
    key, label = row.pk, str(row)
    try:
        row.delete()
    except (ProtectedError, RestrictedError) as error:
        held: Any = getattr(error, "protected_objects", None) or getattr(error, "restricted_objects", ())
        names = sorted({str(each._meta.verbose_name_plural) for each in held})
        raise InUse(by_what=", ".join(names)) from error
    row.pk = key
    trail.record(by, _action(row, "removed"), row, before={"name": label})
