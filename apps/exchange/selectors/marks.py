"""Files of marks, each of whoever sent it, and what they would change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange.errors import MarkFileUnknown
from apps.exchange.models import MarkFile, MarkFileRow
from schoolops.queues.desk.requests import StateOf


def mark_files_of(*, by: User) -> QuerySet[MarkFile]:
    """The files of marks that ``by`` sent. Raises ``PermissionMissing``."""
    access.require(by, "marks.enter")
    return MarkFile.objects.filter(by=by).select_related("session__term__year__institution", "by")


def mark_file_of(key: UUID, *, by: User) -> MarkFile:
    """One of them. Raises ``PermissionMissing``, ``MarkFileUnknown``."""
    found = mark_files_of(by=by).annotate(job_state=StateOf("job_id")).filter(sourced_id=key).first()
    if found is None:
        raise MarkFileUnknown
    return found


def mark_rows_of(run: MarkFile) -> QuerySet[Any]:
    """What a file would change, row by row."""
    rows: QuerySet[Any] = MarkFileRow.objects.filter(run=run)
    return rows


def is_stopped(run: MarkFile) -> bool:
    """Whether somebody waits for a file, as ``mark_file_of`` found it, whose job came to nothing."""
    running = run.state in {MarkFile.State.RECEIVED, MarkFile.State.APPLYING}
    return running and getattr(run, "job_state", "") in {None, "dead", "discarded", "cancelled"}
