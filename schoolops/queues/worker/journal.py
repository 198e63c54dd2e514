"""Which job runs in which slot, in a file that survives SIGKILL: so that a dead worker's successor knows the suspects.

One slot of 24 bytes per thread or child: the job's id; twice the token of its lease, and one more when over its
time; and a number for this very try, so that whoever is killed while reporting a death does not report it twice. It is
written in under a microsecond to a shared mapping; the page cache keeps it when the process dies. Losing the file only
means waiting for the lease.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from schoolops.queues.ledger.deaths import Suspect

SLOTS = 256
_SLOT = struct.Struct("<qqq")
SIZE = SLOTS * _SLOT.size


class Journal:
    """The slots of one worker. Its name is its number among the queue's workers on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, SIZE)
            self._map = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)

    def begin(self, slot: int, job_id: int) -> None:
        """``job_id`` is in hand from now on."""
        _SLOT.pack_into(self._map, slot * _SLOT.size, job_id, 0, time.monotonic_ns())

    def over_time(self, slot: int) -> None:
        """The job in ``slot`` did not stop when it was told to; if its process is killed now, this is why."""
        job_id, state, incident = _SLOT.unpack_from(self._map, slot * _SLOT.size)
        _SLOT.pack_into(self._map, slot * _SLOT.size, job_id, state | 1, incident)

    def leased(self, slot: int, token: int) -> None:
        """The job in ``slot`` is ours by this token, which a successor of ours may have to show."""
        job_id, state, incident = _SLOT.unpack_from(self._map, slot * _SLOT.size)
        _SLOT.pack_into(self._map, slot * _SLOT.size, job_id, 2 * token | state & 1, incident)

    def end(self, slot: int) -> None:
        """Nothing is in hand."""
        _SLOT.pack_into(self._map, slot * _SLOT.size, 0, 0, 0)

    def suspects(self, slots: range = range(SLOTS)) -> list[Suspect]:
        """What the slots say is in hand."""
        entries = (_SLOT.unpack_from(self._map, slot * _SLOT.size) for slot in slots)
        return [Suspect(job_id, bool(state & 1), incident, state >> 1) for job_id, state, incident in entries if job_id]

    def clear(self, slots: range = range(SLOTS)) -> None:
        for slot in slots:
            self.end(slot)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the one job in ``slot`` has to note; without a journal, nothing."""

    journal: Journal | None = None
    slot: int = 0

    def over_time(self) -> None:
        if self.journal is not None:
            self.journal.over_time(self.slot)

    def leased(self, token: int) -> None:
        if self.journal is not None:
            self.journal.leased(self.slot, token)


@dataclass(slots=True)
class Claimed:
    """A journal that this process owns until it ends. Children close ``lock`` and keep the journal."""

    journal: Journal
    lock: int

    def close_lock(self) -> None:
        os.close(self.lock)


def claim(folder: Path, name: str) -> tuple[Claimed, list[Suspect], list[Claimed]]:
    """The first journal of ``name`` that no living worker owns, and what dead ones left in it and in its neighbours.

    The caller clears them with ``forget`` once the suspects stand in the ledger. Until then nobody else can take a
    neighbour: what he had noted by then would be cleared with it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine: Claimed | None = None
    suspects: list[Suspect] = []
    orphans: list[Claimed] = []
    for number in range(1, 65):
        path = folder / f"{name}-{number}.journal"
        if mine is not None and not path.exists():
            break
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        journal = Journal(path)
        suspects += journal.suspects()
        if mine is None:
            mine = Claimed(journal, lock)
        else:
            orphans.append(Claimed(journal, lock))
    if mine is None:
        raise RuntimeError(f"64 workers of {name} run on this machine already.")
    return mine, suspects, orphans


def forget(mine: Claimed, orphans: list[Claimed]) -> None:
    """The suspects are in the ledger: empty the journals they were found in, and let go of the neighbours."""
    mine.journal.clear()
    for orphan in orphans:
        orphan.journal.clear()
        orphan.close_lock()
