"""Guardians, and the explicit links that say what each may see of whom: one rule, one place, for one and for many.

Rows are held in the order of keys; a fixed number of statements for any number of rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to, guardians_shown_to, today_for
from apps.students.services.custody import UNLINKED
from apps.students.services.held import Result, give_login, hold, logged_in_as, reached, refuse_login
from apps.students.services.placing import locked
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.holders import who
from schoolops.rows import refuse_too_long

MANAGE = "guardians.manage"
CUSTODY = "students.view_custody"
_LOGIN = {"students_guardian_user_id_key": errors.LoginTaken}
_EXPLAINED = {"guardian_linked_once": errors.GuardianAlreadyLinked}


@dataclass(frozen=True, slots=True)
class GuardianChange:
    """What is to be said of a guardian; ``expected_version`` is the one that was read, ``None`` any."""

    guardian: Guardian
    fields: Mapping[str, Any]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Linking:
    """``guardian`` is to be one of this student’s, with these ``fields`` of the link; with no priority called last."""

    student: Student
    guardian: Guardian
    fields: Mapping[str, Any]


# --- guardians --------------------------------------------------------------------------------------------------------
@transaction.atomic
def add_guardians(newcomers: Sequence[Mapping[str, Any]], *, reason: str = "", by: User) -> Result:
    """Guardians without any student yet: they see nothing. Refused row by row: UserUnknown, LoginTaken.

    Raises:
        PermissionMissing; and for all of them TextTooLong, and LoginTaken by what is written this moment.
    """
    access.require(by, MANAGE)
    logins, result = logged_in_as(Guardian, newcomers), Result([None] * len(newcomers))
    accepted: list[tuple[Guardian, Mapping[str, Any]]] = []
    for number, fields in enumerate(newcomers):
        guardian = Guardian(**fields)
        try:
            access.require_login(by, MANAGE, fields.get("user"))
            refuse_login(logins, guardian, fields)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        give_login(logins, guardian, fields, was=None)
        result.rows[number] = guardian
        accepted.append((guardian, fields))
    if not accepted:
        return result
    with explains(_LOGIN):
        rows, after = [row for row, _ in accepted], [fields for _, fields in accepted]
        bulk.added(rows, by=by, action="students.guardian-added", after=after, reason=reason)
    return result


@transaction.atomic
def change_guardians(changes: Sequence[GuardianChange], *, reason: str = "", by: User) -> Result:
    """Change how guardians are called and reached, each once.

    Refused row by row: OutOfReach, UserUnknown, ChangedMeanwhile, LoginTaken, LoginOfWhoIsKeptAway.

    Raises:
        PermissionMissing; and for all of them TextTooLong, and LoginTaken by what is written this moment.
    """
    rows = Guardian.objects.select_for_update(of=("self",)).select_related("user").order_by("pk")
    held = {row.pk: row for row in rows.filter(pk__in={change.guardian.pk for change in changes})}
    given = {change.guardian.pk for change in changes if "user" in change.fields}
    withheld = _out_of_reach(held, to_every_child=given, by=by)
    kept_away = _kept_away({pk for pk in given if held[pk].user_id is not None}, by=by)
    logins = logged_in_as(Guardian, [change.fields for change in changes])
    result = Result([None] * len(changes))
    accepted: list[tuple[Guardian, Mapping[str, Any]]] = []
    for number, each in enumerate(changes):
        row = held[each.guardian.pk]
        try:
            if row.pk in withheld:
                raise OutOfReach
            access.require_login(by, MANAGE, each.fields.get("user"))
            if each.expected_version not in {None, row.version}:
                raise errors.ChangedMeanwhile(version=row.version)
            if row.pk in kept_away and each.fields["user"] != row.user:
                raise kept_away[row.pk]
            refuse_login(logins, row, each.fields)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        give_login(logins, row, each.fields, was=row.user_id)
        result.rows[number] = row
        accepted.append((row, each.fields))
    with explains(_LOGIN):
        logins.let_go(Guardian, user=None)
        bulk.changed(accepted, by=by, action="students.guardian-changed", reason=reason)
    return result


def add_guardian(*, fields: Mapping[str, Any], by: User) -> Guardian:
    """As ``add_guardians``, for one. Raises ``PermissionMissing``, ``UserUnknown``, ``LoginTaken``, ``TextTooLong``."""
    guardian: Guardian = add_guardians([fields], by=by).only()
    return guardian


def change_guardian(
    *, guardian: Guardian, fields: Mapping[str, Any], expected_version: int | None, by: User
) -> Guardian:
    """As ``change_guardians``, for one.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown, ChangedMeanwhile, LoginTaken, LoginOfWhoIsKeptAway, TextTooLong.
    """
    changed: Guardian = change_guardians([GuardianChange(guardian, fields, expected_version)], by=by).only()
    return changed


def _out_of_reach(theirs: Collection[int], *, to_every_child: Collection[int] = (), by: User) -> set[int]:
    """Which of these guardians (by key) ``by`` does not manage for any student of theirs; not who has none yet.

    ``to_every_child``: for every one; whom a login is given to sees all their children.

    Raises:
        PermissionMissing.
    """
    day = access.today(by)
    reach = access.within_reach(by, MANAGE, "student", day=day)
    shown = guardians_shown_to(by, MANAGE, day)
    if shown == Q() or not theirs:
        return set()
    refused = ~Q(guardian__in=Guardian.objects.filter(shown, pk__in=theirs).values("pk"))
    if to_every_child and reach != Q():
        theirs_alone = ~Q(student__in=Student.objects.filter(reach).values("pk"))
        refused |= Q(guardian__in=to_every_child) & theirs_alone
    links = StudentGuardian.objects.filter(refused, guardian__in=theirs)
    return set(links.values_list("guardian_id", flat=True))


def _kept_away(guardians: Collection[int], *, by: User) -> dict[int, SchoolOpsError]:
    """Why these may not let go of their login: somebody is kept from a child by this record, and would read again by
    another. Where ``by`` may not see the restriction it is as if the child were in nobody's reach.
    """
    if not guardians:
        return {}
    links = StudentGuardian.objects.filter(guardian__in=guardians).exclude(restriction_note="")
    restrictions = Counter(links.values_list("guardian_id", flat=True))
    seen = links.filter(contacts_shown_to(by, access.today(by)))
    told = Counter(seen.values_list("guardian_id", flat=True)) if restrictions else {}
    return {
        key: errors.LoginOfWhoIsKeptAway() if told[key] == count else OutOfReach()
        for key, count in restrictions.items()
    }


# --- links ------------------------------------------------------------------------------------------------------------
class _Links:
    """Who is whose guardian, as each wish is looked at as if those before it were done.

    Of a link that bars somebody nothing is told to who may not see restrictions. Who is nobody to call stands behind
    everybody who is, so that no number is missing.
    """

    def __init__(self, wishes: Sequence[Linking], *, by: User) -> None:
        self.by = by
        access.require(by, MANAGE)
        students = {wish.student.pk for wish in wishes} - {None}
        self.reached = reached(students, MANAGE, by=by)
        self.withheld = _out_of_reach({wish.guardian.pk for wish in wishes} - {None}, by=by)
        links = list(StudentGuardian.objects.filter(student__in=students).order_by("contact_priority", "pk"))
        noted = {wish.student.pk for wish in wishes if "restriction_note" in wish.fields} - {None}
        noted |= {link.student_id for link in links if link.restriction_note}
        self.sees = access_rows.keys_in_reach(by, CUSTODY, "student", Student, noted)
        self.pairs = {(link.student_id, link.guardian_id) for link in links}
        self.taken: defaultdict[int, set[int]] = defaultdict(set)
        self.hidden: defaultdict[int, list[StudentGuardian]] = defaultdict(list)
        for link in links:
            if link.restriction_note and link.student_id not in self.sees:
                self.hidden[link.student_id].append(link)
            else:
                self.taken[link.student_id].add(link.contact_priority)

    def consider(self, wish: Linking) -> StudentGuardian:
        """The link to be written. Raises why it cannot be, and then nothing changed."""
        student, guardian, fields = wish.student, wish.guardian, wish.fields
        if who(student) > 0 and student.pk not in self.reached:
            access.refuse(MANAGE, "row", OutOfReach(), kind="student")
        if student.merged_into_id is not None:
            raise errors.StudentMerged
        if guardian.merged_into_id is not None:
            raise errors.GuardianMerged
        hidden, taken, pair = self.hidden[who(student)], self.taken[who(student)], (who(student), who(guardian))
        if guardian.pk in self.withheld | {link.guardian_id for link in hidden}:
            # As if there were no such guardian: who asks may not see why.
            raise OutOfReach
        if pair in self.pairs:
            raise errors.GuardianAlreadyLinked
        if "restriction_note" in fields:
            # A restriction that one cannot see is one that one could lift without knowing.
            access.require(self.by, CUSTODY)
            if student.pk not in self.sees:
                access.refuse(CUSTODY, "row", OutOfReach(), kind="student")
        priority = fields.get("contact_priority") or max(taken, default=0) + 1
        if priority in taken:
            raise errors.ContactPriorityTaken(priority=priority)
        link = StudentGuardian(student=student, guardian=guardian, **{**fields, "contact_priority": priority})
        refuse_too_long(link)
        self.pairs.add(pair)
        taken.add(priority)
        for place, each in enumerate(hidden, start=max(taken) + 1):
            each.contact_priority = place
        return link


@transaction.atomic
def link_guardians(wishes: Sequence[Linking], *, reason: str = "", by: User) -> Result:
    """Let guardians be these students'; the students are held in the order of keys.

    Refused row by row: OutOfReach, StudentMerged, GuardianMerged, GuardianAlreadyLinked, ContactPriorityTaken,
    TextTooLong; PermissionMissing, for a restriction.

    Raises:
        PermissionMissing.
    """
    students = hold({wish.student.pk for wish in wishes})
    # Held, so that none is merged into another between looking and linking.
    rows = Guardian.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    people = {row.pk: row for row in rows.filter(pk__in={wish.guardian.pk for wish in wishes} - {None})}
    wishes = [
        Linking(students[wish.student.pk], people.get(wish.guardian.pk, wish.guardian), wish.fields) for wish in wishes
    ]
    books, result = _Links(wishes, by=by), Result([None] * len(wishes))
    accepted: list[Linking] = []
    for number, wish in enumerate(wishes):
        try:
            result.rows[number] = books.consider(wish)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
        else:
            accepted.append(wish)
    if not accepted:
        return result
    with explains(_EXPLAINED):
        if behind := [link for key in {wish.student.pk for wish in accepted} for link in books.hidden[key]]:
            StudentGuardian.objects.bulk_update(behind, ["contact_priority"], batch_size=bulk.BATCH)
        StudentGuardian.objects.bulk_create([row for row in result.rows if row is not None], batch_size=bulk.BATCH)
    trail.record_many(
        trail.entry_of(
            by,
            "students.guardian-linked",
            wish.student,
            after={"guardian": wish.guardian, **wish.fields},
            reason=reason,
        )
        for wish in accepted
    )
    return result


def look_at_links(
    wishes: Sequence[Linking], *, taken: Mapping[int, Collection[int]], by: User
) -> list[int | SchoolOpsError]:
    """What ``link_guardians`` would make of these: the priority of each, or why it would be refused.

    Nothing is written or held, and students and guardians may be yet to come. ``taken``: number of the wish →
    priorities that are to be given before.

    Raises:
        PermissionMissing.
    """
    books = _Links(wishes, by=by)
    found: list[int | SchoolOpsError] = []
    for number, wish in enumerate(wishes):
        books.taken[who(wish.student)].update(taken.get(number, ()))
        try:
            found.append(books.consider(wish).contact_priority)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            found.append(refusal)
    return found


def link_guardian(*, student: Student, guardian: Guardian, fields: Mapping[str, Any], by: User) -> StudentGuardian:
    """Let ``guardian`` be one of this student's.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, GuardianAlreadyLinked, ContactPriorityTaken, TextTooLong.
    """
    link: StudentGuardian = link_guardians([Linking(student, guardian, fields)], by=by).only()
    return link


Change = tuple[StudentGuardian, Mapping[str, Any]]


@transaction.atomic
def change_guardian_links(changes: Sequence[Change], *, reason: str = "", by: User) -> Result:
    """Change what guardians are to students and may see, each link once; the students are held in the order of keys.

    Refused row by row: OutOfReach, StudentMerged; PermissionMissing, where there is a restriction. A link that is gone
    is out of reach. A priority that is taken makes the two change places. Constant statements, but for priorities.

    Raises:
        PermissionMissing.
    """
    students = hold({link.student_id for link, _ in changes})
    over = reached(students, MANAGE, by=by)
    held: dict[int, StudentGuardian] = StudentGuardian.objects.select_related("guardian").in_bulk(
        [link.pk for link, _ in changes]
    )
    noted = {link.student_id for link, fields in changes if "restriction_note" in fields}
    noted |= {link.student_id for link in held.values() if link.restriction_note}
    sees = access_rows.keys_in_reach(by, CUSTODY, "student", Student, noted) if noted else ()
    result, written, entries = Result([None] * len(changes)), list[StudentGuardian](), list[Any]()
    names: set[str] = set()
    for number, (link, fields) in enumerate(changes):
        student, row = students[link.student_id], held.get(link.pk)
        try:
            if student.merged_into_id is not None:
                raise errors.StudentMerged
            if row is None or student.pk not in over:
                access.refuse(MANAGE, "row", OutOfReach(), kind="student")
            # A restriction that one cannot see is one that one could lift without knowing.
            if "restriction_note" in fields or row.restriction_note:
                access.require(by, CUSTODY)
                if student.pk not in sees:
                    access.refuse(CUSTODY, "row", OutOfReach(), kind="student")
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        result.rows[number] = row
        before, after = trail.changed(row, fields)
        if not after:
            continue
        if "contact_priority" in after:
            # Unique, but looked at when the transaction ends, so two can change places.
            StudentGuardian.objects.filter(student=student, contact_priority=after["contact_priority"]).update(
                contact_priority=before["contact_priority"]
            )
        for name, value in after.items():
            setattr(row, name, value)
        refuse_too_long(row, after)
        names |= after.keys()
        written.append(row)
        facts = {"guardian": row.guardian, **after}
        entries.append(
            trail.entry_of(by, "students.guardian-link-changed", student, before=before, after=facts, reason=reason)
        )
    if written:
        StudentGuardian.objects.bulk_update(written, sorted(names), batch_size=bulk.BATCH)
    trail.record_many(entries)
    return result


def change_guardian_link(*, link: StudentGuardian, fields: Mapping[str, Any], by: User) -> StudentGuardian:
    """As ``change_guardian_links``, for one. Raises ``PermissionMissing``, ``OutOfReach``, ``StudentMerged``."""
    changed: StudentGuardian = change_guardian_links([(link, fields)], by=by).only()
    return changed


@transaction.atomic
def unlink_guardian(*, link: StudentGuardian, by: User) -> None:
    """Let the guardian no longer be one of this student's.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged.
    """
    student = locked(link.student)
    access.require_row(by, MANAGE, "student", student, day=today_for(student))
    # As it is now: somebody may have restricted it since it was read.
    link = StudentGuardian.objects.select_related("guardian").get(pk=link.pk)
    if link.restriction_note:
        # One that one cannot see is one that one could lift without knowing.
        access.require_row(by, CUSTODY, "student", student, day=today_for(student))
    guardian = link.guardian
    before = {"guardian": guardian, "relation": link.relation, "contact_priority": link.contact_priority}
    StudentGuardian.objects.filter(pk=link.pk).delete()
    trail.record(by, UNLINKED, student, before=before)
