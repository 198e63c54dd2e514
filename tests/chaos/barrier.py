"""A process that comes to an armed arrow waits there, in its middle, to be killed."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from schoolops.queues import pipeline

HELD_FOR_S = 15.0


def plant() -> None:
    folder: Path = settings.CHAOS_FOLDER / "barriers"
    armed = {arrow.name: str(folder / f"{arrow.name}.armed") for arrow in pipeline.ARROWS}

    def wait_to_be_killed(arrow: str) -> None:
        if not os.path.exists(armed[arrow]):  # noqa: PTH110 - on every step of every job
            return
        held = folder / f"{arrow}.held.{os.getpid()}"
        with suppress(FileNotFoundError):
            # Only one process gets it.
            Path(armed[arrow]).rename(held)
            end = time.monotonic() + HELD_FOR_S
            while time.monotonic() < end:
                time.sleep(0.05)
            held.unlink(missing_ok=True)

    pipeline.plant(wait_to_be_killed)
