"""What happens to the machine: memory, disk, a server that is gone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from tests.observe.causes import cause
from tests.observe.stage import PATIENCE_S, Stage


@cause("MemoryFull")
def memory_runs_out(stage: Stage) -> Iterator[None]:
    stage.group(0.95)
    yield
    stage.group(0.5)


@cause("TargetDown")
def the_web_server_is_gone(stage: Stage) -> Iterator[None]:
    stage.stop("web")
    yield
    stage.start("web", "-m", "config.serve", environment=stage.behind)


@cause("DiskFull", patience_s=PATIENCE_S + 30, root=True)
def the_disk_fills_up(stage: Stage) -> Iterator[None]:
    """A small disk of its own, which only root can mount."""
    media = stage.folder / "media"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", media], check=True)
    try:
        (media / "photo").write_bytes(b"\0" * 1_950_000)
        yield
    finally:
        subprocess.run(["umount", media], check=True)
