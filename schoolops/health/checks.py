"""The registry of readiness checks: each has a name, a budget, and what its failure means."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

from schoolops.context import outside_schools

Verdict = Literal["ok", "degraded", "unavailable"]
CACHED_S = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """``probe`` returns facts to show, or raises. ``failure`` says what raising means for the installation."""

    name: str
    probe: Callable[[], dict[str, Any]]
    failure: Verdict
    budget_s: float = 1.0


_checks: dict[str, Check] = {}
_running: dict[str, Future[dict[str, Any]]] = {}
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")
_last: tuple[float, dict[str, Any]] | None = None
_lock = threading.Lock()


def register(check: Check) -> None:
    """Add a check; a later one of the same name replaces it."""
    _checks[check.name] = check


def readiness() -> dict[str, Any]:
    """``{"status": …, "checks": {name: {"status", "latencyMs", …facts or "error"}}}``, at most one second old.

    Checks run in parallel, each within its budget; probe storms see the cached answer.
    """
    global _last
    with _lock:
        if _last is not None and time.monotonic() - _last[0] < CACHED_S:
            return _last[1]
        answer = _ask_all()
        _last = (time.monotonic(), answer)
        return answer


def forget() -> None:
    """Forget the cached answer (tests, and a process that begins to drain)."""
    global _last
    with _lock:
        _last = None


def _ask_all() -> dict[str, Any]:
    for name, check in _checks.items():
        # A probe that hangs is not asked twice: it would take the threads of the others.
        if name not in _running or _running[name].done():
            _running[name] = _pool.submit(contextvars.Context().run, _ask, check)
    began = time.monotonic()
    answers = {}
    # The least patience first: nobody is waited for beyond their own budget.
    for name, check in sorted(_checks.items(), key=lambda item: item[1].budget_s):
        wait([_running[name]], timeout=max(0.0, began + check.budget_s - time.monotonic()))
        answers[name] = _answer(check, _running[name])
    states = {answer["status"] for answer in answers.values()}
    status = "unavailable" if "unavailable" in states else "degraded" if "degraded" in states else "ok"
    return {"status": status, "checks": answers}


def _answer(check: Check, future: Future[dict[str, Any]]) -> dict[str, Any]:
    if not future.done():
        return {"status": check.failure, "error": f"no answer within {check.budget_s:g} s"}
    return future.result()


def _ask(check: Check) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        with outside_schools():
            facts = {"status": "ok", **check.probe()}
    except Exception as failure:  # noqa: BLE001 - whatever went wrong, it is the answer
        facts = {"status": check.failure, "error": type(failure).__name__}
    return {**facts, "latencyMs": round((time.perf_counter() - began) * 1000, 2)}
