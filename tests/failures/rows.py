"""The rows of the matrix: each brings its failure about, and says what was seen and the slowest answer in seconds."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from config.env import BASE_DIR
from schoolops.launcher import free_port, places
from schoolops.launcher.servers import _parts
from tests.failures.stage import Journal, Scene
from tests.observe.stage import PYTHON, Failed, ask, through, until

Seen = tuple[str, float]
EXIT_CONFIG = 78


@dataclass(frozen=True, slots=True)
class Row:
    """``root``: only root can bring it about."""

    name: str
    play: Callable[[Scene], Seen]
    root: bool


ROWS: list[Row] = []


def row(name: str, *, root: bool = False) -> Callable[[Callable[[Scene], Seen]], Callable[[Scene], Seen]]:
    def register(play: Callable[[Scene], Seen]) -> Callable[[Scene], Seen]:
        ROWS.append(Row(name, play, root))
        return play

    return register


def must(holds: object, what: str) -> None:
    if not holds:
        raise Failed(f"not so: {what}")


def unavailable(journal: Journal) -> None:
    """Whoever could not be served was told so, and to come again."""
    must({each.status for each in journal.said} <= {201, 503}, f"201 or 503: {journal.seen()}")


@row("Redis down, development: ALLOW_REDIS_MOCK")
def without_redis_in_development(scene: Scene) -> Seen:
    port = free_port()
    closed = through(scene.environment["REDIS_URL"], free_port())
    own = {**scene.environment, "REDIS_URL": closed, "ALLOW_REDIS_MOCK": "true", "PORT": str(port), "WEB_WORKERS": "1"}
    own["METRICS_FOLDER"] = str(scene.folder / "metrics-mock")
    scene.start("mock", "-m", "config.serve", environment=own)
    try:
        until("it boots", lambda: ask(port, "/health")[0] == 200)
        said = scene.write("without redis", "without-redis", port)
        must(said.status == 201, f"a write is taken ({said.status} {said.code})")
    finally:
        scene.stop("mock")
    must(scene.there(["without redis"])["without redis"] == 1, "it is there once")
    return "boots, says so, writes", said.seconds


@row("Redis down, production: does not boot")
def without_redis_in_production(scene: Scene) -> Seen:
    own = {
        **scene.environment,
        "DJANGO_SETTINGS_MODULE": "config.settings.production", "SECRET_KEY": "x" * 20 + "0123456789" * 5,
        "ALLOWED_HOSTS": ".example.org", "PLATFORM_TOKEN": "p" * 40, "PORT": str(free_port()),
        "EMAIL_URL": "smtp://127.0.0.1:1", "REDIS_URL": through(scene.environment["REDIS_URL"], free_port()),
    }  # fmt: skip
    done = subprocess.run(
        [PYTHON, "-m", "config.serve"], cwd=BASE_DIR, env=own, capture_output=True, text=True, timeout=300, check=False
    )
    must(done.returncode == EXIT_CONFIG, f"exit code 78, and not {done.returncode}: {done.stderr[-300:]}")
    return "exit code 78 and the reason", 0.0


@row("Redis lost at runtime")
def redis_is_lost(scene: Scene) -> Seen:
    with scene.writing("redis lost") as journal:
        time.sleep(1)
        scene.redis.refuse()
        time.sleep(5)
        scene.redis.accept()
    must(all(each.status == 201 for each in journal.said), f"every write is taken: {journal.seen()}")
    return journal.seen(), journal.worst_s


@row("Redis hangs")
def redis_hangs(scene: Scene) -> Seen:
    with scene.writing("redis hangs") as journal:
        time.sleep(1)
        scene.redis.black_hole = True
        time.sleep(5)
        scene.redis.black_hole = False
    must(all(each.status == 201 for each in journal.said), f"every write is taken: {journal.seen()}")
    return journal.seen(), journal.worst_s


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


@row("The web server is killed")
def the_web_server_is_killed(scene: Scene) -> Seen:
    with scene.writing("web killed") as journal:
        for _ in range(3):
            time.sleep(1)
            scene.kill("web")
            scene.web()
    return journal.seen(), journal.worst_s


@row("The worker is killed in the middle of jobs")
def the_worker_is_killed(scene: Scene) -> Seen:
    wanted = range(3_000, 3_060)
    for number in wanted:
        must(scene.want("effect", number) == 201, "a job is taken")
        if number % 20 == 10:
            scene.kill("worker-attendance")
            scene.worker()
    until("every job is done", lambda: all(scene.effects()[number] for number in wanted))
    must(all(scene.effects()[number] == 1 for number in wanted), "none is done twice")
    return f"{len(wanted)} jobs, each done once", 0.0


@row("PostgreSQL is killed")
def the_database_is_killed(scene: Scene) -> Seen:
    with scene.writing("database killed") as journal:
        time.sleep(1)
        scene.servers.kill_postgres()
        time.sleep(1)
        scene.servers.restart_postgres()
    unavailable(journal)
    return journal.seen(), journal.worst_s


@row("The disk is full under a table", root=True)
def the_disk_is_full(scene: Scene) -> Seen:
    home, user = places.home_and_user(scene.servers.folder)
    small = home / "small"
    user.make_private(small)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=8M,uid={user.uid},gid={user.gid},mode=700", "tmpfs", small],
                   check=True)  # fmt: skip
    superuser = scene.servers.superuser_url.replace("postgres://", "postgresql://", 1)
    database = urlsplit(scene.admin_url).path
    try:
        with psycopg.connect(urlsplit(superuser)._replace(path=database).geturl(), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{small}'".encode())
            connection.execute("ALTER TABLE school_oak.students_guardian SET TABLESPACE small")
            filler = small / "filler"
            with scene.writing("disk full") as journal:
                time.sleep(1)
                subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)
                until("a write is refused", lambda: any(each.status not in {0, 201} for each in journal.said))
                time.sleep(2)
                filler.unlink()
            connection.execute("ALTER TABLE school_oak.students_guardian SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", small], check=True)
    return journal.seen(), journal.worst_s


@row("PostgreSQL fails over to a synchronous standby")
def the_database_fails_over(scene: Scene) -> Seen:
    """The address moves with the primary, as a proxy or a moving address does it."""
    primary = _parts(scene.servers.folder)[0]
    copy = primary.data.with_name("standby")
    superuser = urlsplit(scene.servers.superuser_url)
    port = free_port()
    primary.stop(30)
    primary.user.make_private(copy)
    try:
        made = primary.user.run(["cp", "-a", f"{primary.data}/.", str(copy)], seconds=300)
    finally:
        scene.servers.restart_postgres()
    must(made.returncode == 0, f"a copy is made: {made.stdout[-300:]}")
    primary.user.run(["touch", str(copy / "standby.signal")])
    settings = {
        **scene.servers.profile.postgres_settings,
        "primary_conninfo": f"host=127.0.0.1 port={superuser.port} user={superuser.username} "
        f"password={superuser.password} application_name=standby",
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    program = str(places.postgres_program("postgres", primary.user, primary.home))
    log = primary.home / "standby.log"
    standby = primary.user.spawn([program, "-D", str(copy), "-p", str(port), *words], log=log)
    moved = superuser._replace(netloc=superuser.netloc.replace(f":{superuser.port}", f":{port}"), scheme="postgresql")
    try:
        with psycopg.connect(superuser._replace(scheme="postgresql").geturl(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            connection.execute("SELECT pg_reload_conf()")
            state = "SELECT sync_state FROM pg_stat_replication"
            until("the standby is synchronous", lambda: connection.execute(state).fetchall() == [("sync",)])
        with scene.writing("failover") as journal:
            time.sleep(2)
            scene.servers.kill_postgres()
            with psycopg.connect(moved.geturl(), autocommit=True) as connection:
                connection.execute("SELECT pg_promote()")
            scene.database.upstream = ("127.0.0.1", port)
            scene.database.reset()
            scene.admin_url = through(scene.admin_url, port)
            time.sleep(2)
    finally:
        scene.database.refuse()
        standby.terminate()
        standby.wait(30)
    return journal.seen(), journal.worst_s
