"""``python -m tests.chaos.killed_postgres FOLDER``: what PostgreSQL's sudden death leaves of jobs and requests.

On a cluster of its own, since no other test should lose its server. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from schoolops import launcher


def main() -> None:
    folder = Path(sys.argv[1])
    # What has not reached the disk when the server dies is gone: nobody writes it out in passing.
    lazily = {**launcher.DURABLE.postgres_settings, "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    with launcher.start(replace(launcher.DURABLE, postgres_settings=lazily), folder / "servers") as servers:
        os.environ |= servers.environment() | {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CHAOS_FOLDER": str(folder),
            "ALLOWED_HOSTS": ".localhost",
        }
        import django

        django.setup()
        from tests.chaos import stage

        place = Place(servers, stage.build(1)["chaos-0"])
        print(json.dumps({**after_commits(place), **in_the_middle(place), **while_sending(place)}))


class Place:
    """One school, a runner of this process, a browser; and the server to kill."""

    def __init__(self, servers: launcher.Servers, token: str) -> None:
        from django.test import Client

        from schoolops.queues.worker.runner import Runner
        from schoolops.tenancy.lifecycle import get_school

        self.servers, self.token = servers, token
        self.school = get_school("chaos-0")
        self.browser = Client(raise_request_exception=False, headers={"host": "chaos-0.localhost"})
        self.runner = Runner()

    def effects(self) -> list[int]:
        return [n for (n,) in self.ask(self.school, "SELECT n FROM chaos_effect ORDER BY n")]

    def alive(self) -> list[int]:
        return [n for (n,) in self.ask(None, "SELECT (payload ->> 'n')::int FROM queues_job ORDER BY id")]

    @staticmethod
    def ask(school: Any, statement: str) -> list[tuple[Any, ...]]:
        from django.db import connection

        from schoolops.context import inside, outside_schools

        with inside(school) if school else outside_schools(), connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def enqueue(self, declared: Any, numbers: range) -> list[int]:
        from django.db import connection

        from schoolops.context import inside, outside_schools

        # As a web process does it, whose commits wait for the disk.
        with outside_schools():
            connection.close()
        with inside(self.school):
            return [each.job_id for each in declared.enqueue_many([{"n": n, "kind": "well"} for n in numbers])]

    def restart(self) -> None:
        from django.db import connection

        from schoolops.context import outside_schools

        self.servers.restart_postgres()
        with outside_schools():
            connection.close()

    def intend(self, n: int) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"intention-{n}"}
        body = {"n": n, "kind": "well", "task": 0}
        return self.browser.post("/intend", body, content_type="application/json", headers=headers)


def after_commits(place: Place) -> dict[str, Any]:
    """Money's commits are on disk, the others' are not; and a request that comes while the server is away."""
    from schoolops.queues import registry

    told: dict[str, Any] = {}
    fees = place.enqueue(registry.find("chaos.atomic.fees"), range(50))
    others = place.enqueue(registry.find("chaos.atomic.attendance"), range(100, 200))
    for job in fees:
        place.runner.run([job], 30, durable=True)
    for job in others:
        place.runner.run([job], 30)
    told["done_before"] = len(place.effects())
    place.servers.kill_postgres()
    told["request_meanwhile"] = place.intend(300).status_code
    place.restart()
    kept, left = place.effects(), place.alive()
    told["money_kept"] = len([n for n in kept if n < 100])
    told["vanished"] = told["done_before"] - len(kept)
    told["left_and_done"] = len(set(kept) & set(left))
    told["neither"] = len(set(range(100, 200)) - set(kept) - set(left))
    for job in others:
        place.runner.run([job], 30)
    told["each_once"] = place.effects() == [*range(50), *range(100, 200)]
    answers = [place.intend(300), place.intend(300)]
    told["request_afterwards"] = [answer.status_code for answer in answers]
    told["replayed"] = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    return told


def in_the_middle(place: Place) -> dict[str, Any]:
    """With a job in hand nothing is known of that try, and nothing is counted."""
    from django.db import connection

    from schoolops.queues import ATTENDANCE, task

    @task(queue=ATTENDANCE, name="test.kill_the_server")
    def kill_the_server(*, n: int, kind: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO chaos_effect (n) VALUES (%s)", [n])
            place.servers.kill_postgres()
            cursor.execute("SELECT 1")

    [job] = place.enqueue(kill_the_server, range(400, 401))
    place.runner.run([job], 30)
    place.restart()
    return {
        "tries_counted": place.ask(None, f"SELECT attempts, deliveries, crashes FROM queues_job WHERE id = {job}"),
        "written_down": len(place.ask(None, "SELECT 1 FROM queues_attempt UNION ALL SELECT 1 FROM queues_deadletter")),
        "effect_of_the_killed": 400 in place.effects(),
    }


def while_sending(place: Place) -> dict[str, Any]:
    """Somebody outside was called: that must be known afterwards, or he is called twice."""
    from schoolops.queues import NOTIFICATIONS, calling_outside, task

    sent: list[str] = []

    @task(queue=NOTIFICATIONS, name="test.send_and_kill_the_server", outside="at_most_once")
    def send_and_kill_the_server(*, n: int, kind: str) -> None:
        with calling_outside() as key:
            sent.append(key)
            place.servers.kill_postgres()

    [job] = place.enqueue(send_and_kill_the_server, range(500, 501))
    place.runner.run_leased(job, 20)
    place.restart()
    place.ask(None, f"UPDATE queues_job SET lease_until = now() - interval '1 second' WHERE id = {job} RETURNING 1")
    place.runner.run_leased(job, 20)
    [(reason,)] = place.ask(None, f"SELECT reason FROM queues_deadletter WHERE id = {job}")
    return {"sent": len(sent), "sent_becomes": reason}


if __name__ == "__main__":
    main()
