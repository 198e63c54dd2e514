"""What the tests stand on: one PostgreSQL and one Valkey per run, one database and two committed schools per worker.

The logins are those of an installation: the one that tests query with owns nothing, so the wall is up in every test.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from config.env import BASE_DIR, VARIABLES
from schoolops import launcher

FOLDER = BASE_DIR / ".schoolops" / "test"
SETTINGS = "config.settings.test"
# No statistics of tables that one test has filled, and not committed, while another's are gathered: a statement over
# two thousand students, believed to be none, took 44 s. Without any the size of the file is believed, which is right.
PROFILE = replace(
    launcher.THROWAWAY,
    postgres_settings={
        **launcher.THROWAWAY.postgres_settings,
        "autovacuum": "off",
        # Connections are made by the thousand, and 4,096 rounds to hash a password cost more than the rest of each.
        "scram_iterations": "1",
        # Nobody follows these servers: what fills a table that is made with it needs no log.
        "wal_level": "minimal",
        "max_wal_senders": "0",
    },
)
# Database 0 of a Redis that REDIS_URL names may be somebody's; a worker takes one of those above it.
MOST_WORKERS = 14


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers of a run: a URL that may make logins and databases, a Redis, and what we have to stop."""

    provisioning_url: str
    redis_url: str
    started: tuple[launcher.Servers, ...] = ()

    def close(self) -> None:
        for servers in self.started:
            servers.stop()


def break_ground() -> Ground:
    """Servers for this run: those of the environment, embedded ones for what it does not name."""
    provisioning_url = os.environ.get("DATABASE_ADMIN_URL") or os.environ.get("DATABASE_URL") or ""
    redis_url = os.environ.get("REDIS_URL") or ""
    if provisioning_url and redis_url:
        return Ground(provisioning_url, redis_url)
    start = (
        launcher.start
        if not provisioning_url + redis_url
        else (launcher.start_valkey if provisioning_url else launcher.start_postgres)
    )
    for _ in range(20):
        try:
            servers = start(PROFILE, launcher.spare_folder(FOLDER))
            break
        except launcher.FolderInUse:
            # Another run took the folder between our look and our start.
            continue
    else:
        raise RuntimeError(f"No free folder beside {FOLDER}.")
    return Ground(provisioning_url or servers.superuser_url, redis_url or servers.redis_url, (servers,))


def database_of(worker: str) -> str:
    """The database of a worker (``gw0`` …, or ``main`` where there are none)."""
    return f"test_schoolops_{worker}"


def stake_out(ground: Ground, worker: str) -> None:
    """Give ``worker`` an empty database with its two logins and an empty Redis database, in the environment.

    Whatever an earlier run left, killed or not, is removed first. What ``.env`` says does not reach the tests.
    """
    clear(ground, worker)
    admin_url, web_url = launcher.ensure_logins(ground.provisioning_url, database_of(worker))
    number = 1 if worker == "main" else 2 + int(worker.removeprefix("gw"))
    if number > MOST_WORKERS + 1:
        raise RuntimeError(f"Not more than {MOST_WORKERS} workers: each has a Redis database of its own.")
    redis_url = urlsplit(ground.redis_url)._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(redis_url) as server:
        server.flushdb()
    os.environ |= {
        "DATABASE_URL": web_url,
        "DATABASE_ADMIN_URL": admin_url,
        "REDIS_URL": redis_url,
        # A busy machine answers late now and then, which is no outage.
        "REDIS_PATIENCE": "20",
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }
    for variable in VARIABLES:
        os.environ.setdefault(variable.name, variable.default)


def clear(ground: Ground, worker: str) -> None:
    """Remove the worker's database and every role that was made for it."""
    database = database_of(worker)
    with psycopg.connect(ground.provisioning_url, autocommit=True) as connection:
        # And those that a test made beside it.
        databases = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)", [database, f"{database}_"]
        ).fetchall()
        for (name,) in databases:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        roles = connection.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
            # The admin login last: it granted the others, and a grantor cannot be dropped before its grants.
            " ORDER BY rolname = %s, rolname",
            [f"{database}_", f"{database}_admin"],
        ).fetchall()
        for (role,) in roles:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def everything_in(ground: Ground, worker: str) -> str:
    """A URL of the worker's database by a superuser's login; empty where ours is none."""
    with psycopg.connect(ground.provisioning_url) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    url = urlsplit(ground.provisioning_url)._replace(path=f"/{database_of(worker)}")
    return url.geturl() if row and row[0] else ""


def build() -> None:
    """The shared tables, and the two schools that are always there: Oak and Elm."""
    from django.core.management import call_command

    from schoolops.context import outside_schools
    from tests.factories.schools import make_school

    with outside_schools():
        call_command("migrate", shared_only=True, verbosity=0, skip_checks=True)
    make_school("oak", name="Oak School")
    make_school("elm", name="Elm School")
