"""``make observe``: a real Prometheus watches the running stack under traffic; every alert is driven by its cause.

Thresholds are those of the table; windows and ``for`` are shortened by one factor, which is printed. Takes about a
quarter of an hour: one threshold is a job that waits for five minutes. Needs Prometheus (Debian: ``apt-get install
prometheus``); the alert about the disk also needs root, for a small disk of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.env import BASE_DIR
from schoolops import launcher
from schoolops.launcher import Servers, free_port
from tests.observe.proxy import Proxy

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

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder = folder
        environment = servers.environment()
        self.database = Proxy(urlsplit(environment["DATABASE_URL"]).port or 0)
        self.redis = Proxy(urlsplit(environment["REDIS_URL"]).port or 0)
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
                cwd=BASE_DIR,
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
        self.watch()
        threading.Thread(target=self._traffic, daemon=True).start()

    def watch(self) -> None:
        """Prometheus, scraping every second, with the rules of the table made faster."""
        from schoolops.observability import alerts

        place = self.folder / "prometheus"
        place.mkdir(exist_ok=True)
        (place / "rules.yml").write_text(alerts.rules(faster=FASTER), encoding="utf-8")
        (place / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
            f"scrape_configs:\n  - job_name: {alerts.JOB}\n"
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

    def firing(self) -> set[str]:
        _, answer = ask(self.prometheus_port, "/api/v1/alerts")
        found = answer["data"]["alerts"] if isinstance(answer, dict) else []
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}

    # --- traffic and causes -----------------------------------------------------------------------------------------
    def _traffic(self) -> None:
        number = 0
        while not self._traffic_ends.wait(0.15):
            number += 1
            ask(self.port, "/api/v1/me", token=self.token)
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

    @contextmanager
    def slow_database(self) -> Iterator[None]:
        self.database.delay_s = 1.1
        yield
        self.database.delay_s = 0.0

    @contextmanager
    def slow_redis(self) -> Iterator[None]:
        self.redis.delay_s = 0.3
        yield
        self.redis.delay_s = 0.0

    @contextmanager
    def repeatedly(self, action: Callable[[int], object], every_s: float) -> Iterator[None]:
        over = threading.Event()

        def act() -> None:
            number = 0
            while not over.wait(every_s):
                number += 1
                action(number)

        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join()

    def guess(self, number: int) -> None:
        ask(self.port, "/api/v1/auth/login", body={"login": f"nobody-{number}", "password": "guess"})

    def try_doors(self, number: int) -> None:
        ask(self.port, "/api/v1/students", token=self.token)

    @contextmanager
    def no_relay(self) -> Iterator[None]:
        self.stop("relay")
        yield
        self.start("relay", "manage.py", "relay")

    @contextmanager
    def full_memory(self) -> Iterator[None]:
        self.group(0.95)
        yield
        self.group(0.5)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        media = self.folder / "media"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", media], check=True)
        try:
            (media / "photo").write_bytes(b"\0" * 1_950_000)
            yield
        finally:
            subprocess.run(["umount", media], check=True)

    @contextmanager
    def web_stopped(self) -> Iterator[None]:
        self.stop("web")
        yield
        self.start("web", "-m", "config.serve", environment=self.behind)

    @contextmanager
    def failing_jobs(self) -> Iterator[None]:
        for _ in range(3):
            ask(self.port, "/observe/fails", body={}, token=self.token)
        yield

    @contextmanager
    def job_without_worker(self) -> Iterator[None]:
        """Enqueued at the beginning; five minutes are waited for."""
        yield
        self.start("worker-imports", "-m", "config.worker", "imports")


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


def rehearse(stage: Stage) -> tuple[set[str], set[str]]:
    """Drive every alert; returns those that fired and those that resolved."""
    old_job_since = time.monotonic()
    ask(stage.port, "/observe/waits", body={}, token=stage.token)
    acts: list[tuple[set[str], Any, float]] = [
        ({"LoginFailuresMany"}, lambda: stage.repeatedly(stage.guess, 0.3), PATIENCE_S),
        ({"DeniesMany"}, lambda: stage.repeatedly(stage.try_doors, 0.15), PATIENCE_S),
        ({"RedisDisconnects"}, lambda: stage.repeatedly(lambda _: stage.redis.cut(), 1.0), PATIENCE_S),
        ({"RedisSlow"}, stage.slow_redis, PATIENCE_S),
        ({"LoginsSlow", "StatementsSlow", "PermissionsSlow", "SlowQueriesMany"}, stage.slow_database, 2 * PATIENCE_S),
        ({"MemoryFull"}, stage.full_memory, PATIENCE_S),
        ({"DeadLettersGrowing"}, stage.failing_jobs, 2 * PATIENCE_S),
        ({"RelayStopped"}, stage.no_relay, PATIENCE_S),
        ({"TargetDown"}, stage.web_stopped, PATIENCE_S),
    ]
    if os.geteuid():
        say("DiskFull is not driven: it needs root, for a small disk of its own")
    else:
        acts.append(({"DiskFull"}, stage.full_disk, PATIENCE_S + 30))
    acts.append(({"OldestJobOld"}, stage.job_without_worker, 400))
    fired: set[str] = set()
    resolved: set[str] = set()
    for names, cause, patience in acts:
        try:
            with cause():
                seen: set[str] = set()

                def all_seen(seen: set[str] = seen, names: set[str] = names) -> bool:
                    seen |= stage.firing() & names
                    return seen == names

                try:
                    took = until(f"{', '.join(sorted(names))} fired", all_seen, patience)
                    say(f"fired after {took:.0f} s: {', '.join(sorted(names))}")
                finally:
                    fired |= seen
                    if names - seen:
                        say(f"did not fire: {', '.join(sorted(names - seen))}")
            took = until(f"{', '.join(sorted(names))} resolved", lambda names=names: not stage.firing() & names, 150)
            resolved |= names & fired
            say(f"resolved after {took:.0f} s: {', '.join(sorted(names))}")
        except Failed as failure:
            say(f"NOT: {failure}")
            resolved |= (names & fired) - stage.firing()
    say(f"the oldest job had waited since {time.monotonic() - old_job_since:.0f} s")
    return fired, resolved


def percentile_error(stage: Stage) -> float:
    """The worst of p50, p95 and p99, per slice of ten seconds, of the buffer against the access log."""
    import redis

    from schoolops.observability.percentiles import SLICE_S, quantile
    from schoolops.redis.telemetry import key

    logged: dict[int, list[float]] = {}
    for line in (stage.folder / "web.log").read_text(encoding="utf-8").splitlines():
        if '"latencyMs"' not in line or '"route"' not in line:
            continue
        said = json.loads(line)
        moment = datetime.fromisoformat(said["timestamp"]).timestamp()
        logged.setdefault(int(moment // SLICE_S), []).append(said["latencyMs"])
    worst, compared, miscounted = 0.0, 0, 0
    with redis.Redis.from_url(stage.environment["REDIS_URL"]) as server:
        for number, milliseconds in sorted(logged.items()):
            fields = server.hgetall(key("http.latency", number))
            buckets = Counter({int(bucket): int(times) for bucket, times in fields.items()})
            # Where a line and its sample fall on two sides of a slice's edge, or a process died before handing on, the
            # slices are not the same.
            if buckets.total() != len(milliseconds) or len(milliseconds) < 10:
                miscounted += 1
                continue
            milliseconds.sort()
            for share in (0.50, 0.95, 0.99):
                true = milliseconds[max(1, -(-int(share * 100) * len(milliseconds) // 100)) - 1]
                ours = quantile(buckets, share) or 0.0
                worst = max(worst, max(0.0, abs(ours - true) - 1) / true)
            compared += 1
    say(f"percentiles: {compared} slices compared, {miscounted} that are not the same left out")
    if compared < 10:
        raise Failed(f"Only {compared} slices could be compared.")
    return round(worst, 4)


def one_request_id_is_followed(stage: Stage) -> bool:
    """A request's id stands on its lines in the web server, and on those of the job that it wanted, in the worker."""
    known = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
    ask(stage.port, "/observe/hello", body={}, token=stage.token, **{"X-Request-ID": known})

    def lines(name: str) -> list[dict[str, Any]]:
        text = (stage.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return [json.loads(line) for line in text.splitlines() if known in line and line.startswith("{")]

    until("the job says hello", lambda: any("hello" in str(line.get("message")) for line in lines("worker-attendance")))
    web, job = lines("web"), lines("worker-attendance")
    return (
        sum("route" in line for line in web) == 1
        and any(line.get("message") == "a job is wanted" for line in web)
        and all(line["tenantId"] == "oak" for line in [*web, *job])
    )


def figure(what: str) -> Any:
    """What ``tests.observe.figures`` prints, from a process of its own."""
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "observe-figures") / what
    done = subprocess.run(
        [PYTHON, "-m", "tests.observe.figures", what, str(folder)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.rmtree(folder.parent, ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    if shutil.which("prometheus") is None:
        say("Prometheus is not installed (Debian: apt-get install prometheus); nothing can be rehearsed.")
        return 1
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from schoolops.observability.alerts import ALERTS

    middleware_us, lived = figure("cost"), figure("lives")
    say(f"200 lives: {lived}")
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "observe")
    say(f"windows and `for` are {FASTER} times shorter than declared; thresholds are those declared")
    launcher.remove(folder)
    # Asked to stop, everything we started is stopped as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    passed = False
    with launcher.start(launcher.THROWAWAY, folder) as servers:
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        stage = Stage(run, servers)
        try:
            stage.raise_curtain()
            followed = one_request_id_is_followed(stage)
            say(f"one request id on all lines of a request and its job: {'yes' if followed else 'NO'}")
            fired, resolved = rehearse(stage)
            stage.quieten()
            time.sleep(8)
            error = percentile_error(stage)
            result = {
                "alerts_declared": len(ALERTS),
                "alerts_fired": len(fired),
                "alerts_resolved": len(resolved),
                "percentile_error": error,
                "middleware_us": middleware_us,
                "scrape_growth": lived["growth"],
            }
            print("RESULT", json.dumps(result), flush=True)
            wanted = {alert.name for alert in ALERTS} - ({"DiskFull"} if os.geteuid() else set())
            passed = (
                followed
                and fired == resolved == wanted
                and error <= 0.01
                and middleware_us <= 100
                and lived["growth"] <= 1.2
                and lived["exact"]
                and not lived["fell"]
            )
        except Failed as failure:
            say(f"FAILED: {failure}")
        finally:
            stage.close()
    return 0 if passed else 1


def declared_but_not_driven() -> set[str]:
    """Names of the table of alerts that no act of ``rehearse`` drives."""
    from schoolops.observability.alerts import ALERTS

    acts = set(re.findall(r'"([A-Z]\w+)"', Path(__file__).read_text(encoding="utf-8").split("def rehearse")[1]))
    return {alert.name for alert in ALERTS} - acts


if __name__ == "__main__":
    sys.exit(main())
