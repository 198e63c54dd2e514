"""Whether anybody changed what an import wrote: what they did since is worth more than taking the import back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet, Value

from apps.attendance.models import DailyAttendance
from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.comparing import Action, plain, reason_of
from apps.exchange.services.frame import MODELS
from apps.exchange.services.reading import staged
from apps.fees.models import Account, Books
from apps.institutions.models import CourseClass
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from schoolops.audit.models import AuditEntry
from schoolops.rows import among, with_names
from schoolops.tenancy.compiled import KEY, Compiled, Parameter, any_of

TABLES: Mapping[str, Any] = {
    **MODELS,
    staged.STAFF: StaffMember,
    staged.STUDENT: Student,
    staged.GUARDIAN: Guardian,
    staged.LINK: StudentGuardian,
    staged.ASSIGNMENT: TeachingAssignment,
    staged.MEMBERSHIP: SectionMembership,
    staged.PLACE: ClassEnrolment,
}
# What tells that somebody was at a row since the import wrote it, be it while the rest was still being applied. What
# is told of the student (places, links) is found in the trail, where an import says why in each of its own lines.
ABOUT_STUDENTS = frozenset({staged.STUDENT, staged.LINK, staged.MEMBERSHIP, staged.PLACE})
_TABLE_OF = {model: table for table, model in TABLES.items()}
# Goes with what it refers to: enrolments, terms of classes; days are derived from rolls, which are asked themselves.
_GO_ALONG = frozenset({Enrolment, CourseClass.terms.through, DailyAttendance})
# What every campus is given, and goes with it while nobody has used it: what is posted to an account names the campus.
UNUSED: Mapping[Any, Q] = {Account: ~Q(purpose=""), Books: Q(closed_through__isnull=True)}
_STAMPS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*MODELS, staged.STAFF, staged.GUARDIAN), ("date_last_modified",)),
    staged.ASSIGNMENT: ("staff_id", "section_id", "course_class_id", "kind", "starts_on", "ends_on"),
}
STAMP, REMEMBERED = "stamp", "remembered"
# It was as the file says when its turn came: another row had seen to it.
ALREADY = "already"
MOST = 100
CHUNK = 1000


def stamped(table: str, rows: Iterable[ImportRow]) -> None:
    """Remember in ``undo`` how the import leaves these rows: one query, or none where the trail knows."""
    names = _STAMPS.get(table)
    if names is None:
        return
    left = {
        pk: _stamp(values)
        for pk, *values in TABLES[table]
        .objects.filter(pk__in=[row.target_id for row in rows])
        .values_list("pk", *names)
    }
    for row in rows:
        row.undo[STAMP] = left.get(row.target_id, "")


def _stamp(values: Iterable[Any]) -> str:
    return "|".join(map(plain, values))


def _other(table: str, row: ImportRow, target: Any) -> bool:
    """Whether ``target`` is not as the import left it."""
    if table == staged.LINK and row.action == Action.CREATE:
        # What somebody decided about a guardian's access is never deleted, whatever the trail says of it.
        access = row.values.get("data_access") or "true"
        if target.restriction_note or plain(target.data_access) != access:
            return True
    written = {name: value for name, value in row.after.items() if name in row.before and hasattr(target, name)}
    if table == staged.TERM:
        # What it is part of goes first, when it is new.
        written.pop("parent", None)
    if (
        row.action == Action.UPDATE
        and ALREADY not in row.undo
        and any(plain(getattr(target, name)) != value for name, value in written.items())
    ):
        return True
    names = _STAMPS.get(table)
    # Imports that were applied before there were stamps have none.
    if names is None or STAMP not in row.undo:
        return False
    return bool(row.undo[STAMP] != _stamp(getattr(target, name) for name in names))


def refuse_changed(run: Import) -> None:
    """Raises ``ChangedSince`` when somebody was at anything the import wrote, as the trail and the rows say, or when it
    is in use."""
    changed: list[str] = []
    there = {table for table, _ in tables_written(run)}
    for table, model in TABLES.items():
        if table not in there:
            continue
        for rows in chunked(written(run, table)):
            keys = [row.target_id for row in rows]
            changed += _changed(run, table, rows, model.objects.in_bulk(keys))
            changed += _in_use(run, table, [row.target_id for row in rows if row.action == Action.CREATE])
            if len(changed) >= MOST:
                break
    _refuse(changed)


def refuse_changed_rows(run: Import, table: str, rows: Sequence[ImportRow], targets: Mapping[int, Any]) -> None:
    """The same of these rows and what they are about, by key, which the caller holds."""
    _refuse(_changed(run, table, rows, targets))


def _refuse(changed: Iterable[str]) -> None:
    if found := list(dict.fromkeys(changed)):
        raise errors.ChangedSince(count=len(found), examples=", ".join(found[:3]))


def _changed(run: Import, table: str, rows: Sequence[ImportRow], targets: Mapping[int, Any]) -> list[str]:
    pairs = ((row, targets.get(row.target_id or 0)) for row in rows)
    others = [str(target) for row, target in pairs if target is not None and _other(table, row, target)]
    return others + _told_of(run, table, targets)


def _told_of(run: Import, table: str, targets: Mapping[int, Any]) -> list[str]:
    """Of whom the trail has a line that is not the import's own, as people call them.

    What happens to links and places is told of the student; and the import says why in every line about one.
    """
    model, since, own = TABLES[table], _until(run), Q(reason=undo_of(run))
    about = list(targets.values())
    if table in ABOUT_STUDENTS:
        model, since = Student, run.started_at or since
        own |= Q(reason=reason_of(run), at__lte=_until(run))
        students = student_keys(table, targets)
        about = list(Student.objects.filter(among("pk", students)))
    by_id = {str(each.sourced_id): each for each in about}
    lines = AuditEntry.objects.filter(among("object_id", by_id), object_type=model._meta.label_lower, at__gt=since)
    return [
        str(by_id[each]) for each in lines.exclude(own).order_by().values_list("object_id", flat=True).distinct()[:MOST]
    ]


def student_keys(table: str, targets: Mapping[int, Any]) -> set[int]:
    """Keys of the students whom rows of a table are about."""
    return set(targets) if table == staged.STUDENT else {target.student_id for target in targets.values()}


def _in_use(run: Import, table: str, keys: Sequence[int | None]) -> list[str]:
    """What refers to rows that are to go, and does not go itself."""
    found = []
    for (number,) in _uses(table).all(keys=keys, run=run.pk) if keys and _relations(table) else ():
        relation = _relations(table)[number]
        using = _using(relation, Q(**{f"{relation.field.name}__in": keys}), run)
        if relation.related_model is TABLES[staged.TERM] is TABLES[table]:
            using = using.exclude(pk__in=[pk for held in terms_held(run).values() for pk in held])
        found += [str(each) for each in with_names(using)[:3]]
    return found


@cache
def _relations(table: str) -> tuple[Any, ...]:
    """What may refer to rows of a table, but for what goes along with them."""
    return tuple(
        each
        for each in TABLES[table]._meta.get_fields(include_hidden=True)
        if each.auto_created and not each.concrete and each.related_model not in _GO_ALONG
    )


def _using(relation: Any, refers: Any, run: Any) -> QuerySet[Any]:
    """Rows that refer so and are no others of the import's own, nor what every campus is given."""
    using = relation.related_model._base_manager.filter(refers)  # noqa: SLF001 - hidden ones have no other
    if relation.related_model in UNUSED:
        using = using.exclude(UNUSED[relation.related_model])
    kind = _TABLE_OF.get(relation.related_model)
    if kind is not None:
        # What the import made goes, what it changed is changed back; who did anything to them since is asked above.
        # Within one table what was made goes before what was changed is changed back.
        made = {"action": Action.CREATE} if relation.related_model is relation.model else {}
        using = using.exclude(pk__in=written(run, kind, **made).values("target_id"))
    return using  # type: ignore[no-any-return]


