"""The programs of the last release and of this one work on one database, as while one goes and the other comes."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import time
from dataclasses import replace
from io import BytesIO
from itertools import cycle
from pathlib import Path

from config.env import BASE_DIR
from schoolops.launcher import ensure_logins, free_port
from tests.failures.rows.row import Seen, history, must, release, row, unavailable
from tests.failures.stage import Scene
from tests.observe.stage import PYTHON, ask, until

DATABASE = "halfway"


def unpack(folder: Path) -> Path:
    """The code of the last release, as it is unpacked where it is deployed."""
    shutil.rmtree(folder, ignore_errors=True)
    code = subprocess.run(["git", "archive", release()], cwd=BASE_DIR, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(code)) as packed:
        packed.extractall(folder, filter="data")
    return folder


@row("Half deployed: the last release beside this one", lacks=history)
def half_deployed(scene: Scene) -> Seen:
    """Its school is brought up under it; then whoever writes is answered by one or the other, whichever is asked."""
    admin_url, web_url = ensure_logins(scene.servers.superuser_url, DATABASE)
    servers = replace(
        scene.servers, database_admin_url=admin_url, database_url=web_url,
        redis_url=scene.servers.redis_url.removesuffix("/0") + "/1",
    )  # fmt: skip
    folder = scene.folder / DATABASE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    halfway = Scene(folder, servers, code=unpack(folder / "release"), settings="tests.observe.settings")
    newer = free_port()
    try:
        halfway.raise_curtain()
        with halfway.writing("before") as before:
            time.sleep(2)
            up = subprocess.run(
                [PYTHON, "manage.py", "migrate", "--verbosity", "0"],
                cwd=BASE_DIR, env=halfway.environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            time.sleep(1)
        must(up.returncode == 0, f"the school is brought up under the last release: {(up.stdout + up.stderr)[-500:]}")
        halfway.code = BASE_DIR
        own = {**halfway.behind, "PORT": str(newer), "METRICS_FOLDER": str(folder / "metrics-newer")}
        halfway.start("newer", "-m", "config.serve", environment=own)
        until("this release answers", lambda: ask(newer, "/health")[0] == 200)
        halfway.ports = cycle([halfway.port, newer])
        with halfway.writing("both") as both:
            time.sleep(5)
        answers = [answered_twice(halfway, old, new) for old, new in ((halfway.port, newer), (newer, halfway.port))]
    finally:
        halfway.close()
    for journal in (before, both):
        unavailable(journal)
    must(halfway.lost + halfway.doubled + halfway.unwanted == 0, "nothing lost, twice or unwanted")
    worst_s = max(before.worst_s, both.worst_s)
    return f"while it is brought up {before.seen()}; side by side {both.seen()}; {' and '.join(answers)}", worst_s


def answered_twice(scene: Scene, first: int, then: int) -> str:
    """A write that one has acknowledged is sent to the other under its key: it is there once."""
    name, key = f"twice {first}", f"twice-{first}"
    said = [scene.write(name, key, port).status for port in (first, then)]
    must(said == [201, 201], f"what one has taken the other acknowledges: {said}")
    must(scene.there([name])[name] == 1, "and it is there once")
    return "a key of one is known to the other"
