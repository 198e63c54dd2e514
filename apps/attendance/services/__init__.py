"""Writes: rolls, locks, the desk, leave, codes and rules."""

from apps.attendance.services.codes import seed_codes
from apps.attendance.services.days import derive_days
from apps.attendance.services.marking import Mark, mark_attendance

__all__ = ["Mark", "derive_days", "mark_attendance", "seed_codes"]
