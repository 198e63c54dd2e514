"""Programs of ours are killed, or have no memory left."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import psycopg

from tests.failures.rows.row import Seen, must, row
from tests.failures.stage import Scene
from tests.observe.stage import until


@row("Memory above 90 %")
def memory_is_full(scene: Scene) -> Seen:
    scene.group(0.95)
    try:
        until("readiness says degraded", lambda: scene.ready()[1]["checks"]["memory"]["status"] == "degraded")
        status, said = scene.ready()
        must((status, said["status"]) == (200, "degraded"), f"and serves on: {status} {said['status']}")
    finally:
        scene.group(0.5)
    until("it is well again", lambda: scene.ready()[1]["checks"]["memory"]["status"] == "ok")
    return "readiness: degraded, 200", 0.0


@row("The web server is killed")
def the_web_server_is_killed(scene: Scene) -> Seen:
    with scene.writing("web killed") as journal:
        for _ in range(3):
            time.sleep(1)
            scene.kill("web")
            scene.web()
    must({each.status for each in journal.said} <= {0, 201, 503}, f"taken, refused or cut off: {journal.seen()}")
    return journal.seen(), journal.worst_s


@row("The worker is killed in the middle of jobs")
def the_worker_is_killed(scene: Scene) -> Seen:
    wanted = range(3_000, 3_060)
    killed: list[int] = []
    superuser = scene.servers.superuser_url.replace("postgres://", "postgresql://", 1)
    superuser = urlsplit(superuser)._replace(path=urlsplit(scene.admin_url).path).geturl()
    with psycopg.connect(superuser, autocommit=True) as connection:
        for number in wanted:
            must(scene.want("slow", number) == 201, "a job is taken")
            if number % 20 == 10:
                killed.append(some_under_way(connection))
                scene.kill("worker-attendance")
                # Its sessions end what they are at; none of them is to be taken for one of the next worker.
                until("nothing of the dead one goes on", lambda: not under_way(connection))
                scene.worker()
    # What a dead process had in hand runs there, alone.
    scene.worker("quarantine")
    # What was given to a connection that nobody reads any more is published again when its lease is over, after 90 s.
    until("every job is done", lambda: all(scene.effects()[number] for number in wanted), 120)
    scene.stop("worker-quarantine")
    must(all(scene.effects()[number] == 1 for number in wanted), "none is done twice")
    return (
        f"{len(wanted)} jobs, {' and '.join(map(str, killed))} of them under way when it was killed; each done once",
        0.0,
    )


def some_under_way(connection: psycopg.Connection) -> int:
    """How many jobs somebody is in the middle of, by the first look that finds any."""
    looks: list[int] = []

    def found() -> bool:
        looks.append(under_way(connection))
        return looks[-1] > 0

    until("jobs are under way", found)
    return looks[-1]


def under_way(connection: psycopg.Connection) -> int:
    """Jobs that somebody is in the middle of."""
    found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone()
    return int(found[0]) if found else 0
