"""The table of permissions: each code, the sentence people read, and the built-in roles that are offered it.

Each app declares its own. A role is offered a code once, when its school is made or first brought up to a release that
has it; what the school makes of it stands. An administrator holds every permission.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ADMINISTRATOR = "administrator"
HEAD = "head"
REGISTRAR = "registrar"
TEACHER = "teacher"
ACCOUNTANT = "accountant"
GUARDIAN = "guardian"
STUDENT = "student"
SUPPORT = "support"
# The scopes of who is here for somebody who is taught, or to be taught.
FAMILY = frozenset({GUARDIAN, STUDENT})


# Over what a permission is held, as every action, page, list and task says beside its code. Rows that are computed anew
# for whoever asks: of a child, a section, a class, a colleague, a login. What a campus has: only where the permission
# is held there. What has none: only where it is held over the whole school. What is one's own. And what is no secret to
# who holds it anywhere.
Over = Literal["student", "section", "class", "staff", "login", "campus", "school", "own", "everybody"]
OVER: frozenset[str] = frozenset(get_args(Over))


@dataclass(frozen=True, slots=True)
class BuiltinRole:
    """``scope`` names the row scope (see ``access.row_scope``); ``everything`` is the whole school."""

    code: str
    name: str
    scope: str


@dataclass(frozen=True, slots=True)
class Permission:
    """``roles``: built-in roles that are offered it, besides the administrator."""

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

OFFICE = (HEAD, REGISTRAR)
STAFF = (HEAD, REGISTRAR, TEACHER, ACCOUNTANT, SUPPORT)
EVERYBODY = (*STAFF, GUARDIAN, STUDENT)

PERMISSIONS: list[Permission] = []
CODES: set[str] = set()


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


# Of the apps below, which know of no permissions, and of this one.
declare(
    Permission("institutions.view", "See campuses, years, terms and the calendar", EVERYBODY),
    Permission("institutions.manage", "Change campuses, years, terms, the calendar and grade levels", (HEAD,)),
    Permission("sections.view", "See sections, courses and classes", EVERYBODY),
    Permission("sections.manage", "Change sections, courses, classes and the timetable", OFFICE),
    Permission("accounts.view", "See who has a login", OFFICE),
    Permission("accounts.manage", "Invite people, end logins, deactivate leavers", (REGISTRAR,)),
    Permission("access.view", "See roles and who holds them", (HEAD,)),
    Permission("access.manage", "Change roles and who holds them", ()),
    Permission("audit.view", "Read the audit trail", (HEAD,)),
)
