"""Two records of one guardian become one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import custody
from apps.students.services.guardians import CUSTODY, MANAGE
from apps.students.services.held import hold, reached
from apps.students.services.merging import Closed, Moved
from schoolops.audit import trail

# What a record may take over from another, and what may be chosen of the two.
CARRIED = ("given_name", "family_name", "email", "phone", "address", "language")
CHOSEN = (*CARRIED, "user")


@dataclass(frozen=True, slots=True)
class GuardiansMerged:
    """What became of two records.

    ``by_kind``: what moved and what stayed on the duplicate, such as ``{"children": Moved(1, 0)}``. ``filled``: fields
    that now say what the duplicate said. ``kept_apart``: fields in which it says something else. ``closed``: links in
    which the guardian may do less than by one of the two before.
    """

    kept: Guardian
    duplicate: Guardian
    by_kind: dict[str, Moved]
    filled: tuple[str, ...]
    kept_apart: tuple[str, ...]
    closed: tuple[Closed, ...]


Mover = Callable[[Guardian, Guardian], Moved]
_movers: dict[str, Mover] = {}


def moves_with_guardian(kind: str) -> Callable[[Mover], Mover]:
    """Register what carries rows of ``kind`` from a duplicate to the guardian that is kept: ``f(duplicate, kept)``.

    For apps above this one. It runs in the merge's transaction, before the links come together.
    """

    def register(mover: Mover) -> Mover:
        _movers[kind] = mover
        return mover

    return register


@transaction.atomic
def merge_guardians(
    *, keep: Guardian, duplicate: Guardian, take: Collection[str] = (), reason: str = "", by: User
) -> GuardiansMerged:
    """Let ``keep`` be the guardian of all children of both; the duplicate stays for its history.

    Whoever asks manages every child of both and sees every restriction. What either record withholds stays withheld:
    of a child of both the links become the stricter, and of whom a person parted from the child by one record the other
    no longer sees it. Bills and payments stay as they were issued, and are the kept record's to read.

    Args:
        take: fields of ``CHOSEN`` in which the duplicate's value is the right one; gaps are filled anyway.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown, CannotMergeWithItself, GuardianMerged, FieldNotToBeTaken.
    """
    if keep.pk == duplicate.pk:
        raise errors.CannotMergeWithItself
    if unknown := {*take} - {*CHOSEN}:
        raise errors.FieldNotToBeTaken(field_name=min(unknown))
    access.require(by, MANAGE)
    pair = [keep.pk, duplicate.pk]
    students = hold(set(StudentGuardian.objects.filter(guardian__in=pair).values_list("student_id", flat=True)))
    rows = Guardian.objects.select_for_update(of=("self",)).select_related("user").filter(pk__in=pair).order_by("pk")
    held = {row.pk: row for row in rows}
    keep, duplicate = held[keep.pk], held[duplicate.pk]
    if keep.merged_into_id is not None or duplicate.merged_into_id is not None:
        raise errors.GuardianMerged
    found = StudentGuardian.objects.filter(guardian__in=pair).select_related("student", "guardian").order_by("pk")
    links: list[StudentGuardian] = list(found)
    if {link.student_id for link in links} - students.keys():
        # Linked while this waited: those children are neither held nor asked about.
        raise errors.ChangedMeanwhile(version=keep.version)
    _require_all(links, students, by=by)
    filled, apart = _chosen(keep, duplicate, take, by=by)
    parted = custody.kept_from(students.values())
    others = {kind: mover(duplicate, keep) for kind, mover in _movers.items()}
    children, closed = _links_come_together(links, keep, duplicate, parted)
    Guardian.objects.filter(merged_into=duplicate).update(merged_into=keep)
    duplicate.merged_into, duplicate.status = keep, "tobedeleted"
    duplicate.version += 1
    duplicate.save(update_fields=["merged_into", "status", "version", "user"])
    keep.version += 1
    keep.save(update_fields=[*filled, "version", "user"])
    done = GuardiansMerged(
        keep, duplicate, {"children": children, **others}, tuple(filled), tuple(apart), tuple(closed)
    )
    _tell(done, reason=reason, by=by)
    return done


def look_at_merging_guardians(
    *, keep: Guardian, duplicate: Guardian, take: Collection[str] = (), by: User
) -> GuardiansMerged:
    """What ``merge_guardians`` would make of the two; nothing stays of it. Raises what it raises."""
    with transaction.atomic():
        done = merge_guardians(keep=keep, duplicate=duplicate, take=take, by=by)
        transaction.set_rollback(True)
    return done


def _require_all(links: Sequence[StudentGuardian], students: dict[int, Student], *, by: User) -> None:
    """Whoever joins two people's rights manages every child of theirs, and sees why one is kept from them."""
    if reached(students, MANAGE, by=by) != set(students):
        access.refuse(MANAGE, "row", OutOfReach(), kind="student")
    noted = {link.student_id for link in links if link.restriction_note}
    if noted and set(access_rows.keys_in_reach(by, CUSTODY, "student", Student, noted)) != noted:
        # As if there were no such guardian: who asks may not see why.
        access.refuse(CUSTODY, "row", OutOfReach(), kind="student")


