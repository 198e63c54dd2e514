"""A file becomes rows: streamed, a thousand at a time, and compared with what is there, kind by kind."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from apps.exchange.services import frame, kinds, receiving
from apps.exchange.services.comparing import Action, Outcome, Work
from apps.exchange.services.reading import sheets, staged
from apps.exchange.services.reading.apart import Reading
from apps.exchange.services.reading.cells import problem_of, said_of
from schoolops import clock, queues
from schoolops.errors import SchoolOpsError, Unavailable

log = logging.getLogger(__name__)
CHUNK = 1000


@transaction.atomic
def read_and_validate(*, run: Import) -> Import:
    """Read the kept file into rows and compare each with what is there. Doing it again begins anew.

    A file that cannot be read leaves no rows: ``run`` is then ``failed``, and ``problem`` says why.

    Raises:
        ImportNotReady: somebody confirmed it meanwhile, or it is long done.
    """
    # Held until the end: a second reading that comes late must not take the rows of what was confirmed. Not the
    # strongest lock: every row that is kept checks its key against this one, a thousand at a time.
    Import.objects.select_for_update(no_key=True).only("pk").get(pk=run.pk)
    run.refresh_from_db()
    if run.state not in {Import.State.RECEIVED, Import.State.VALIDATED, Import.State.FAILED}:
        raise errors.ImportNotReady(state=run.state)
    by = run.by
    if by is None:
        raise errors.ImportNotReady(state="nobody’s any more")
    ImportRow.objects.filter(run=run).delete()
    try:
        with transaction.atomic():
            stage(run)
    except Unavailable:
        # Not what is wrong with the file.
        raise
    except SchoolOpsError as refusal:
        run.state = Import.State.FAILED
        run.problem = problem_of(refusal)
        run.counts = {}
        run.save(update_fields=["state", "problem", "counts", "source", "headers", "mapping", "notes"])
        return run
    validate(run, by=by)
    return run


def stage(run: Import) -> None:
    """Every row of the file as an ``ImportRow``; what the file turned out to be stands in ``run``, refused or not."""
    known = {source: receiving.known_headers(source) for source in sheets.TEMPLATES}
    is_bundle = run.source == Import.Source.ONEROSTER
    reading = Reading(run.file_name, run.source, run.mapping, known, bundle=is_bundle)
    with run.file.open("rb") as file:
        try:
            _keep(run, reading.rows(file))
        finally:
            run.source = reading.source
            run.headers, run.mapping, run.notes = reading.headers or run.headers, reading.mapping, reading.notes


def _keep(run: Import, rows: Iterator[staged.Staged]) -> None:
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        count += len(chunk)
        ImportRow.objects.bulk_create(
            ImportRow(
                run=run,
                file=each.file,
                row=each.row,
                kind=each.kind,
                key=each.key[:520],
                natural=each.natural[:320],
                name=each.name[:250],
                values=each.values,
                errors=each.errors,
                action=Action.ERROR if each.errors else Action.SKIP if each.skip else Action.STAGED,
            )
            for each in chunk
        )
    run.of, run.done = count, 0
    _refuse_doubles(run)


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
            row.action = Action.ERROR
        ImportRow.objects.bulk_update(rows, ["errors", "action"], batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute(
            # Not a join: nothing is known yet in this transaction of how many rows there are.
            "DELETE FROM exchange_importrow WHERE id IN (SELECT id FROM ("
            "SELECT id, row_number() OVER (PARTITION BY key ORDER BY id) AS place FROM exchange_importrow"
            " WHERE run_id = %s AND kind = %s) found WHERE place > 1)",
            [run.pk, staged.LINK],
        )


# --- comparing --------------------------------------------------------------------------------------------------------
def validate(run: Import, *, by: User) -> None:
    """Compare every row; the counts say what applying would do."""
    work = Work(run, by, frame.load(run.institution))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    done = 0
    for kind in staged.KINDS:
        for chunk in chunks(run, kind, size=CHUNK):
            outcomes = kinds.OF[kind].compare(work, chunk)
            _save(outcomes)
            counts[kind].update(each.action for each in outcomes)
            done += len(chunk)
            queues.progress(done, run.of)
    run.counts = {kind: dict(found) for kind, found in counts.items()}
    run.state, run.validated_at, run.problem = Import.State.VALIDATED, clock.now(), None
    run.reading += 1
    run.save(
        update_fields=[
            "counts",
            "notes",
            "state",
            "validated_at",
            "reading",
            "problem",
            "of",
            "done",
            "source",
            "headers",
            "mapping",
        ],
    )


def chunks(run: Import, kind: str, *, size: int, **more: Any) -> Iterator[list[ImportRow]]:
    """The rows of a kind that are to be looked at, by keyset."""
    last = 0
    while True:
        rows: list[ImportRow] = list(
            ImportRow.objects.filter(run=run, kind=kind, pk__gt=last, **more)
            .exclude(action=Action.SKIP)
            .order_by("pk")[:size]
        )
        if not rows:
            return
        last = rows[-1].pk
        yield rows


def _save(outcomes: Sequence[Outcome]) -> None:
    rows = []
    for each in outcomes:
        row = each.row
        row.action, row.errors = each.action, each.errors
        row.before, row.after, row.kept = each.before, each.after, each.kept
        row.target_id = each.target.pk if each.target is not None else None
        row.table = each.table or row.kind
        rows.append(row)
    # What is empty was empty when the rows were staged.
    said = [name for name in ("errors", "before", "after", "kept") if any(getattr(row, name) for row in rows)]
    write_rows(rows, ("action", "target_id", "table", *said))


_CASTS = {
    "action": "text", "errors": "jsonb", "before": "jsonb", "after": "jsonb", "kept": "jsonb", "undo": "jsonb",
    "target_id": "bigint", "table": "text", "applied": "boolean",
}  # fmt: skip


def write_rows(rows: Sequence[ImportRow], names: Sequence[str]) -> None:
    """Write these fields of many rows with one statement; Django's own has a branch per row and field."""
    if not rows:
        return
    arrays: list[Any] = [[row.pk for row in rows]]
    for name in names:
        values = [getattr(row, name) for row in rows]
        arrays.append([Jsonb(each) for each in values] if _CASTS[name] == "jsonb" else values)
    setting = ", ".join(f'"{name}" = new."{name}"' for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    casts = ", ".join(f"%s::{_CASTS[name]}[]" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE exchange_importrow SET {setting} FROM unnest(%s::bigint[], {casts}) AS new(pk, {listed})"  # noqa: S608 - our own names
            " WHERE id = new.pk",
            arrays,
        )
