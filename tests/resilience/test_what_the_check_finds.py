"""The resilience check against servers that do one thing wrong: it says which; with a sound one nothing is wrong."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from schoolops.resilience import check
from schoolops.resilience.check import FIGURES, KEPT, Target
from tests.resilience.proxied import ThroughAProxy, served

TOKEN = "of the platform"
# What a server that is too slow takes longer than, where the limit itself is tried.
A_MOMENT_S = 0.02
CHECKS = {name: {"status": "ok"} for name in ("redis", "database", "queues", "memory")}


class Sound(BaseHTTPRequestHandler):
    """Answers as an installation does that a proxy stands before, or none. Others below do one thing otherwise."""

    token = TOKEN
    checks: ClassVar = CHECKS
    figures: ClassVar[dict[str, Any]] = {"latencies": {}}
    behind_a_proxy = False
    queues: tuple[int, dict[str, Any]] = (200, {"status": "ok"})

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in {*FIGURES, "/health/queues"}:
            self.show(path)
        elif path == "/health":
            self.say(200, {"status": "ok"})
        elif path == "/health/ready":
            self.say(200, {"status": "ok", "checks": self.checks})
        elif path == "/office/login/":
            self.say(200, {})
        elif path.startswith("/verify/") and not path.endswith("/"):
            self.say(301, {}, Location=f"{path}/")
        elif path.startswith("/office/"):
            self.say(302, {}, Location=f"/office/login/?next={path}")
        else:
            self.say(404, {"code": "api:not-found"})

    def show(self, path: str) -> None:
        if self.behind_a_proxy:
            self.say(404, {})
        elif self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            self.say(401, {"code": "health:monitoring-only"})
        else:
            self.say(*(self.queues if path == "/health/queues" else (200, self.figures)))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(400, {"code": "api:malformed"})

    def do_BREW(self) -> None:
        self.say(405, {"code": "api:method-not-allowed"})

    def say(self, status: int, said: dict[str, Any], **headers: str) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class CutsOffWhatItDoesNotKnow(Sound):
    """Closes on a method that it does not know, as some servers do."""

    def do_BREW(self) -> None:
        self.close_connection = True


class WithoutAToken(Sound):
    token = ""


class SaysThatTheBrokerIsAway(Sound):
    queues = (503, {"status": "unavailable", "queues": {}})


class Breaks(Sound):
    def do_GET(self) -> None:
        if self.path.startswith("/family/"):
            self.say(500, {})
        else:
            super().do_GET()


class ShowsStrangersTheFigures(Sound):
    def show(self, path: str) -> None:
        if path == "/metrics":
            self.say(200, self.figures)
        else:
            super().show(path)


class SaysNothingOfMemory(Sound):
    checks: ClassVar = {name: said for name, said in CHECKS.items() if name != "memory"}


class ClosesOnANul(Sound):
    def do_GET(self) -> None:
        if "%00" in self.path:
            self.close_connection = True
        else:
            super().do_GET()


class FindsEverything(Sound):
    def do_GET(self) -> None:
        if self.path == "/there-is-no-such-thing":
            self.say(200, {})
        else:
            super().do_GET()


class SendsPeopleElsewhere(Sound):
    def do_GET(self) -> None:
        if self.path.startswith("/.git/"):
            self.say(302, {}, Location="/")
        else:
            super().do_GET()


class FindsWhatHadNoSlash(Sound):
    def do_GET(self) -> None:
        if self.path == "/verify/there-is-no-such-thing/":
            self.say(200, {})
        else:
            super().do_GET()


class FiguresWithoutLatencies(Sound):
    figures: ClassVar[dict[str, Any]] = {}


class QueuesAwayWithoutAReason(Sound):
    queues = (503, {})


class TakesWhatIsNoJson(Sound):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(200, {})


class HidesFiguresWithoutAProxy(Sound):
    behind_a_proxy = True


class SlowToLive(Sound):
    def do_GET(self) -> None:
        if self.path == "/health":
            time.sleep(2 * A_MOMENT_S)
        super().do_GET()


@pytest.fixture(autouse=True)
def _a_busy_machine_may_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LIVE_WITHIN_S", check.TIMEOUT_S)


def wrong(target: Target) -> dict[str, list[str]]:
    return {each.name: each.wrong for each in check.run(target) if each.wrong}


@pytest.mark.parametrize("server", [Sound, CutsOffWhatItDoesNotKnow, SaysThatTheBrokerIsAway])
def test_nothing_is_wrong_with_a_sound_one(server: type[Sound]) -> None:
    with served(server) as place:
        assert wrong(Target(f"http://{place}", TOKEN)) == {}
        # From outside, without the token.
        assert wrong(Target(f"http://{place}")) == {}


def test_nothing_is_wrong_where_no_token_is_set_and_anybody_may_look() -> None:
    with served(WithoutAToken) as place:
        assert wrong(Target(f"http://{place}")) == {}


@pytest.mark.parametrize(
    ("server", "scenario", "said"),
    [
        (Breaks, "not found", "/family/there-is-no-such-thing: 500"),
        (FindsEverything, "not found", "/there-is-no-such-thing: 200"),
        (FindsWhatHadNoSlash, "not found", "/verify/there-is-no-such-thing: 200"),
        (SendsPeopleElsewhere, "not found", "/.git/there-is-no-such-thing: 302"),
        (ShowsStrangersTheFigures, "metrics", "a stranger got 200"),
        (FiguresWithoutLatencies, "metrics", "no latencies in /health/metrics"),
        (SaysNothingOfMemory, "readiness", "memory is not reported"),
        (ClosesOnANul, "malformed", "a NUL in the path: RemoteDisconnected"),
        (TakesWhatIsNoJson, "malformed", "a body that is no JSON: 200"),
        (QueuesAwayWithoutAReason, "queues", "503 that does not say what is the matter"),
    ],
)
def test_what_one_server_does_wrong_is_found_by_one_scenario(server: type[Sound], scenario: str, said: str) -> None:
    with served(server) as place:
        found = wrong(Target(f"http://{place}", TOKEN))
    assert [*found] == [scenario]
    assert said in found[scenario]


def test_who_takes_longer_than_a_balancer_waits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LIVE_WITHIN_S", A_MOMENT_S)
    with served(SlowToLive) as place:
        assert wrong(Target(f"http://{place}", TOKEN)) == {"liveness": ["too slow for a balancer's probe"]}


def test_a_proxy_may_keep_figures_to_the_machine_and_nobody_else_may() -> None:
    with served(HidesFiguresWithoutAProxy) as place:
        found = list(check.run(ThroughAProxy(f"https://{place}", TOKEN)))
        assert [each.name for each in found if each.wrong] == []
        assert [each.name for each in found if KEPT in each.came] == ["metrics", "queues"]
        assert [*wrong(Target(f"http://{place}", TOKEN))] == ["metrics", "queues"]


class LeadsToHttps(Sound):
    """As a production does where nobody says that the request came that way."""

    def do_GET(self) -> None:
        if self.headers.get("X-Forwarded-Proto") == "https" or self.path.startswith(("/health", "/metrics")):
            super().do_GET()
        else:
            self.say(301, {}, Location=f"https://oak.example{self.path}")


def test_it_asks_a_machine_as_the_proxy_before_it_does() -> None:
    with served(LeadsToHttps) as place:
        assert wrong(Target(f"http://{place}", TOKEN, host="oak.example")) == {}
        assert [*wrong(Target(f"http://{place}", TOKEN))] == ["not found", "malformed"]


class DiesOfANul(Sound):
    """Its process is gone once it has been asked for a NUL."""

    gone: bool

    def do_GET(self) -> None:
        type(self).gone = self.gone or "%00" in self.path
        if self.gone:
            self.close_connection = True
        else:
            super().do_GET()


def test_what_a_request_has_killed_is_named() -> None:
    DiesOfANul.gone = False
    with served(DiesOfANul) as place:
        found = wrong(Target(f"http://{place}", TOKEN))
    assert "a NUL in the path: then /health answered RemoteDisconnected" in found["malformed"]
    assert not [each for each in found["malformed"] if "JSON" in each]
