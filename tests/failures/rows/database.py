"""The database is slow, away, cut off, killed."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection

import psycopg

from tests.failures.rows.row import Seen, must, row, unavailable
from tests.failures.stage import Scene
from tests.observe.stage import until

CLOSED = "resilience:group-unavailable"
FAILURES = 5
# Longest that somebody beside it may wait: some for the processor, nobody for its lock.
BESIDE_S = 5


def until_closed(scene: Scene) -> list[str]:
    """What one web process says to one who asks again and again for what is locked, up to once more than it may."""
    # A connection that is kept open stays with the process that took it, whose circuit it is.
    connection = HTTPConnection("127.0.0.1", scene.port, timeout=30)
    said: list[str] = []
    try:
        while CLOSED not in said and len(said) <= FAILURES:
            headers = {"Host": "oak.localhost", "Authorization": f"Bearer {scene.token}"}
            connection.request("GET", "/api/v1/invoices", headers=headers)
            answer = connection.getresponse()
            said.append(str(json.loads(answer.read()).get("code", answer.status)))
            must(not answer.will_close, "the connection is kept open")
    finally:
        connection.close()
    return said


@row("A slow query: its group is closed, others go on")
def a_table_is_slow(scene: Scene) -> Seen:
    answers: list[tuple[int, str, float]] = []

    def bills() -> None:
        for _ in range(4):
            began = time.monotonic()
            status, said = scene.ask("/api/v1/invoices")
            answers.append((status, said.get("code", "") if isinstance(said, dict) else "", time.monotonic() - began))

    with psycopg.connect(scene.admin_url) as connection, scene.writing("slow query") as journal:
        connection.execute("LOCK TABLE school_oak.fees_invoice IN ACCESS EXCLUSIVE MODE")
        alone = until_closed(scene)
        asking = [threading.Thread(target=bills) for _ in range(6)]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        closed = [each for each in answers if each[1] == CLOSED]
        connection.rollback()
    must(len(alone) == FAILURES + 1 and alone[-1] == CLOSED, f"five failures close the group: {alone}")
    must(closed, f"it is closed to everybody: {sorted({each[:2] for each in answers})}")
    must(min(each[2] for each in closed) < 1, "who comes then is told at once")
    must(all(each.status == 201 for each in journal.said), f"other groups go on: {journal.seen()}")
    must(journal.worst_s < BESIDE_S, f"and do not wait for it: {journal.worst_s:.1f} s")
    until("a probe opens it again", lambda: scene.ask("/api/v1/invoices")[0] == 200)
    told = f"closed after {FAILURES} failures; {len(closed)} of {len(answers)} told at once"
    return f"{told}; beside it {journal.seen()}", journal.worst_s


@row("The database refuses connections")
def the_database_refuses(scene: Scene) -> Seen:
    with scene.writing("database refuses") as journal:
        time.sleep(1)
        scene.database.refuse()
        time.sleep(5)
        scene.database.accept()
    unavailable(journal)
    return journal.seen(), journal.worst_s


@row("A split between web and database")
def a_split(scene: Scene) -> Seen:
    with scene.writing("split") as journal:
        time.sleep(1)
        scene.database.black_hole = True
        time.sleep(8)
        scene.database.black_hole = False
        scene.database.reset()
    unavailable(journal)
    return journal.seen(), journal.worst_s


@row("The line to the database is thin")
def a_thin_line(scene: Scene) -> Seen:
    with scene.writing("thin line") as journal:
        time.sleep(1)
        scene.database.slice_bytes, scene.database.bytes_per_s = 7, 20_000
        time.sleep(5)
        scene.database.slice_bytes = scene.database.bytes_per_s = 0
    unavailable(journal)
    return journal.seen(), journal.worst_s


@row("PostgreSQL is killed")
def the_database_is_killed(scene: Scene) -> Seen:
    with scene.writing("database killed") as journal:
        time.sleep(1)
        scene.servers.kill_postgres()
        time.sleep(1)
        scene.servers.restart_postgres()
    unavailable(journal)
    return journal.seen(), journal.worst_s
