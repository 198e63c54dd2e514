"""The log file a server writes, read back when it does not start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LARGEST = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Log:
    path: Path

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, size: int) -> str:
        """What was written after the file was ``size`` bytes long."""
        try:
            with self.path.open("rb") as file:
                file.seek(size)
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def shorten(self) -> None:
        """Put a large file aside as ``.old``, in place of the one before it."""
        if self.size() > _LARGEST:
            self.path.replace(self.path.with_name(self.path.name + ".old"))
