"""The permissions of attendance and leave."""

from __future__ import annotations

from apps.access.permissions import GUARDIAN, HEAD, REGISTRAR, STUDENT, TEACHER, Permission, declare

declare(
    Permission("attendance.view", "See attendance", (HEAD, REGISTRAR, TEACHER, GUARDIAN, STUDENT)),
    Permission("attendance.mark", "Mark a roll", (HEAD, REGISTRAR, TEACHER)),
    Permission("attendance.desk", "Enter office codes and late arrivals", (REGISTRAR,)),
    Permission("attendance.lock", "Lock and re-open rolls", (HEAD,)),
    Permission("attendance.configure", "Change attendance codes and rules", (HEAD,)),
    Permission("leave.request", "Ask for leave", (HEAD, REGISTRAR, GUARDIAN)),
    Permission("leave.decide", "Decide requests for leave", (HEAD, REGISTRAR)),
)
