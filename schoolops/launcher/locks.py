"""One launcher per folder: the lock a living process holds while it works with the servers of a folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from . import places
from .errors import FolderInUse, FolderNotOurs

_held: set[FolderLock] = set()


class FolderLock:
    """Held from ``take`` until ``release`` or the end of the process, however it ends."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Lock the folder. Raises ``FolderInUse``, naming the process that holds it; ``FileNotFoundError`` where it is
        gone: somebody removed it meanwhile."""
        path = folder / "launcher.lock"
        while True:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except FileNotFoundError:
                raise
            except OSError as refused:
                raise FolderNotOurs(f"{path} cannot be opened: {refused.strerror}.") from refused
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 100).decode(errors="replace").strip() or "another process"
                os.close(descriptor)
                raise FolderInUse(
                    f"The servers in {folder} are in use by process {holder}. "
                    f"Stop that one first, or work under another name."
                ) from None
            # The folder may have been cleared, and the file with it, between opening and locking.
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                break
            os.close(descriptor)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        owner = folder.stat()
        places.give_to(path, owner.st_uid, owner.st_gid)
        return cls(folder, descriptor)

    @staticmethod
    def is_free(folder: Path) -> bool:
        """Whether nobody holds the lock at this moment."""
        try:
            descriptor = os.open(folder / "launcher.lock", os.O_RDWR)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    @property
    def is_held(self) -> bool:
        return self._descriptor >= 0

    def release(self) -> None:
        """Let go of the folder. Releasing twice does nothing."""
        if self.is_held:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._forget()

    def _forget(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        _held.discard(self)


def _forget_in_forked_child() -> None:
    # A forked child shares the lock: outliving us it would keep the folder locked. Closing leaves ours as it is.
    for lock in list(_held):
        lock._forget()  # noqa: SLF001 - the same file


os.register_at_fork(after_in_child=_forget_in_forked_child)
