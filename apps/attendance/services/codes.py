"""Attendance codes and each campus's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance.errors import (
    CodeChangedMeanwhile,
    CodeInUse,
    CodeNotFound,
    CodeTaken,
    DefaultCodeNeeded,
    PolicyChangedMeanwhile,
    PolicyRefused,
)
from apps.attendance.events import RulesChanged
from apps.attendance.models import AttendanceCode, AttendancePolicy, DayState
from apps.attendance.services.days import RULES
from apps.institutions.models import Institution
from schoolops import events
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.seeds import first_time, seeds_a_school

IN, OUT = AttendanceCode.Direction.IN, AttendanceCode.Direction.OUT


@dataclass(frozen=True, slots=True)
class FirstCode:
    """A code that a new school starts with."""

    code: str
    name: str
    direction: AttendanceCode.Direction
    state: DayState
    excused: bool = False
    late: bool = False
    teacher_selectable: bool = True
    default: bool = False


FIRST_CODES: tuple[FirstCode, ...] = (
    FirstCode("P", "Present", IN, DayState.PRESENT, default=True),
    FirstCode("A", "Absent", OUT, DayState.ABSENT),
    FirstCode("L", "Late", IN, DayState.PRESENT, late=True),
    FirstCode("E", "Excused absence", OUT, DayState.ABSENT, excused=True),
    FirstCode("H", "Half a day", OUT, DayState.HALF),
    FirstCode("S", "Sick", OUT, DayState.ABSENT, excused=True, teacher_selectable=False),
    FirstCode("T", "School trip", IN, DayState.PRESENT, teacher_selectable=False),
    FirstCode("D", "Left early", OUT, DayState.PRESENT, teacher_selectable=False),
)


@seeds_a_school(order=40, contents=lambda: FIRST_CODES)
def seed_codes() -> None:
    """The codes that the school was never offered. What the school made of those it has, and of its own, stays."""
    fresh = first_time("attendance-codes", [first.code for first in FIRST_CODES])
    AttendanceCode.objects.bulk_create(
        (
            AttendanceCode(**asdict(first), position=position)
            for position, first in enumerate(FIRST_CODES)
            if first.code in fresh
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def add_code(*, values: Mapping[str, Any], by: User) -> AttendanceCode:
    """Add an attendance code. ``values`` by field of ``AttendanceCode``; a new default takes the place of the old.

    Raises:
        PermissionMissing, OutOfReach, CodeTaken, DefaultCodeNeeded.
    """
    access.require_everywhere(by, "attendance.configure")
    code = AttendanceCode(**values)
    _store(code, by, letter=code.code)
    trail.record(by, "attendance.code-added", code, after=values)
    return code


@transaction.atomic
def change_code(*, code: UUID, values: Mapping[str, Any], expected_version: int | None, by: User) -> AttendanceCode:
    """Change a code's name or place, retire it, or (while nothing names it) what it counts as.

    Raises:
        PermissionMissing, OutOfReach, CodeNotFound, CodeChangedMeanwhile, CodeInUse, CodeTaken, DefaultCodeNeeded.
    """
    access.require_everywhere(by, "attendance.configure")
    found = AttendanceCode.objects.select_for_update().filter(sourced_id=code).first()
    if found is None:
        raise CodeNotFound
    if expected_version is not None and found.version != expected_version:
        raise CodeChangedMeanwhile(version=found.version)
    before, after = trail.changed(found, values)
    if not after:
        return found
    if "default" in after and not after["default"]:
        raise DefaultCodeNeeded
    letter = found.code
    for name, value in after.items():
        setattr(found, name, value)
    found.version += 1
    _store(found, by, letter=letter)
    trail.record(by, "attendance.code-changed", found, before=before, after=after)
    return found


def _store(code: AttendanceCode, by: User, *, letter: str) -> None:
    explanations = {
        "attendance_code_once": lambda: CodeTaken(given=code.code),
        "attendance_code_in_use": lambda: CodeInUse(given=letter),
        "attendance_default_can_be_chosen": DefaultCodeNeeded,
    }
    with explains(explanations):
        if code.default:
            earlier = AttendanceCode.objects.filter(default=True).exclude(pk=code.pk).first()
            if earlier is not None:
                AttendanceCode.objects.filter(pk=earlier.pk).update(default=False, version=earlier.version + 1)
                trail.record(by, "attendance.code-changed", earlier, before={"default": True}, after={"default": False})
        code.save()


@transaction.atomic
def set_policy(
    *, institution: UUID, values: Mapping[str, Any], expected_version: int | None, by: User
) -> AttendancePolicy:
    """Set a campus's rules. A campus that has set none is at version 0.

    The days of the years that are not closed follow at once, by a job where they are many.

    Raises:
        PermissionMissing, OutOfReach, PolicyChangedMeanwhile, PolicyRefused.
    """
    access.require(by, "attendance.configure")
    at = Institution.objects.select_for_update(no_key=True).filter(sourced_id=institution).first()
    if at is None:
        raise OutOfReach
    access.require_at(by, "attendance.configure", at)
    found = AttendancePolicy.objects.filter(institution=at).first()
    policy = found or AttendancePolicy(institution=at, version=0)
    if expected_version is not None and policy.version != expected_version:
        raise PolicyChangedMeanwhile(version=policy.version)
    before, after = trail.changed(policy, values)
    for name, value in after.items():
        setattr(policy, name, value)
    policy.version += 1
    refused = ("attendance_policy_shares", "attendance_policy_day_ends_after_it_starts")
    with explains(dict.fromkeys(refused, PolicyRefused)):
        policy.save()
    trail.record(by, "attendance.policy-set", at, before=before, after=after)
    if set(after) & set(RULES):
        events.publish(RulesChanged(at.pk))
    return policy
