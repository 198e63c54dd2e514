"""``make bench-server``: granian with explicit threads against gunicorn's gthread, both 2 × 4, in turns.

Both serve the same school to 16 kept connections: the list of students (the school, the token, three statements, 50
rows) and ``/health``, which is the server and hardly anything else. The processor time of a server's processes per
request is what counts; requests a second and p95 share the machine with the load. The last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from config.env import BASE_DIR, VARIABLES
from schoolops import launcher
from tests.outside import refuse_base_url

CONNECTIONS = 16
STUDENTS = 400
COMMANDS = {
    "granian": ("-m", "config.serve"),
    "gunicorn": ("-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "config.wsgi:application"),
}


@dataclass(slots=True)
class Server:
    """A running server and what was measured of it: per view a list of (CPU ms, requests a second, p95 ms)."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    rounds: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)

    def cpu_s(self) -> float:
        parent = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def best(self, view: str) -> tuple[float, float, float]:
        """The least CPU ms, most requests a second and least p95 of all rounds: the machine's noise only adds."""
        cpu, rate, p95 = zip(*self.rounds[view], strict=True)
        return min(cpu), max(rate), min(p95)


@contextmanager
def serving(name: str, folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    port = launcher.free_port()
    own = {**environment, "PORT": str(port), "METRICS_FOLDER": str(folder / f"metrics-{name}")}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[name]], cwd=BASE_DIR, env=own, stdout=log, stderr=log, start_new_session=True
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise SystemExit(f"{name} ended: {(folder / f'{name}.log').read_text()[-2000:]}")
            try:
                Connection(port).ask(request("/health"))
                break
            except OSError:
                time.sleep(0.2)
        yield Server(name, port, process)
    finally:
        process.terminate()
        process.wait(60)


def request(path: str, token: str = "", body: bytes = b"") -> bytes:
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: bench.localhost"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Connection:
    """One kept connection that sends the same bytes again and again: the load must cost little itself."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes) -> bytes:
        """The body of a 200. Raises ``SystemExit`` for any other answer, ``OSError`` when there is none."""
        self._socket.sendall(sent)
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += self._heard()
        head, _, body = heard.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{sent.splitlines()[0].decode()} was answered {head.splitlines()[0].decode()}")
        (length,) = [
            int(line.partition(b":")[2]) for line in head.splitlines() if line.lower().startswith(b"content-length")
        ]
        while len(body) < length:
            body += self._heard()
        return body

    def _heard(self) -> bytes:
        if not (data := self._socket.recv(65536)):
            raise ConnectionResetError("The server closed the connection.")
        return data


def load(server: Server, sent: bytes, seconds: float) -> tuple[float, float, float]:
    """(CPU ms per request, requests a second, p95 ms) under so many kept connections."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    def go_on() -> None:
        connection = Connection(server.port)
        while (began := time.perf_counter()) < end:
            try:
                connection.ask(sent)
            except ConnectionError:
                # Its process was replaced: gunicorn's are after so many requests.
                connection = Connection(server.port)
                continue
            took.append(time.perf_counter() - began)

    before, began = server.cpu_s(), time.perf_counter()
    threads = [threading.Thread(target=go_on) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    if not took:
        raise SystemExit(f"{server.name} answered nothing")
    spent = server.cpu_s() - before
    return spent * 1000 / len(took), len(took) / (time.perf_counter() - began), took[int(len(took) * 0.95)] * 1000


def measure(servers: list[Server], views: dict[str, bytes], rounds: int, seconds: float) -> dict[str, Any]:
    for view, sent in views.items():
        for server in servers:
            load(server, sent, seconds / 2)
        for number in range(rounds):
            for server in servers if number % 2 else servers[::-1]:
                server.rounds.setdefault(view, []).append(load(server, sent, seconds))
    result: dict[str, Any] = {}
    for view in views:
        for server in servers:
            cpu, rate, p95 = server.best(view)
            print(f"  {view:<5} {server.name:<9} {cpu:6.3f} CPU ms {rate:7.0f} requests/s  p95 {p95:7.1f} ms")
            result |= {f"{server.name}_{view}_cpu_ms": round(cpu, 3), f"{server.name}_{view}_rps": round(rate)}
            result[f"{server.name}_{view}_p95_ms"] = round(p95, 1)
        granian, gunicorn = (server.rounds[view] for server in servers)
        ratios = [second[0] / first[0] for first, second in zip(granian, gunicorn, strict=True)]
        result[f"{view}_cpu_ratio"] = round(statistics.median(ratios), 3)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round and view")
    given = parser.parse_args()
    refuse_base_url("bench-server compares two servers that it starts itself, and reads their processor time.")
    lock = launcher.hold_spare(BASE_DIR / ".schoolops" / "bench-server")
    with launcher.start(launcher.THROWAWAY, lock.folder, lock=lock) as servers:
        environment = {
            **os.environ,
            **{variable.name: variable.default for variable in VARIABLES},
            **servers.environment(),
            "WEB_WORKERS": "2",
            "WEB_THREADS": "4",
            "LOG_FORMAT": "json",
        }
        os.environ |= environment
        import django

        django.setup()
        from benchmarks.pages import ground
        from tests.factories import people

        with ground.prepared(STUDENTS, 1):
            environment["SCHOOLOPS_TODAY"] = people.SCHOOL_DAY.isoformat()
        with ExitStack() as both:
            running = [both.enter_context(serving(name, lock.folder, environment)) for name in COMMANDS]
            login = json.dumps({"login": "head", "password": people.PASSWORD}).encode()
            said = Connection(running[0].port).ask(request("/api/v1/auth/login", body=login))
            token = json.loads(said)["access_token"]
            views = {"list": request("/api/v1/students?limit=50", token), "tiny": request("/health")}
            print(
                f"{given.rounds} rounds of {given.seconds:g} s each, 2 processes × 4 threads, {CONNECTIONS} connections"
            )
            result = measure(running, views, given.rounds, given.seconds)
    print("RESULT", json.dumps(result))
    return 0 if result["list_cpu_ratio"] >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
