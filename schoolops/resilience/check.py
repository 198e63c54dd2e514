"""The resilience check: seven ways in which an installation must not break, tried on one that runs.

Over HTTP, from outside, and without a login: it can be pointed at a production. It changes nothing; two of its requests
are counted as failed logins of nobody.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

LIVE_WITHIN_S: Final = 1.0
TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 20
# Below each of these somebody will look for something that is not there: everything that is served, at a school's
# address or at the operators', and what scanners ask for.
PREFIXES: Final = (
    "/", "/api/", "/api/v1/", "/api/v1/tenant/", "/office/", "/roll/", "/family/", "/family/calendars/", "/verify/",
    "/hooks/", "/redeem/", "/language/", "/support/", "/operators/", "/static/", "/media/", "/health/", "/metrics/",
    "/admin/", "/.well-known/", "/.git/",
)  # fmt: skip
JSON: Final = {"Content-Type": "application/json"}
LOGIN: Final = "/api/v1/auth/login"


@dataclass(frozen=True, slots=True)
class Came:
    """One answer. ``status`` 0: the server closed the connection or did not answer; ``why`` says which."""

    status: int
    took_s: float
    kind: str = ""
    body: bytes = b""
    why: str = ""

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self) -> str:
        return str(self.status) if self.status else self.why


def connects_to(host: str) -> str:
    """Where ``host`` is reached: ``*.localhost`` is this machine, as browsers know and some resolvers do not."""
    return "127.0.0.1" if host.endswith(".localhost") else host


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask. ``token``: the PLATFORM_TOKEN of the installation; without it monitoring may be refused.

    ``host``: the school's, where ``base_url`` is the address of a machine.
    """

    base_url: str
    token: str = ""
    host: str = ""
    insecure: bool = False

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Came:
        parts = urlsplit(self.base_url)
        began = time.monotonic()
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trust = ssl.create_default_context()
            if self.insecure:
                trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                connects_to(parts.hostname or ""), parts.port or 443, timeout=TIMEOUT_S, context=trust
            )
        else:
            connection = http.client.HTTPConnection(
                connects_to(parts.hostname or ""), parts.port or 80, timeout=TIMEOUT_S
            )
        try:
            said = {
                "Host": self.host or parts.netloc,
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            connection.request(method, path, body or None, said)
            answer = connection.getresponse()
            text = answer.read()
            return Came(answer.status, time.monotonic() - began, answer.headers.get("Content-Type", ""), text)
        except (OSError, http.client.HTTPException) as failure:
            return Came(0, time.monotonic() - began, why=type(failure).__name__)
        finally:
            connection.close()

    def monitor(self, path: str) -> Came:
        """As monitoring asks."""
        return self.ask("GET", path, b"", **({"Authorization": f"Bearer {self.token}"} if self.token else {}))


@dataclass(slots=True)
class Finding:
    """One scenario: what was sent, what was expected, what came; ``wrong`` is empty when that was as expected."""

    name: str
    sent: str
    expected: str
    came: str = ""
    wrong: list[str] = field(default_factory=list)


def _live(target: Target) -> Finding:
    found = Finding("liveness", "GET /health, 10 times", f"200, each within {LIVE_WITHIN_S:g} s")
    answers = [target.ask("GET", "/health") for _ in range(10)]
    slowest = max(answer.took_s for answer in answers)
    found.came = f"{_counted(answers)}, the slowest after {slowest * 1000:.0f} ms"
    found.wrong = [f"answer {answer}" for answer in answers if answer.status != 200]
    if slowest > LIVE_WITHIN_S:
        found.wrong.append("too slow for a balancer's probe")
    return found


def _ready(target: Target) -> Finding:
    found = Finding(
        "readiness",
        "GET /health/ready",
        "200 ok or degraded, or 503 unavailable; Redis, database, queues, memory named",
    )
    answer = target.ask("GET", "/health/ready")
    said = answer.json() if isinstance(answer.json(), dict) else {}
    checks = said.get("checks", {})
    found.came = f"{answer} {said.get('status', '')}: " + ", ".join(
        f"{name} {check.get('status')}" for name, check in checks.items()
    )
    if (answer.status, said.get("status")) not in {(200, "ok"), (200, "degraded"), (503, "unavailable")}:
        found.wrong.append("status and word do not fit")
    found.wrong += [
        f"{name} is not reported" for name in ("redis", "database", "queues", "memory") if name not in checks
    ]
    return found


def _metrics(target: Target) -> Finding:
    found = Finding("metrics", "GET /health/metrics and /metrics", "200 for monitoring, 401 or 403 for strangers")
    stranger = [target.ask("GET", path) for path in ("/health/metrics", "/metrics")]
    ours = [target.monitor(path) for path in ("/health/metrics", "/metrics")]
    found.came = f"monitoring {_counted(ours)}, a stranger {_counted(stranger)}"
    allowed = {200} if target.token else {200, 401, 403}
    found.wrong = [f"monitoring got {our}" for our in ours if our.status not in allowed]
    found.wrong += [f"a stranger got {each}" for each in stranger if each.status not in {200, 401, 403}]
    said = ours[0].json()
    if ours[0].status == 200 and not (isinstance(said, dict) and "latencies" in said):
        found.wrong.append("no latencies in /health/metrics")
    return found


def _queues(target: Target) -> Finding:
    found = Finding(
        "queues", "GET /health/queues", "200, or 503 that says so; the rest goes on (401 or 403 for strangers)"
    )
    answer, after = target.monitor("/health/queues"), target.ask("GET", "/health")
    found.came = f"{answer} {answer.kind.partition(';')[0]}, then /health {after}"
    allowed = {200, 503} if target.token else {200, 503, 401, 403}
    if answer.status not in allowed or "json" not in answer.kind:
        found.wrong.append(f"{answer} is neither of them")
    if answer.status == 503 and not isinstance(answer.json(), dict):
        found.wrong.append("503 that does not say what is the matter")
    if after.status != 200:
        found.wrong.append("the server does not live any more")
    return found


def _not_found(target: Target) -> Finding:
    paths = [f"{prefix}there-is-no-such-thing" for prefix in PREFIXES]
    found = Finding(
        "not found", f"GET of nothing below {len(paths)} prefixes", "a refusal of 4xx, or a redirect; no 5xx"
    )
    # A program and a person's browser: the one is told in JSON, the other reads a page.
    answers = [target.ask("GET", path, b"", Accept=kind) for kind in ("*/*", "text/html") for path in paths]
    found.came = _counted(answers)
    paths *= 2
    found.wrong = [f"{path}: {each}" for path, each in zip(paths, answers, strict=True) if not 300 <= each.status < 500]
    return found


MALFORMED: Final = 18


def _malformed_requests(target: Target) -> Iterator[tuple[str, Came]]:
    yield "a body that is no JSON", target.ask("POST", LOGIN, b'{"login": ', **JSON)
    yield "a body that is no UTF-8", target.ask("POST", LOGIN, b'{"login": "\xff\xfe"}', **JSON)
    yield "JSON of another shape", target.ask("POST", LOGIN, b'[["login"], 7]', **JSON)
    yield "values of other types", target.ask("POST", LOGIN, b'{"login": {"a": 1}, "password": [null, 1e999]}', **JSON)
    yield "another encoding", target.ask("POST", LOGIN, '{"login": "é"}'.encode("utf-16"), **JSON)
    yield "a body said to be packed", target.ask("POST", LOGIN, b"\x1f\x8b", **JSON, **{"Content-Encoding": "gzip"})
    yield "a NUL in a value", target.ask("POST", LOGIN, b'{"login": "a\\u0000b", "password": "x"}', **JSON)
    yield "ten thousand brackets", target.ask("POST", LOGIN, b"[" * 10_000, **JSON)
    yield "another kind of body", target.ask("POST", LOGIN, b"<login/>", **{"Content-Type": "text/xml"})
    yield "a header of 64 KiB", target.ask("GET", "/api/v1/me", b"", **{"X-Long": "x" * 65_536})
    yield "a token that is none", target.ask("GET", "/api/v1/me", Authorization="Bearer so_a_nonsense")
    yield "a Host of somebody else", target.ask("GET", "/api/v1/me", Host="somebody-else.invalid")
    yield "a Host that is none", target.ask("GET", "/api/v1/me", Host="a b")
    yield "a NUL in the path", target.ask("GET", "/api/v1/%00")
    yield "a path out of the site", target.ask("GET", "/static/..%2f..%2f..%2fetc/passwd")
    yield "a path that is no UTF-8", target.ask("GET", "/api/v1/%ff%fe")
    yield "a query that is no UTF-8", target.ask("GET", "/api/v1/students?cursor=%ff%00")
    yield "a method nobody knows", target.ask("BREW", "/api/v1/me")


def _malformed(target: Target) -> Finding:
    found = Finding(
        "malformed",
        f"{MALFORMED} requests no client of ours sends",
        "refused with 4xx or cut off, and the server lives on",
    )
    answers = list(_malformed_requests(target))
    found.came = _counted([each for _, each in answers])
    found.wrong = [f"{name}: {each}" for name, each in answers if each.status >= 500 or 200 <= each.status < 300]
    found.wrong += [f"{name}: no answer in time" for name, each in answers if each.took_s >= TIMEOUT_S]
    after = target.ask("GET", "/health")
    if after.status != 200:
        found.wrong.append(f"then /health answered {after}")
    return found


def _at_once(target: Target) -> Finding:
    found = Finding(
        "at once",
        f"{AT_ONCE} requests at the same moment",
        f"each answered within {TIMEOUT_S:g} s, none with 5xx but 503",
    )
    paths = ("/health", "/api/v1/me", "/api/v1/students", "/there-is-no-such-thing")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda number: target.ask("GET", paths[number % len(paths)]), range(AT_ONCE)))
    found.came = f"{_counted(answers)}, the slowest after {max(answer.took_s for answer in answers) * 1000:.0f} ms"
    found.wrong = [
        str(answer) for answer in answers if answer.status == 0 or (answer.status >= 500 and answer.status != 503)
    ]
    return found


SCENARIOS: Final[tuple[Callable[[Target], Finding], ...]] = (
    _live,
    _ready,
    _metrics,
    _queues,
    _not_found,
    _malformed,
    _at_once,
)


def run(target: Target) -> Iterator[Finding]:
    """The seven scenarios, one after the other."""
    for scenario in SCENARIOS:
        yield scenario(target)


def _counted(answers: list[Came]) -> str:
    """``3 × 404, 1 × 400``."""
    words = [str(answer) for answer in answers]
    return ", ".join(f"{words.count(each)} × {each}" for each in dict.fromkeys(words))
