"""A bulkhead: so many at once on this machine, some more who wait, and everybody else is told when to come again.

For work that keeps a processor busy. Without it three hundred logins at eight o'clock take every thread of the web
server, and a teacher's roll waits behind them.
"""

from __future__ import annotations

import fcntl
import functools
import math
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from schoolops import context
from schoolops.errors import Unavailable
from schoolops.observability.metrics import BULKHEAD_HELD, BULKHEAD_REFUSED, BULKHEAD_WAIT
from schoolops.resilience import appointments
from schoolops.resilience.diaries import LONGEST_AHEAD_S, Diary, DiaryOfMachine

CGROUP: Final = Path("/sys/fs/cgroup")
# Between the first looks at the slots of the machine, for those that other processes give back: far below the time one
# is held. Then twice as long each time, up to the other: a look costs 20 µs, a change of threads and their caches, and
# who waits for long waits where all slots are held, and is handed the next of this process without a look.
LOOK_S: Final = 0.004
LONGEST_LOOK_S: Final = 0.016
LONGEST_RETRY_S: Final = LONGEST_AHEAD_S
# Sooner, a refusal costs more than it spreads; later, slots stand idle until the first of those who were refused come.
SOONEST_RETRY_MS: Final = 100
# Of somebody who kept an appointment and found others who had theirs still at work.
IN_TURN_RETRY_MS: Final = 50
# Of what one learns how long slots are held: a first look at three hundred takes the processors from those that hash,
# and by what a few then took, three hundred would be told to come half as often as they could be let in.
LEARNT, MOST_LEARNT = 1 / 16, 2.0


class Busy(Unavailable):
    """Too many are at this at the same moment. Nothing was done, and nothing was counted against you."""

    code = "resilience:busy"
    remedy = (
        "Try again after the seconds in `Retry-After`, or better the milliseconds in `retry_after_ms`; those who wait "
        "are spread over the time it takes. Send the cookie `so_appointment` along where you got one: then you go "
        "before those who come for the first time."
    )

    def __init__(self, *, retry_after: int, retry_after_ms: int | None = None, appointment: str = "") -> None:
        # A header can only say whole seconds, and whoever was refused in the same instant would come in the same again:
        # the slots stood idle for half of every second.
        self.members = {"retry_after_ms": retry_after * 1000 if retry_after_ms is None else retry_after_ms}
        # A cookie that keeps the place, where the bulkhead gives appointments.
        self.cookies = {appointments.COOKIE: appointment} if appointment else {}
        super().__init__(retry_after=retry_after)


def processors() -> int:
    """How many processors we may keep busy: those we may run on, less where our control group has a quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):
        return allowed


class Slots(Protocol):
    """Where slots are counted."""

    def take(self, patience_s: float) -> Callable[[], None] | None:
        """A slot, as what gives it back; ``None``: none was free in time."""


class SlotsOfProcess:
    """Slots of one process, where there is no folder to share."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    def take(self, patience_s: float) -> Callable[[], None] | None:
        return self._free.release if self._free.acquire(timeout=patience_s) else None


class SlotsOfMachine:
    """Slots of all processes that share ``folder``: locked files, which the kernel frees however a holder ends.

    ``own``: so many a process may keep among its own, from one who is done to one who waits, without a look at the
    files; what it holds beyond goes back to all.
    """

    def __init__(self, folder: Path, name: str, number: int, *, own: int = 0) -> None:
        self._files = [folder / f"{name}-{each}.slot" for each in range(number)]
        self._own, self._held, self._waiting = own, 0, 0
        self._handed: list[int] = []
        self._changed = threading.Condition()

    def take(self, patience_s: float) -> Callable[[], None] | None:
        until, pause_s = time.monotonic() + patience_s, LOOK_S
        with self._changed:
            self._waiting += 1
            try:
                while (held := self._next()) is None:
                    left_s = until - time.monotonic()
                    if left_s <= 0:
                        return None
                    self._changed.wait(min(pause_s, left_s))
                    pause_s = min(2 * pause_s, LONGEST_LOOK_S)
            finally:
                self._waiting -= 1
        return lambda: self._give_back(held)

    def _next(self) -> int | None:
        if self._handed:
            return self._handed.pop()
        if (found := self._look()) is not None:
            self._held += 1
        return found

    def _give_back(self, held: int) -> None:
        with self._changed:
            if self._held <= self._own and self._waiting > len(self._handed):
                self._handed.append(held)
                self._changed.notify()
            else:
                self._held -= 1
                os.close(held)

    def _look(self) -> int | None:
        for file in self._files:
            # Opened anew each time: a lock belongs to the opening, so two threads of one process exclude each other.
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        return None


