"""Whether anybody changed what an import wrote: what they did since is worth more than taking the import back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models

from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.comparing import Action, plain, reason_of
from apps.exchange.services.frame import MODELS
from apps.exchange.services.reading import staged
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import ClassEnrolment, Guardian, SectionMembership, Student, StudentGuardian
from schoolops.audit.models import AuditEntry

TABLES: Mapping[str, Any] = {
    **MODELS,
    staged.STAFF: StaffMember,
    staged.STUDENT: Student,
    staged.GUARDIAN: Guardian,
    staged.LINK: StudentGuardian,
    staged.ASSIGNMENT: TeachingAssignment,
    staged.SEAT: SectionMembership,
    staged.PLACE: ClassEnrolment,
}
# What tells that somebody was at a row since the import wrote it, be it while the rest was still being applied. What
# is told of the student (places, links) is found in the trail, where an import says why in each of its own lines.
_STAMPS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*MODELS, staged.STAFF, staged.GUARDIAN), ("date_last_modified",)),
    staged.ASSIGNMENT: ("staff_id", "section_id", "course_class_id", "kind", "starts_on", "ends_on"),
}
STAMP = "stamp"
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


def refuse_others(table: str, rows: Sequence[ImportRow], targets: Mapping[int, Any]) -> None:
    """Raises ``ChangedSince`` where one of ``targets`` (by key) is not as the import left it."""
    pairs = ((row, targets.get(row.target_id or 0)) for row in rows)
    others = [str(target) for row, target in pairs if target is not None and _other(table, row, target)]
    if others:
        raise errors.ChangedSince(count=len(others), examples=", ".join(others[:3]))


def _other(table: str, row: ImportRow, target: Any) -> bool:
    written = {name: value for name, value in row.after.items() if name in row.before and hasattr(target, name)}
    if row.action == Action.UPDATE and any(plain(getattr(target, name)) != value for name, value in written.items()):
        return True
    names = _STAMPS.get(table)
    # Imports that were applied before there were stamps have none.
    if names is None or STAMP not in row.undo:
        return False
    return bool(row.undo[STAMP] != _stamp(getattr(target, name) for name in names))


def refuse_changed(run: Import) -> None:
    """Raises ``ChangedSince`` when somebody was at anything the import wrote, as the trail and the rows say."""
    changed = _changed_students(run)
    for table, model in TABLES.items():
        if table == staged.STUDENT:
            continue
        for rows in chunked(written(run, table)):
            refuse_others(table, rows, model.objects.in_bulk([row.target_id for row in rows]))
        targets = written(run, table).values_list("target_id", flat=True)
        ids = model.objects.filter(pk__in=targets).values_list("sourced_id", flat=True)
        if not ids.exists():
            continue
        changed += (
            AuditEntry.objects.filter(
                object_type=model._meta.label_lower,
                at__gt=_until(run),
                object_id__in=ids.annotate(_id=models.functions.Cast("sourced_id", models.CharField())).values("_id"),
            )
            .values_list("object_id", flat=True)
            .distinct()[:MOST]
        )
    if changed:
        raise errors.ChangedSince(count=len(changed), examples=", ".join(changed[:3]))


def _until(run: Import) -> dt.datetime | None:
    """When the import wrote its last row; where it stopped half-way, its last chunk."""
    return run.finished_at or run.moved_at


def students_of(run: Import) -> Any:
    """Students whom the import wrote anything about: their record, a guardian's link, a seat or a place."""
    about = models.Q(pk__in=written(run, staged.STUDENT).values("target_id"))
    for table in (staged.LINK, staged.SEAT, staged.PLACE):
        rows = TABLES[table].objects.filter(pk__in=written(run, table).values("target_id"))
        about |= models.Q(pk__in=rows.values("student_id"))
    return Student.objects.filter(about)


def _changed_students(run: Import) -> list[str]:
    """Students with a line of the trail since the import began that is not its own.

    What happens to links and places is told of the student; and the import says why in every line about one.
    """
    ids = students_of(run).annotate(_id=models.functions.Cast("sourced_id", models.CharField()))
    own = models.Q(reason=reason_of(run), at__lte=_until(run))
    return list(
        AuditEntry.objects.filter(
            object_type=Student._meta.label_lower,
            at__gt=run.started_at or _until(run),
            object_id__in=ids.values("_id"),
        )
        .exclude(own)
        .order_by()
        .values_list("object_id", flat=True)
        .distinct()[:MOST]
    )


def written(run: Import, table: str, **more: Any) -> Any:
    """The rows of the file that the import wrote into a table of ours."""
    # The kind is what the index knows: without it every chunk looks at every row of the import.
    kind = staged.PLACE if table == staged.SEAT else table
    return ImportRow.objects.filter(run=run, kind=kind, table=table, applied=True, **more)


def chunked(rows: Any, *, backwards: bool = False) -> Any:
    """Rows of the file by keyset, a list at a time."""
    order, beyond = ("-pk", "pk__lt") if backwards else ("pk", "pk__gt")
    rest = rows.order_by(order)
    while chunk := list(rest[:CHUNK]):
        rest = rows.filter(**{beyond: chunk[-1].pk}).order_by(order)
        yield chunk
