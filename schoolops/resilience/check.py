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
# Below these a browser that nobody has logged in is led to a login, whether there is anything or not.
LEAD_TO_A_LOGIN: Final = ("/office/", "/operators/")
JSON: Final = {"Content-Type": "application/json"}
LOGIN: Final = "/api/v1/auth/login"
FIGURES: Final = ("/health/metrics", "/metrics")
KEPT: Final = "kept to the machine by the proxy"


@dataclass(frozen=True, slots=True)
class Came:
    """One answer. ``status`` 0: the server closed the connection or did not answer; ``why`` says which."""

    status: int
    took_s: float
    kind: str = ""
    body: bytes = b""
    why: str = ""
    leads_to: str = ""

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

    ``host``: the school's, where ``base_url`` is the address of a machine; then it asks as a proxy does that has taken
    the request over https, for a production leads everything else there.
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
                **({"X-Forwarded-Proto": "https"} if self.host else {}),
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            connection.request(method, path, body or None, said)
            answer = connection.getresponse()
            text, said_of_it = answer.read(), answer.headers
            return Came(
                answer.status, time.monotonic() - began, said_of_it.get("Content-Type", ""), text,
                leads_to=said_of_it.get("Location", ""),
            )  # fmt: skip
        except (OSError, http.client.HTTPException) as failure:
            return Came(0, time.monotonic() - began, why=type(failure).__name__)
        finally:
            connection.close()

    @property
    def kept(self) -> set[int]:
        """What a proxy may answer where figures are: it keeps them to the machine (``deploy/nginx/schoolops.conf``)."""
        return {404} if self.base_url.startswith("https://") else set()

    @property
    def strangers(self) -> set[int]:
        """What somebody without the token may be told where figures are; they are open where no token is set."""
        return {401, 403} | self.kept | (set() if self.token else {200})

    @property
    def monitoring(self) -> set[int]:
        """What monitoring may be told there; without the token it is a stranger."""
        return {200} | self.kept | (set() if self.token else {401, 403})

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
    found = Finding(
        "metrics",
        "GET /health/metrics and /metrics",
        "200 for monitoring, 401 or 403 for strangers; 404 where a proxy keeps them to the machine",
    )
    stranger = [target.ask("GET", path) for path in FIGURES]
    ours = [target.monitor(path) for path in FIGURES]
    kept = all(each.status in target.kept for each in (*stranger, *ours))
    found.came = f"monitoring {_counted(ours)}, a stranger {_counted(stranger)}" + (f": {KEPT}" if kept else "")
    found.wrong = [f"monitoring got {our}" for our in ours if our.status not in target.monitoring]
    found.wrong += [f"a stranger got {each}" for each in stranger if each.status not in target.strangers]
    said = ours[0].json()
    if ours[0].status == 200 and not (isinstance(said, dict) and "latencies" in said):
        found.wrong.append("no latencies in /health/metrics")
    return found


def _queues(target: Target) -> Finding:
    found = Finding(
        "queues",
        "GET /health/queues",
        "200, or 503 that says why; the rest goes on (401 or 403 for strangers; 404 where a proxy keeps it)",
    )
    answer, after = target.monitor("/health/queues"), target.ask("GET", "/health")
    kept = answer.status in target.kept
    found.came = f"{answer} {answer.kind.partition(';')[0]}{f' ({KEPT})' if kept else ''}, then /health {after}"
    if not kept and (answer.status not in target.monitoring | {503} or "json" not in answer.kind):
        found.wrong.append(f"{answer} is neither of them")
    said = answer.json()
    if answer.status == 503 and not (isinstance(said, dict) and {"code", "status"} & {*said}):
        found.wrong.append("503 that does not say what is the matter")
    if after.status != 200:
        found.wrong.append("the server does not live any more")
    return found


def _not_found(target: Target) -> Finding:
    paths = [f"{prefix}there-is-no-such-thing" for prefix in PREFIXES]
    found = Finding(
        "not found",
        f"GET of nothing below {len(paths)} prefixes",
        f"404; below {' and '.join(LEAD_TO_A_LOGIN)} also a redirect to a login",
    )
    # A program and a person's browser: the one is told in JSON, the other reads a page.
    answers = [_looked_for(target, path, kind) for kind in ("*/*", "text/html") for path in paths]
    found.came = _counted(answers)
    found.wrong = [
        f"{path}: {each}" for path, each in zip(paths * 2, answers, strict=True) if not _is_not_found(path, each)
    ]
    return found


