"""Threads that give way: for work that keeps a processor busy beside requests that somebody waits for.

Linux gives each thread a niceness of its own. An ordinary user can only raise it, never take it back, so what runs
gently runs in threads that do nothing else. Beside them a request gets nine tenths of a processor that both want;
where nobody else wants it, they have all of it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

NICENESS: Final = 10


class Gently:
    """Up to ``threads`` threads of this process that give way to all others of the machine, begun when needed."""

    def __init__(self, threads: int, *, name: str) -> None:
        self._threads, self._name = threads, name
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._begin_anew)

    def __call__(
        self, function: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """``function(*args, **kwargs)`` in one of them, waited for. It sees nothing of the caller's context."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name, initializer=_give_way)
            pool = self._pool
        return pool.submit(function, *args, **kwargs).result()

    def _begin_anew(self) -> None:
        # Threads stay behind in the parent.
        self._lock = threading.Lock()
        self._pool = None


def _give_way() -> None:
    if sys.platform == "linux":
        # Elsewhere this would be the niceness of the whole process.
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS))
