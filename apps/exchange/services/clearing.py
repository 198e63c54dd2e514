"""What an import leaves behind is cleared once nobody goes on with it: other people's files are full of people."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from apps.exchange.models import Counterpart, Import, ImportRow, MarkFile, MarkFileRow
from apps.exchange.selectors.stops import WROTE, WROTE_NOTHING, stop_of, with_ends
from apps.exchange.services.reading import staged
from apps.exchange.services.stopping import set_aside
from apps.fees.models import BankStatement
from apps.staff.models import StaffMember
from apps.students.models import Guardian, Student
from schoolops import clock, files
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.privacy import Fate, held_elsewhere

State = Import.State
UNDECIDED = (State.RECEIVED, State.VALIDATED)
# The rest waits for tomorrow.
MOST, BATCH = 20, 5_000


@transaction.atomic
def clear_old_imports() -> int:
    """Delete the file and the rows of imports that nobody went on with in time; returns how many imports.

    The import itself stays, with its counts and what the trail says of it. Nothing more can be done with it.
    """
    old = with_ends(Import.objects.all()).filter(kept_until__lt=clock.now())
    # One that somebody is at right now is old tomorrow as well.
    runs = list(old.select_for_update(skip_locked=True).order_by("pk")[:MOST])
    for run in runs:
        before = run.state
        if (stop := stop_of(run)) is not None:
            set_aside(run, stop)
        rows = _clear(run)
        trail.record(SYSTEM, "exchange.import-cleared", run, before={"state": before}, after={"rows": rows})
    return len(runs)


def _clear(run: Import) -> int:
    files.forget(run.file)
    cleared = 0
    while keys := list(ImportRow.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        cleared += ImportRow.objects.filter(pk__in=keys).delete()[0]
    if run.state in UNDECIDED:
        run.state = State.EXPIRED
    run.cleared_at, run.headers = clock.now(), []
    run.save(update_fields=["file", "cleared_at", "headers", "state"])
    return cleared


@transaction.atomic
def clear_old_marks() -> int:
    """Delete the file and the rows of sheets of marks that were sent a week ago; returns how many sheets.

    What was entered stands in the history of the marks.
    """
    old = MarkFile.objects.filter(cleared_at__isnull=True, received_at__lt=clock.now() - WROTE_NOTHING)
    runs = list(old.select_for_update(skip_locked=True, no_key=True).order_by("pk")[:MOST])
    for run in runs:
        files.forget(run.file)
        MarkFileRow.objects.filter(run=run).delete()
        run.cleared_at = clock.now()
        run.save(update_fields=["file", "cleared_at"])
        trail.record(SYSTEM, "exchange.marks-cleared", run, before={"state": run.state})
    return len(runs)


@transaction.atomic
def clear_old_bank_files() -> int:
    """Delete the files of banks that were read a month ago, or could not be in a week; returns how many files.

    The lines stay, and with them what was taken.
    """
    now, read = clock.now(), Q(state=BankStatement.State.READ)
    old = read & Q(received_at__lt=now - WROTE) | ~read & Q(received_at__lt=now - WROTE_NOTHING)
    there = BankStatement.objects.filter(old).exclude(file="")
    rows = list(there.select_for_update(skip_locked=True, no_key=True).order_by("pk")[:MOST])
    for row in rows:
        files.forget(row.file)
        # What could not be read is quoted there.
        row.errors = []
        row.save(update_fields=["file", "errors"])
        trail.record(SYSTEM, "fees.bank-statement-cleared", row, before={"state": row.state})
    return len(rows)


_KINDS: dict[type[Model], str] = {Student: staged.STUDENT, Guardian: staged.GUARDIAN, StaffMember: staged.STAFF}


# What an import would do about somebody, or undo, and what it wrote: nothing may bring back who was erased.
@held_elsewhere(ImportRow, Fate.GOES, shown={"file", "row", "values", "before", "after", "action"})
def rows_of_files_about(person: Model) -> QuerySet[Any] | None:
    """Rows of files that were for this person and are not cleared yet."""
    kind = _KINDS.get(type(person))
    return None if kind is None else ImportRow.objects.filter(table=kind, target_id=person.pk)


@held_elsewhere(Counterpart, Fate.GOES, shown={"external_id", "values"})
def counterparts_of(person: Model) -> QuerySet[Any] | None:
    """What the person is called outside."""
    kind = _KINDS.get(type(person))
    return None if kind is None else Counterpart.objects.filter(kind=kind, row_id=person.pk)


@held_elsewhere(MarkFileRow, Fate.GOES, shown={"sheet", "row", "name", "was", "now", "said"})
def rows_of_marks_about(person: Model) -> QuerySet[Any] | None:
    """What sheets of marks say about the student, until they are cleared."""
    return MarkFileRow.objects.filter(student=person.sourced_id) if isinstance(person, Student) else None
