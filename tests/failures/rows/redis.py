"""Redis is away: before the start, and while requests are served."""

from __future__ import annotations

import subprocess
import time

from config.env import BASE_DIR
from schoolops.launcher import free_port
from tests.failures.rows.row import Seen, must, row
from tests.failures.stage import Scene
from tests.observe.stage import PYTHON, ask, through, until

EXIT_CONFIG = 78


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
