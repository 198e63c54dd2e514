"""An import is taken back, as long as nobody has changed what it wrote: in one transaction, all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from copy import copy
from typing import Any

from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.events import UndoBegun
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.exchange.services.changed import TABLES, chunked, refuse_changed, refuse_others, students_of, written
from apps.exchange.services.comparing import Action, from_kept, plain
from apps.exchange.services.door import require_for_all
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.cells import problem_of
from apps.exchange.services.receiving import RUN
from apps.exchange.services.stopping import before_undo, refuse_two, stop_of
from apps.exchange.services.telling import tell
from apps.staff.models import Substitution, TeachingAssignment
from apps.staff.services import restore_teaching
from apps.students.models import Enrolment, SectionMembership, StudentGuardian
from schoolops import clock, events, queues
from schoolops.audit import bulk, trail
from schoolops.constraints import explains

# What refers stands before what it refers to.
_ORDER = (
    staged.SEAT, staged.PLACE, staged.ASSIGNMENT, staged.LINK, staged.GUARDIAN, staged.STUDENT, staged.STAFF,
    staged.CLASS, staged.SECTION, staged.COURSE, staged.GRADE_LEVEL, staged.TERM, staged.YEAR, staged.INSTITUTION,
)  # fmt: skip


@transaction.atomic
def begin_undo(*, run: Import, by: User, in_background: bool = False) -> Import:
    """Say that an import is to be taken back: by a worker with ``in_background``, else by whoever calls ``undo``.

    An import that stopped half-way is taken back as far as it came.

    Raises:
        PermissionMissing, ImportNotReady, ImportCleared, AnotherImportRuns, ChangedSince.
    """
    require_for_all(by, RUN)
    run = Import.objects.select_for_update().get(pk=run.pk)
    half_way = run.state == Import.State.APPLYING and stop_of(run) is not None
    if run.state not in {Import.State.APPLIED, Import.State.STOPPED} and not half_way:
        raise errors.ImportNotReady(state=run.state)
    if run.cleared_at is not None:
        raise errors.ImportCleared
    refuse_two(run)
    refuse_changed(run)
    run.state, run.by, run.done, run.job_id, run.moved_at = Import.State.UNDOING, by, 0, None, clock.now()
    with explains({"import_one_undoing": errors.AnotherImportRuns}):
        run.save(update_fields=["state", "by", "done", "job_id", "moved_at"])
    trail.record(by, "exchange.undo-begun", run)
    if in_background:
        events.publish(UndoBegun(run.pk))
    return run


def undo(*, run: Import) -> Import:
    """Take everything back that ``run`` wrote. Raises ``ImportNotReady``, ``ChangedSince``: nothing is changed."""
    try:
        with transaction.atomic():
            # Whoever else takes it back waits here, and then finds nothing to take back.
            run = Import.objects.select_for_update(of=("self",)).select_related("by").get(pk=run.pk)
            if run.state != Import.State.UNDOING or run.by is None:
                raise errors.ImportNotReady(state=run.state)
            _take_back(run, run.by)
    except (errors.ChangedSince, IntegrityError) as refusal:
        said = refusal if isinstance(refusal, errors.ChangedSince) else _in_use(refusal)
        run.state = before_undo(run)
        run.done = ImportRow.objects.filter(run=run, applied=True).count()
        run.problem = problem_of(said)
        run.save(update_fields=["state", "problem", "done"])
        assert run.by is not None  # noqa: S101 - narrows the type
        trail.record(run.by, "exchange.undo-refused", run, after={"code": said.code, "detail": said.detail})
    return run


def _in_use(violation: IntegrityError) -> errors.ChangedSince:
    said = str(violation.__cause__ or violation).split("DETAIL:")[-1].strip()
    return errors.ChangedSince(count=1, examples=said[:200])


def _take_back(run: Import, by: User) -> None:
    # Held first: what somebody is about to write now is in the trail before it is looked at.
    list(students_of(run).select_for_update(of=("self",)).order_by("pk").only("pk"))
    for table in (staged.GUARDIAN, staged.LINK, staged.SEAT, staged.PLACE):
        targets = TABLES[table].objects.filter(pk__in=written(run, table).values("target_id"))
        list(targets.select_for_update(of=("self",)).order_by("pk").only("pk"))
    refuse_changed(run)
    done = 0
    for table in _ORDER:
        # What came takes up the days and numbers of what was there before.
        done += _remove(run, table, by)
        done += _restore(run, table, by)
        queues.progress(done, run.of)
    # A key that still points at what is gone is found here rather than when the transaction ends.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    Counterpart.objects.filter(kind__startswith="homeroom@", run=run).delete()
    run.state, run.problem = Import.State.UNDONE, None
    run.save(update_fields=["state", "problem"])
    trail.record(by, "exchange.import-undone", run, after={"rows": done})


def _restore(run: Import, table: str, by: User) -> int:
    """Fields get back what stood in them."""
    model, restored = TABLES[table], 0
    for chunk in chunked(written(run, table, action=Action.UPDATE)):
        targets = model.objects.select_for_update(of=("self",)).in_bulk([row.target_id for row in chunk])
        if table == staged.STUDENT:
            made = [row.undo["enrolment"] for row in chunk if "enrolment" in row.undo]
            _delete(Enrolment, made)
        refuse_others(table, chunk, targets)
        were = [copy(target) for target in targets.values()]
        changes = [(targets[row.target_id], from_kept(model, row.undo)) for row in chunk if row.target_id in targets]
        bulk.changed(changes, by=by, action=f"{model._meta.app_label}.import-undone", reason=f"Undo {run.file_name}")
        if table == staged.STAFF:
            _teach_again(run, chunk, targets, by)
        _forget_written(table, chunk)
        tell(table, list(targets.values()), were=were)
        restored += len(chunk)
    return restored


def _teach_again(run: Import, rows: list[ImportRow], members: Mapping[int, Any], by: User) -> None:
    """What ended because somebody left goes on."""
    for row in rows:
        member = members.get(row.target_id or 0)
        if member is None or not row.undo.get("taught"):
            continue
        restore_teaching(
            member=member,
            left_on=dt.date.fromisoformat(row.after["ends_on"]),
            were=[_taught(kept) for kept in row.undo["taught"]],
            reason=f"Undo {run.file_name}",
            by=by,
        )


def _taught(kept: Mapping[str, Any]) -> TeachingAssignment | Substitution:
    model: type[TeachingAssignment | Substitution] = Substitution if "day" in kept else TeachingAssignment
    return model(**from_kept(model, kept))


def _forget_written(table: str, rows: list[ImportRow]) -> None:
    """What was remembered of these fields is what stands in them again."""
    remembered = {
        each.row_id: each for each in Counterpart.objects.filter(kind=table, row_id__in=[row.target_id for row in rows])
    }
    changed = []
    for row in rows:
        each = remembered.get(row.target_id or 0)
        if each is None:
            continue
        each.values = {**each.values, **row.before}
        if "sourcedId" in row.before:
            each.external_id = row.before["sourcedId"] or None
        changed.append(each)
    Counterpart.objects.bulk_update(changed, ["values", "external_id"], batch_size=500)


def _remove(run: Import, table: str, by: User) -> int:
    """Rows that the import made go, each with a line of the trail; what was written last goes first."""
    model, removed = TABLES[table], 0
    for chunk in chunked(written(run, table, action=Action.CREATE), backwards=True):
        keys = [row.target_id for row in chunk]
        targets = list(model.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))
        refuse_others(table, chunk, {target.pk: target for target in targets})
        if table == staged.LINK:
            _refuse_other_access(chunk, targets)
        trail.record_many(
            trail.entry_of(
                by,
                f"{model._meta.app_label}.import-undone",
                target,
                before={"name": str(target)[:200]},
                reason=f"Undo {run.file_name}",
            )
            for target in targets
        )
        if table == staged.SEAT:
            _back_to_the_section_before(chunk, {seat.pk: seat for seat in targets})
        if table == staged.STUDENT:
            _delete(Enrolment, list(Enrolment.objects.filter(student__in=keys).values_list("pk", flat=True)))
        if table == staged.CLASS:
            through = model.terms.through
            _delete(through, list(through.objects.filter(course_class__in=keys).values_list("pk", flat=True)))
        _delete(model, keys)
        known = Counterpart.objects.filter(kind=table, row_id__in=keys)
        _delete(Counterpart, list(known.values_list("pk", flat=True)))
        tell(table, targets)
        removed += len(chunk)
    return removed


def _refuse_other_access(rows: list[ImportRow], links: list[StudentGuardian]) -> None:
    """What somebody decided about a guardian's access is never deleted, whatever the trail says of it."""
    written = {row.target_id: row.values.get("data_access") or "true" for row in rows}
    for link in links:
        if link.restriction_note or plain(link.data_access) != written[link.pk]:
            raise errors.ChangedSince(count=1, examples=str(link))


def _back_to_the_section_before(rows: list[ImportRow], seats: Mapping[int, SectionMembership]) -> None:
    """Who was moved goes back: what ended on the day a seat began ends again when it did before."""
    _delete(SectionMembership, list(seats))
    # What was written last stands first: of a section that was left twice, the older end is the one that stays.
    left = {row.undo["left"]["id"]: row for row in rows if "left" in row.undo and row.target_id in seats}
    before = SectionMembership.objects.in_bulk(left)
    for pk, seat in before.items():
        seat.ends_on = from_kept(SectionMembership, left[pk].undo["left"])["ends_on"]
    SectionMembership.objects.bulk_update(before.values(), ["ends_on"], batch_size=500)


def _delete(model: Any, keys: list[Any]) -> None:
    """Exactly these rows. Django's own would take along whatever refers to them, such as rolls marked since."""
    if keys:
        rows = model.objects.filter(pk__in=keys)
        rows._raw_delete(rows.db)  # noqa: SLF001 - Django’s own way around its collector
