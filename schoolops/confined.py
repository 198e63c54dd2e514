"""Work on strangers' bytes in a child process with limits of memory and processor: what breaks, breaks there.

The child is a fork, so that it begins at once and knows what was imported; it keeps its input and a pipe, and lets go
of every other file, connections and locks among them. What it says comes back as JSON, bounded, and is never unpickled.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import orjson

_HEADER: Final = struct.Struct(">I")
_DONE, _OVER = 0, 70
_MEMORY: Final = Path("/proc/self/statm")


class Overrun(Exception):
    """The child was ended: it wanted more memory or time than it may have, or broke."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``memory``: bytes beyond what this process has. ``cpu_s``: seconds of a processor. ``silent_s``: how long the
    child may say nothing. ``message``: bytes of one thing it says."""

    memory: int
    cpu_s: int
    silent_s: float
    message: int = 16 * 2**20


def from_a_child(work: Callable[[IO[bytes]], Iterator[Any]], file: IO[bytes], limits: Limits) -> Iterator[Any]:
    """What ``work(file)`` yields, made by a child process. ``file`` has a descriptor; what is yielded is JSON.

    Raises:
        Overrun.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(work, file.fileno(), theirs, limits)
    os.close(theirs)
    ended = False
    try:
        while (said := _message(ours, limits)) is not None:
            yield said
        _, status = os.waitpid(pid, 0)
        ended = True
        if status != 0:
            raise Overrun
    finally:
        os.close(ours)
        if not ended:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _message(reading: int, limits: Limits) -> Any:
    """The next thing the child says; ``None``: it says nothing more."""
    header = _exactly(reading, _HEADER.size, limits.silent_s)
    if header is None:
        return None
    (length,) = _HEADER.unpack(header)
    body = None if length > limits.message else _exactly(reading, length, limits.silent_s)
    if body is None:
        raise Overrun
    return orjson.loads(body)


def _exactly(reading: int, size: int, silent_s: float) -> bytes | None:
    found = bytearray()
    until = time.monotonic() + silent_s
    while len(found) < size:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise Overrun
        piece = os.read(reading, size - len(found))
        if not piece:
            if found:
                raise Overrun
            return None
        found += piece
    return bytes(found)


def _child(work: Callable[[IO[bytes]], Iterator[Any]], source: int, writing: int, limits: Limits) -> NoReturn:
    code = _OVER
    # Whatever happens, nothing of the parent's may run here: no handler, no cleaning up of its connections.
    with suppress(BaseException):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP, signal.SIGXCPU, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        _let_go_of_all_but(source, writing)
        _limit(limits)
        # Whoever waits for a page goes before a file that is read.
        os.nice(10)
        # Opened anew by its descriptor: where the parent's stands in the file is the parent's business.
        with os.fdopen(os.dup(source), "rb") as file, os.fdopen(writing, "wb") as out:
            file.seek(0)
            for said in work(file):
                body = orjson.dumps(said, default=str)
                out.write(_HEADER.pack(len(body)) + body)
                out.flush()
            code = _DONE
    os._exit(code)


def _let_go_of_all_but(*kept: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in kept:
            os.dup2(null, standard)
    last = 2
    for each in sorted({*kept}):
        if each > 2:
            os.closerange(last + 1, each)
            last = each
    os.closerange(last + 1, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536))


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # It has nothing to write but to its pipe.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform.startswith("linux"):
        with _MEMORY.open(encoding="ascii") as memory:
            mine = int(memory.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mine + limits.memory, mine + limits.memory))
