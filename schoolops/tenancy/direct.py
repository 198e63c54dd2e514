"""Connections that are not Django's: the relay's, a worker's at boot, the provisioning login's. One place says how."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from psycopg.pq import Conninfo

from schoolops.errors import Misconfigured, NotFound

_NAMED = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


class NoProvisioningLogin(Misconfigured):
    """This needs the provisioning login, and DATABASE_ADMIN_URL is not set."""

    code = "tenancy:no-provisioning-login"
    remedy = "Set DATABASE_ADMIN_URL to a login that owns the database and may create roles."


class CellUnknown(NotFound):
    """There is no cell called {cell}."""

    code = "tenancy:cell-unknown"
    remedy = "`manage.py cells` lists them; CELL_DATABASE_URLS says which there are."


def databases(cell: str = "") -> dict[str, dict[str, Any]]:
    """The two logins of ``cell`` (empty: this process's), as ``DATABASES`` has them. Raises ``CellUnknown``."""
    if cell in {"", settings.CELL}:
        return settings.DATABASES
    if cell not in settings.OTHER_CELLS:
        raise CellUnknown(cell=cell)
    entries: dict[str, dict[str, Any]] = settings.OTHER_CELLS[cell]
    return entries


def parameters(alias: str, cell: str = "") -> dict[str, Any]:
    """What libpq has to know to reach ``alias`` as Django does, encryption and certificates included."""
    entry = databases(cell).get(alias)
    if entry is None:
        raise NoProvisioningLogin
    known = {each.keyword.decode() for each in Conninfo.get_defaults()}
    options = {name: value for name, value in entry["OPTIONS"].items() if name in known}
    return options | {key: entry[name] for key, name in _NAMED.items() if entry.get(name)}


def connect(
    purpose: str,
    *,
    alias: str = "default",
    cell: str = "",
    statement_s: float = 0,
    lock_s: float = 0,
    idle_s: float = 0,
    **more: Any,
) -> psycopg.Connection[Any]:
    """A connection of our own to ``alias``, autocommit, that no other session and no dead host can hold up.

    Args:
        cell: whose server; empty: that of this process.
        purpose: shown in ``pg_stat_activity``.
        statement_s, lock_s: what one statement, and one wait for a lock, may take; 0: without end.
        idle_s: the server ends the session, and frees its locks, when it has asked for nothing for so long; 0: never.
        more: what else psycopg is to be told.
    """
    keepalives = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 3}
    wanted = keepalives | parameters(alias, cell) | {"application_name": f"schoolops:{purpose}"}
    connection = psycopg.connect(**wanted, autocommit=True, **more)
    limits = {"statement_timeout": statement_s, "lock_timeout": lock_s, "idle_session_timeout": idle_s}
    # Said by statement: a pooler of sessions knows no such option of a connection.
    if said := "; ".join(f"SET {name} = {int(value * 1000)}" for name, value in limits.items() if value):
        connection.execute(said)
    return connection
