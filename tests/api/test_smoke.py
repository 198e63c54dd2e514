"""The smoke test finds what it is there to find, on any day of the week and in any year."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from config.env import BASE_DIR, inherited
from tests.api.addresses import Address, addresses
from tests.smoke.asks import table as asks
from tests.smoke.rosters import PATIENCE_S
from tests.smoke.rows import Rows
from tests.smoke.stack import fresh_stack
from tests.smoke.wall import Report, Side, Stranger, Wall
from tests.smoke.web import Answer
from tests.smoke.world import World

ID = "0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b"
READ = next(each for each in addresses() if str(each) == "GET api/v1/absentees")


@dataclass
class Tables:
    """Tables of a school that is not there."""

    counts: dict[str, int] = field(default_factory=lambda: {"oak": 1, "elm": 1})

    def ids(self, schema: str) -> frozenset[str]:
        return frozenset({ID}) if schema == "elm" else frozenset()

    def names(self, schema: str) -> frozenset[str]:
        return frozenset({"Aroha Castellanos"}) if schema == "elm" else frozenset()

    def checksums(self, schema: str) -> dict[str, int]:
        return {"students_student": self.counts[schema]}

    def changed(self, before: Any, after: Any) -> list[str]:
        return [] if before == after else ["students_student"]


def probed(
    *, to_stranger: tuple[int, bytes] = (401, b"{}"), to_friend: tuple[int, bytes] = (200, b"{}"), writes: bool = False
) -> Report:
    """What the wall's probe says of a school that answers so."""
    rows = Tables()

    def send(method: str, path: str, token: str | None, body: Any, query: Any, headers: Any) -> Answer:
        if path.endswith("/auth/login"):
            return Answer("login", 200, {}, json.dumps({"access_token": "good"}).encode())
        status, content = to_friend if token == "good" else to_stranger
        if writes and token != "good":
            rows.counts["oak"] += 1
        return Answer(f"{method} {path}", status, {}, content)

    world = World(send, {"erin": "x"}, {"administrator": "erin"}, lambda _user: 1, lambda _run: None)
    sides = Side(world, "oak", "Oak School"), Side(world, "elm", "Elm Academy")
    return Wall(*sides, rows, [Stranger("nobody", None, at_home=True)]).probe([READ])  # type: ignore[arg-type]


def test_a_wall_that_holds_is_no_leak() -> None:
    report = probed()
    assert (report.probes, report.twins, report.leaks, report.failures) == (1, 1, [], [])


def test_a_stranger_who_is_let_in_is_a_leak() -> None:
    assert "was let in" in probed(to_stranger=(200, b"{}")).leaks[0]


@pytest.mark.parametrize("body", [ID.encode(), b"Aroha Castellanos", b"Welcome to Elm Academy"])
def test_a_refusal_that_names_the_other_school_is_a_leak(body: bytes) -> None:
    assert "which is Elm Academy's" in probed(to_stranger=(404, body)).leaks[0]


def test_an_answer_to_whoever_may_that_names_the_other_school_is_a_leak() -> None:
    assert "which is Elm Academy's" in probed(to_friend=(200, ID.encode())).leaks[0]


def test_a_refused_request_that_writes_is_a_leak() -> None:
    assert "changed Oak School's students_student" in probed(writes=True).leaks[0]


def test_a_route_that_nobody_may_use_fails() -> None:
    assert "whoever may is refused" in probed(to_friend=(500, b"")).failures[0]


def test_a_server_error_for_a_stranger_fails() -> None:
    assert "got 500" in probed(to_stranger=(500, b"")).failures[0]


def test_a_new_route_without_a_request_fails_by_name() -> None:
    new = Address("POST", "api/v1/x", None, "create")
    nowhere = World(lambda *_: None, {}, {}, lambda _user: 1, lambda _run: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(asks.NoAskDeclared, match="no probe body declared for POST api/v1/x"):
        asks.ask_for(new, nowhere)


def test_every_route_has_a_valid_request_and_every_request_a_route() -> None:
    silent = [
        str(each)
        for each in addresses()
        if not asks.is_declared(each)
        and not (each.method == "GET" and (not asks.holes(each) or each.route.endswith("/<uuid:id>")))
    ]
    assert silent == []
    assert asks.undeclared(addresses()) == []


@pytest.mark.proof
@pytest.mark.parametrize(
    "today", ["2026-11-22", "2028-02-29", "2027-07-31"], ids=["sunday", "leap-day", "last-of-year"]
)
def test_it_passes_on_a_sunday_in_2028_and_on_the_last_day_of_a_year(today: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.smoke"],
        cwd=BASE_DIR,
        env={**inherited(), "SCHOOLOPS_TODAY": today},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1].removeprefix("RESULT "))
    assert result["schools"] == 2
    assert result["leaks"] == 0
    assert result["probes"] > 500
    assert f"on {today}" in done.stdout


@pytest.mark.proof
def test_it_tries_an_installation_that_runs_and_changes_nothing_there() -> None:
    with fresh_stack(own_servers=True) as up, Rows(up.addresses.values["DATABASE_ADMIN_URL"]) as rows:
        schemas = [rows.schema_of(slug) for slug in ("oak", "elm")]
        # The demo's own messages are on their way when it is up.
        until = time.monotonic() + PATIENCE_S
        while any(map(rows.working, schemas)) and time.monotonic() < until:
            time.sleep(0.2)
        before = [rows.checksums(schema) for schema in schemas]
        done = subprocess.run(
            [sys.executable, "-m", "tests.smoke"],
            cwd=BASE_DIR,
            env={**inherited(), "BASE_URL": f"http://127.0.0.1:{up.port}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        result = json.loads(done.stdout.splitlines()[-1].removeprefix("RESULT "))
        assert result["leaks"] == 0
        assert result["probes"] > 400
        changed = [
            table
            for schema, old in zip(schemas, before, strict=True)
            for table in rows.changed(old, rows.checksums(schema))
        ]
    # Logging in leaves a token and a line in the trail.
    assert set(changed) == {"accounts_token", "accounts_tokenfamily", "audit_auditentry"}
