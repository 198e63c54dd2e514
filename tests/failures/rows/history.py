"""Everything is killed while every kind of write is sent."""

from __future__ import annotations

import subprocess
import time
from collections import Counter

import psycopg

from tests.failures.rows.row import Seen, must, row
from tests.failures.stage import Scene
from tests.observe.stage import PASSWORD, PYTHON, Failed, ask, say, until
from tests.smoke.rows import Rows

HOST, SLUG, STUDENTS = "marsh.localhost", "marsh", 60
SCHOOL = f"""
from django.core.management import call_command
from schoolops.context import inside, outside_schools
from schoolops.tenancy.provisioning import create_school
from tests.factories import people
with outside_schools():
    marsh = create_school(slug={SLUG!r}, name="Marsh School", domains=[{HOST!r}])
    call_command("demo_data", school={SLUG!r}, students={STUDENTS}, days=1, verbosity=0)
with inside(marsh):
    user = people.a_user("writer", role="administrator")
    user.set_password({PASSWORD!r})
    user.save()
"""
QUEUES = ("fees", "imports", "notifications")


@row("Everything is killed while every kind of write is sent")
def everything_is_killed(scene: Scene) -> Seen:
    # Reads the routes' table of requests, for which Django is set up.
    import django

    django.setup()
    from tests.failures.history import History, made_ready, sender, world_at
    from tests.failures.writes import Kind

    command = [PYTHON, "manage.py", "shell", "--no-imports", "-c", SCHOOL]
    subprocess.run(command, cwd=scene.code, env=scene.environment, check=True)
    for queue in QUEUES:
        scene.worker(queue)
    with Rows(scene.admin_url) as rows:
        schema = rows.schema_of(SLUG)
        world = world_at(scene.port, HOST, {"writer": PASSWORD}, "writer", lambda: rows.working(schema))
        ready = made_ready(world)

    def count(kind: Kind, marks: list[str]) -> Counter[str]:
        with psycopg.connect(scene.admin_url, autocommit=True) as connection:
            connection.execute("SELECT set_config('search_path', %s, false)", [f"{schema}, extensions"])
            return Counter(dict(connection.execute(kind.counted.encode(), [marks]).fetchall()))

    history = History(sender(scene.port, HOST, world.token("writer")), count, ready)
    say(f"requests of {len(ready)} kinds are ready")
    with history.being_written():
        time.sleep(4)
        for kill in (_web, _database, _broker, _behind, _web):
            history.let_go += 1
            # What was kept for this kill is on its way.
            time.sleep(0.3)
            kill(scene)
            time.sleep(3)
    until("the web server writes again", lambda: ask(scene.port, "/health/ready", host=HOST)[0] == 200)
    wrong = history.judged(history.sent_again())
    for queue in QUEUES:
        scene.stop(f"worker-{queue}")
    scene.lost += len(wrong["lost"])
    scene.doubled += len(wrong["doubled"])
    scene.unwanted += len(wrong["unwanted"])
    for what in ("lost", "doubled", "unwanted", "never"):
        if wrong[what]:
            raise Failed(f"{what}: {wrong[what][:5]}; {history.seen()}")
    failed = {each.status for each in history.writes if each.status >= 500}
    must(failed <= {503}, f"who cannot be served is told so, and nobody that we broke: {failed}; {history.seen()}")
    must(
        any(each.unanswered for each in history.writes), "somebody had no answer: else nothing was killed in the middle"
    )
    return history.seen(), 0.0


def _web(scene: Scene) -> None:
    scene.kill("web")
    scene.web()


def _behind(scene: Scene) -> None:
    """Whatever works on jobs, and the relay that hands them out."""
    for queue in QUEUES:
        scene.kill(f"worker-{queue}")
        scene.worker(queue)
    scene.kill("relay")
    scene.relay()


def _database(scene: Scene) -> None:
    scene.servers.kill_postgres()
    time.sleep(1)
    scene.servers.restart_postgres()


def _broker(scene: Scene) -> None:
    scene.servers.kill_valkey()
    time.sleep(1)
    scene.servers.restart_valkey()
