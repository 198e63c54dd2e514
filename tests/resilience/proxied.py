"""What stands before a production: ``deploy/nginx/schoolops.conf``, as far as it decides what strangers are told."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from config.env import BASE_DIR
from schoolops.resilience.check import Came, Target

KEEPS: Final = frozenset(
    re.findall(
        r"location = (\S+) \{ return 404; \}", (BASE_DIR / "deploy" / "nginx" / "schoolops.conf").read_text("utf-8")
    )
)


class Proxy(BaseHTTPRequestHandler):
    """Answers 404 where figures are, and hands on everything else as having come over https."""

    port = 0

    def hand_on(self) -> None:
        if self.path in KEEPS:
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        said = {**self.headers, "X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        behind.request(self.command, self.path, body or None, said)
        answer = behind.getresponse()
        text = answer.read()
        self.send_response(answer.status)
        for name in ("Content-Type", "Location"):
            if value := answer.headers.get(name):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        behind.close()

    def do_GET(self) -> None:
        self.hand_on()

    def do_POST(self) -> None:
        self.hand_on()

    def do_BREW(self) -> None:
        self.hand_on()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class ThroughAProxy(Target):
    """Says https, as of a production; what is tried is what stands behind its certificate."""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Came:
        behind = Target(self.base_url.replace("https:", "http:"), self.token, self.host)
        return behind.ask(method, path, body, **headers)


@contextmanager
def served(by: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), by) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()
