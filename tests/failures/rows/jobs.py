"""Jobs whose broker dies, that fail, and that are wanted twice."""

from __future__ import annotations

import threading
import time

import psycopg

from tests.failures.rows.row import Seen, must, row
from tests.failures.stage import Scene
from tests.observe.stage import until


@row("The broker is killed, and empty when it comes back")
def the_broker_is_killed(scene: Scene) -> Seen:
    wanted = range(1_000, 1_020)
    began = time.monotonic()
    for number in wanted:
        if number == wanted[5]:
            scene.servers.kill_valkey()
        must(scene.want("effect", number) == 201, "a job is taken while the broker is away")
    took_s = (time.monotonic() - began) / len(wanted)
    scene.servers.restart_valkey()
    until("every job is done", lambda: all(scene.effects()[number] for number in wanted))
    must(all(scene.effects()[number] == 1 for number in wanted), "none is done twice")
    return f"{len(wanted)} jobs taken by the ledger, each done once", took_s


@row("A job fails three times")
def a_job_fails(scene: Scene) -> Seen:
    must(scene.want("fails", 3) == 201, "it is taken")
    with psycopg.connect(scene.admin_url, autocommit=True) as connection:
        query = "SELECT attempts FROM public.queues_deadletter WHERE payload ->> 'n' = '3'"
        until("it is set aside", lambda: connection.execute(query).fetchone() is not None)
        found = connection.execute(query).fetchall()
    must(found == [(3,)], f"once, after three tries: {found}")
    return "set aside after 3 tries, with what it was asked", 0.0


@row("A job wanted twice")
def a_job_is_wanted_twice(scene: Scene) -> Seen:
    asking = [threading.Thread(target=scene.want, args=("once", 2_000)) for _ in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    until("it is done", lambda: bool(scene.effects()[2_000]))
    must(scene.want("once", 2_000) == 201, "who asks again is told of the first")
    time.sleep(2)
    must(scene.effects()[2_000] == 1, "it is done once")
    return "9 times wanted, done once", 0.0
