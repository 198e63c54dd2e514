"""``make bench-api``: CPU time per request of ours ÷ that of a bare view, both in one process, A B A B.

The last line is ``RESULT {…}``: medians of the ratios of all rounds; the queries of marking 60 ÷ those of 5.
"""

from __future__ import annotations

import gc
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from config.env import BASE_DIR, VARIABLES
from schoolops import launcher
from tests.outside import refuse_base_url

ROUNDS = 21
REQUESTS = 20
STUDENTS = 400
DAYS = 60
HOST = "bench.localhost"
GOALS = {
    "list_vs_bare": 1.25,
    "roll_vs_bare": 1.5,
    "history_vs_bare": 1.5,
    "absentees_vs_bare": 1.5,
    "mark60_vs_mark5": 1.0,
}


class Caller:
    """Calls the WSGI application directly: no socket, no server, the whole middleware."""

    def __init__(self, application: Callable[..., Any], token: str) -> None:
        self._application = application
        self._token = token

    def __call__(self, path: str, *, method: str = "GET", body: bytes = b"") -> bytes:
        """The body of the answer. Raises ``SystemExit`` when it is no 2xx."""
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": HOST,
            "SERVER_PORT": "80", "HTTP_HOST": HOST, "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0),
            "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
        }  # fmt: skip
        heard: list[str] = []
        answer = self._application(environ, lambda status, *_: heard.append(status))
        try:
            content = b"".join(answer)
        finally:
            answer.close()
        if not heard[0].startswith("2"):
            raise SystemExit(f"{method} {path} answered {heard[0]}: {content[:500]!r}")
        return content


def cpu_ms(call: Callable[[], object]) -> float:
    """CPU time of one of ``REQUESTS`` calls, in milliseconds."""
    began = time.process_time()
    for _ in range(REQUESTS):
        call()
    return (time.process_time() - began) * 1000 / REQUESTS


def compare(ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float, float]:
    """(median ratio, our best, the bare one's best; milliseconds) over ``ROUNDS`` rounds of A B A B."""
    for call in (ours, bare):
        cpu_ms(call)
    ratios, best_ours, best_bare = [], float("inf"), float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        first, second, third, fourth = cpu_ms(ours), cpu_ms(bare), cpu_ms(ours), cpu_ms(bare)
        ratios.append((first + third) / (second + fourth))
        best_ours, best_bare = min(best_ours, first, third), min(best_bare, second, fourth)
    return statistics.median(ratios), best_ours, best_bare


def queries(call: Callable[[], object]) -> int:
    """How many statements ``call`` sends to the database."""
    from django.db import connection

    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        call()
    return len(sent)


def _mark(caller: Caller, place: Any, size: int) -> None:
    path, body = place.mark(size)
    caller(path, method="PUT", body=body)


def main() -> None:
    """Measure on servers of our own, and print."""
    refuse_base_url("bench-api compares processor time inside one process of its own.")
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "bench")
    launcher.remove(folder)
    with launcher.start(launcher.THROWAWAY, folder) as servers:
        os.environ |= {variable.name: variable.default for variable in VARIABLES}
        os.environ |= {
            **servers.environment(),
            "DJANGO_SETTINGS_MODULE": "benchmarks.api.settings",
            "LOG_LEVEL": "ERROR",
        }
        import django

        django.setup()
        from benchmarks.api import ground

        with ground.prepared(STUDENTS, DAYS) as (caller, place):
            print(f"{STUDENTS} students, {DAYS} days, {ROUNDS} rounds of {REQUESTS} requests; CPU ms per request")
            result: dict[str, float] = {}
            for name, ours, bare in (
                ("list", "/api/v1/students?limit=50", "/bare/students"),
                (
                    "roll",
                    f"/api/v1/sections/{place.section}/roll/{place.day}",
                    f"/bare/sections/{place.section}/roll/{place.day}",
                ),
                (
                    "history",
                    f"/api/v1/students/{place.student}/attendance",
                    f"/bare/students/{place.student}/attendance",
                ),
                ("absentees", "/api/v1/absentees", "/bare/absentees"),
            ):
                ratio, best_ours, best_bare = compare(lambda: caller(ours), lambda: caller(bare))  # noqa: B023
                result[f"{name}_vs_bare"] = round(ratio, 3)
                print(f"  {name:<10} ours {best_ours:6.2f}   bare {best_bare:6.2f}   ratio {ratio:.2f}")
            counted = {size: queries(partial(_mark, caller, place, size)) for size in (5, 60)}
            print(f"  marking 5: {counted[5]} queries, marking 60: {counted[60]}")
            result["mark60_vs_mark5"] = round(counted[60] / counted[5], 3)
    missed = [f"{name} {result[name]} > {goal}" for name, goal in GOALS.items() if result[name] > goal]
    if missed:
        print(f"Missed: {', '.join(missed)}")
    print(f"RESULT {json.dumps(result)}")


if __name__ == "__main__":
    main()
