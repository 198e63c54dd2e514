"""The disk is full: under a table of a school, and under the ledger of jobs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from schoolops.launcher import places
from tests.failures.rows.row import Seen, must, root, row, unavailable
from tests.failures.stage import Scene
from tests.observe.stage import until


@contextmanager
def on_a_small_disk(scene: Scene, table: str) -> Iterator[Path]:
    """``table`` on a disk of 8 MiB of its own; a file that can fill it."""
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
            connection.execute(f"ALTER TABLE {table} SET TABLESPACE small".encode())
            try:
                yield small / "filler"
            finally:
                (small / "filler").unlink(missing_ok=True)
                connection.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default".encode())
                connection.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def fill(filler: Path) -> None:
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)


@row("The disk is full under a table", lacks=root)
def the_disk_is_full(scene: Scene) -> Seen:
    with on_a_small_disk(scene, "school_oak.students_guardian") as filler, scene.writing("disk full") as journal:
        time.sleep(1)
        fill(filler)
        until("a write is refused", lambda: any(each.status not in {0, 201} for each in journal.said))
        time.sleep(2)
        filler.unlink()
    unavailable(journal)
    return journal.seen(), journal.worst_s


@row("The disk is full under the ledger of jobs", lacks=root)
def the_ledger_has_no_room(scene: Scene) -> Seen:
    """A job that was taken is done once, one that was refused never; who wants none is served."""
    taken: list[int] = []
    refused: list[int] = []
    worst_s = 0.0
    with on_a_small_disk(scene, "public.queues_job") as filler, scene.writing("ledger full") as journal:
        fill(filler)
        for number in range(4_000, 4_400):
            began = time.monotonic()
            status = scene.want("effect", number)
            worst_s = max(worst_s, time.monotonic() - began)
            must(status in {201, 503}, f"a job is taken, or refused as unavailable: {status}")
            (taken if status == 201 else refused).append(number)
            if len(refused) == 20:
                break
        must(refused, f"a ledger without room refuses: {len(taken)} taken")
        filler.unlink()
        until("a job is taken again", lambda: scene.want("effect", 4_999) == 201)
    must(all(each.status == 201 for each in journal.said), f"who wants no job is served: {journal.seen()}")
    until("what was taken is done", lambda: all(scene.effects()[number] for number in taken))
    found = scene.effects()
    must(all(found[number] == 1 for number in taken), "each once")
    must(not any(found[number] for number in refused), "what was refused is not done")
    return f"{len(refused)} jobs refused, {len(taken)} taken and done once; beside it {journal.seen()}", worst_s
