"""How much of the memory and the disk that we may have is in use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from django.conf import settings

CGROUP = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
# cgroup v1 says "no limit" with a number near 2⁶³.
NO_LIMIT_FROM: Final = 2**60


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one version of control groups calls things; ``controller`` as /proc/self/cgroup does, and the folder."""

    controller: str
    used: str
    limit: str
    inactive: str


_KINDS: Final = (
    _Kind("", "memory.current", "memory.max", "inactive_file"),
    _Kind("memory", "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file"),
)


def memory_used(cgroup: Path | None = None, membership: Path | None = None) -> tuple[float, str]:
    """(share in use, whose): of the fullest control group (v2, v1) that limits us, else of the machine.

    Pages of files that could be dropped at once are not in use: the kernel kills for the rest.
    """
    cgroup, membership = cgroup or CGROUP, membership or MEMBERSHIP
    shares = [
        share
        for kind in _KINDS
        for folder in _groups(cgroup / kind.controller, kind.controller, membership)
        if (share := _share_of(folder, kind)) is not None
    ]
    return (max(shares), "cgroup") if shares else (psutil.virtual_memory().percent / 100, "machine")


def _groups(root: Path, controller: str, membership: Path) -> Iterator[Path]:
    """``root``, where a container sees its own limit, and below it the groups we are in: a service's limit is there."""
    yield root
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        # Out of a namespace, what lies above is written with dots, and cannot be looked at.
        if controller in controllers.split(",") and ".." not in path:
            folder = root
            for part in path.strip("/").split("/"):
                folder /= part
                yield folder


def _share_of(folder: Path, kind: _Kind) -> float | None:
    try:
        most = (folder / kind.limit).read_text(encoding="ascii").strip()
        if not most.isdigit() or not 0 < int(most) < NO_LIMIT_FROM:
            return None
        now = int((folder / kind.used).read_text(encoding="ascii"))
        statistics = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        droppable = dict(line.split(maxsplit=1) for line in statistics).get(kind.inactive, "0")
        return max(0, now - int(droppable)) / int(most)
    except (OSError, ValueError):
        return None


def disk_used() -> float:
    """Share in use of the disk of uploaded files; its folder may not be there yet."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    found = shutil.disk_usage(folder)
    return found.used / (found.used + found.free)
