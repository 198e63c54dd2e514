"""The permissions of what comes in and goes out."""

from __future__ import annotations

from apps.access.permissions import ACCOUNTANT, HEAD, REGISTRAR, TEACHER, Permission, declare

declare(
    Permission("imports.view", "See imports and what they changed", (HEAD, REGISTRAR)),
    Permission("imports.run", "Import rosters, and take an import back", (REGISTRAR,)),
    Permission("exports.roster", "Take the whole roster away, as a OneRoster bundle or templates", (REGISTRAR,)),
    Permission("exports.run", "Export lists as CSV or XLSX", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT)),
)
