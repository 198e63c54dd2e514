"""Reads of imports: the list, the difference row by row, and what went wrong, as pages of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Func, Q, QuerySet, Value, When
from django.db.models.lookups import Exact

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange.errors import ImportNotFound, MayBeTheSame
from apps.exchange.models import Import, ImportRow
from apps.exchange.selectors.stops import with_ends
from apps.exchange.services.reading.bundle.layouts import parts_of
from apps.exchange.services.reading.staged import KINDS
from apps.exchange.services.receiving import SETTLED, fields_of
from schoolops.folding import Fold, fold, holding

VIEW = "imports.view"
ERROR_COLUMNS = ("file", "row", "column", "code", "message", "remedy", "name")
MOST_ALIKE = 50
ACTIONS = ("create", "update", "unchanged", "error", "skip")


def as_they_are(runs: QuerySet[Any]) -> QuerySet[Any]:
    """``runs`` with ``is_now``: their state, or ``stopped`` where their job came to nothing. And as ``with_ends``."""
    stopped = When(why__isnull=False, then=Value(Import.State.STOPPED))
    state = Case(stopped, default=F("state"), output_field=CharField())
    found: QuerySet[Any] = with_ends(runs).annotate(is_now=state)
    return found


def imports_for(by: User) -> QuerySet[Any]:
    """Every import of the school as it is now, newest first. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require_everywhere(by, VIEW)
    return as_they_are(Import.objects.select_related("by", "institution"))


def import_of(id: UUID, *, by: User) -> Import:  # noqa: A002 - the API's word
    """One import. Raises ``PermissionMissing``, ``ImportNotFound``."""
    found: Import | None = imports_for(by).filter(sourced_id=id).first()
    if found is None:
        raise ImportNotFound
    return found


def rows_named(said: str) -> Q:
    """Rows about a name that holds every word of ``said``, or of exactly that id."""
    return holding(said, "name") | Q(Exact(Fold("key"), fold(said)))


def rows_of(run: Import, *, kind: str = "", action: str = "", kept: bool = False, said: str = "") -> QuerySet[Any]:
    """The difference: rows of a kind, with an action, of which something of ours is kept, about a name."""
    rows: QuerySet[Any] = ImportRow.objects.filter(run=run)
    if kind:
        rows = rows.filter(kind=kind)
    if action:
        rows = rows.filter(action=action)
    if kept:
        rows = rows.exclude(kept={})
    if said:
        rows = rows.filter(rows_named(said))
    return rows.order_by("pk")


def page_of(rows: QuerySet[Any], *, after: int = 0, limit: int = 50) -> tuple[list[ImportRow], int | None]:
    """(rows after ``after``, where the next page begins), by keyset: the hundredth page costs what the first does."""
    found = list(rows.filter(pk__gt=after)[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def errors_of(run: Import) -> Iterator[Sequence[dict[str, Any]]]:
    """What is wrong with which cell, a page at a time, in the columns of the file that goes back."""
    rows, last = rows_of(run, action="error"), 0
    while True:
        page, following = page_of(rows, after=last, limit=1000)
        yield [
            {**error, "file": error.get("file") or row.file, "name": row.name} for row in page for error in row.errors
        ]
        if following is None:
            return
        last = following


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a row that changes, or that is kept."""

    field: str
    before: str
    after: str
    kept: bool = False
    # As the import calls it, and whether the file's value may be asked for, or was, over a person's.
    name: str = ""
    may_be_taken: bool = False
    taken: bool = False


def differences(row: ImportRow) -> list[Difference]:
    """Field by field, what a row changes, and which of our values stay."""
    found = [
        Difference(
            name, row.before.get(name, ""), after, name=name, may_be_taken=name in row.taken, taken=name in row.taken
        )
        for name, after in row.after.items()
    ]
    found += [
        Difference(name, ours, theirs, kept=True, name=name, may_be_taken=name not in SETTLED)
        for name, (ours, theirs) in row.kept.items()
    ]
    return sorted(found, key=lambda each: (each.kept, each.field))


@dataclass(slots=True)
class SetByHand:
    """A field of a kind in which a person's value stands against the file's: rows in which ours stays or goes."""

    kind: str
    field: str
    kept: int = 0
    taken: int = 0


def set_by_hand(run: Import) -> list[SetByHand]:
    """Where the file's value may be asked for over a person's, or was. Two queries."""
    found: dict[tuple[str, str], SetByHand] = {}
    for column, parts in (("kept", "jsonb_object_keys"), ("taken", "jsonb_array_elements_text")):
        rows = ImportRow.objects.filter(run=run).exclude(**{column: {} if column == "kept" else []}).order_by()
        each = Func(F(column), function=parts, output_field=CharField())
        for kind, name, number in rows.annotate(_each=each).values_list("kind", "_each").annotate(rows=Count("pk")):
            if name not in SETTLED:
                setattr(found.setdefault((kind, name), SetByHand(kind, name)), column, number)
    return sorted(found.values(), key=lambda each: (KINDS.index(each.kind), each.field))


def taken_in_rows(run: Import, *, but: Collection[str]) -> dict[str, list[int]]:
    """Kind and field → rows for which alone the file's value was asked for, without rows ``but``."""
    wanted = {of: set(where) for of, where in run.takes.items() if where is not True}
    found: dict[str, list[int]] = {}
    for row in ImportRow.objects.filter(run=run).exclude(taken=[]).order_by("pk") if wanted else ():
        for name in row.taken:
            of = f"{row.kind}.{name}"
            if str(row.pk) not in but and row.place in wanted.get(of, ()):
                found.setdefault(of, []).append(row.pk)
    return found


def counts_of(run: Import) -> list[tuple[str, dict[str, int]]]:
    """Kind → rows per action, in the order in which they are written; kinds without rows are left out."""
    return [
        (kind, {action: run.counts[kind].get(action, 0) for action in ACTIONS}) for kind in KINDS if kind in run.counts
    ]


def alike(run: Import) -> list[tuple[int, str, str, str]]:
    """(row, what the file calls them, who they may be, known by what) of rows that may be somebody who is here."""
    rows = rows_of(run, action="error").filter(errors__contains=[{"code": MayBeTheSame.code}])[:MOST_ALIKE]
    found = ((row, error) for row in rows for error in row.errors if error["code"] == MayBeTheSame.code)
    return [(row.pk, row.name, error["facts"]["other"], error["facts"]["known_by"]) for row, error in found]


def columns_asked(run: Import) -> list[tuple[str, str, dict[str, str]]]:
    """(header, what it holds, what it may hold) of a file that has not been applied, for the mapping screen.

    Of a bundle only the columns that nobody knows, and what may stand in the same file.
    """
    found = fields_of(run.source)
    asked = []
    for header in filter(None, run.headers):
        may = found
        if run.source == Import.Source.ONEROSTER:
            there = parts_of(header.partition(":")[0])
            may = {field: name for field, name in found.items() if field.partition(".")[0] in there}
        asked.append((header, run.mapping.get(header, ""), may))
    return asked
