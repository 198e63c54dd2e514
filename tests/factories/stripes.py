"""A Stripe of the test's own: localstripe as a process, and a door where its webhooks come in."""

from __future__ import annotations

import http.client
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

from config.env import BASE_DIR
from schoolops import launcher

KEY, SIGNING = "sk_test_oak_school", "whsec_oak_school"
# Stripe's own cards to try with (https://docs.stripe.com/testing), as localstripe knows them.
GOOD, DECLINED = "4242424242424242", "4000000000000341"


@dataclass
class Stripe:
    """What stands at ``url``, and what it has written."""

    url: str
    written: queue.Queue[tuple[bytes, str]] = field(default_factory=queue.Queue)
    # Events of tests before this one: what is written of them comes a second later, and is no letter of this one's.
    past: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """What happens from now on is another test's."""
        more: dict[str, Any] = {}
        while True:
            page = self.says("/v1/events", limit=100, **more)
            self.past |= {each["id"] for each in page["data"]}
            if not page["has_more"]:
                return
            more = {"starting_after": page["data"][-1]["id"]}

    def does(self, path: str, **said: Any) -> dict[str, Any]:
        """What a payer, a bank or Stripe does; the error where it refuses."""
        return self._asked("POST", path, urlencode(said))

    def says(self, path: str, **asked: Any) -> dict[str, Any]:
        return self._asked("GET", f"{path}?{urlencode(asked)}", None)

    def letter(self, kind: str) -> tuple[bytes, str]:
        """The next that it wrote of this kind: its bytes and their signature."""
        while True:
            body, signature = self.written.get(timeout=15)
            event = json.loads(body)
            if event["type"] == kind and event["id"] not in self.past:
                return body, signature

    def _asked(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        form = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, path, body, form)
            answer: dict[str, Any] = json.loads(connection.getresponse().read() or b"{}")
        finally:
            connection.close()
        return answer


@contextmanager
def a_stripe() -> Iterator[Stripe]:
    """Until the block ends."""
    here = Stripe(f"http://127.0.0.1:{launcher.free_port()}")

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.written.put((body, self.headers["Stripe-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            """Nothing."""

    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    program = [sys.executable, "-m", "tests.support.stripe_server", "--port", str(urlsplit(here.url).port)]
    process = subprocess.Popen(program, cwd=BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(here, process)
        here.does("/_config/webhooks/ours", url=f"http://127.0.0.1:{door.server_port}/", secret=SIGNING)
        yield here
    finally:
        process.terminate()
        process.wait(10)
        door.shutdown()
        door.server_close()


def _until_it_answers(here: Stripe, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            here.says("/v1/balance")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("localstripe does not answer.")
