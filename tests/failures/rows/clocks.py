"""The clock of the machine that serves is put forward and back, beside a database whose clock goes on."""

from __future__ import annotations

import time

from tests.failures import hands
from tests.failures.rows.row import Seen, must, row
from tests.failures.stage import Scene
from tests.observe.stage import PASSWORD, ask, until

STEPS = (7_200, 0, -7_200, 0)


@row("The clock is put two hours forward and back")
def the_clock_steps(scene: Scene) -> Seen:
    file, behind = scene.folder / "clock", dict(scene.behind)
    file.write_text("0", encoding="ascii")
    scene.behind[hands.VARIABLE] = str(file)
    jobs = range(5_000, 5_000 + len(STEPS))
    try:
        scene.restart()
        with scene.writing("clock") as journal:
            for number, ahead_s in zip(jobs, STEPS, strict=True):
                file.write_text(str(ahead_s), encoding="ascii")
                time.sleep(2)
                must(scene.want("effect", number) == 201, f"a job is taken, {ahead_s} s ahead")
                until(f"it is done, {ahead_s} s ahead", lambda number=number: bool(scene.effects()[number]))  # type: ignore[misc]
                status, said = ask(scene.port, "/api/v1/auth/login", body={"login": "writer", "password": PASSWORD})
                must(status == 200, f"who comes is let in, {ahead_s} s ahead: {status} {said}")
    finally:
        scene.behind = behind
        scene.restart()
    must(all(each.status == 201 for each in journal.said), f"every write is taken: {journal.seen()}")
    must(all(scene.effects()[number] == 1 for number in jobs), "each job is done once")
    return f"{journal.seen()}; a job and a login at each of {len(STEPS)} steps", journal.worst_s
