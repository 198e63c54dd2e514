"""What was shown is done: chunk by chunk, each in one transaction, so that a killed import goes on where it stood."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from django.db import DataError, IntegrityError, transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.events import ImportConfirmed
from apps.exchange.models import Import, ImportRow
from apps.exchange.selectors.stops import left_of
from apps.exchange.services import frame, kinds
from apps.exchange.services.changed import ALREADY, REMEMBERED, stamped
from apps.exchange.services.comparing import REMEMBERED_OF, Action, Outcome, Work, as_kept
from apps.exchange.services.reading.cells import said_of
from apps.exchange.services.receiving import RUN
from apps.exchange.services.staging import chunks, counted, kinds_in, still, write_rows
from apps.exchange.services.stopping import ONE_AT_A_TIME, refuse_two
from apps.exchange.services.turns import take_up
from schoolops import clock, events, queues
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains, violated
from schoolops.errors import SchoolOpsError, Unavailable

log = logging.getLogger(__name__)

CHUNK = 1000
_NAMES = frozenset({"student", "guardian", "staff", "teaches", "section", "class", "enrolment"})
WRITES = (Action.CREATE, Action.UPDATE)


@transaction.atomic
def confirm(*, run: Import, reading: int, skip_errors: bool = False, by: User, in_background: bool = False) -> Import:
    """Let what the import shows be done: by a worker with ``in_background``, else by whoever calls ``apply``.

    Args:
        reading: which of the import's readings ``by`` has seen.

    Raises:
        PermissionMissing, ImportNotReady, ReadAnew, ImportHasErrors, AnotherImportRuns.
    """
    access.require_everywhere(by, RUN)
    run = Import.objects.select_for_update().get(pk=run.pk)
    if run.state != Import.State.VALIDATED:
        raise errors.ImportNotReady(state=run.state)
    if run.reading != reading:
        raise errors.ReadAnew
    if (wrong := run.total(Action.ERROR)) and not skip_errors:
        raise errors.ImportHasErrors(count=wrong)
    refuse_two(run)
    run.state, run.by, run.job_id = Import.State.APPLYING, by, None
    run.started_at = run.moved_at = clock.now()
    run.done, run.of = 0, run.total(Action.CREATE) + run.total(Action.UPDATE)
    with explains(ONE_AT_A_TIME):
        run.save(update_fields=["state", "started_at", "moved_at", "by", "done", "of", "job_id"])
    trail.record(by, "exchange.import-confirmed", run, after={"rows": run.of, "errors_left_out": wrong})
    if in_background:
        events.publish(ImportConfirmed(run.pk))
    return run


def apply(*, run: Import) -> Import:
    """Write every row that is not written yet. Killed at any point, calling it again goes on from there.

    A row that is refused now, because somebody changed things meanwhile, becomes an error and stops no other.

    Raises:
        ImportNotReady, TakenUpElsewhere.
    """
    turn = take_up(run, {Import.State.APPLYING})
    run = turn.run
    work = Work(run, turn.by, frame.load(run.institution), turn)
    run.done = ImportRow.objects.filter(run=run, applied=True).count()
    run.of = run.done + left_of(run)
    run.save(update_fields=["done", "of"])
    for kind in kinds_in(run):
        for chunk in chunks(run, kind, size=CHUNK, applied=False, action__in=WRITES):
            _write(work, kind, chunk)
            if turn.passed_on():
                return run
    with queues.finishing():
        turn.hold()
        _finish(run)
    return run


def _finish(run: Import) -> None:
    run.counts = counted(run)
    run.state, run.done, run.problem = Import.State.APPLIED, run.of, None
    run.finished_at = run.moved_at = clock.now()
    run.save(update_fields=["counts", "state", "finished_at", "moved_at", "done", "problem"])
    after = {str(action): run.total(action) for action in (*WRITES, Action.ERROR)}
    trail.record(run.by or SYSTEM, "exchange.import-applied", run, after=after)


def _write(work: Work, kind: str, rows: Sequence[ImportRow]) -> None:
    """One transaction for the chunk; where one of its rows is refused, halves of it, down to that row."""
    try:
        with work.turn.chunk():
            _write_all(work, kind, rows)
    except (errors.TakenUpElsewhere, Unavailable):
        # Not what the file says, and true of the whole chunk: the next try goes on here.
        raise
    except (SchoolOpsError, IntegrityError, DataError) as refusal:
        if len(rows) == 1:
            _refuse(rows[0], refusal)
            work.frame = frame.load(work.run.institution)
            return
        # What was looked up on the way may be of rows that were rolled back.
        work.frame = frame.load(work.run.institution)
        work.claimed.clear()
        middle = len(rows) // 2
        _write(work, kind, rows[:middle])
        _write(work, kind, rows[middle:])


def _write_all(work: Work, kind: str, rows: Sequence[ImportRow]) -> None:
    # What somebody else wrote before it was our turn is not written again.
    rows = still(rows, applied=False)
    shown = {row.pk: (row.action, row.before, row.after) for row in rows}
    outcomes: list[Outcome] = kinds.OF[kind].compare(work, rows)
    for outcome in outcomes:
        action, before, after = shown[outcome.row.pk]
        if outcome.action == Action.UNCHANGED and action == Action.UPDATE and not outcome.kept:
            # It is so by now, by another row of the file or by somebody's hand: that is remembered, as if it were ours.
            outcome.before, outcome.after, outcome.extra["made"] = before, after, {ALREADY: True}
            continue
        if not outcome.errors and (outcome.action, _meant(outcome.before), _meant(outcome.after)) != (
            action,
            _meant(before),
            _meant(after),
        ):
            outcome.errors.append(said_of(errors.ChangedMeanwhile(), row=outcome.row.row, column=""))
    to_write = [outcome for outcome in outcomes if outcome.action in WRITES]
    _keep_what_was(kind, to_write)
    if to_write:
        kinds.OF[kind].write(work, to_write)
    for outcome in outcomes:
        row = outcome.row
        row.applied = outcome.action in WRITES
        row.table = outcome.table or kind
        if row.applied:
            row.undo |= outcome.extra.get("made", {})
            row.target_id = outcome.target.pk
            row.action = shown[row.pk][0]
        else:
            row.action, row.errors = outcome.action, outcome.errors
    for table, written in _by_table(row for row in rows if row.applied).items():
        stamped(table, written)
    write_rows([outcome.row for outcome in outcomes], ("applied", "target_id", "table", "action", "errors", "undo"))
    work.turn.went_on(len(to_write))


def _meant(said: Mapping[str, str]) -> dict[str, str]:
    """Without names of what the row refers to by its key: a row of the same file may have changed those."""
    return {name: value for name, value in said.items() if name not in _NAMES}


def _keep_what_was(kind: str, outcomes: Sequence[Outcome]) -> None:
    """What stands in the rows that are to be changed, and what imports remember of them."""
    there = {
        (outcome.table or kind, outcome.target.pk): outcome.row for outcome in outcomes if outcome.target is not None
    }
    for outcome in outcomes:
        outcome.row.undo = as_kept(outcome.target, outcome.fields) if outcome.target is not None else {}
    for table in {table for table, _ in there}:
        of_them = REMEMBERED_OF.all(rows=[row_id for each, row_id in there if each == table], kind=table)
        for row_id, external, values in of_them:
            there[table, row_id].undo[REMEMBERED] = [external, values]


def _by_table(rows: Iterable[ImportRow]) -> dict[str, list[ImportRow]]:
    found: dict[str, list[ImportRow]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return found


def _refuse(row: ImportRow, refusal: Exception) -> None:
    if isinstance(refusal, SchoolOpsError):
        said = refusal
    else:
        # The comparison let it through, so somebody wrote in between, or we do not look for something. What PostgreSQL
        # says of it holds values of the row, so only what it is about is written down.
        about = violated(refusal) or getattr(refusal.__cause__, "sqlstate", None)
        log.warning("the database refused a row", extra={"facts": {"row": row.pk, "kind": row.kind, "about": about}})
        said = errors.ChangedMeanwhile()
    if said.errors:
        row.errors = [said_of(said.errors[0], row=row.row, column=said.errors[0].field)]
    else:
        row.errors = [said_of(said, row=row.row, column="")]
    row.action = Action.ERROR
    write_rows([row], ("action", "errors"))
