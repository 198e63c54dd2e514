"""Looking every night for files that no row names."""

from __future__ import annotations

import datetime as dt

from schoolops.files import sweeping
from schoolops.queues import PLATFORM, task
from schoolops.queues.schedule import Schedule, schedule


@task(queue=PLATFORM, name="files.sweep", leased=True, acts_for="the school")
def sweep() -> dict[str, int]:
    """Delete what a process that died left between a file and its row, once it is a day old."""
    found = sweeping.sweep()
    return {"unnamed": len(found.unnamed), "missing": len(found.missing)}


schedule(Schedule("files.sweep", sweep, every=dt.timedelta(days=1), offset=dt.timedelta(hours=3, minutes=30)))
