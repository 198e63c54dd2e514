"""Rows of a file against what is there: create, update, unchanged or error, and what of a person's stays.

Each kind compares a chunk with a fixed number of queries, and compares it again when it is applied: what changed
meanwhile is refused rather than overwritten.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from django.db import connection, models

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.exchange.services.frame import Frame
from apps.exchange.services.reading.cells import said_of
from apps.exchange.services.reading.sheets import HEADER_FOR
from apps.exchange.services.turns import Turn
from schoolops.errors import Forbidden, NotFound, SchoolOpsError
from schoolops.rows import among
from schoolops.tenancy.compiled import TEXT, Compiled, Parameter, any_of

Action = ImportRow.Action


def plain(value: Any) -> str:
    """A value as it is shown and remembered."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, models.Manager):
        return ", ".join(sorted(map(str, value.all())))
    return str(value)


def as_kept(row: Any, names: Iterable[str] | None = None) -> dict[str, str | int | None]:
    """A row as the database has it, or these fields of it, for ``ImportRow.undo``."""
    fields = row._meta.concrete_fields if names is None else [row._meta.get_field(name) for name in names]
    kept: dict[str, str | int | None] = {}
    for each in fields:
        value = getattr(row, each.attname)
        kept[each.attname] = value if value is None or isinstance(value, int) else str(value)
    return kept


