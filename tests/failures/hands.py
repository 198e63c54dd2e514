"""A clock on the wall that somebody puts forward and back while the programs run: for those of a stage alone."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Names the file that says by how many seconds the clock is ahead.
VARIABLE = "CLOCK_HANDS"


def follow(file: Path) -> None:
    """From now on this process reads its time as ``file`` says: ours, Django's, and whoever asks ``time.time()``.

    What counts seconds since the start goes on, as it does on a machine whose clock is set.
    """
    import django.utils.timezone

    from schoolops import clock

    def ahead_s() -> float:
        with suppress(OSError, ValueError):
            return float(file.read_text(encoding="ascii"))
        return 0.0

    def stepped(asked: Callable[[], dt.datetime]) -> Callable[[], dt.datetime]:
        return lambda: asked() + dt.timedelta(seconds=ahead_s())

    clock.now = stepped(clock.now)
    clock.machine = stepped(clock.machine)
    django.utils.timezone.now = stepped(django.utils.timezone.now)
    on_the_wall = time.time
    time.time = lambda: on_the_wall() + ahead_s()
