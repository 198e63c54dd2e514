"""Which numbered seat of the metric files this process sits on, so that hundreds of process lives leave a few files.

prometheus_client keeps the counters of several processes in one file per process and never removes a dead one's: after
a hundred recycled workers a scrape costs a second. Here a process takes the lowest free seat, held by a lock that the
kernel lets go of when the process ends however it ends, and counts on where the last one on that seat stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, which must be ours alone
MOST: Final = 4096
DRAINING: Final = "draining"

_seat: tuple[int, int] | None = None
_folder: Path | None = None


class NotOurFolder(Exception):
    """The folder of the metric files belongs to somebody else, or others may write to it."""


def folder_for(installation: str, otherwise: Path) -> Path:
    """The folder of an installation's metric files: in memory where the machine has such a place, else ``otherwise``.

    ``installation`` tells it from others on the same machine.
    """
    name = hashlib.sha256(installation.encode()).hexdigest()[:16]
    if os.access(SHARED_MEMORY, os.W_OK):
        return SHARED_MEMORY / f"schoolops-{os.getuid()}-{name}"
    return otherwise / name


def use(folder: Path) -> None:
    """Keep this process's metrics in ``folder``, made when missing. Call it before the first metric is made.

    Raises:
        NotOurFolder: somebody else could read or write there. OSError: it cannot be made.
    """
    global _folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise NotOurFolder(f"{folder} is not a folder of ours alone.")
    _folder = folder


def folder() -> Path | None:
    """Where this process's metrics are kept; ``None``: in its own memory."""
    return _folder


def number() -> int:
    """This process's seat, taken on the first call; a forked child takes another."""
    global _seat
    if _seat is None:
        _seat = _take()
    return _seat[0]


def _take() -> tuple[int, int]:
    if _folder is None:
        raise RuntimeError("There are no seats without a folder: call use() first.")
    for seat in range(MOST):
        # A relay, a worker and a web process may all look at the same moment: the lock decides.
        descriptor = os.open(_folder / f"{seat}.seat", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        # A counter lives on; what a dead process measured of itself does not.
        _forget_gauges(_folder, seat)
        return seat, descriptor
    raise RuntimeError(f"All {MOST} seats in {_folder} are taken.")


def _after_fork() -> None:
    global _seat
    if _seat is not None:
        # The lock is the parent's: closing our copy of it leaves it held.
        os.close(_seat[1])
        _seat = None


os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def _if_free(folder: Path, seat: int) -> Iterator[bool]:
    """Whether nobody sits there; while the block runs, nobody will."""
    if _seat is not None and _seat[0] == seat:
        yield False
        return
    try:
        descriptor = os.open(folder / f"{seat}.seat", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def _forget_gauges(folder: Path, seat: int) -> None:
    for file in folder.glob(f"gauge_*_{seat}.db"):
        with suppress(FileNotFoundError):
            file.unlink()


def bury(folder: Path) -> None:
    """Remove what processes that have ended measured of themselves: an open breaker, their memory."""
    for seat in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_*.db")}:
        with _if_free(folder, seat) as free:
            if free:
                _forget_gauges(folder, seat)


def taken(folder: Path) -> list[int]:
    """The seats somebody sits on."""
    seats = []
    for file in folder.glob("*.seat"):
        with _if_free(folder, int(file.stem)) as free:
            if not free:
                seats.append(int(file.stem))
    return sorted(seats)


def drain_file(folder: Path, server: int) -> Path:
    """What stands there while the server of process ``server`` is being stopped: its own, not that of one beside it."""
    return folder / f"{DRAINING}.{server}"


def _forget_drained(folder: Path) -> None:
    """Remove what servers left that have ended, or that had the process id that is ours now."""
    for file in folder.glob(f"{DRAINING}.[0-9]*"):
        if (server := int(file.suffix[1:])) == os.getpid() or not _is_alive(server):
            file.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wipe(folder: Path) -> bool:
    """Begin anew, unless a process of this installation still counts here. For whoever starts an installation.

    While anybody counts on, a sum that loses only some of its parts would look to Prometheus like a great leap.
    """
    _forget_drained(folder)
    if not folder.is_dir() or taken(folder):
        return False
    for file in folder.glob("*.db"):
        with suppress(FileNotFoundError):
            file.unlink()
    return True