@dataclass(frozen=True, slots=True)
class Share:
    """What one school may have of a bulkhead: ``here``, so many of its places in a process; ``slots_of``, slots of its
    own, of which it needs one beside one of all."""

    here: int
    slots_of: Callable[[str], Slots]


class Bulkhead:
    """One named bulkhead.

    Args:
        name: shown in metrics.
        slots: how many work at once.
        most_here: how many of this process are in it at once, at work and waiting; beyond it ``Busy``.
        processes: how many processes share the slots, for the time that refused ones are told to wait.
        in_turn: whoever was refused comes before those who come for the first time, if they keep their appointment.
        share: what of it one school may have; ``None``: all.
        patience_s: how long one waits for a slot.
        held_s: how long a slot is held, until it is learnt.
        diary: whom it tells when to come; ``None``: of this process alone.
        clock: monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 - all of them named
        self,
        name: str,
        *,
        slots: Slots,
        number: int,
        most_here: int,
        processes: int = 1,
        patience_s: float = 5.0,
        in_turn: bool = False,
        share: Share | None = None,
        held_s: float = 0.03,
        diary: Diary | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._share = share
        self._here_of: Counter[str] = Counter()
        self._slots = slots
        self._most_here = most_here
        self._patience_s = patience_s
        self._clock = clock
        self._lock = threading.Lock()
        self._in_turn = in_turn
        self._here = 0
        self._number, self._processes = number, processes
        self._held_s = held_s
        self._diary = diary or Diary(processes)

    @property
    def here(self) -> int:
        """How many of this process are in it now, at work or waiting."""
        return self._here

    @contextmanager
    def admitted(self, *, whom: str = "", appointment: str = "") -> Iterator[None]:
        """Be one of those who may wait here. Enter before anything is done that a refusal would have to undo.

        Args:
            whom: the address from which somebody comes, for an appointment.
            appointment: what they got with an earlier refusal.

        Raises:
            Busy: as many as may wait do, or those who were refused before have their turn first.
        """
        who = _whose()
        kept = self._is_kept(whom, appointment)
        with self._lock:
            full = self._is_full(who, kept=kept)
            if not full:
                self._here += 1
                self._here_of[who] += 1
        if full:
            raise self._busy(whom=whom, kept=kept)
        try:
            yield
        finally:
            with self._lock:
                self._here -= 1
                self._here_of[who] -= 1
                if not self._here_of[who]:
                    del self._here_of[who]

    def expect_room(self, *, whom: str = "", appointment: str = "") -> None:
        """Refuse who would be refused by ``admitted`` now, before what they say is read. Raises ``Busy``."""
        kept = self._is_kept(whom, appointment)
        with self._lock:
            full = self._is_full(_whose(), kept=kept)
        if full:
            raise self._busy(whom=whom, kept=kept)

    def _is_kept(self, whom: str, appointment: str) -> bool:
        return bool(appointment) and self._in_turn and appointments.is_kept(self.name, whom=whom, said=appointment)

    def _is_full(self, who: str, *, kept: bool) -> bool:
        most = self._most_here
        if self._in_turn and not kept and 0 < self._diary.last() - self._clock() <= LONGEST_RETRY_S:
            # Others have appointments: only what would stand idle is left.
            most = min(most, -(-self._number // self._processes))
        return self._here >= most or (self._share is not None and self._here_of[who] >= self._share.here)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Work, once a slot is free.

        Raises:
            Busy: none was, for as long as one waits.
        """
        came = self._clock()
        give_back = self._take()
        began = self._clock()
        if give_back is None:
            BULKHEAD_WAIT.observe(began - came, self.name)
            raise self._busy()
        try:
            # Within: whatever fails from here on, the slot is given back.
            BULKHEAD_WAIT.observe(began - came, self.name)
            yield
        finally:
            give_back()
            held_s = self._clock() - began
            self._held_s += (min(held_s, MOST_LEARNT * self._held_s) - self._held_s) * LEARNT
            BULKHEAD_HELD.observe(held_s, self.name)

    def _take(self) -> Callable[[], None] | None:
        """The school's own slot first: who waits for that keeps none of all from the others."""
        until = self._clock() + self._patience_s
        own = None if self._share is None else self._share.slots_of(_whose()).take(self._patience_s)
        if self._share is not None and own is None:
            return None
        of_all = self._slots.take(max(0.0, until - self._clock()))
        if of_all is None:
            if own is not None:
                own()
            return None
        if own is None:
            return of_all

        def both() -> None:
            of_all()
            own()

        return both

    def _busy(self, *, whom: str = "", kept: bool = False) -> Busy:
        """Refused ones are given appointments, one after the other, so that they neither come back together nor leave
        the slots idle. Who ``kept`` theirs comes again at once."""
        BULKHEAD_REFUSED.count(self.name)
        with self._lock:
            moment = self._clock()
            # Until the slots that the diary is of have served one more, learnt from how long they are held.
            each_s = self._held_s * self._diary.keepers / self._number
            ahead_s = self._diary.book(moment, each_s, kept=kept) - moment
        seconds = min(LONGEST_RETRY_S, max(1, math.ceil(ahead_s) + secrets.randbelow(2)))
        ahead_ms = max(IN_TURN_RETRY_MS if kept else SOONEST_RETRY_MS, math.ceil(ahead_s * 1000))
        appointment = appointments.made(self.name, whom=whom, in_s=ahead_ms / 1000) if self._in_turn else ""
        return Busy(retry_after=seconds, retry_after_ms=ahead_ms, appointment=appointment)


