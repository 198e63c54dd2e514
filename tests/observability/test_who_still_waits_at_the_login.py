"""Whoever is neither let in nor sent away when a burst of logins is over is counted, and one is a miss."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gevent
import pytest

from benchmarks.load.__main__ import GOALS as LOAD_GOALS
from benchmarks.logins.__main__ import Figures, report
from benchmarks.logins.load import crowd
from benchmarks.logins.spent import Spent
from locustfiles.waiting import Line


def test_who_is_let_in_or_sent_away_stands_in_the_line_no_more() -> None:
    line = Line()
    with line.standing("Alice"):
        assert len(line) == 1
    with pytest.raises(ValueError, match="sent away"), line.standing("Bob"):
        raise ValueError("sent away")
    assert not line


def test_who_is_ended_with_the_load_still_stands_in_it() -> None:
    line = Line()

    def wait() -> None:
        with line.standing("Carol"):
            gevent.sleep(3600)

    waits = gevent.spawn(wait)
    gevent.sleep(0)
    waits.kill()
    assert len(line) == 1


class _Door(BaseHTTPRequestHandler):
    """Lets everybody in but the login that ends with 2, who is to come again, and again."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        turned_away = said["login"].endswith("2")
        body = b'{"retry_after_ms": 5}' if turned_away else b"{}"
        self.send_response(503 if turned_away else 200)
        self.send_header("Content-Length", str(len(body)))
        if turned_away:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def door() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_of_a_crowd_those_wait_whom_nobody_let_in(door: int) -> None:
    seen = asyncio.run(crowd(door, 4, 1.5, lambda: Spent({})))
    assert (seen.done, seen.still_waiting) == (3, 1)
    assert seen.refused >= 1


@pytest.mark.parametrize(("waiting", "said"), [(0, "met"), (1, "MISSED")])
def test_one_who_still_waits_is_a_miss(waiting: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures([0.9], [0.9], [9.0], [9.0], [1.0], [1.0], [1.0], [0], still_waiting=waiting)
    report(figures)
    lines = capsys.readouterr().out.splitlines()
    assert f"still_waiting: {waiting} (at most 0) {said}" in lines
    assert json.loads(lines[-1].removeprefix("RESULT "))["still_waiting"] == waiting
    assert LOAD_GOALS["still_waiting"] == (0, "at most")