def _chosen(keep: Guardian, duplicate: Guardian, take: Collection[str], *, by: User) -> tuple[list[str], list[str]]:
    """(what the kept record takes over, in what the duplicate says something else), and takes it over."""
    filled, apart = [], []
    for name in CARRIED:
        ours, theirs = getattr(keep, name), getattr(duplicate, name)
        if not theirs or theirs == ours:
            continue
        if ours and name not in take:
            apart.append(name)
        else:
            setattr(keep, name, theirs)
            filled.append(name)
    login = duplicate.user
    if login is not None:
        # Unique: the duplicate must let go before the kept record takes hold.
        duplicate.user = None
        Guardian.objects.filter(pk=duplicate.pk).update(user=None)
        if keep.user_id is None or "user" in take:
            access.require_login(by, MANAGE, login)
            keep.user = login
            filled.append("user")
        else:
            apart.append("user")
    return filled, apart


def _links_come_together(
    links: Sequence[StudentGuardian], keep: Guardian, duplicate: Guardian, parted: dict[int, list[Guardian]]
) -> tuple[Moved, list[Closed]]:
    kept = {link.student_id: link for link in links if link.guardian_id == keep.pk}
    theirs = {link.student_id: link for link in links if link.guardian_id == duplicate.pk}
    both, pair = kept.keys() & theirs.keys(), {keep.pk, duplicate.pk}
    closed: list[Closed] = []
    for student, link in (theirs | kept).items():
        less: dict[str, Any] = {}
        if student in both:
            less = custody.strictest(kept[student], theirs[student])
        elif link.data_access and any(person.pk in pair - {link.guardian_id} for person in parted[student]):
            less = {"data_access": False}
        for name, value in less.items():
            setattr(link, name, value)
        if less:
            closed.append(Closed(link, tuple(sorted(less))))
        link.guardian = keep
    StudentGuardian.objects.filter(pk__in=[theirs[student].pk for student in both]).delete()
    changed = ["guardian", "restriction_note", "channels", *custody.GIVES]
    StudentGuardian.objects.bulk_update([*(theirs | kept).values()], changed)
    return Moved(len(theirs) - len(both), len(both)), closed


def _tell(done: GuardiansMerged, *, reason: str, by: User) -> None:
    facts: dict[str, Any] = {kind: {"moved": each.moved, "left": each.left} for kind, each in done.by_kind.items()}
    said = {"filled": done.filled, "kept_apart": done.kept_apart}
    closed = [{"student": each.link.student, "fields": each.fields} for each in done.closed]
    after = {"duplicate": done.duplicate, **facts, **said, "closed": closed}
    trail.record(by, "students.guardians-merged", done.kept, after=after, reason=reason)
    trail.record(by, "students.guardian-merged-into", done.duplicate, after={"kept": done.kept, **facts}, reason=reason)
    for each in done.closed:
        less = {name: getattr(each.link, name) for name in each.fields}
        after = {"guardian": done.kept, **less}
        trail.record(by, "students.guardian-link-changed", each.link.student, after=after, reason=reason)