def _looked_for(target: Target, path: str, kind: str) -> Came:
    """What is there; an address whose slash was forgotten leads to itself with one."""
    answer = target.ask("GET", path, b"", Accept=kind)
    forgotten = answer.status == 301 and urlsplit(answer.leads_to).path == f"{path}/"
    return target.ask("GET", f"{path}/", b"", Accept=kind) if forgotten else answer


def _is_not_found(path: str, answer: Came) -> bool:
    to_a_login = answer.status in {301, 302} and "login" in answer.leads_to
    return answer.status == 404 or (to_a_login and path.startswith(LEAD_TO_A_LOGIN))


@dataclass(frozen=True, slots=True)
class Malformed:
    """A request that no client of ours sends. ``cut``: a server may close the connection before it has read it all;
    ``read``: a page may be shown all the same."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    read: bool = False

    def wrong(self, target: Target) -> tuple[Came, list[str]]:
        """What came, and what of it is wrong; whether anybody still answers is asked after each."""
        came, after = target.ask(self.method, self.path, self.body, **self.headers), target.ask("GET", "/health")
        refused = 400 <= came.status < 500 or (self.read and 200 <= came.status < 400)
        was_cut = self.cut and came.status == 0 and came.took_s < TIMEOUT_S
        wrong = [] if refused or was_cut else [f"{self.name}: {came}"]
        return came, wrong + ([f"{self.name}: then /health answered {after}"] if after.status != 200 else [])


MALFORMED: Final = (
    Malformed("a body that is no JSON", "POST", LOGIN, b'{"login": ', JSON),
    Malformed("a body that is no UTF-8", "POST", LOGIN, b'{"login": "\xff\xfe"}', JSON),
    Malformed("JSON of another shape", "POST", LOGIN, b'[["login"], 7]', JSON),
    Malformed("values of other types", "POST", LOGIN, b'{"login": {"a": 1}, "password": [null, 1e999]}', JSON),
    Malformed("another encoding", "POST", LOGIN, '{"login": "é"}'.encode("utf-16"), JSON),
    Malformed("a body said to be packed", "POST", LOGIN, b"\x1f\x8b", JSON | {"Content-Encoding": "gzip"}),
    Malformed("a NUL in a value", "POST", LOGIN, b'{"login": "a\\u0000b", "password": "x"}', JSON),
    Malformed("ten thousand brackets", "POST", LOGIN, b"[" * 10_000, JSON),
    Malformed("another kind of body", "POST", LOGIN, b"<login/>", {"Content-Type": "text/xml"}),
    Malformed("a header of 64 KiB", "GET", "/api/v1/me", b"", {"X-Long": "x" * 65_536}, cut=True),
    Malformed("a token that is none", "GET", "/api/v1/me", b"", {"Authorization": "Bearer so_a_nonsense"}),
    Malformed("a Host of somebody else", "GET", "/api/v1/me", b"", {"Host": "somebody-else.invalid"}),
    Malformed("a Host that is none", "GET", "/api/v1/me", b"", {"Host": "a b"}, cut=True),
    Malformed("a NUL in the path", "GET", "/api/v1/%00"),
    Malformed("a path out of the site", "GET", "/static/..%2f..%2f..%2fetc/passwd"),
    Malformed("a path that is no UTF-8", "GET", "/api/v1/%ff%fe"),
    # The login reads where to go on to before it knows who asks; a list would first say that nobody is logged in.
    Malformed("a query that is no UTF-8", "GET", "/office/login/?next=%ff%00&page=%ff", read=True),
    Malformed("a method nobody knows", "BREW", "/api/v1/me", cut=True),
)


def _malformed(target: Target) -> Finding:
    found = Finding(
        "malformed",
        f"{len(MALFORMED)} requests no client of ours sends, /health after each",
        f"4xx; cut off at most: {', '.join(each.name for each in MALFORMED if each.cut)}; and the server lives on",
    )
    tried = [each.wrong(target) for each in MALFORMED]
    found.came = _counted([came for came, _ in tried])
    found.wrong = [each for _, wrong in tried for each in wrong]
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
