"""The schools of the chaos test, and counting what became of every intention."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import psycopg
from django.core.management import call_command
from django.db import Error, connection

from apps.accounts.models import User
from apps.accounts.services.tokens import open_login
from schoolops.context import inside, outside_schools
from schoolops.queues import broker
from schoolops.tenancy import direct, owner
from schoolops.tenancy.provisioning import create_school

TABLES = """
CREATE TABLE {schema}.chaos_business (n bigint NOT NULL);
CREATE TABLE {schema}.chaos_link (n bigint NOT NULL);
CREATE TABLE {schema}.chaos_effect (n bigint, school text, job_id bigint, pid int, at timestamptz);
GRANT ALL ON {schema}.chaos_business, {schema}.chaos_link, {schema}.chaos_effect TO "{role}";
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Business rows per intention; effects as (n, schema, school, moment); the dead; what is still alive.

    ``never_tried`` are those of the dead that nobody ever began.
    """

    business: Counter[int]
    effects: list[tuple[int, str, str, float]]
    dead: set[int]
    alive: set[int]
    never_tried: frozenset[int] = frozenset()


def build(schools: int) -> dict[str, str]:
    """Make the schools; returns slug → an access token of one user."""
    with outside_schools():
        call_command("migrate", verbosity=0)
    tokens = {}
    for number in range(schools):
        slug = f"chaos-{number}"
        school = create_school(slug=slug, name=slug, domains=[f"{slug}.localhost"])
        with owner.owner_connection() as owning:
            owning.execute(TABLES.format(schema=school.schema_name, role=school.role_name))
        with inside(school):
            user = User.objects.create(username="bob", password="!")
            tokens[slug] = open_login(user, label="chaos").access_token
    with owner.owner_connection() as owning:
        # The test may outlast an access token.
        for slug in tokens:
            owning.execute(f"UPDATE {owner.schema_for(slug)}.accounts_token SET expires_at = now() + interval '1 day'")
    connection.close()
    return tokens


def left(engine: str) -> int | None:
    """How many jobs are left to do, without what waits for an hour to be withdrawn; ``None``: nobody can say now."""
    try:
        if engine == "celery":
            client = broker.client()
            return int(client.llen("plain")) + int(client.hlen("unacked"))
        with direct.connect("chaos", statement_s=60, lock_s=60) as ours:
            (jobs,) = ours.execute(
                "SELECT count(*) FROM public.queues_job WHERE payload ->> 'kind' <> 'cancel'"
            ).fetchone() or (None,)
            return jobs
    except (psycopg.Error, broker.BrokerUnavailable):
        return None


def count(engine: str, schools: list[str]) -> Found:
    """Look into every school and the ledger, as somebody who is not part of it."""
    business: Counter[int] = Counter()
    effects: list[tuple[int, str, str, float]] = []
    for _ in range(60):
        try:
            with owner.owner_connection() as owning:
                for slug in schools:
                    schema = owner.schema_for(slug)
                    business.update(n for (n,) in owning.execute(f"SELECT n FROM {schema}.chaos_business"))
                    effects += [
                        (n, schema, school, at.timestamp())
                        for n, school, at in owning.execute(f"SELECT n, school, at FROM {schema}.chaos_effect")
                    ]
                if engine == "celery":
                    return Found(business, effects, set(), set())
                dead = {n for (n,) in owning.execute("SELECT (payload ->> 'n')::bigint FROM public.queues_deadletter")}
                alive = {
                    n
                    for (n,) in owning.execute(
                        "SELECT (payload ->> 'n')::bigint FROM public.queues_job WHERE payload ->> 'kind' <> 'cancel'"
                    )
                }
                never = owning.execute(
                    "SELECT (payload ->> 'n')::bigint FROM public.queues_deadletter"
                    " WHERE reason = 'no_outcome' AND attempts = 0 AND crashes = 0"
                )
                return Found(business, effects, dead, alive, frozenset(n for (n,) in never))
        except (psycopg.Error, Error):
            business.clear()
            effects.clear()
            time.sleep(0.5)
    raise SystemExit("PostgreSQL did not come back to be counted")
