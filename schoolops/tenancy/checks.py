"""Database checks: a server that can hold the wall, and a web login that cannot climb it.

``manage.py migrate`` runs them first; ``manage.py check --database default`` runs them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from django.core import checks
from django.db import connections

from schoolops.context import outside_schools
from schoolops.tenancy import boot

OLDEST_VERSION = 16
RECOMMENDED_VERSION = 18

ABOUT_LOGIN = """
    SELECT current_setting('server_version_num')::int,
           rolsuper,
           rolcreaterole OR rolcreatedb OR rolbypassrls,
           EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid
                      AND deptype = 'o'),
           EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid AND inherit_option)
      FROM pg_roles r WHERE rolname = session_user
"""


def version_messages(server_version: int) -> list[checks.CheckMessage]:
    """What to say of a server version as PostgreSQL counts them (180006 is 18.6)."""
    major = server_version // 10_000
    if major < OLDEST_VERSION:
        return [
            checks.Error(
                f"This is PostgreSQL {major}; SchoolOps needs {OLDEST_VERSION} or newer.",
                hint="The wall between schools stands on GRANT … WITH INHERIT FALSE, SET TRUE.",
                id="tenancy.E001",
            )
        ]
    if major < RECOMMENDED_VERSION:
        return [
            checks.Warning(
                f"This is PostgreSQL {major}; it works, but SchoolOps is built and measured on {RECOMMENDED_VERSION}.",
                id="tenancy.W001",
            )
        ]
    return []


def login_messages(login: str, about: Sequence[bool]) -> list[checks.CheckMessage]:
    """What to say of the web login, from the truths that ``ABOUT_LOGIN`` finds."""
    faults = (
        ("tenancy.E002", "is a superuser: nothing keeps it in one school"),
        ("tenancy.E003", "may create roles or databases, or passes row security by"),
        ("tenancy.E004", "owns something in this server; it must own nothing"),
        ("tenancy.E005", "inherits the rights of another role without SET ROLE"),
    )
    return [
        checks.Error(
            f"The login {login} of DATABASE_URL {fault}.",
            hint="`python -m schoolops.launcher` and the operators' guide make one that may only log in.",
            id=name,
        )
        for (name, fault), found in zip(faults, about, strict=True)
        if found
    ]


@checks.register(checks.Tags.database)
def the_wall_can_stand(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """``tenancy.E001`` … ``E006``, ``W001``, ``W002``: the database, and how either login reaches it."""
    if "default" not in (databases or ()):
        return []
    # psycopg cannot reach what Django cannot: that is said below, as Django says it.
    footing: list[checks.CheckMessage] = []
    with suppress(psycopg.OperationalError):
        footing = [
            (checks.Error if each.fatal else checks.Warning)(each.sentence, hint=each.remedy, id=f"tenancy.{name}")
            for each, name in ((each, "E006" if each.fatal else "W002") for each in boot.examine_all())
        ]
    connection = connections["default"]
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(ABOUT_LOGIN)
        version, *about = cursor.fetchone()
    return [*version_messages(version), *footing, *login_messages(str(connection.settings_dict["USER"]), about)]
