"""Stopping a job that takes too long, on any pool: a thread cannot be killed, so its work is made worthless and ended.

1. The database stops by itself: statement_timeout and idle_in_transaction_session_timeout are set with the claim.
2. At the limit: cancel the running query and raise ``JobTimeout`` in the thread (a BaseException: ``except Exception``
   in a task does not swallow it).
3. Five seconds later: cut the connection, so that nothing it does can commit; its slot counts as a zombie.
4. More than a tenth of the slots are zombies: the process drains and ends. Journal and ledger make that safe.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from psycopg.pq import TransactionStatus

log = logging.getLogger("schoolops.queues")

CUT_AFTER_S = 5.0
LOOK_EVERY_S = 0.05
LEAVES_WITHIN_S = 0.5


class JobTimeout(BaseException):
    """The job took longer than its queue allows."""


@dataclass(slots=True, eq=False)
class Watched:
    """One running job under the clock."""

    thread: int
    limit: float
    connection: Callable[[], Any]
    overdue: Callable[[], None]
    stopping: bool = False
    patient_until: float = 0.0
    fired: bool = False
    cut: bool = False
    over: bool = False


@dataclass(slots=True)
class Watchdog:
    """The one thread of a process that looks at the clock. ``slots``: how many jobs may run at once, where the
    process is to end when too many of them do not stop; 0 where it is not."""

    slots: int = 0
    _watched: set[Watched] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = 0
    _draining: bool = False

    @contextmanager
    def watching(
        self, seconds: float, *, connection: Callable[[], Any], overdue: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Raise ``JobTimeout`` in this thread when the enclosed work takes longer than ``seconds``.

        Args:
            connection: the psycopg connection in use, if any, at the moment it is asked.
            overdue: called when the limit has passed, before anything is raised.
        """
        self._ensure_running()
        entry = Watched(threading.get_ident(), time.monotonic() + seconds, connection, overdue)
        with self._lock:
            self._watched.add(entry)
        try:
            yield
        finally:
            with self._lock:
                entry.over = True
                self._watched.discard(entry)
                if entry.fired:
                    # One that was sent but has not arrived yet must not hit whatever this thread does next.
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(entry.thread), None)

    def _ensure_running(self) -> None:
        if self._pid != os.getpid():
            # A forked child inherits the object but not the thread.
            with self._lock:
                if self._pid != os.getpid():
                    self._pid = os.getpid()
                    self._watched = set()
                    threading.Thread(target=self._look, name="deadlines", daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            with self._lock:
                late = [entry for entry in self._watched if now >= entry.limit]
            for entry in late:
                with suppress(Exception):
                    self._act(entry, now)
            self._count_zombies(sum(entry.cut for entry in late))

    def _act(self, entry: Watched, now: float) -> None:
        if not entry.stopping:
            entry.stopping = True
            entry.overdue()
            connection = entry.connection()
            if connection is not None and connection.info.transaction_status == TransactionStatus.ACTIVE:
                with suppress(Exception):
                    connection.cancel_safe(timeout=2)
                # It leaves by the error of its own statement, rather than by ours in the middle of psycopg.
                entry.patient_until = now + LEAVES_WITHIN_S
        if not entry.fired:
            if now < entry.patient_until:
                return
            with self._lock:
                if not entry.over:
                    entry.fired = True
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(entry.thread), ctypes.py_object(JobTimeout)
                    )
        elif not entry.cut and now >= entry.limit + CUT_AFTER_S:
            entry.cut = True
            log.error("a job does not stop; its database connection is cut")
            connection = entry.connection()
            if connection is not None:
                cut(connection)

    def _count_zombies(self, zombies: int) -> None:
        if self.slots and zombies > self.slots / 10 and not self._draining:
            self._draining = True
            log.error("%d of %d jobs do not stop; this process drains and ends", zombies, self.slots)
            os.kill(os.getpid(), signal.SIGTERM)
            killer = threading.Timer(30, os._exit, args=(70,))
            killer.daemon = True
            killer.start()


def cut(connection: Any) -> None:
    """End a psycopg connection under the feet of the thread that uses it: the server rolls back at once."""
    with suppress(Exception):
        duplicate = socket.socket(fileno=os.dup(connection.fileno()))
        try:
            duplicate.shutdown(socket.SHUT_RDWR)
        finally:
            duplicate.close()
