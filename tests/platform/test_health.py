"""Health: the process answers without asking anybody; readiness asks everybody, each within its time."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from schoolops import context
from schoolops.health import checks, machine
from schoolops.health.checks import Check
from schoolops.resilience import breaker


@pytest.fixture
def only() -> Iterator[Any]:
    """``only(check, …)``: these checks instead of the installed ones."""
    installed = dict(checks._checks)
    checks.forget()

    def register(*wanted: Check) -> None:
        checks._checks.clear()
        checks._running.clear()
        for check in wanted:
            checks.register(check)

    yield register
    checks._checks.clear()
    checks._checks.update(installed)
    checks._running.clear()
    checks.forget()


def fine() -> dict[str, Any]:
    return {"queue": 3}


def broken() -> dict[str, Any]:
    raise ConnectionError("secret-host:5432 refused")


def test_the_process_answers_without_asking_anybody(only: Any) -> None:
    only(Check("database", broken, failure="unavailable"))
    answer = Client(headers={"host": "whatever.example"}).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_with_real_servers_all_is_well(real_commits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    checks.forget()
    # Whatever else this machine is doing meanwhile.
    monkeypatch.setattr(machine, "memory_used", lambda: (0.5, "machine"))
    patient = {name: dataclasses.replace(check, budget_s=60.0) for name, check in checks._checks.items()}
    monkeypatch.setattr(checks, "_checks", patient)
    for circuit in breaker.breakers():
        # Other tests open theirs.
        circuit.reset()
    answer = Client(headers={"host": "10.0.0.1"}).get("/health/ready")
    assert answer.status_code == 200
    states = {name: check["status"] for name, check in answer.json()["checks"].items()}
    # No relay runs here, so the queues say that nothing would be begun.
    assert states.pop("queues") == "degraded"
    assert states == dict.fromkeys(["database", "redis", "memory", "serving", "circuits", "indexes"], "ok")
    checks.forget()


@pytest.mark.parametrize(
    ("failure", "status", "overall"), [("unavailable", 503, "unavailable"), ("degraded", 200, "degraded")]
)
def test_what_a_failure_means_is_the_checks_to_say(only: Any, failure: Any, status: int, overall: str) -> None:
    only(Check("good", fine, failure="unavailable"), Check("bad", broken, failure=failure))
    answer = Client().get("/health/ready")
    assert answer.status_code == status
    body = answer.json()
    assert body["status"] == overall
    assert body["checks"]["good"]["status"] == "ok"
    assert body["checks"]["good"]["queue"] == 3
    assert body["checks"]["bad"]["error"] == "ConnectionError"
    assert "secret-host" not in answer.content.decode()


def test_the_worst_answer_decides(only: Any) -> None:
    only(Check("a", broken, failure="degraded"), Check("b", broken, failure="unavailable"))
    assert checks.readiness()["status"] == "unavailable"


def test_a_probe_that_hangs_is_given_its_time_and_not_asked_twice(only: Any) -> None:
    released, asked = threading.Event(), []

    def hangs() -> dict[str, Any]:
        asked.append(1)
        released.wait(60)
        return {}

    only(
        Check("slow", hangs, failure="degraded", budget_s=0.3),
        Check("good", fine, failure="unavailable", budget_s=0.3),
    )
    for _ in range(9):
        checks.forget()
        body = checks.readiness()
        assert body["checks"]["slow"] == {"status": "degraded", "error": "no answer within 0.3 s"}
        assert body["checks"]["good"]["status"] == "ok"
    assert len(asked) == 1
    released.set()


def test_nobody_is_waited_for_beyond_their_own_budget(only: Any) -> None:
    answered = threading.Event()

    def slow() -> dict[str, Any]:
        answered.wait(60)
        return {}

    def patient() -> dict[str, Any]:
        # Answers once the impatient check was given up, and well within its own budget.
        answered.wait(0.5)
        return {}

    only(
        Check("patient", patient, failure="unavailable", budget_s=30.0),
        Check("impatient", slow, failure="degraded", budget_s=0.05),
    )
    body = checks.readiness()
    assert body["checks"]["impatient"]["error"] == "no answer within 0.05 s"
    assert (body["status"], body["checks"]["patient"]["status"]) == ("degraded", "ok")
    answered.set()


def test_a_storm_of_probes_sees_one_answer(only: Any) -> None:
    asked = []

    def counted() -> dict[str, Any]:
        asked.append(1)
        return {}

    only(Check("counted", counted, failure="degraded"))
    assert checks.readiness() is checks.readiness()
    assert len(asked) == 1


def test_probes_stand_outside_all_schools_whatever_the_caller_is_in(only: Any) -> None:
    found = []

    def where() -> dict[str, Any]:
        found.append(context.place())
        return {}

    only(Check("where", where, failure="degraded"))
    checks.readiness()
    assert found == [context.OUTSIDE]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_health_is_only_read(db: None, method: str) -> None:
    assert getattr(Client(headers={"host": "nobody.localhost"}), method)("/health").status_code == 404
