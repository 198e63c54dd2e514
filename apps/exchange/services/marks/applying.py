"""Entering what a file of marks says, paper by paper: only what was shown as a difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations import services as exams
from apps.examinations.models import Exam
from apps.exchange import errors
from apps.exchange.events import MarksConfirmed
from apps.exchange.models import MarkFile, MarkFileRow
from apps.exchange.services.marks.comparing import exam_of
from apps.exchange.services.reading.cells import problem_of
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import SchoolOpsError, Unavailable

Action, State = MarkFileRow.Action, MarkFile.State


@transaction.atomic
def confirm_marks(*, run: MarkFile, replacing: bool = False, by: User) -> MarkFile:
    """Let what was shown be entered by a job; rows with errors are left out. ``replacing``: also where somebody else
    entered another mark since the sheet was made.

    Raises:
        PermissionMissing, MarkFileUnknown, MarkFileNotReady.
    """
    access.require(by, "marks.enter")
    held = MarkFile.objects.select_for_update(no_key=True).filter(pk=run.pk, by=by).first()
    if held is None:
        raise errors.MarkFileUnknown
    if held.state != State.VALIDATED or held.cleared_at is not None:
        raise errors.MarkFileNotReady(state=held.state)
    held.state, held.replacing = State.APPLYING, replacing
    held.save(update_fields=["state", "replacing"])
    trail.record(by, "exchange.marks-confirmed", held, after={"replacing": replacing, "counts": held.counts})
    events.publish(MarksConfirmed(held.pk))
    return held


@transaction.atomic
def apply_marks(run: MarkFile) -> MarkFile:
    """Enter what was confirmed, all of it at once: nobody sees half a sheet, and whoever is killed has entered nothing.

    A paper that changed once more, or was closed, is left as it is, and its ``problem`` says why.

    Raises:
        MarkFileNotReady.
    """
    run = MarkFile.objects.select_for_update(no_key=True, of=("self",)).select_related("by").get(pk=run.pk)
    if run.state != State.APPLYING:
        raise errors.MarkFileNotReady(state=run.state)
    actions = [Action.CREATE, Action.UPDATE, *([Action.MEANWHILE] if run.replacing else [])]
    touched: dict[str, list[MarkFileRow]] = defaultdict(list)
    for row in MarkFileRow.objects.filter(run=run, action__in=actions).order_by("pk"):
        touched[str(row.paper)].append(row)
    # In the order in which results are computed: two sheets, or a sheet and results, never wait for each other.
    list(Exam.objects.select_for_update(no_key=True).filter(sourced_id__in=list(touched)).order_by("pk"))
    written = 0
    for told in run.papers:
        rows = touched.get(told["paper"], [])
        if rows and told["problem"] is None:
            written += _entered(run, told, rows)
    run.state, run.finished_at = State.APPLIED, clock.now()
    run.counts = {**run.counts, "written": written}
    run.save(update_fields=["state", "finished_at", "counts", "papers"])
    return run


def _entered(run: MarkFile, told: dict[str, object], rows: Sequence[MarkFileRow]) -> int:
    try:
        exam = exam_of(run, UUID(str(told["paper"])), run.by)
        marks = [
            exams.Written(row.student, *selectors.read_cell(row.said), component=row.component)
            for row in rows
            if row.student is not None
        ]
        exams.correct_marks(paper=exam.sourced_id, touched=marks, seen_version=int(str(told["at"])), by=run.by)
    except Unavailable:
        raise
    except SchoolOpsError as refusal:
        told["problem"] = problem_of(refusal)
        return 0
    return len(rows)
