"""Asking a school's gateway: outside transactions, and behind a circuit that is that school's and gateway's alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from schoolops.context import current_school
from schoolops.gateways.interface import GatewayAway
from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits
from schoolops.resilience.outside import expect_no_transaction

Answer = TypeVar("Answer")
# A gateway may take a while; ten seconds again and again is not serving.
_LIMITS: Final = Limits(failures=5, slow_s=10.0, reset_s=5.0, reset_cap_s=60.0, probe_s=30.0)
_circuits: dict[tuple[str, str], Breaker] = {}
_lock = threading.Lock()


def ask(
    question: Callable[[], Answer],
    *,
    of: str = "",
    meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Answer:
    """What the current school's gateway ``of`` that name answers. ``meanwhile``: what stands around the call itself.

    Raises:
        GatewayAway: it does not, or has not lately. CalledInTransaction. Whatever ``question`` raises.
    """
    expect_no_transaction("A card gateway was to be asked")
    circuit = _circuit(current_school().slug, of)
    try:
        with meanwhile():
            return circuit.call(question)
    except BreakerOpen as refusal:
        raise GatewayAway(retry_after=max(1, round(refusal.retry_after_s))) from refusal


def _circuit(school: str, gateway: str) -> Breaker:
    with _lock:
        key = school, gateway
        if key not in _circuits:
            _circuits[key] = Breaker(f"gateway:{school}", counts=(GatewayAway,), limits=_LIMITS)
        return _circuits[key]
