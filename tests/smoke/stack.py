"""SchoolOps as a whole, with nothing in it but the demo's schools."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from config import demo
from config.env import BASE_DIR, VARIABLES, Environment
from schoolops import launcher

SMOKE = BASE_DIR / ".schoolops" / "smoke"
SERVERS = ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL")
# Of a Redis that REDIS_URL names: not the one in use.
REDIS_DATABASE = 15


@contextmanager
def fresh_stack(*, own_servers: bool = False, programs: Collection[str] = (), **variables: str) -> Iterator[demo.Stack]:
    """Start it, in a folder and a database that are gone afterwards. ``variables`` are those of its programs.

    On the servers that the environment names, embedded ones for the others; with ``own_servers`` embedded ones always.
    ``programs`` are those of the Procfile to start, all where none is named.
    """
    lock = launcher.hold_spare(SMOKE)
    folder = lock.folder
    named = {} if own_servers else {name: os.environ[name] for name in SERVERS if os.environ.get(name)}
    provisioning_url = named.pop("DATABASE_ADMIN_URL", "") or named.get("DATABASE_URL", "")
    database = f"schoolops_smoke_{os.getpid()}"
    if provisioning_url:
        named["DATABASE_URL"] = urlsplit(provisioning_url)._replace(path=f"/{database}").geturl()
    if "REDIS_URL" in named:
        named["REDIS_URL"] = urlsplit(named["REDIS_URL"])._replace(path=f"/{REDIS_DATABASE}").geturl()
    # Any port but the usual one: two web servers may share a port, and a demo beside us would answer half of it.
    named["PORT"] = str(launcher.free_port())
    # A card gateway of the test's own.
    named |= {name: variables[name] for name in (demo.COUNTER,) if name in variables}
    # Whatever this process was told, the programs are told the defaults.
    more = {variable.name: variable.default for variable in VARIABLES if variable.name not in {*SERVERS, "PORT"}} | {
        "LOG_LEVEL": "ERROR",
        # One person here asks as often as a school does.
        "RATE_LIMIT_FACTOR": "1000",
        "MEDIA_ROOT": str(folder / "media"),
        **{name: value for name in ("SCHOOLOPS_TODAY",) if (value := os.environ.get(name))},
        **({"DJANGO_SETTINGS_MODULE": "tests.planted.settings"} if os.environ.get("PLANTED") else {}),
        **variables,
    }
    try:
        # Never what `.env` or a demo that runs beside us says.
        with demo.stack(
            folder,
            read_environment=lambda: Environment(named),
            more=more,
            profile=launcher.THROWAWAY,
            programs=programs,
            lock=lock,
        ) as up:
            yield up
    finally:
        # Another run may have it by now, and has emptied it.
        with suppress(launcher.FolderInUse):
            launcher.remove(folder)
        if provisioning_url:
            forget_database(provisioning_url, database)


def forget_database(provisioning_url: str, database: str) -> None:
    """Remove a database of ours and every role that was made for it."""
    with psycopg.connect(provisioning_url.replace("postgres://", "postgresql://", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        roles = connection.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) OR rolname = ANY(%s)"
            # The admin login last: it granted the others, and a grantor cannot be dropped before its grants.
            " ORDER BY rolname = %s, rolname",
            [f"{database}__", [f"{database}_web", f"{database}_admin"], f"{database}_admin"],
        ).fetchall()
        for (role,) in roles:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
