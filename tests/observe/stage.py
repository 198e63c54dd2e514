"""The stack of a rehearsal: proxies before its servers, traffic, and a Prometheus that watches."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.env import BASE_DIR
from schoolops.launcher import Servers, free_port
from tests.support.proxy import Proxy

FASTER = 10
PATIENCE_S = 90
PYTHON = sys.executable
PASSWORD = "correct horse battery staple"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """The rehearsal could not be held, or something in it did not happen."""


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def ask(
    port: int, path: str, *, host: str = "oak.localhost", body: object = None, token: str = "", **headers: str
) -> tuple[int, Any]:
    """(status, decoded body); status 0 when nobody answers."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Host": host, "Content-Type": "application/json", **headers},
    )
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with DIRECT.open(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    except OSError:
        return 0, None
    with suppress(ValueError):
        return status, json.loads(text)
    return status, text


class Stage:
    """The stack with proxies before its servers, traffic, and a Prometheus that watches."""

    # Whose programs are started.
    code = BASE_DIR

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder = folder
        environment = servers.environment()
        self.database = Proxy(("127.0.0.1", urlsplit(environment["DATABASE_URL"]).port or 0))
        self.redis = Proxy(("127.0.0.1", urlsplit(environment["REDIS_URL"]).port or 0))
        for proxy in (self.database, self.redis):
            proxy.open()
        self.port, self.prometheus_port = free_port(), free_port()
        self.metrics = folder / "metrics"
        self.environment = {
            **os.environ,
            **environment,
            "DJANGO_SETTINGS_MODULE": "tests.observe.settings",
            "OBSERVE_FOLDER": str(folder),
            "METRICS_FOLDER": str(self.metrics),
            "PORT": str(self.port),
            "WEB_WORKERS": "2",
            "LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }
        self.behind = {
            **self.environment,
            "DATABASE_URL": through(environment["DATABASE_URL"], self.database.port),
            "REDIS_URL": through(environment["REDIS_URL"], self.redis.port),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.token = ""
        self._traffic_ends = threading.Event()

    # --- programs ---------------------------------------------------------------------------------------------------
    def start(self, name: str, *command: str, environment: dict[str, str] | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [PYTHON, *command] if command[0].startswith(("-", "manage")) else list(command),
                cwd=self.code,
                env=environment or self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, name: str) -> None:
        program = self.running.pop(name, None)
        if program is None:
            return
        program.terminate()
        try:
            program.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def close(self) -> None:
        self._traffic_ends.set()
        for name in list(self.running):
            self.stop(name)
        self.database.close()
        self.redis.close()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The log lines of a program."""
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def raise_curtain(self) -> None:
        self.group(0.5)
        (self.folder / "media").mkdir(exist_ok=True)
        for command in (["migrate", "--verbosity", "0"], ["shell", "--no-imports", "-c", PEOPLE]):
            subprocess.run([PYTHON, "manage.py", *command], cwd=BASE_DIR, env=self.environment, check=True)
        self.start("web", "-m", "config.serve", environment=self.behind)
        self.start("relay", "manage.py", "relay")
        self.start("worker-attendance", "-m", "config.worker", "attendance")
        until("the web server answers", lambda: ask(self.port, "/health")[0] == 200)
        status, login = ask(self.port, "/api/v1/auth/login", body={"login": "carol", "password": PASSWORD})
        if status != 200:
            raise Failed(f"carol cannot log in: {status} {login}")
        self.token = login.get("access_token") or login["access"]

    def watch(self) -> None:
        """Traffic, and a Prometheus that scrapes every second, with the rules of the table made faster."""
        from schoolops.observability import alerts, conditions

        place = self.folder / "prometheus"
        place.mkdir(exist_ok=True)
        (place / "rules.yml").write_text(alerts.rules(faster=FASTER), encoding="utf-8")
        (place / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
            f"scrape_configs:\n  - job_name: {conditions.JOB}\n"
            f'    static_configs: [{{targets: ["127.0.0.1:{self.port}"]}}]\n',
            encoding="utf-8",
        )
        self.start(
            "prometheus",
            shutil.which("prometheus") or "",
            f"--config.file={place}/prometheus.yml",
            f"--storage.tsdb.path={place}/data",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
        )
        until("Prometheus answers", lambda: ask(self.prometheus_port, "/-/ready")[0] == 200)
        until("Prometheus has scraped us", self.is_scraped)
        threading.Thread(target=self._traffic, daemon=True).start()

    def is_scraped(self) -> bool:
        _, answer = ask(self.prometheus_port, "/api/v1/targets")
        found = answer["data"]["activeTargets"] if isinstance(answer, dict) else []
        return [each["health"] for each in found] == ["up"]

    def firing(self) -> set[str]:
        _, answer = ask(self.prometheus_port, "/api/v1/alerts")
        found = answer["data"]["alerts"] if isinstance(answer, dict) else []
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}

    # --- traffic ----------------------------------------------------------------------------------------------------
    def ask(self, path: str, **how: Any) -> tuple[int, Any]:
        """Ask the web server as carol, who is known and has no role."""
        return ask(self.port, path, token=self.token, **how)

    def _traffic(self) -> None:
        number = 0
        while not self._traffic_ends.wait(0.15):
            number += 1
            self.ask("/api/v1/me")
            if number % 8 == 0:
                ask(self.port, "/api/v1/auth/login", body={"login": "carol", "password": PASSWORD})

    def quieten(self) -> None:
        self._traffic_ends.set()

    def group(self, used: float) -> None:
        """A control group that has so much of its memory in use."""
        place = self.folder / "cgroup"
        place.mkdir(exist_ok=True)
        for name, text in {
            "memory.max": "1000000",
            "memory.current": str(int(used * 1_000_000)),
            "memory.stat": "inactive_file 0",
        }.items():
            (place / name).write_text(text, encoding="ascii")


# The school and its people; a user without any role is refused everything that needs a permission.
PEOPLE = f"""
from schoolops.context import inside, outside_schools
from schoolops.tenancy.provisioning import create_school
from apps.accounts.models import User
from django.contrib.auth.hashers import make_password
with outside_schools():
    oak = create_school(slug="oak", name="Oak School", domains=["oak.localhost"])
with inside(oak):
    User.objects.create(username="carol", password=make_password({PASSWORD!r}))
"""


def through(url: str, port: int) -> str:
    """``url`` with another port."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()


def until(what: str, happened: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
    """Wait for it; returns how long it took. Raises ``Failed``."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if happened():
            return time.monotonic() - began
        time.sleep(0.5)
    raise Failed(f"In {seconds:.0f} s it did not happen that {what}.")
