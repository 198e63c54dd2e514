"""An import is taken back, as long as nobody has changed what it wrote: looked at first, then chunk by chunk.

What somebody changes while it goes on stops it there: the import is then applied in part, and either goes on or is
taken back further.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from copy import copy
from typing import Any

from django.db import IntegrityError, connection, transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.events import UndoBegun
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.exchange.selectors.stops import left_of, stop_of
from apps.exchange.services.changed import (
    ABOUT_STUDENTS,
    REMEMBERED,
    TABLES,
    UNUSED,
    chunked,
    refuse_changed,
    refuse_changed_rows,
    student_keys,
    tables_written,
    terms_held,
    undo_of,
    written,
)
from apps.exchange.services.comparing import Action, from_kept
from apps.exchange.services.kinds.students import ENDS
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.cells import problem_of
from apps.exchange.services.receiving import RUN
from apps.exchange.services.staging import still, write_rows
from apps.exchange.services.stopping import before_undo, refuse_two
from apps.exchange.services.telling import publish_undone
from apps.exchange.services.turns import Turn, take_up
from apps.institutions.models import CourseClassTerm, Term
from apps.staff.models import Substitution, TeachingAssignment
from apps.staff.services import restore_teaching
from apps.students.events import StudentsEnrolled
from apps.students.models import Enrolment, SectionMembership
from apps.students.services.books import publish_moved
from apps.students.services.held import hold
from schoolops import clock, events, queues
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.rows import with_names

# A roll beside it waits for one of these, and for no more.
CHUNK = 250
# What refers stands before what it refers to.
_ORDER = (
    staged.MEMBERSHIP, staged.PLACE, staged.ASSIGNMENT, staged.LINK, staged.GUARDIAN, staged.STUDENT, staged.STAFF,
    staged.CLASS, staged.SECTION, staged.COURSE, staged.GRADE_LEVEL, staged.TERM, staged.YEAR, staged.INSTITUTION,
)  # fmt: skip


@transaction.atomic
def begin_undo(*, run: Import, by: User, in_background: bool = False) -> Import:
    """Say that an import is to be taken back: by a worker with ``in_background``, else by whoever calls ``undo``.

    An import that stopped half-way is taken back as far as it came.

    Raises:
        PermissionMissing, ImportNotReady, ImportCleared, AnotherImportRuns, ChangedSince.
    """
    access.require_everywhere(by, RUN)
    run = Import.objects.select_for_update().get(pk=run.pk)
    half_way = run.state == Import.State.APPLYING and stop_of(run) is not None
    if run.state not in {Import.State.APPLIED, Import.State.STOPPED} and not half_way:
        raise errors.ImportNotReady(state=run.state)
    if run.cleared_at is not None:
        raise errors.ImportCleared
    refuse_two(run)
    refuse_changed(run)
    run.state, run.by, run.done, run.job_id, run.moved_at = Import.State.UNDOING, by, 0, None, clock.now()
    run.of = ImportRow.objects.filter(run=run, applied=True).count()
    with explains({"import_one_undoing": errors.AnotherImportRuns}):
        run.save(update_fields=["state", "by", "done", "of", "job_id", "moved_at"])
    trail.record(by, "exchange.undo-begun", run)
    if in_background:
        events.publish(UndoBegun(run.pk))
    return run


def undo(*, run: Import) -> Import:
    """Take back what ``run`` wrote and is not taken back yet. Killed at any point, calling it again goes on from there.

    Where somebody changed something of it meanwhile, ``problem`` says what; nothing is changed where that is seen
    before anything is.

    Raises:
        ImportNotReady, TakenUpElsewhere.
    """
    turn = take_up(run, {Import.State.UNDOING})
    run = turn.run
    try:
        if not run.done:
            refuse_changed(run)
        if not _take_back(turn):
            return run
    except (errors.ChangedSince, IntegrityError) as refusal:
        said = refusal if isinstance(refusal, errors.ChangedSince) else _in_use(refusal)
        with queues.finishing():
            turn.hold()
            run.state, run.problem = before_undo(run), problem_of(said)
            run.done = ImportRow.objects.filter(run=run, applied=True).count()
            run.of = run.done + left_of(run)
            run.save(update_fields=["state", "problem", "done", "of"])
            trail.record(turn.by, "exchange.undo-refused", run, after={"code": said.code, "detail": said.detail})
    else:
        with queues.finishing():
            turn.hold()
            # What is remembered only.
            Counterpart.objects.filter(kind__startswith="homeroom@", run=run).delete()
            ImportRow.objects.filter(run=run, applied=True).update(applied=False)
            run.state, run.problem, run.done = Import.State.UNDONE, None, run.of
            run.save(update_fields=["state", "problem", "done"])
            trail.record(turn.by, "exchange.import-undone", run, after={"rows": run.done})
    return run


def _in_use(violation: IntegrityError) -> errors.ChangedSince:
    said = str(violation.__cause__ or violation).split("DETAIL:")[-1].strip()
    return errors.ChangedSince(count=1, examples=said[:200])


def _take_back(turn: Turn) -> bool:
    """``False``: another job goes on with it."""
    run, there = turn.run, tables_written(turn.run)
    for table in _ORDER:
        # What came takes up the days and numbers of what was there before; what was written last goes first.
        for action, take, backwards in ((Action.CREATE, _remove, True), (Action.UPDATE, _restore, False)):
            if (table, action) not in there:
                continue
            for chunk in chunked(written(run, table, action=action), size=CHUNK, backwards=backwards):
                with turn.chunk():
                    rows = still(chunk, applied=True)
                    targets = _held(table, [row.target_id for row in rows])
                    refuse_changed_rows(run, table, rows, targets)
                    take(run, table, rows, targets, turn.by)
                    for row in rows:
                        row.applied, row.undo = False, {}
                        row.target_id = row.target_id if action == Action.UPDATE else None
                    write_rows(rows, ("applied", "undo", "target_id"))
                    turn.went_on(len(rows))
                    # A key that still points at what is gone is found here rather than when the transaction ends.
                    connection.check_constraints()
                if turn.passed_on():
                    return False
    return True


def _held(table: str, keys: list[int | None]) -> dict[int, Any]:
    """What these rows are about, held: the students first, in the order of keys, as everybody does."""
    model = TABLES[table]
    if table in ABOUT_STUDENTS:
        hold(student_keys(table, model.objects.in_bulk(keys)))
    rows = with_names(model.objects.select_for_update(of=("self",))).filter(pk__in=keys).order_by("pk")
    return {row.pk: row for row in rows}


def _restore(run: Import, table: str, rows: list[ImportRow], targets: Mapping[int, Any], by: User) -> None:
    """Fields get back what stood in them."""
    model = TABLES[table]
    if table == staged.STUDENT:
        _delete(Enrolment, [row.undo["enrolment"] for row in rows if "enrolment" in row.undo])
    were = [copy(target) for target in targets.values()]
    found = ((targets.get(row.target_id or 0), row.undo) for row in rows)
    changes = [(target, from_kept(model, kept)) for target, kept in found if target is not None]
    bulk.changed(changes, by=by, action=f"{model._meta.app_label}.import-undone", reason=undo_of(run))
    if table == staged.STAFF:
        _teach_again(run, rows, targets, by)
    if table == staged.STUDENT:
        _back_where_they_were([kept for row in rows for kept in row.undo.get("ended", ())])
    if table == staged.CLASS:
        _back_in_their_terms(run, rows, targets, by)
    _forget_written(table, rows)
    publish_undone(table, list(targets.values()), were=were)


def _back_where_they_were(ended: list[list[Any]]) -> None:
    """What ended with an enrolment goes on; enrolments first, which hold the rest."""
    since: dict[int, dt.date] = {}
    for name, model in ENDS.items():
        were = [model(**from_kept(model, kept)) for each, kept in ended if each == name]
        there = set(model.objects.filter(pk__in=[each.pk for each in were]).values_list("pk", flat=True))
        names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
        model.objects.bulk_create([each for each in were if each.pk not in there])
        model.objects.bulk_update([each for each in were if each.pk in there], names, batch_size=500)
        for each in were:
            day = each.entered_on if isinstance(each, Enrolment) else each.starts_on
            since[each.student_id] = min(day, since.get(each.student_id, day))
        if name == "enrolments" and were:
            students = tuple(sorted({each.student_id for each in were}))
            events.publish(StudentsEnrolled(students, tuple(each.pk for each in were)))
        elif name == "places":
            publish_undone(staged.PLACE, were)
    publish_moved(since)


def _back_in_their_terms(run: Import, rows: list[ImportRow], classes: Mapping[int, Any], by: User) -> None:
    for row in rows:
        taught = classes.get(row.target_id or 0)
        if taught is None or "terms" not in row.undo:
            continue
        before = list(taught.terms.values_list("sourced_id", flat=True))
        terms = list(Term.objects.filter(pk__in=row.undo["terms"]))
        CourseClassTerm.objects.filter(course_class=taught).delete()
        CourseClassTerm.objects.bulk_create(CourseClassTerm(course_class=taught, term=term) for term in terms)
        trail.record(
            by,
            "institutions.import-undone",
            taught,
            before={"terms": before},
            after={"terms": terms},
            reason=undo_of(run),
        )


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
            reason=undo_of(run),
            by=by,
        )


def _taught(kept: Mapping[str, Any]) -> TeachingAssignment | Substitution:
    model: type[TeachingAssignment | Substitution] = Substitution if "day" in kept else TeachingAssignment
    return model(**from_kept(model, kept))


def _forget_written(table: str, rows: list[ImportRow]) -> None:
    """What was remembered of these rows before is what is remembered of them again."""
    of_them = Counterpart.objects.filter(kind=table, row_id__in=[row.target_id for row in rows])
    remembered = {each.row_id: each for each in of_them}
    changed, gone = [], []
    for row in rows:
        each = remembered.get(row.target_id or 0)
        if each is None:
            continue
        if REMEMBERED in row.undo:
            each.external_id, each.values = row.undo[REMEMBERED]
            changed.append(each)
        elif each.run_id == row.run_id:
            gone.append(each.pk)
    _delete(Counterpart, gone)
    Counterpart.objects.bulk_update(changed, ["values", "external_id"], batch_size=500)


def _remove(run: Import, table: str, rows: list[ImportRow], targets: Mapping[int, Any], by: User) -> None:
    """Rows that the import made go, each with a line of the trail."""
    model, keys = TABLES[table], list(targets)
    trail.record_many(
        trail.entry_of(
            by,
            f"{model._meta.app_label}.import-undone",
            target,
            before={"name": str(target)},
            reason=undo_of(run),
        )
        for target in targets.values()
    )
    if table == staged.MEMBERSHIP:
        _back_to_the_section_before(rows, targets)
    if table == staged.STUDENT:
        _delete(Enrolment, list(Enrolment.objects.filter(student__in=keys).values_list("pk", flat=True)))
    if table == staged.CLASS:
        through = model.terms.through
        _delete(through, list(through.objects.filter(course_class__in=keys).values_list("pk", flat=True)))
    if table == staged.INSTITUTION:
        for given in UNUSED:
            _delete(given, list(given.objects.filter(institution__in=keys).values_list("pk", flat=True)))
    held = terms_held(run) if table == staged.TERM else {}
    _delete(model, keys)
    for key in (each for each in held if each in targets):
        above = targets[key].parent_id
        while above in targets:
            above = targets[above].parent_id
        Term.objects.filter(pk__in=held[key], parent=key).update(parent=above)
    known = Counterpart.objects.filter(kind=table, row_id__in=keys)
    _delete(Counterpart, list(known.values_list("pk", flat=True)))
    publish_undone(table, list(targets.values()))


def _back_to_the_section_before(rows: list[ImportRow], memberships: Mapping[int, SectionMembership]) -> None:
    """Who was moved goes back: what ended on the day a membership began ends again when it did before."""
    _delete(SectionMembership, list(memberships))
    # What was written last stands first: of a section that was left twice, the older end is the one that stays.
    left = {row.undo["left"]["id"]: row for row in rows if "left" in row.undo and row.target_id in memberships}
    before = SectionMembership.objects.in_bulk(left)
    for pk, membership in before.items():
        membership.ends_on = from_kept(SectionMembership, left[pk].undo["left"])["ends_on"]
    SectionMembership.objects.bulk_update(before.values(), ["ends_on"], batch_size=500)


def _delete(model: Any, keys: list[Any]) -> None:
    """Exactly these rows. Django's own would take along whatever refers to them, such as rolls marked since."""
    if keys:
        rows = model.objects.filter(pk__in=keys)
        rows._raw_delete(rows.db)  # noqa: SLF001 - Django’s own way around its collector
