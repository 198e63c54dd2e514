"""When the last of those who were refused for want of room was told to come, so that the next is told later.

One diary for all processes of the machine: with one each, of three hundred who came at once one process had told 180
and the other 120, and the last sixty came at half the pace at which slots were free.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

LONGEST_AHEAD_S: Final = 30
_MOMENTS: Final = struct.Struct("=dd")


class Diary:
    """One process's. ``keepers``: how many processes keep one beside it, each for its part of the slots."""

    def __init__(self, keepers: int) -> None:
        self.keepers = keepers
        self._last = [0.0, 0.0]

    def last(self) -> float:
        """The last moment that anybody who came for the first time was told; of a clock that all processes have."""
        return self._last[0]

    def book(self, moment: float, each_s: float, *, kept: bool) -> float:
        """The next one after ``moment``, ``each_s`` after the last. Who ``kept`` theirs has a column of their own.

        The caller lets nobody else of this process book meanwhile.
        """
        self._last[kept] = _next(self._last[kept], moment, each_s)
        return self._last[kept]


class DiaryOfMachine(Diary):
    """In a file, which all processes that share the slots read and write."""

    def __init__(self, file: Path) -> None:
        super().__init__(keepers=1)
        self._file = file

    def last(self) -> float:
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0.0
        try:
            return _read(descriptor)[0]
        finally:
            os.close(descriptor)

    def book(self, moment: float, each_s: float, *, kept: bool) -> float:
        try:
            return self._book(moment, each_s, kept=kept)
        except OSError:
            # Its disk is full: this process's own has room.
            return super().book(moment, each_s, kept=kept)

    def _book(self, moment: float, each_s: float, *, kept: bool) -> float:
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            moments = _read(descriptor)
            moments[kept] = _next(moments[kept], moment, each_s)
            os.pwrite(descriptor, _MOMENTS.pack(*moments), 0)
            return moments[kept]
        finally:
            # And with it the lock.
            os.close(descriptor)


def _read(descriptor: int) -> list[float]:
    said = os.pread(descriptor, _MOMENTS.size, 0)
    return list(_MOMENTS.unpack(said)) if len(said) == _MOMENTS.size else [0.0, 0.0]


def _next(last: float, moment: float, each_s: float) -> float:
    # Nobody is told more: that was written before the machine was started anew, and with it the clock.
    if last > moment + LONGEST_AHEAD_S:
        last = moment
    return min(max(last, moment) + each_s, moment + LONGEST_AHEAD_S)
