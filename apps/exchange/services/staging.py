"""A file becomes rows: streamed, a thousand at a time, and compared with what is there, kind by kind."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import BooleanField, Count, QuerySet

from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from apps.exchange.services import frame, kinds, receiving
from apps.exchange.services.comparing import Action, Outcome, Work
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.apart import Reading
from apps.exchange.services.reading.cells import problem_of, said_of
from apps.exchange.services.settling import settled
from apps.exchange.services.turns import State, Turn, take_up
from schoolops import clock, queues
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.rows import copy_values
from schoolops.tenancy.compiled import KEY, TEXT, Compiled, Parameter, any_of, by_shape

log = logging.getLogger(__name__)
CHUNK = 1000
# Deleting is cheap.
FORGOTTEN = 5_000
# What reading finds out about the file.
_FOUND = ("source", "headers", "mapping", "notes")


def read_and_validate(*, run: Import) -> Import:
    """Read the kept file into rows and compare each with what is there. Doing it again begins anew; killed at any
    point, calling it again reads anew, or goes on comparing where it stood.

    A file that cannot be read leaves no rows: ``run`` is then ``failed``, and ``problem`` says why.

    Raises:
        ImportNotReady: somebody confirmed it meanwhile, or it is long done.
        TakenUpElsewhere.
    """
    with transaction.atomic():
        turn = take_up(run, (State.RECEIVED, State.VALIDATED, State.FAILED))
        run = turn.run
        if run.state != State.RECEIVED:
            # Not to be confirmed while it is read.
            run.state = turn.state = State.RECEIVED
            run.of, run.problem = 0, None
            run.save(update_fields=["state", "of", "problem"])
    try:
        # How many rows there are is known once all of them are kept.
        if not run.of:
            stage(turn)
        if not validate(turn):
            return run
    except Unavailable:
        # Not what is wrong with the file.
        raise
    except (errors.TakenUpElsewhere, errors.ImportNotReady):
        raise
    except SchoolOpsError as refusal:
        _forget_rows(turn)
        with queues.finishing():
            turn.hold()
            run.state, run.problem, run.counts = State.FAILED, problem_of(refusal), {}
            run.save(update_fields=["state", "problem", "counts", *_FOUND])
    return run


def _forget_rows(turn: Turn) -> None:
    more = True
    while more:
        with turn.chunk():
            keys = ImportRow.objects.filter(run=turn.run).order_by("pk").values_list("pk", flat=True)[:FORGOTTEN]
            more = bool(ImportRow.objects.filter(pk__in=list(keys)).delete()[0])


def stage(turn: Turn) -> None:
    """Every row of the file as an ``ImportRow``; what the file turned out to be stands in the run, refused or not."""
    run = turn.run
    _forget_rows(turn)
    known = receiving.known_headers()
    is_bundle = run.source == Import.Source.ONEROSTER
    reading = Reading(run.file_name, run.source, run.mapping, known, bundle=is_bundle, sheet=run.sheet)
    reading.orders = receiving.known_orders(run)
    run.done = 0
    run.save(update_fields=["done"])
    with run.file.open("rb") as file:
        try:
            rows = reading.rows(file)
            while chunk := list(islice(rows, CHUNK)):
                with turn.chunk():
                    _keep(run, settled(chunk))
                    turn.went_on(len(chunk))
        finally:
            run.source = reading.source
            run.headers, run.mapping, run.notes = reading.headers or run.headers, reading.mapping, reading.notes
    with turn.chunk():
        _refuse_doubles(run)
        run.of, run.done = ImportRow.objects.filter(run=run).exclude(action=Action.SKIP).count(), 0
        run.save(update_fields=["of", "done", *_FOUND])


_STAGED = (
    "run_id", "file", "row", "kind", "key", "natural", "name", "values", "errors", "read_errors", "action",
)  # fmt: skip


def _keep(run: Import, rows: Sequence[staged.Staged]) -> None:
    copy_values(ImportRow, _STAGED, (
        (
            run.pk, row.file[-100:], row.row, row.kind, row.key[:520], row.natural[:320], row.name[:250], row.values,
            row.errors, len(row.errors), Action.ERROR if row.errors else Action.SKIP if row.skip else Action.STAGED,
        )
        for row in rows
    ))  # fmt: skip


def _refuse_doubles(run: Import) -> None:
    """Keys and numbers that stand in the file twice; a link that both sides say is one."""
    for column in ("key", "natural"):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, first_row, first_file FROM (SELECT id, row_number() OVER same AS place,"  # noqa: S608 - our own two
                f' first_value("row") OVER same AS first_row, first_value(file) OVER same AS first_file'
                f" FROM exchange_importrow WHERE run_id = %s AND \"{column}\" <> '' AND kind <> %s AND action <> 'skip'"
                f' WINDOW same AS (PARTITION BY kind, "{column}" ORDER BY id)) found WHERE place > 1',
                [run.pk, staged.LINK],
            )
            doubles = {pk: (row, file) for pk, row, file in cursor.fetchall()}
        what = "id" if column == "key" else "number"
        rows = list(ImportRow.objects.filter(pk__in=doubles))
        for row in rows:
            first, file = doubles[row.pk]
            refusal = errors.DuplicateInFile(what=what, first=first, file=file)
            row.errors = [*row.errors, said_of(refusal, row=row.row, column="sourcedId" if what == "id" else "")]
            row.read_errors += 1
            row.action = Action.ERROR
        ImportRow.objects.bulk_update(rows, ["errors", "read_errors", "action"], batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute(
            # Not a join: nothing is known yet in this transaction of how many rows there are.
            "DELETE FROM exchange_importrow WHERE id IN (SELECT id FROM ("
            "SELECT id, row_number() OVER (PARTITION BY key ORDER BY id) AS place FROM exchange_importrow"
            " WHERE run_id = %s AND kind = %s) found WHERE place > 1)",
            [run.pk, staged.LINK],
        )


# --- comparing --------------------------------------------------------------------------------------------------------
def validate(turn: Turn) -> bool:
    """Compare every row; the counts say what applying would do. ``False``: another job goes on with it."""
    run = turn.run
    work = Work(run, turn.by, frame.load(run.institution), turn)
    run.done = ImportRow.objects.filter(run=run).exclude(table="").count()
    run.save(update_fields=["done"])
    for kind in kinds_in(run):
        for chunk in chunks(run, kind, size=CHUNK):
            with turn.chunk():
                new = _compare(work, kind, chunk)
                turn.went_on(new)
            # Whoever goes on compares the structure again, and must come further than we did.
            if new and turn.passed_on():
                return False
    with queues.finishing():
        turn.hold()
        run.counts = counted(run)
        run.state, run.validated_at, run.problem = State.VALIDATED, clock.now(), None
        run.reading += 1
        run.save(update_fields=["counts", "state", "validated_at", "reading", "problem"])
    return True


def _compare(work: Work, kind: str, rows: Sequence[ImportRow]) -> int:
    """How many of ``rows`` were compared for the first time.

    The school's structure is compared again by whoever goes on: the rows that follow refer to it, imagined as it is.
    """
    new = [row for row in rows if not row.table]
    if kind not in staged.STRUCTURE:
        kinds.recall(work, kind, [row for row in rows if row.table])
        rows = new
    for row in rows:
        del row.errors[row.read_errors :]
    again = len(rows) > len(new)
    _save(kinds.OF[kind].compare(work, rows), again=again)
    return len(new)


_COUNTED: Compiled[tuple[str, str, int]] = Compiled(
    lambda: (
        ImportRow.objects.filter(run=Parameter("run", KEY))
        .exclude(table="")
        .order_by("kind")
        .values_list("kind", "action")
        .annotate(rows=Count("pk"))
    )
)
_KINDS: Compiled[tuple[str]] = Compiled(
    lambda: ImportRow.objects.filter(run=Parameter("run", KEY)).order_by().values_list("kind").distinct()
)


def counted(run: Import) -> dict[str, dict[str, int]]:
    """``{kind: {action: rows}}`` of what was compared."""
    counts: dict[str, dict[str, int]] = {}
    for kind, action, count in _COUNTED.all(run=run.pk):
        counts.setdefault(kind, {})[action] = count
    return counts


def kinds_in(run: Import) -> list[str]:
    """Of ``staged.KINDS`` those that the file has: most have a few, and each that is asked for costs a statement."""
    there = {kind for (kind,) in _KINDS.all(run=run.pk)}
    return [kind for kind in staged.KINDS if kind in there]


def chunks(run: Import, kind: str, *, size: int, **more: Any) -> Iterator[list[ImportRow]]:
    """The rows of a kind that are to be looked at, by keyset: all but those that reading left out."""

    def build() -> QuerySet[ImportRow]:
        beyond = {"run": Parameter("run", KEY), "kind": Parameter("kind", TEXT), "pk__gt": Parameter("last", KEY)}
        found: QuerySet[ImportRow] = ImportRow.objects.filter(**beyond, **more).exclude(action=Action.SKIP, table="")
        return found.order_by("pk")[:size]

    asked = by_shape(("rows of an import", size, *sorted(more.items())), build)
    last, found = 0, size
    while found == size:
        rows = asked.all(run=run.pk, kind=kind, last=last)
        found = len(rows)
        if rows:
            last = rows[-1].pk
            yield rows


def _save(outcomes: Sequence[Outcome], *, again: bool) -> None:
    rows = []
    for outcome in outcomes:
        row = outcome.row
        row.action, row.errors = outcome.action, outcome.errors
        row.before, row.after, row.kept, row.taken = outcome.before, outcome.after, outcome.kept, outcome.taken
        row.target_id = outcome.target.pk if outcome.target is not None else None
        row.table = outcome.table or row.kind
        rows.append(row)
    # What is empty was empty when the rows were staged.
    filled = ("errors", "before", "after", "kept", "taken")
    said = [name for name in filled if again or any(getattr(row, name) for row in rows)]
    write_rows(rows, ("action", "target_id", "table", *said))


_STILL: Compiled[tuple[int]] = Compiled(
    lambda: ImportRow.objects.filter(any_of("pk", "keys"), applied=Parameter("applied", BooleanField())).values_list(
        "pk"
    )
)


def still(rows: Sequence[ImportRow], *, applied: bool) -> list[ImportRow]:
    """Of ``rows`` those that are applied, or are not, by now."""
    there = {pk for (pk,) in _STILL.all(keys=[row.pk for row in rows], applied=applied)}
    return [row for row in rows if row.pk in there]


_TYPES = {
    "action": "text", "errors": "jsonb", "before": "jsonb", "after": "jsonb", "kept": "jsonb", "undo": "jsonb",
    "taken": "jsonb", "target_id": "bigint", "table": "text", "applied": "boolean",
}  # fmt: skip


def write_rows(rows: Sequence[ImportRow], names: Sequence[str]) -> None:
    """Write these fields of many rows with one statement; Django's own has a branch per row and field."""
    if not rows:
        return
    said = orjson.dumps([{"pk": row.pk, **{name: getattr(row, name) for name in names}} for row in rows])
    setting = ", ".join(f'"{name}" = new."{name}"' for name in names)
    typed = ", ".join(f'"{name}" {_TYPES[name]}' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE exchange_importrow SET {setting} FROM jsonb_to_recordset(%s::jsonb) AS new(pk bigint, {typed})"  # noqa: S608 - our own names
            " WHERE id = new.pk",
            [said.decode()],
        )
