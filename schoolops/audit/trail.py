"""How services write the trail, and how it is read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import QuerySet

from schoolops import clock, context
from schoolops.audit.models import AuditEntry
from schoolops.privacy import without_private
from schoolops.rows import add_many

Change = Mapping[str, tuple[Any, Any]]


class Actor(Protocol):
    """Whoever does something: a user, or ``SYSTEM``."""

    @property
    def audit_id(self) -> str: ...
    @property
    def audit_name(self) -> str: ...


class System:
    """The platform itself: provisioning, scheduled work."""

    audit_id = ""
    audit_name = "SchoolOps"


SYSTEM = System()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, models.Model):
        return object_id(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value


def object_id(subject: models.Model) -> str:
    """The public id of a row where it has one, else its key."""
    return str(getattr(subject, "sourced_id", None) or subject.pk)


def _is_written() -> None:
    """Every write has its line, so with its commit the request has kept something: nobody tells it otherwise then.

    Outside a transaction that is at once, so not before the statement.
    """
    if (kept := context.kept.get()) is not None:
        transaction.on_commit(kept.note)


def record(
    by: Actor,
    action: str,
    subject: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one line of the trail. ``action`` is past tense with its app, as in ``attendance.marked``."""
    entry = entry_of(by, action, subject, before=before, after=after, reason=reason)
    entry.save(force_insert=True)
    _is_written()
    return entry


_FIELDS = [field for field in AuditEntry._meta.concrete_fields if not field.primary_key]


def named_clause(*, where: str) -> str:
    """A line of the trail as an ``INSERT`` for the ``WITH`` of a statement; its places stand for ``named(entry)``.

    For what happens hundreds of times at once: the act and its line are one statement, so one round trip that needs no
    transaction. ``where``: the part of that statement with one row if the act takes place, and none if it does not.
    """
    # Types without their length, which a cast would cut to rather than refuse.
    values = ", ".join(
        f"%(trail_{field.attname})s::{str(field.db_type(connection)).partition('(')[0]}" for field in _FIELDS
    )
    columns = ", ".join(f'"{field.column}"' for field in _FIELDS)
    return f'INSERT INTO "{AuditEntry._meta.db_table}" ({columns}) SELECT {values} FROM {where}'  # noqa: S608 - ours


def named(entry: AuditEntry) -> dict[str, Any]:
    """What the places of ``named_clause`` stand for. Outside a transaction nobody is told that something was kept."""
    if connection.in_atomic_block:
        _is_written()
    said = {f"trail_{field.attname}": getattr(entry, field.attname) for field in _FIELDS}
    return {
        name: json.dumps(value, cls=DjangoJSONEncoder) if isinstance(value, dict) else value
        for name, value in said.items()
    }


def record_many(entries: Iterable[AuditEntry]) -> None:
    """Write many lines (made by ``entry_of``) with one statement; nobody asks for their keys."""
    if lines := list(entries):
        add_many(lines)
        _is_written()


def entry_of(
    by: Actor,
    action: str,
    subject: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """A line of the trail, not yet written. Of what is private it says that it changed, and not what it says."""
    return AuditEntry(
        at=clock.now(),
        actor_id=by.audit_id,
        actor_name=by.audit_name,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=object_id(subject),
        before=None if before is None else _plain(without_private(before)),
        after=None if after is None else _plain(without_private(after)),
        reason=reason,
        request_id=context.request_id.get() or "",
    )


def changed(subject: models.Model, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of the fields in ``new`` whose value differs from ``subject``'s."""
    before = {name: getattr(subject, name) for name in new}
    different = [name for name, value in new.items() if before[name] != value]
    return {name: before[name] for name in different}, {name: new[name] for name in different}


def trail_of(subject: models.Model) -> QuerySet[AuditEntry]:
    """Everything done to one object, newest first."""
    return AuditEntry.objects.filter(object_type=subject._meta.label_lower, object_id=object_id(subject))
