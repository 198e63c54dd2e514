"""A circuit breaker that never makes callers wait for one another.

Our own, because the libraries either hold a lock around the protected call (pybreaker), let every caller through once
the circuit is half open (circuitbreaker), or count timeouts only, so that a neighbour that is merely slow never trips
them. docs/decisions/0008 has the measurements.
"""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class State(enum.Enum):
    """Closed: calls pass. Open: they are refused at once. Half open: one probe is on its way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerOpen(Exception):
    """The call was not made: its target has been failing. Carries the seconds until the next probe."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        self.name = name
        self.retry_after_s = retry_after_s
        super().__init__(f"{name} has been failing; the next attempt is due in {retry_after_s:.1f} s")


# A circuit that nobody has asked for so long after its probe was due refuses nobody, and is no news any more.
FORGOTTEN_S = 30.0

Listener = Callable[["Breaker", State], None]
_all: dict[str, Breaker] = {}
_listeners: list[Listener] = []


def on_change(listener: Listener) -> None:
    """Call ``listener(breaker, state)`` whenever a breaker changes state, for metrics and logs. It must not block."""
    _listeners.append(listener)


def breakers() -> tuple[Breaker, ...]:
    """Every named breaker of this process."""
    return tuple(_all.values())


def forget(breaker: Breaker) -> None:
    """It has nothing to remember; whoever needs it makes it anew."""
    _all.pop(breaker.name, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a circuit opens, and when it is tried again. Times in seconds.

    Args:
        failures: how many failures open the circuit.
        window_s: failures older than this are forgotten; ``None``: every success forgets them all.
        slow_s: a call that took longer counts as a failure although it succeeded; ``None``: none does.
        reset_s: until the first probe, doubling with every failed one up to ``reset_cap_s``.
        probe_s: a probe that has not reported after this long gives its turn to another caller.
    """

    failures: int
    window_s: float | None = None
    slow_s: float | None = None
    reset_s: float = 1.0
    reset_cap_s: float = 10.0
    probe_s: float = 5.0


class Breaker:
    """One named circuit.

    Args:
        name: shown in metrics and readiness, such as ``redis`` or ``database:attendance:oak``.
        counts: exceptions that mean that the target fails. Any other exception means that it answered.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        counts: tuple[type[BaseException], ...],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._counts = counts
        self._limits = limits
        # Looked at by every call, so not behind another attribute.
        self.slow_s = float("inf") if limits.slow_s is None else limits.slow_s
        self._clock = clock
        self._lock = threading.Lock()
        self._struck: deque[float] = deque(maxlen=limits.failures)
        # None while closed: the only thing that a call looks at when all is well.
        self._next_probe: float | None = None
        self._backoff_s = limits.reset_s
        self._probing: object | None = None
        _all[name] = self

    @property
    def state(self) -> State:
        if self._next_probe is None:
            return State.CLOSED
        return State.OPEN if self._probing is None else State.HALF_OPEN

    @property
    def in_force(self) -> bool:
        """Whether it refuses callers, or has refused and nobody came since to try again, for half a minute at most."""
        due = self._next_probe
        return due is not None and self._clock() < due + FORGOTTEN_S

    def call(
        self, function: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """``function(*args, **kwargs)``, unless the circuit is open.

        Raises:
            BreakerOpen: the call was not made.
        """
        ticket = None if self._next_probe is None else self.admit()
        began = self._clock()
        try:
            result = function(*args, **kwargs)
        except self._counts:
            self.failed(ticket)
            raise
        except BaseException:
            # It answered, if only to refuse.
            self.passed(ticket)
            raise
        if self._clock() - began > self.slow_s:
            self.failed(ticket)
        elif ticket is not None or self._struck:
            self.passed(ticket)
        return result

    def admit(self) -> object | None:
        """Let a call begin whose end is told by ``failed`` or ``passed``, with what this returns: a probe's ticket, or
        ``None`` while the circuit is closed.

        Raises:
            BreakerOpen: the call must not be made.
        """
        return None if self._next_probe is None else self._probe()

    def _probe(self) -> object | None:
        with self._lock:
            if self._next_probe is None:
                return None
            moment = self._clock()
            if moment < self._next_probe:
                raise BreakerOpen(self.name, self._next_probe - moment)
            # Until this probe reports, or its time is up, everybody else is refused.
            self._next_probe = moment + self._limits.probe_s
            self._probing = object()
            ticket = self._probing
        self._tell(State.HALF_OPEN)
        return ticket

    def failed(self, ticket: object | None) -> None:
        """A call that was admitted with ``ticket`` failed."""
        opened = False
        with self._lock:
            moment = self._clock()
            if ticket is not None:
                if ticket is not self._probing:
                    return
                self._probing = None
                self._backoff_s = min(self._backoff_s * 2, self._limits.reset_cap_s)
                self._next_probe = moment + self._backoff_s
                opened = True
            elif self._next_probe is None:
                self._struck.append(moment)
                recent = self._limits.window_s is None or moment - self._struck[0] <= self._limits.window_s
                if len(self._struck) == self._limits.failures and recent:
                    self._next_probe = moment + self._backoff_s
                    opened = True
        if opened:
            self._tell(State.OPEN)

    def passed(self, ticket: object | None) -> None:
        """A call that was admitted with ``ticket`` was answered."""
        if ticket is None:
            # A call begun before the circuit opened says nothing about now, so it never closes it.
            if self._limits.window_s is None and self._next_probe is None:
                self._struck.clear()
            return
        with self._lock:
            if ticket is not self._probing:
                return
            self._close()
        self._tell(State.CLOSED)

    def _close(self) -> None:
        self._probing = None
        self._next_probe = None
        self._backoff_s = self._limits.reset_s
        self._struck.clear()

    def reset(self) -> None:
        """Close the circuit by hand."""
        with self._lock:
            self._close()
        self._tell(State.CLOSED)

    def _tell(self, state: State) -> None:
        for listener in _listeners:
            listener(self, state)
