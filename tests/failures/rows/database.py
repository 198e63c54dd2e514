"""The database is slow, away, cut off, killed."""

from __future__ import annotations

import threading
import time

import psycopg

from tests.failures.rows.row import Seen, must, row, unavailable
from tests.failures.stage import Scene
from tests.observe.stage import until


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
        asking = [threading.Thread(target=bills) for _ in range(6)]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        closed = [each for each in answers if each[1] == "resilience:group-unavailable"]
        connection.rollback()
    must(closed, f"the group is closed after five failures: {sorted({each[:2] for each in answers})}")
    must(min(each[2] for each in closed) < 1, "who comes then is told at once")
    must(all(each.status == 201 for each in journal.said), f"other groups go on: {journal.seen()}")
    until("a probe opens it again", lambda: scene.ask("/api/v1/invoices")[0] == 200)
    return f"{len(closed)} of {len(answers)} told at once; beside it {journal.seen()}", journal.worst_s


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


@row("PostgreSQL is killed")
def the_database_is_killed(scene: Scene) -> Seen:
    with scene.writing("database killed") as journal:
        time.sleep(1)
        scene.servers.kill_postgres()
        time.sleep(1)
        scene.servers.restart_postgres()
    unavailable(journal)
    return journal.seen(), journal.worst_s
