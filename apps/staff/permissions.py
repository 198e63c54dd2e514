"""The permissions of staff."""

from __future__ import annotations

from apps.access.permissions import ACCOUNTANT, HEAD, OFFICE, REGISTRAR, SUPPORT, TEACHER, Permission, declare

declare(
    Permission("staff.view", "See staff and whom they teach", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT, SUPPORT)),
    Permission("staff.manage", "Change staff, assignments and substitutions", OFFICE),
)
