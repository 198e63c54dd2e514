"""What runs in the background and people wait for: imports by their files, other tracked jobs by what they do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.access import selectors as access_rows
from apps.accounts.models import User
from apps.exchange.models import Import
from apps.exchange.services.stopping import stop_of
from schoolops.queues import requests

SEES_IMPORTS = "imports.view"
UNDER_WAY = (Import.State.RECEIVED, Import.State.APPLYING, Import.State.UNDOING)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """What people call the jobs of a task. Whoever holds ``sees`` is shown everybody's, others their own."""

    words: Promise
    sees: str


# Every tracked task has a line here: a test says so.
KINDS: dict[str, Kind] = {
    "apps.exchange.read_import": Kind(_("Reading a file"), SEES_IMPORTS),
    "apps.exchange.apply_import": Kind(_("Applying an import"), SEES_IMPORTS),
    "apps.staff.invite_staff": Kind(_("Inviting staff"), "accounts.manage"),
    "apps.students.invite_guardians": Kind(_("Inviting guardians"), "accounts.manage"),
    "apps.attendance.derive_days": Kind(_("Counting days of attendance anew"), "attendance.configure"),
    "apps.exchange.undo_import": Kind(_("Taking an import back"), SEES_IMPORTS),
}


@dataclass(frozen=True, slots=True)
class InProgress:
    """One line: what it is, how far, and since when. ``state`` is the job's or, where there is one, the import's."""

    title: str | Promise
    state: str
    done: int | None
    of: int | None
    since: dt.datetime | None
    import_id: UUID | None = None


def in_progress(by: User) -> list[InProgress]:
    """What is under way that ``by`` may see, newest first: at most ``SHOWN``. Two queries at most, and a stop's own.

    Whoever sees imports sees them by their files, and those too that stopped or wait for a decision.
    """
    held = access_rows.permissions_of(by)
    found = [*(_imports() if SEES_IMPORTS in held else ()), *_jobs(by, held)]
    return sorted(found, key=lambda each: each.since.timestamp() if each.since else 0.0, reverse=True)[:SHOWN]


def _imports() -> list[InProgress]:
    shown = (*UNDER_WAY, Import.State.VALIDATED, Import.State.STOPPED)
    rows = Import.objects.filter(state__in=shown).order_by("-received_at", "-pk")[:SHOWN]
    return [
        InProgress(
            row.file_name,
            row.state if stop_of(row) is None else Import.State.STOPPED,
            row.done,
            row.of,
            row.received_at,
            row.sourced_id,
        )
        for row in rows
    ]


def _jobs(by: User, held: frozenset[str]) -> list[InProgress]:
    # Whoever sees imports has them in the other list.
    everybodys = [task for task, kind in KINDS.items() if kind.sees in held and kind.sees != SEES_IMPORTS]
    found = requests.unfinished(user=by.audit_id, tasks=everybodys)
    return [
        InProgress(KINDS[job.task].words, job.state, job.done, job.of, job.created_at)
        for job in found
        if job.task in KINDS and not (KINDS[job.task].sees == SEES_IMPORTS and SEES_IMPORTS in held)
    ]
