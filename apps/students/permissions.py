"""The permissions of students and guardians."""

from __future__ import annotations

from apps.access.permissions import ACCOUNTANT, EVERYBODY, HEAD, REGISTRAR, TEACHER, Permission, declare

declare(
    Permission("students.view", "See students", EVERYBODY),
    Permission("students.manage", "Admit, change, move and withdraw students", (REGISTRAR,)),
    Permission("students.merge", "Merge two records of one student", (REGISTRAR,)),
    Permission("students.view_medical", "See medical notes", (HEAD, REGISTRAR)),
    Permission("students.view_custody", "See custody restrictions", (HEAD, REGISTRAR)),
    Permission("guardians.view", "See guardians and how to reach them", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT)),
    Permission("guardians.manage", "Change guardians and their links to students", (REGISTRAR,)),
)
