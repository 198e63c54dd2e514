"""Jobs whose broker dies, that fail, and that are wanted twice."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


# It was wanted by another at the same moment, who has not committed yet.
TWIN = "queues:twin-in-flight"


@row("A job wanted twice")
def a_job_is_wanted_twice(scene: Scene) -> Seen:
    def want(_: int) -> tuple[int, Any]:
        return scene.ask("/failures/once/2000", body={})

    with ThreadPoolExecutor(8) as asking:
        answers = list(asking.map(want, range(8)))
    until("it is done", lambda: bool(scene.effects()[2_000]))
    answers.append(want(9))
    time.sleep(2)
    must(scene.effects()[2_000] == 1, "it is done once")
    told = Counter(f"{status} {said.get('code', '')}".strip() for status, said in answers)
    must(set(told) <= {"201", f"503 {TWIN}"}, f"each is taken, or told that its twin is on its way: {told}")
    must(answers[-1][0] == 201, "who asks again is told of the first")
    jobs = {said["job"] for status, said in answers if status == 201}
    must(len(jobs) == 1, f"all are told of one job: {jobs}")
    return f"9 times wanted, {told['201']} told of the one job, done once", 0.0
