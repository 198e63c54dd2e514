"""One worker process: its runner, its few database connections, its journal. Celery calls in; no task is here."""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from psycopg.errors import LockNotAvailable

from schoolops.queues import broker
from schoolops.queues.ledger import deaths
from schoolops.queues.message import Mode
from schoolops.queues.registry import QUARANTINE, QUARANTINE_KEY, QUEUES, Queue
from schoolops.queues.worker import journal
from schoolops.queues.worker.deadline import Watchdog
from schoolops.queues.worker.runner import Runner

log = logging.getLogger("schoolops.queues")

BEAT_S = 10.0
# Waits for a lock of two seconds each.
PATIENCE_WITH_HOLDERS = 10


class SharedConnections:
    """A few database connections that a worker's many threads take turns with."""

    def __init__(self, connections: int) -> None:
        self._free = threading.Semaphore(connections)
        self._idle: list[Any] = []

    @contextmanager
    def borrowing(self) -> Iterator[None]:
        """``connections["default"]`` of this thread is one of the shared ones."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def lending(self) -> Iterator[None]:
        """Somebody else's, while this thread waits for somebody outside."""
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._free.acquire()
        try:
            wrapper = self._idle.pop()
        except IndexError:
            wrapper = connections.create_connection("default")
            wrapper.inc_thread_sharing()
        connections["default"] = wrapper

    def _give_back(self) -> None:
        self._idle.append(connections["default"])
        del connections["default"]
        self._free.release()


class Worker:
    """What a worker of ``queue`` (``None``: the quarantine) has besides Celery's pool."""

    def __init__(self, queue: Queue | None, folder: Path) -> None:
        self.queue = queue
        self.name = queue.name if queue is not None else QUARANTINE
        self.folder = folder
        self._mine: journal.Claimed | None = None
        self.beats_as = ""
        self._slot = threading.local()
        self._numbers = itertools.count()
        threads = queue is not None and queue.pool == "threads"
        shared = SharedConnections(queue.connections) if queue is not None and threads else None
        self.runner = Runner(
            queue=self.name,
            # A child that does not stop is killed by Celery; a thread takes its process along.
            watchdog=Watchdog(slots=queue.concurrency if queue is not None and threads else 0),
            borrowing=shared.borrowing if shared else nullcontext,
            lending=shared.lending if shared else nullcontext,
            in_hand=self.in_hand,
            hand_back=self._hand_back,
        )

    @property
    def broker_key(self) -> str:
        return self.queue.broker_key if self.queue is not None else QUARANTINE_KEY

    # --- what Celery tells us ---------------------------------------------------------------------------------------
    def boot(self) -> None:
        """In the main process, before the pool: who died with a job in hand? Blocks until the ledger knows."""
        self._mine, suspects, orphans = journal.claim(self.folder, self.name)
        # The same again when this worker is started anew.
        self.beats_as = f"{self.name}@{socket.gethostname()}#{self._mine.journal.path.stem.rpartition('-')[2]}"
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        self._report(suspects)
        journal.forget(self._mine, orphans)

    def _beat(self) -> None:
        while self.beats_as:
            broker.say_alive(self.beats_as)
            time.sleep(BEAT_S)

    def end(self) -> None:
        """In the main process, once it is told to end."""
        name, self.beats_as = self.beats_as, ""
        if name:
            broker.say_ended(name)

    def boot_child(self, index: int) -> None:
        """In a prefork child: the one before us in this slot may have died with a job in hand."""
        connections.close_all()
        broker.client.cache_clear()
        self._slot.number = index
        if self._mine is None:
            return
        self._mine.close_lock()
        slot = range(index, index + 1)
        if suspects := self._mine.journal.suspects(slot):
            self._report(suspects)
            self._mine.journal.clear(slot)
            broker.say_booted(self.broker_key)

    def _report(self, suspects: list[deaths.Suspect]) -> None:
        patience = PATIENCE_WITH_HOLDERS
        while suspects and patience:
            try:
                deaths.report_dead_process(suspects, worker=self.runner.name)
            except LockNotAvailable:
                # What is left of the dead one at the server, or somebody who runs it by now and reports for himself.
                patience -= 1
            except deaths.Unreachable:
                log.warning("the ledger is away; %d suspects wait to be reported", len(suspects))
                time.sleep(0.5)
            else:
                return

    def _hand_back(self, job_ids: list[int], timeout_s: int, mode: Mode) -> None:
        broker.hand_back(self.broker_key, job_ids, timeout_s=timeout_s, mode=mode)

    # --- what the runner asks ---------------------------------------------------------------------------------------
    @contextmanager
    def in_hand(self, job_id: int) -> Iterator[journal.Entry]:
        """Note in the journal that this thread or child runs ``job_id``; yields its entry."""
        if self._mine is None:
            yield journal.Entry()
            return
        entry = journal.Entry(self._mine.journal, self._own_slot())
        self._mine.journal.begin(entry.slot, job_id)
        try:
            yield entry
        finally:
            self._mine.journal.end(entry.slot)

    def _own_slot(self) -> int:
        number = getattr(self._slot, "number", None)
        if number is None:
            number = self._slot.number = next(self._numbers) % journal.SLOTS
        return int(number)


def worker_for(name: str) -> Worker:
    """The worker of the queue ``name``, or of the quarantine."""
    return Worker(None if name == QUARANTINE else QUEUES[name], Path(settings.QUEUES_JOURNAL_FOLDER))
