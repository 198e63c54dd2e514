"""The table of permissions: each code, the sentence people read, and the built-in roles that start with it.

Schools edit roles afterwards; the table is only where they begin. An administrator holds every permission.
"""

from __future__ import annotations

from dataclasses import dataclass

ADMINISTRATOR = "administrator"
HEAD = "head"
REGISTRAR = "registrar"
TEACHER = "teacher"
ACCOUNTANT = "accountant"
GUARDIAN = "guardian"
STUDENT = "student"
SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class BuiltinRole:
    """``scope`` names the row scope (see ``access.row_scope``); ``everything`` is the whole school."""

    code: str
    name: str
    scope: str


@dataclass(frozen=True, slots=True)
class Permission:
    """``roles``: built-in roles that hold it in a new school, besides the administrator."""

    code: str
    sentence: str
    roles: tuple[str, ...] = ()


BUILTIN_ROLES: tuple[BuiltinRole, ...] = (
    BuiltinRole(ADMINISTRATOR, "Administrator", "everything"),
    BuiltinRole(HEAD, "Head", "everything"),
    BuiltinRole(REGISTRAR, "Registrar", "everything"),
    BuiltinRole(TEACHER, "Teacher", "teacher"),
    BuiltinRole(ACCOUNTANT, "Accountant", "everything"),
    BuiltinRole(GUARDIAN, "Guardian", "guardian"),
    BuiltinRole(STUDENT, "Student", "student"),
    BuiltinRole(SUPPORT, "Support", "everything"),
)

_OFFICE = (HEAD, REGISTRAR)
_STAFF = (HEAD, REGISTRAR, TEACHER, ACCOUNTANT, SUPPORT)
_EVERYBODY = (*_STAFF, GUARDIAN, STUDENT)

PERMISSIONS: list[Permission] = [
    Permission("institutions.view", "See campuses, years, terms and the calendar", _EVERYBODY),
    Permission("institutions.manage", "Change campuses, years, terms, the calendar and grade levels", (HEAD,)),
    Permission("sections.view", "See sections, courses and classes", _EVERYBODY),
    Permission("sections.manage", "Change sections, courses, classes and the timetable", _OFFICE),
    Permission("students.view", "See students", _EVERYBODY),
    Permission("students.manage", "Admit, change, move and withdraw students", (REGISTRAR,)),
    Permission("students.merge", "Merge two records of one student", (REGISTRAR,)),
    Permission("students.view_medical", "See medical notes", (HEAD, REGISTRAR)),
    Permission("students.view_custody", "See custody restrictions", (HEAD, REGISTRAR)),
    Permission("guardians.view", "See guardians and how to reach them", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT)),
    Permission("guardians.manage", "Change guardians and their links to students", (REGISTRAR,)),
    Permission("staff.view", "See staff and whom they teach", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT, SUPPORT)),
    Permission("staff.manage", "Change staff, assignments and substitutions", _OFFICE),
    Permission("attendance.view", "See attendance", (HEAD, REGISTRAR, TEACHER, GUARDIAN, STUDENT)),
    Permission("attendance.mark", "Mark a roll", (HEAD, REGISTRAR, TEACHER)),
    Permission("attendance.desk", "Enter office codes and late arrivals", (REGISTRAR,)),
    Permission("attendance.lock", "Lock and re-open rolls", (HEAD,)),
    Permission("attendance.configure", "Change attendance codes and rules", (HEAD,)),
    Permission("leave.request", "Ask for leave", (HEAD, REGISTRAR, GUARDIAN)),
    Permission("leave.decide", "Decide requests for leave", (HEAD, REGISTRAR)),
    Permission("accounts.view", "See who has a login", _OFFICE),
    Permission("accounts.manage", "Invite people, end logins, deactivate leavers", (REGISTRAR,)),
    Permission("access.view", "See roles and who holds them", (HEAD,)),
    Permission("access.manage", "Change roles and who holds them", ()),
    Permission("audit.view", "Read the audit trail", (HEAD,)),
    Permission("imports.view", "See imports and what they changed", (HEAD, REGISTRAR)),
    Permission("imports.run", "Import rosters, and take an import back", (REGISTRAR,)),
    Permission("exports.roster", "Take the whole roster away, as a OneRoster bundle or templates", (REGISTRAR,)),
    Permission("exports.run", "Export lists as CSV or XLSX", (HEAD, REGISTRAR, TEACHER, ACCOUNTANT)),
]
CODES: set[str] = {permission.code for permission in PERMISSIONS}


def declare(*permissions: Permission) -> None:
    """Add the permissions of an app above: in its ``permissions``, which its ``apps`` imports. There once, or refused.

    As early as that, because what is remembered of roles is kept under a number made from all codes.

    Raises:
        ValueError.
    """
    for permission in permissions:
        if permission.code in CODES:
            raise ValueError(f"The permission {permission.code} is declared twice.")
        PERMISSIONS.append(permission)
        CODES.add(permission.code)