@cache
def _uses(table: str) -> Compiled[tuple[int]]:
    """Of ``_relations`` the numbers of those by which anything refers to one of ``keys``: one statement for all."""

    def build() -> QuerySet[Any, tuple[int]]:
        run = Parameter("run", KEY)
        first, *others = (
            _using(each, any_of(each.field.name, "keys"), run)
            .annotate(_which=Value(number))
            .order_by()
            .values_list("_which")[:1]
            for number, each in enumerate(_relations(table))
        )
        return first.union(*others, all=True)  # type: ignore[no-any-return]

    return Compiled(build)


def terms_held(run: Import) -> dict[int, list[int]]:
    """Terms that the import made → those of before that are parts of them since."""
    rows = written(run, staged.TERM, action=Action.CREATE, undo__has_key="within")
    return {row.target_id: row.undo["within"] for row in rows}


def undo_of(run: Import) -> str:
    """What the trail says of everything that taking ``run`` back changes."""
    return f"Undo {run.file_name}"


def _until(run: Import) -> dt.datetime | None:
    """When the import wrote its last row."""
    return run.wrote_at or run.finished_at or run.moved_at


def written(run: Import, table: str, **more: Any) -> Any:
    """The rows of the file that the import wrote into a table of ours."""
    # The kind is what the index knows: without it every chunk looks at every row of the import.
    kind = staged.PLACE if table == staged.MEMBERSHIP else table
    return ImportRow.objects.filter(run=run, kind=kind, table=table, applied=True, **more)


def tables_written(run: Import) -> set[tuple[str, str]]:
    """(table, action) of what the import wrote: each that is asked for costs statements, and most write a few."""
    rows = ImportRow.objects.filter(run=run, applied=True).order_by()
    return set(rows.values_list("table", "action").distinct())


def chunked(rows: Any, *, size: int = CHUNK, backwards: bool = False) -> Iterator[list[ImportRow]]:
    """Rows of the file by keyset, a list at a time."""
    order, beyond = ("-pk", "pk__lt") if backwards else ("pk", "pk__gt")
    chunk = list(rows.order_by(order)[:size])
    while chunk:
        yield chunk
        rest = rows.filter(**{beyond: chunk[-1].pk}).order_by(order)
        chunk = list(rest[:size]) if len(chunk) == size else []
