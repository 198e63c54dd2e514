"""Whether the database that we are about to depend on can be: asked before anything is served, and by the doctor.

A pooler that gives each transaction another backend answers for the wrong school; a replica writes nothing; a clock
that differs lets links and waits end at the wrong moment.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings

from schoolops.tenancy import direct

CONNECTIONS, TURNS = 4, 3
CLOCK_SKEW_WARNED_S, CLOCK_SKEW_REFUSED_S = 5.0, 60.0

_MINE = "SELECT set_config('schoolops.mine', %s, false), pg_backend_pid()"
_WHOSE = "SELECT current_setting('schoolops.mine', true), pg_backend_pid()"
_ABOUT = """
SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
       extract(epoch FROM clock_timestamp())::float8
"""
# No two servers have begun in the same microsecond.
_WHICH = "SELECT pg_postmaster_start_time(), current_database()"
_URLS = {"default": "DATABASE_URL", "admin": "DATABASE_ADMIN_URL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to say about the server: ``fatal`` ones keep production from starting."""

    sentence: str
    remedy: str
    fatal: bool = True


ELSEWHERE = Finding(
    sentence="DATABASE_ADMIN_URL leads to another database than DATABASE_URL: what is migrated there is not served.",
    remedy="Let both name one database of one server.",
)


def _pooled(url: str) -> Finding:
    harm = "one school would read another's data" if url == "DATABASE_URL" else "locks and settings would be others'"
    return Finding(
        sentence=f"Between us and PostgreSQL stands a pooler that gives each transaction another backend: {harm}.",
        remedy=f"Let {url} lead to PostgreSQL itself, or set pool_mode = session.",
    )


# Not the school's clock, which a demo moves.
machine_time = time.time  # noqa: TID251


def shares_backends(connections: Sequence[psycopg.Connection[Any]]) -> bool:
    """Whether what one connection sets is not there at its next transaction, or another backend is."""
    names = [secrets.token_hex(8) for _ in connections]
    first = [each.execute(_MINE, [name]).fetchone() for each, name in zip(connections, names, strict=True)]
    return any(
        each.execute(_WHOSE).fetchone() != was
        for _ in range(TURNS)
        for each, was in zip(connections, first, strict=True)
    )


def examine(alias: str = "default") -> list[Finding]:
    """Everything that speaks against the database of ``alias``; empty when all is well.

    Raises:
        psycopg.OperationalError: it cannot be reached, which is for others to say.
    """
    found = []
    with ExitStack() as open_ones:
        connections = [
            open_ones.enter_context(direct.connect("boot", alias=alias, prepare_threshold=None))
            for _ in range(CONNECTIONS)
        ]
        if shares_backends(connections):
            found.append(_pooled(_URLS[alias]))
        began = machine_time()
        replica, read_only, theirs = connections[0].execute(_ABOUT).fetchone() or (False, False, began)
        ours = (began + machine_time()) / 2
    if replica or read_only:
        what = "is a replica" if replica else "takes no writes (default_transaction_read_only)"
        found.append(Finding(sentence=f"The database {what}.", remedy=f"Let {_URLS[alias]} lead to the primary."))
    if (skew := abs(theirs - ours)) > CLOCK_SKEW_WARNED_S:
        sentence = f"The database's clock differs from ours by {skew:.0f} s."
        fatal = skew > CLOCK_SKEW_REFUSED_S
        found.append(Finding(sentence=sentence, remedy="Run NTP on both machines.", fatal=fatal))
    return found


def examine_all() -> list[Finding]:
    """As ``examine``, and what speaks against the provisioning login's way to it, where there is one."""
    found = examine()
    if "admin" in settings.DATABASES:
        found += [each for each in examine("admin") if each not in found]
        with direct.connect("boot") as ours, direct.connect("boot", alias="admin") as provisioning:
            if ours.execute(_WHICH).fetchone() != provisioning.execute(_WHICH).fetchone():
                found.append(ELSEWHERE)
    return found


def refusal() -> str | None:
    """Why nothing may be started on this database, in one line; ``None`` when it may, or is away for the moment.

    Who waits for a database that is away does so by himself, and must not be ended by an outage.
    """
    try:
        fatal = [each for each in examine() if each.fatal]
    except psycopg.OperationalError:
        return None
    return f"{fatal[0].sentence} {fatal[0].remedy}" if fatal else None


def refuse_to_start() -> None:
    """For whatever works on schools' data: exit with 78 (EX_CONFIG) and one line, where production may not begin."""
    if settings.REFUSE_FORBIDDEN_DATABASE and (why := refusal()) is not None:
        sys.stderr.write(f"SchoolOps does not start: {why}\n")
        sys.exit(os.EX_CONFIG)