def _whose() -> str:
    """Whose share of it this is; outside all schools everybody is one."""
    school = context.school_or_none()
    return "" if school is None else str(school.schema_name)


def of_this_machine(
    name: str,
    *,
    number: int,
    folder: Path | None,
    threads: int,
    processes: int,
    shared_out: bool = False,
    in_turn: bool = False,
    held_s: float = 0.03,
) -> Bulkhead:
    """A bulkhead of ``number`` slots that all web processes share through ``folder``.

    Those at work and waiting hold at most half of each process's ``threads``: the other half serves everybody else.
    ``shared_out``: one school has at most half of the slots and of the places, so that the next finds one free.
    ``in_turn``, ``held_s``: as of ``Bulkhead``.
    """
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def slots(what: str, how_many: int) -> Slots:
        return (
            SlotsOfProcess(how_many)
            if folder is None
            else SlotsOfMachine(folder, what, how_many, own=how_many // processes)
        )

    @functools.cache
    def slots_of(who: str) -> Slots:
        return slots(f"{name}-of-{who}", max(1, number // 2))

    most_here = max(1, threads // 2)
    return Bulkhead(
        name,
        slots=slots(name, number),
        number=number,
        most_here=most_here,
        processes=processes,
        in_turn=in_turn,
        held_s=held_s,
        diary=DiaryOfMachine(folder / f"{name}.diary") if in_turn and folder is not None else None,
        share=Share(max(1, most_here // 2), slots_of) if shared_out else None,
    )