def from_kept(model: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``model``'s fields that ``as_kept`` put away; what else stands beside them is left out."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {name: fields[name].to_python(value) for name, value in kept.items() if name in fields}


def reason_of(run: Import) -> str:
    """What the trail says of every row that an import writes."""
    return f"Import {run.file_name}"[:500]


@dataclass(slots=True)
class Outcome:
    """What becomes of a row. ``fields`` are values to write, ``known`` the file's values by field, as remembered."""

    row: ImportRow
    target: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    kept: dict[str, list[str]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    # What the kind needs to write it.
    extra: dict[str, Any] = field(default_factory=dict)
    skipped: bool = False
    # Which table of ours ``target`` is of, where one kind of row has two.
    table: str = ""
    # Fields in which the file's value was asked for over a person's; and those in which that made a difference.
    takes: frozenset[str] = frozenset()
    taken: list[str] = field(default_factory=list)

    @property
    def action(self) -> str:
        if self.errors:
            return Action.ERROR
        if self.skipped:
            return Action.SKIP
        if self.target is None:
            return Action.CREATE
        return Action.UPDATE if self.after else Action.UNCHANGED

    def refuse(self, error: SchoolOpsError, column: str = "") -> None:
        if self.row.key.startswith("~"):
            column = HEADER_FOR.get(column, column)
        self.errors.append(said_of(error, row=self.row.row, column=column))

    def differ(self, wanted: Mapping[str, Any], remembered: Mapping[str, str]) -> None:
        """Fill ``fields``, ``before``, ``after`` and ``kept`` from what the file wants of each field.

        A field that an import wrote last, or that nobody filled, takes the file's value; any other is a person's, and
        takes it where that was asked for.
        """
        for name, value in wanted.items():
            new = plain(value)
            self.known[name] = new
            if self.target is None:
                self.fields[name] = value
                if new:
                    self.after[name] = new
                continue
            there = getattr(self.target, name)
            old = plain(there)
            if there == value or (old == new and not isinstance(value, models.Model)):
                continue
            # What nobody filled holds its default, which is nobody's decision.
            ours = remembered.get(name, plain(self.target._meta.get_field(name).get_default()))
            if ours == old or (new and self.takes_over(name)):
                self.fields[name] = value
                self.before[name], self.after[name] = old, new
            elif new:
                self.kept[name] = [old, new]

    def takes_over(self, name: str) -> bool:
        """Whether the file's value is taken though a person set ours; it is remembered that it was."""
        if name in self.takes:
            self.taken.append(name)
        return name in self.takes

    def stays(self, name: str, said: Any) -> None:
        """What is settled once a row is there: where the file says otherwise, ours stays, and the row says so."""
        if self.target is not None and self.target.pk is not None and getattr(self.target, name) != said:
            self.kept[name] = [plain(getattr(self.target, name)), plain(said)]


class Kind(Protocol):
    """One kind of row."""

    name: str

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]: ...
    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None: ...


@dataclass(slots=True)
class Work:
    """An import in hand: who asks, the school's structure, and what was seen of the file so far."""

    run: Import
    by: User
    frame: Frame
    turn: Turn
    # (kind, row of ours, or number that nobody has yet) → the row of the file that is about it.
    claimed: dict[tuple[str, int | str], int] = field(default_factory=dict)
    homerooms: dict[str, list[tuple[dt.date, dt.date | None, str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # Of sections (by identity): how many may sit in them by the file, who does, and who left for another on which day.
    limits: dict[int, int | None] = field(default_factory=dict)
    sitting: dict[int, list[Any]] = field(default_factory=dict)
    left: list[tuple[Any, dt.date, int]] = field(default_factory=list)
    # (person, class) → the days that rows of the file give them there.
    given: dict[tuple[str, str], list[tuple[dt.date, dt.date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # Student (key of the file) → in which order their guardians are to be called, by rows that were looked at.
    called: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _may: dict[tuple[str, int | None], bool] = field(default_factory=dict)

    def may(self, permission: str, institution: Any = None) -> bool:
        """Whether whoever runs the import holds ``permission``, at ``institution`` where one is meant."""
        key = (permission, getattr(institution, "pk", None))
        if key not in self._may:
            try:
                if institution is not None and institution.pk is not None:
                    access.require_at(self.by, permission, institution)
                else:
                    access.require(self.by, permission)
                self._may[key] = True
            except (Forbidden, NotFound):
                self._may[key] = False
        return self._may[key]

    @property
    def applying(self) -> bool:
        """Whether rows are being written now: then those that are compared are held."""
        return self.turn.state == Import.State.APPLYING

    @property
    def reason(self) -> str:
        """What the trail says of every row that the import writes."""
        return reason_of(self.run)

    def outcome(self, row: ImportRow) -> Outcome:
        """What becomes of ``row``, as far as reading it and what was asked for say."""
        of_kind = ((of.removeprefix(f"{row.kind}."), where) for of, where in self.run.takes.items())
        takes = frozenset(name for name, where in of_kind if "." not in name and (where is True or row.place in where))
        return Outcome(row, errors=list(row.errors), takes=takes)

    def hold(self, model: Any, rows: Sequence[ImportRow]) -> None:
        """Hold the people whom these rows are about while they are written: in the order of keys, as everybody does."""
        if self.applying:
            there = model.objects.filter(pk__in={row.target_id for row in rows} - {None})
            list(there.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))

    def claim(self, outcome: Outcome) -> None:
        """Two rows of a file may not be about one row of ours."""
        key = outcome.extra.get("number") if outcome.target is None else (outcome.row.kind, outcome.target.pk)
        if key is None:
            return
        first = self.claimed.setdefault(key, outcome.row.row)
        if first != outcome.row.row:
            outcome.refuse(errors.DuplicateInFile(what=outcome.row.kind, first=first, file=outcome.row.file))


def refused(outcomes: Sequence[Outcome], why: Mapping[int, SchoolOpsError]) -> None:
    """Say in each outcome what a service refused of it: number of the row → why."""
    for number, refusal in why.items():
        outcomes[number].refuse(refusal)


def parted(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """(what is to be made, the rest). Asked first: what has a row is no longer to be made."""
    new = [outcome for outcome in outcomes if outcome.action == Action.CREATE]
    return new, [outcome for outcome in outcomes if outcome.action != Action.CREATE]


def require(work: Work, outcomes: Iterable[Outcome], permission: str, place: Callable[[Outcome], Any]) -> None:
    """Refuse every row that would write something whoever asks may not."""
    for outcome in outcomes:
        if outcome.action in {Action.CREATE, Action.UPDATE} and not work.may(permission, place(outcome)):
            outcome.refuse(errors.NotYoursToWrite(permission=permission))


@dataclass(slots=True)
class Known:
    """Rows of ours for the keys of a chunk, and what imports last wrote into them."""

    by_key: dict[str, Any]
    # Keys an import made a row for, that somebody removed since.
    removed: set[str]
    values: dict[int, dict[str, str]]
    external: dict[int, str]

    def remembered(self, row: Any) -> dict[str, str]:
        return self.values.get(row.pk, {}) if row is not None else {}


_CALLED: Compiled[tuple[str, int]] = Compiled(
    lambda: Counterpart.objects.filter(any_of("external_id", "keys", TEXT), kind=Parameter("kind", TEXT)).values_list(
        "external_id", "row_id"
    )
)
REMEMBERED_OF: Compiled[tuple[int, str | None, dict[str, str]]] = Compiled(
    lambda: Counterpart.objects.filter(any_of("row_id", "rows"), kind=Parameter("kind", TEXT)).values_list(
        "row_id", "external_id", "values"
    )
)


def known(kind: str, keys: Iterable[str], rows: models.QuerySet[Any]) -> Known:
    """Rows of ours by outside id: what an import called so, or what is ours by that very id. Two queries and a half."""
    wanted = {key for key in keys if key and not key.startswith("~")}
    pairs = dict(_CALLED.all(keys=wanted, kind=kind) if wanted else ())
    ours = {key: own for key in wanted - pairs.keys() if (own := as_uuid(key)) is not None}
    found = (
        list(rows.filter(models.Q(among("pk", pairs.values())) | models.Q(among("sourced_id", ours.values()))))
        if pairs or ours
        else []
    )
    by_pk = {each.pk: each for each in found}
    by_id = {each.sourced_id: each for each in found}
    by_key = {key: by_pk[pk] for key, pk in pairs.items() if pk in by_pk}
    by_key |= {key: by_id[each] for key, each in ours.items() if each in by_id}
    result = Known(by_key, {key for key, pk in pairs.items() if pk not in by_pk}, {}, {})
    remember(kind, result, by_key.values())
    return result


def remember(kind: str, into: Known, rows: Iterable[Any]) -> None:
    """Read what imports last wrote into these rows as well."""
    missing = {row.pk for row in rows} - into.values.keys()
    if not missing:
        return
    for pk, external, values in REMEMBERED_OF.all(rows=missing, kind=kind):
        into.values[pk] = values
        if external:
            into.external[pk] = external


def as_uuid(key: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(key)
    except ValueError:
        return None


def called(outcome: Outcome, there: Known) -> None:
    """Where the outside id of a row of ours is new or another, that is a change too."""
    key, row = outcome.row.key, outcome.target
    if row is None or key.startswith("~") or key == str(row.sourced_id) or there.external.get(row.pk) == key:
        return
    outcome.before["sourcedId"], outcome.after["sourcedId"] = there.external.get(row.pk, ""), key


def remember_written(work: Work, kind: str, outcomes: Sequence[Outcome]) -> None:
    """Keep what each row is called outside and what was written into it: one statement for the chunk."""
    there = REMEMBERED_OF.all(rows=[outcome.target.pk for outcome in outcomes], kind=kind)
    held = {pk: (external, values) for pk, external, values in there}
    rows = []
    for outcome in outcomes:
        external, values = held.get(outcome.target.pk, (None, {}))
        key = outcome.row.key
        if not key.startswith("~") and key != str(getattr(outcome.target, "sourced_id", "")):
            external = key
        written = {name: value for name, value in outcome.known.items() if name not in outcome.kept}
        rows.append({"row_id": outcome.target.pk, "external_id": external, "values": {**values, **written}})
    with connection.cursor() as cursor:
        # As models they would cost each row five times this.
        cursor.execute(
            'INSERT INTO exchange_counterpart (kind, row_id, external_id, "values", run_id)'
            ' SELECT %s, row_id, external_id, "values", %s'
            ' FROM jsonb_to_recordset(%s::jsonb) AS new(row_id bigint, external_id text, "values" jsonb)'
            " ON CONFLICT (kind, row_id) DO UPDATE SET external_id = EXCLUDED.external_id,"
            ' "values" = EXCLUDED."values", run_id = EXCLUDED.run_id',
            [kind, work.run.pk, orjson.dumps(rows).decode()],
        )
