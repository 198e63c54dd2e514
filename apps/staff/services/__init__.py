"""Writes of staff: who works here, whom they teach, and who stands in for whom."""

from __future__ import annotations

from apps.staff.services.assignments import (
    assign_teacher,
    change_assignment,
    remove_assignment,
)
from apps.staff.services.ending import end_assignments_of_closed_year, restore_teaching, teaching_from
from apps.staff.services.inviting import STAFF
from apps.staff.services.members import (
    StaffChange,
    add_staff,
    add_staff_member,
    change_staff,
    change_staff_member,
)
from apps.staff.services.substitutions import add_substitution, remove_substitution

__all__ = [
    "STAFF",
    "StaffChange",
    "add_staff",
    "add_staff_member",
    "add_substitution",
    "assign_teacher",
    "change_assignment",
    "change_staff",
    "change_staff_member",
    "end_assignments_of_closed_year",
    "remove_assignment",
    "remove_substitution",
    "restore_teaching",
    "teaching_from",
]
