"""Whether an import still runs: its job says so, and where there is none, when something was last done about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from apps.exchange import errors
from apps.exchange.models import Import
from schoolops import clock
from schoolops.queues import requests
from schoolops.queues.errors import JobNotFound

State = Import.State
RUNNING = (State.RECEIVED, State.APPLYING, State.UNDOING)
# Without a job (`manage.py import_roster`) somebody waits at a terminal; a chunk takes seconds, a reading minutes.
IDLE = dt.timedelta(minutes=15)
GONE = "gone"
WHY = {
    "dead": "its job failed at every try",
    "discarded": "its job was refused",
    "cancelled": "its job was withdrawn",
    GONE: "it was broken off",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """An import that says it runs, and does not: what it was at, and why it stopped, a key of ``WHY``."""

    state: str
    why: str


def stop_of(run: Import) -> Stop | None:
    """Why nobody is at ``run`` any more; ``None``: somebody is, or it is not to be worked at."""
    if run.state == State.STOPPED:
        detail = (run.problem or {}).get("detail")
        return Stop(State.APPLYING, next((why for why in WHY if detail == _said(why).detail), GONE))
    if run.state not in RUNNING:
        return None
    if run.job_id is None:
        since = run.moved_at or run.started_at or run.received_at
        return Stop(run.state, GONE) if since < clock.now() - IDLE else None
    try:
        job = requests.status_of(run.job_id, user=None)
    except JobNotFound:
        return Stop(run.state, GONE)
    return Stop(run.state, job.state) if job.state in WHY else None


def _said(why: str) -> errors.ImportStopped:
    return errors.ImportStopped(why=WHY[why])


def before_undo(run: Import) -> str:
    """What an import is that was not taken back after all."""
    return State.APPLIED if run.finished_at is not None else State.STOPPED


def refuse_two(run: Import) -> None:
    """Nothing, when no other import is being applied or undone. One whose job came to nothing is set aside.

    Raises:
        AnotherImportRuns.
    """
    busy = Import.objects.select_for_update().filter(state__in=(State.APPLYING, State.UNDOING)).exclude(pk=run.pk)
    for other in busy.order_by("pk"):
        stop = stop_of(other)
        if stop is None:
            raise errors.AnotherImportRuns
        if stop.state == State.UNDOING:
            # Its one transaction left nothing half taken back.
            other.state = before_undo(other)
        else:
            said = _said(stop.why)
            other.state = State.STOPPED
            other.problem = {"code": said.code, "detail": said.detail, "remedy": said.remedy or ""}
        other.save(update_fields=["state", "problem"])
