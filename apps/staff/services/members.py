"""Members of staff: from the first day they work here to the last, and what ends with it; one, or a thousand.

Whoever writes what somebody teaches locks that person's row first, so that nobody is assigned while they leave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.staff import errors
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.services.ending import end_teaching
from schoolops import clock
from schoolops.audit import bulk, trail
from schoolops.constraints import Explanation, explains
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import Fold, fold
from schoolops.holders import NOBODYS, Holders, who
from schoolops.rows import refuse_too_long

MANAGE = "staff.manage"


def locked(member: StaffMember) -> StaffMember:
    """The person's row, held until the transaction ends."""
    row: StaffMember = (
        StaffMember.objects.select_for_update(of=("self",)).select_related("institution", "user").get(pk=member.pk)
    )
    return row


def in_order(starts_on: dt.date | None, ends_on: dt.date | None) -> None:
    """Nothing, when one can follow the other. Raises ``EndsBeforeStart``."""
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise errors.EndsBeforeStart(starts_on=starts_on, ends_on=ends_on)


# What only the database can see: what another transaction writes this moment.
_EXPLAINED: Mapping[str, Explanation] = {
    "staff_number_per_institution": lambda: errors.StaffNumberTaken(number="of this list"),
    "staff_staffmember_user_id_key": errors.LoginTaken,
}


@dataclass(slots=True)
class Result:
    """What became of N rows: each in its order, ``None`` where refused; number of the row → why."""

    rows: list[Any]
    refused: dict[int, SchoolOpsError] = field(default_factory=dict)

    def all(self) -> list[Any]:
        """Every row. Raises why the first was refused."""
        for refusal in self.refused.values():
            raise refusal
        return self.rows


@dataclass(frozen=True, slots=True)
class StaffChange:
    """What is to be said of somebody; ``expected_version`` is the one that was read, ``None`` any."""

    member: StaffMember
    fields: Mapping[str, Any]
    expected_version: int | None = None


class _Books:
    """Who has which number and login, as each row is looked at as if those before it were done."""

    def __init__(self, fields: Sequence[Mapping[str, Any]], *, by: User) -> None:
        self.by = by
        access.require(by, MANAGE)
        self.at = access_rows.institutions_of(by, MANAGE)
        numbers = {fold(each["staff_number"]) for each in fields if "staff_number" in each}
        logins = {each["user"].pk for each in fields if each.get("user") is not None}
        rows: Any = ()
        if numbers or logins:
            rows = StaffMember.objects.alias(_number=Fold("staff_number")).filter(
                Q(_number__in=numbers) | Q(user__in=logins)
            )
        held = [(_called(row), row.user_id, row.pk) for row in rows]
        self.numbers = Holders((number, pk) for number, _, pk in held)
        self.logins = Holders((login, pk) for _, login, pk in held if login is not None)

    def note(self, row: StaffMember, *, was: tuple[Any, int | None] = (None, None)) -> None:
        """From here on ``row`` is called as it says, and no longer as it ``was``: number and login."""
        self.numbers.give(row, was[0], _called(row))
        self.logins.give(row, was[1], row.user_id)

    def let_go(self) -> None:
        """Free what one lets go and another takes."""
        self.numbers.let_go(StaffMember, staff_number=NOBODYS)
        self.logins.let_go(StaffMember, user=None)

    def refuse(self, row: StaffMember, fields: Mapping[str, Any]) -> None:
        """Nothing, when ``row`` may be called as ``fields`` say.

        Raises:
            OutOfReach, UserUnknown, StaffNumberTaken, LoginTaken.
        """
        if self.at is not None and row.institution_id not in self.at:
            access.refuse(MANAGE, "institution", OutOfReach())
        user = fields.get("user")
        access.require_login(self.by, MANAGE, user)
        number = str(fields.get("staff_number", row.staff_number))
        called = (row.institution_id, fold(number))
        is_new = who(row) < 0 or called != _called(row)
        if is_new and self.numbers.another_has(called, row):
            raise errors.StaffNumberTaken(number=number)
        if user is not None and self.logins.another_has(user.pk, row):
            raise errors.LoginTaken


def _called(row: StaffMember) -> tuple[int, str]:
    return row.institution_id, fold(row.staff_number)


@transaction.atomic
def add_staff(newcomers: Sequence[tuple[Institution, Mapping[str, Any]]], *, reason: str = "", by: User) -> Result:
    """People who work at these campuses, with or without a login; those that cannot be are refused one by one.

    Refused: OutOfReach, UserUnknown, StaffNumberTaken, LoginTaken, EndsBeforeStart. Constant statements.

    Raises:
        PermissionMissing; for all of them TextTooLong, and what another writes this moment.
    """
    books, result = _Books([fields for _, fields in newcomers], by=by), Result([None] * len(newcomers))
    accepted: list[tuple[StaffMember, Mapping[str, Any]]] = []
    for number, (institution, fields) in enumerate(newcomers):
        row = StaffMember(institution=institution, **fields)
        try:
            books.refuse(row, fields)
            in_order(row.starts_on, row.ends_on)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.refused[number] = refusal
            continue
        books.note(row)
        result.rows[number] = row
        accepted.append((row, {"institution": institution, **fields}))
    with explains(_EXPLAINED):
        rows, after = [row for row, _ in accepted], [said for _, said in accepted]
        bulk.added(rows, by=by, action="staff.added", after=after, reason=reason)
    return result


