"""What runs in the background and people wait for: imports by their files, other tracked jobs by what they do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from apps.access import selectors as access_rows
from apps.accounts.models import User
from apps.exchange.models import Import
from apps.exchange.selectors import VIEW
from apps.exchange.selectors.stops import stop_of
from apps.office.shell.rooms import Job, rooms
from schoolops.queues.desk import requests
from schoolops.tenancy.compiled import Compiled

UNDER_WAY = (Import.State.RECEIVED, Import.State.APPLYING, Import.State.UNDOING)
SHOWN = 5


def jobs_with_names() -> dict[str, Job]:
    """Tracked task → what people call its jobs, of every room."""
    return {task: job for room in rooms() for task, job in room.jobs.items()}


@dataclass(frozen=True, slots=True)
class InProgress:
    """One line: what it is, how far, since when, and where more is. ``state`` is the job's or the import's."""

    title: str | Promise
    state: str
    done: int | None
    of: int | None
    since: dt.datetime | None
    address: str = ""


def in_progress(by: User) -> list[InProgress]:
    """What is under way that ``by`` may see, newest first: at most ``SHOWN``. Two queries at most, and a stop's own.

    Whoever sees imports sees them by their files, and those too that stopped or wait for a decision.
    """
    held = access_rows.permissions_of(by)
    found = [*(_imports() if VIEW in held else ()), *_jobs(by, held)]
    return sorted(found, key=lambda each: each.since.timestamp() if each.since else 0.0, reverse=True)[:SHOWN]


_SHOWN: Compiled[Import] = Compiled(
    lambda: Import.objects.filter(state__in=(*UNDER_WAY, Import.State.VALIDATED, Import.State.STOPPED)).order_by(
        "-received_at", "-pk"
    )[:SHOWN]
)


def _imports() -> list[InProgress]:
    return [
        InProgress(
            row.file_name,
            row.state if stop_of(row) is None else Import.State.STOPPED,
            row.done,
            row.of,
            row.received_at,
            reverse("office:roster", args=[row.sourced_id]),
        )
        for row in _SHOWN.all()
    ]


def _jobs(by: User, held: frozenset[str]) -> list[InProgress]:
    # Whoever sees imports has them in the other list.
    shown = {task: job for task, job in jobs_with_names().items() if not (job.sees == VIEW and VIEW in held)}
    found = requests.unfinished(user=by.audit_id, tasks=[task for task, job in shown.items() if job.sees in held])
    return [
        InProgress(
            shown[row.task].words,
            row.state,
            row.done,
            row.of,
            row.created_at,
            shown[row.task].address(row.job_id),
        )
        for row in found
        if row.task in shown
    ]
