"""Where prometheus_client keeps a number when several processes count: in the files of this process's seat.

In place of the library's own class, which names files after process ids and reads the folder from the environment.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

from prometheus_client.mmap_dict import MmapedDict, mmap_key

from schoolops.observability import slots

_lock = threading.Lock()
_files: dict[str, MmapedDict] = {}
_all: list[SeatValue] = []


class SeatValue:
    """One float in a file that other processes read. The library's interface of a value."""

    _multiprocess = True

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: Sequence[str],
        labelvalues: Sequence[str],
        help_text: str,
        multiprocess_mode: str = "",
        **kwargs: Any,
    ) -> None:
        self._kind = f"gauge_{multiprocess_mode}" if typ == "gauge" else typ
        self._key = mmap_key(metric_name, name, list(labelnames), list(labelvalues), help_text)
        with _lock:
            self.open()
            _all.append(self)

    def open(self) -> None:
        """Go on where the last process on this seat stopped. The lock is held."""
        number, folder = slots.number(), slots.folder()
        if self._kind not in _files:
            _files[self._kind] = MmapedDict(f"{folder}/{self._kind}_{number}.db")  # type: ignore[no-untyped-call]
        self._file = _files[self._kind]
        self._value: float = self._file.read_value(self._key)[0]  # type: ignore[no-untyped-call]

    def inc(self, amount: float) -> None:
        with _lock:
            self._value += amount
            self._file.write_value(self._key, self._value, 0.0)  # type: ignore[no-untyped-call]

    def set(self, value: float, timestamp: float | None = None) -> None:
        with _lock:
            self._value = value
            self._file.write_value(self._key, value, timestamp or 0.0)  # type: ignore[no-untyped-call]

    def get(self) -> float:
        return self._value

    def set_exemplar(self, exemplar: object) -> None:
        """Files have no exemplars."""

    def get_exemplar(self) -> None:
        return None


def _after_fork() -> None:
    """A child sits down elsewhere. Runs after ``slots`` has let go of the parent's seat."""
    global _lock
    _lock = threading.Lock()
    for file in _files.values():
        file.close()  # type: ignore[no-untyped-call]
    _files.clear()
    for value in _all:
        value.open()


os.register_at_fork(after_in_child=_after_fork)
