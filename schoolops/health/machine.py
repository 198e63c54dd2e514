"""How much of the memory and the disk that we may have is in use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import psutil
from django.conf import settings

CGROUP = Path("/sys/fs/cgroup")
# cgroup v1 says "no limit" with a number near 2⁶³.
NO_LIMIT_FROM: Final = 2**60


def memory_used(cgroup: Path | None = None) -> tuple[float, str]:
    """(share in use, whose): of our control group (v2, else v1) when it has a limit, else of the machine.

    Pages of files that could be dropped at once are not in use: the kernel kills for the rest.
    """
    cgroup = CGROUP if cgroup is None else cgroup
    for used, limit, statistics, inactive in (
        ("memory.current", "memory.max", "memory.stat", "inactive_file"),
        ("memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        try:
            most = (cgroup / limit).read_text(encoding="ascii").strip()
            now = int((cgroup / used).read_text(encoding="ascii"))
            if not most.isdigit() or not 0 < int(most) < NO_LIMIT_FROM:
                continue
            droppable = dict(
                line.split(maxsplit=1) for line in (cgroup / statistics).read_text(encoding="ascii").splitlines()
            ).get(inactive, "0")
        except (OSError, ValueError):
            continue
        return max(0, now - int(droppable)) / int(most), "cgroup"
    return psutil.virtual_memory().percent / 100, "machine"


def disk_used() -> float:
    """Share in use of the disk of uploaded files; its folder may not be there yet."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    found = shutil.disk_usage(folder)
    return found.used / (found.used + found.free)
