"""Sealing for the keys of age, and opening: streams of any length in a few pages of memory.

What is written here opens with ``age -d -i KEYFILE`` alone (https://age-encryption.org/v1). A file that was cut short
or changed at any byte does not open to its end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyrage
from pyrage import x25519

from schoolops.copies.errors import BackupDamaged, BackupNotForThisKey, IdentityInvalid, RecipientInvalid

OTHER_KEY = "No matching keys found"


def recipients_of(said: Sequence[str]) -> list[Any]:
    """Public keys, as ``age1…``. Raises ``RecipientInvalid``."""
    found = []
    for each in said:
        try:
            found.append(x25519.Recipient.from_str(each))
        except pyrage.RecipientError as refused:
            # Who names the secret half by mistake does not find it in a log.
            raise RecipientInvalid(recipient=each if each.startswith("age1") else "What was named") from refused
    return found


def identities_in(file: Path) -> list[Any]:
    """The secret keys in ``file``, as ``age-keygen`` writes them: one a line, beside lines that begin with ``#``.

    Raises ``IdentityInvalid``, which says the file and nothing of what is in it.
    """
    try:
        lines = [line.strip() for line in file.read_text(encoding="ascii").splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        found = []
    if not found:
        raise IdentityInvalid(path=file)
    return found


class _Beside(threading.Thread):
    """Runs one half of a pipe, and keeps what it failed of."""

    def __init__(self, work: Callable[[], None], end: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._work, self._end = work, end
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            self._work()
        except Exception as failed:  # noqa: BLE001 - whoever has the other half raises it
            self.failed = failed
        with suppress(OSError):
            self._end.close()


@contextmanager
def sealing(target: Any, recipients: Sequence[Any]) -> Iterator[IO[bytes]]:
    """What is written into the yielded stream stands sealed in ``target`` once the block has ended.

    Raises ``OSError`` where ``target`` cannot be written.
    """
    reading, writing = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    beside = _Beside(lambda: pyrage.encrypt_io(reading, target, list(recipients)), reading)
    beside.start()
    try:
        yield writing
        writing.close()
    except BrokenPipeError:
        beside.join()
        raise OSError(f"The backup cannot be written: {beside.failed}") from beside.failed
    finally:
        with suppress(OSError):
            writing.close()
        beside.join()
    if beside.failed is not None:
        raise OSError(f"The backup cannot be written: {beside.failed}") from beside.failed


@contextmanager
def opening(source: IO[bytes], identities: Sequence[Any]) -> Iterator[IO[bytes]]:
    """What is sealed in ``source``, as a stream. Read it to its end: only then is it known to be whole.

    Raises ``BackupNotForThisKey``, ``BackupDamaged``; the latter also in place of whatever the block fails of since the
    stream ended early.
    """
    reading, writing = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    beside = _Beside(lambda: pyrage.decrypt_io(source, writing, list(identities)), writing)
    beside.start()
    try:
        yield reading
        while reading.read(1 << 16):
            pass
    except Exception:
        reading.close()
        beside.join()
        _raise(beside.failed)
        raise
    finally:
        reading.close()
        beside.join()
    _raise(beside.failed)


def _raise(failed: Exception | None) -> None:
    if failed is None or "BrokenPipe" in str(failed) or "Broken pipe" in str(failed):
        # The reader had enough; why, it says itself.
        return
    if OTHER_KEY in str(failed):
        raise BackupNotForThisKey from failed
    raise BackupDamaged(what="it does not open to its end") from failed