@transaction.atomic
def change_staff(changes: Sequence[StaffChange], *, reason: str = "", by: User) -> Result:
    """Change what is known of people, each once. With ``ends_on`` what they teach ends, and they stand in no more.

    They are held in the order of keys. Refused one by one: OutOfReach, UserUnknown, ChangedMeanwhile,
    StaffNumberTaken, LoginTaken, EndsBeforeStart, TeachesBefore. Constant statements.

    Raises:
        PermissionMissing; for all of them TextTooLong, and what another writes this moment.
    """
    rows = StaffMember.objects.select_for_update(of=("self",)).select_related("institution", "user").order_by("pk")
    held = {row.pk: row for row in rows.filter(pk__in=[change.member.pk for change in changes])}
    books, result = _Books([change.fields for change in changes], by=by), Result([None] * len(changes))
    taught = first_days_taught({change.member.pk for change in changes if change.fields.get("starts_on") is not None})
    leaving: dict[StaffMember, dt.date] = {}
    changed: list[StaffMember] = []
    names = {"version", "date_last_modified"}
    entries: list[tuple[StaffMember, Any]] = []
    for number, each in enumerate(changes):
        row = held[each.member.pk]
        result.rows[number] = row
        try:
            books.refuse(row, each.fields)
            if each.expected_version is not None and row.version != each.expected_version:
                raise errors.ChangedMeanwhile(version=row.version)
            before, after = trail.changed(row, each.fields)
            in_order(after.get("starts_on", row.starts_on), after.get("ends_on", row.ends_on))
            if after.get("starts_on") is not None:
                refuse_teaching_before(row, after["starts_on"], taught.get(row.pk))
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            result.rows[number], result.refused[number] = None, refusal
            continue
        if not after:
            continue
        was = (_called(row), row.user_id)
        for name, value in after.items():
            setattr(row, name, value)
        refuse_too_long(row, after)
        row.version += 1
        row.date_last_modified = clock.now()
        books.note(row, was=was)
        changed.append(row)
        names |= after.keys()
        said = trail.entry_of(by, "staff.changed", row, before=before, after=after, reason=reason)
        entries.append((row, said))
        if after.get("ends_on") is not None:
            leaving[row] = after["ends_on"]
    if changed:
        with explains(_EXPLAINED):
            books.let_go()
            StaffMember.objects.bulk_update(changed, sorted(names), batch_size=bulk.BATCH)
        ended = end_teaching(leaving, reason=reason, by=by) if leaving else {}
        trail.record_many(each for row, said in entries for each in (said, ended.get(row)) if each is not None)
    return result


def add_staff_member(*, institution: Institution, fields: Mapping[str, Any], by: User) -> StaffMember:
    """Somebody who works at ``institution``, with or without a login.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown, StaffNumberTaken, LoginTaken, EndsBeforeStart, TextTooLong.
    """
    member: StaffMember = add_staff([(institution, fields)], by=by).all()[0]
    return member


def change_staff_member(
    *, member: StaffMember, fields: Mapping[str, Any], expected_version: int | None, by: User
) -> StaffMember:
    """Change what is known of somebody. With ``ends_on``, what they teach ends that day too, and they stand in no more.

    Args:
        expected_version: the version that was read; ``None`` overwrites whatever is there.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown, ChangedMeanwhile, StaffNumberTaken, LoginTaken, EndsBeforeStart,
        TeachesBefore, TextTooLong.
    """
    changed: StaffMember = change_staff([StaffChange(member, fields, expected_version)], by=by).all()[0]
    return changed


def first_days_taught(keys: Collection[int]) -> dict[int, dt.date]:
    """The first day on which each of these teaches or stands in, where there is one."""
    if not keys:
        return {}
    taught = TeachingAssignment.objects.filter(staff__in=keys).exclude(ends_on=F("starts_on"))
    stood_in = Substitution.objects.filter(staff__in=keys)
    found: dict[int, dt.date] = {}
    for key, day in [*taught.values_list("staff", "starts_on"), *stood_in.values_list("staff", "day")]:
        found[key] = min(day, found.get(key, day))
    return found


def refuse_teaching_before(member: StaffMember, starts_on: dt.date, first: dt.date | None) -> None:
    """Nothing, when the ``first`` day on which they teach is none before they begin. Raises ``TeachesBefore``."""
    if first is not None and first < starts_on:
        raise errors.TeachesBefore(name=member.full_name, day=first)
