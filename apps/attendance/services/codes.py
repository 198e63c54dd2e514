"""Attendance codes and each campus's rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from apps.attendance.models import AttendanceCode, DayState
from schoolops.tenancy.seeds import seeds_a_school

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


@seeds_a_school(order=40)
def seed_codes() -> None:
    """The codes a school starts with. What the school made of them since stays."""
    AttendanceCode.objects.bulk_create(
        (AttendanceCode(**asdict(first), position=position) for position, first in enumerate(FIRST_CODES)),
        ignore_conflicts=True,
    )
