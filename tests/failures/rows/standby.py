"""PostgreSQL dies, and its synchronous standby takes over: behind an address that moves, or named beside it."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from schoolops.launcher import free_port, places
from schoolops.launcher.servers import _parts
from tests.failures.rows.row import Seen, must, row, unavailable
from tests.failures.stage import Journal, Scene
from tests.observe.stage import through, until


@dataclass(frozen=True, slots=True)
class Standby:
    """A copy that follows, at ``port``; ``url`` is its superuser's."""

    port: int
    url: str

    def promote(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


@contextmanager
def synchronous_standby(scene: Scene) -> Iterator[Standby]:
    """No commit is acknowledged before the standby has it. Afterwards the first server is back, as it died."""
    primary = _parts(scene.servers.folder)[0]
    copy = primary.data.with_name("standby")
    superuser = urlsplit(scene.servers.superuser_url)._replace(scheme="postgresql")
    port, before = free_port(), scene.admin_url
    primary.stop(30)
    try:
        primary.user.run(["rm", "-rf", str(copy)], seconds=60)
        primary.user.make_private(copy)
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
    standby = primary.user.spawn([program, "-D", str(copy), "-p", str(port), *words], log=primary.home / "standby.log")
    try:
        with psycopg.connect(superuser.geturl(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            connection.execute("SELECT pg_reload_conf()")
            state = "SELECT sync_state FROM pg_stat_replication"
            until("the standby is synchronous", lambda: connection.execute(state).fetchall() == [("sync",)])
        until("writes are taken again", lambda: scene.write("before", str(uuid.uuid4())).status == 201)
        yield Standby(port, through(superuser.geturl(), port))
    finally:
        # Fast, whoever is still connected.
        standby.send_signal(signal.SIGINT)
        standby.wait(30)
        scene.database.upstream, scene.admin_url = ("127.0.0.1", superuser.port or 0), before
        scene.servers.restart_postgres()
        with psycopg.connect(superuser.geturl(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")
        scene.database.reset()


def taken(journal: Journal, more: int) -> None:
    """Clients go on until so many more writes are taken."""
    before = sum(each.status == 201 for each in journal.said)
    until(f"{more} writes are taken", lambda: sum(each.status == 201 for each in journal.said) >= before + more)


@row("PostgreSQL fails over, and its address moves")
def the_address_moves(scene: Scene) -> Seen:
    """As a proxy or a moving address does it."""
    with synchronous_standby(scene) as standby:
        with scene.writing("failover") as journal:
            taken(journal, 8)
            scene.servers.kill_postgres()
            standby.promote()
            scene.database.upstream = ("127.0.0.1", standby.port)
            scene.admin_url = through(scene.admin_url, standby.port)
            scene.database.reset()
            taken(journal, 8)
        there = scene.counted()
    unavailable(journal)
    return f"{journal.seen()}; {there} rows at the new primary", journal.worst_s


@row("PostgreSQL fails over, and both are named in DATABASE_URL")
def both_are_named(scene: Scene) -> Seen:
    """libpq asks one after the other for the one that takes writes."""
    behind = dict(scene.behind)
    with synchronous_standby(scene) as standby:
        url = urlsplit(scene.environment["DATABASE_URL"])
        both = url._replace(netloc=f"{url.netloc},127.0.0.1:{standby.port}", query="target_session_attrs=read-write")
        scene.behind["DATABASE_URL"] = both.geturl()
        try:
            scene.restart()
            with scene.writing("two named") as journal:
                taken(journal, 8)
                scene.servers.kill_postgres()
                standby.promote()
                scene.admin_url = through(scene.admin_url, standby.port)
                taken(journal, 8)
            there = scene.counted()
            must(scene.want("effect", 6_000) == 201, "a job is taken by the new primary")
            until("and done", lambda: scene.effects()[6_000] == 1)
        finally:
            scene.behind = behind
    scene.restart()
    unavailable(journal)
    return f"{journal.seen()}; {there} rows at the new primary, and a job is done", journal.worst_s
