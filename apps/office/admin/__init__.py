"""What of the school's rows the office lists and changes: one page per app below.

All of them stand here rather than in the apps: ``institutions`` and ``accounts`` lie below ``access``, whose
permission codes and row scopes decide what each shows.
"""

from __future__ import annotations

from apps.office.admin import accounts, attendance, audit, institutions, operators, staff, students, timetable

__all__ = ["accounts", "attendance", "audit", "institutions", "operators", "staff", "students", "timetable"]
