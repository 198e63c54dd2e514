"""Changing many rows of a list."""

from __future__ import annotations

import datetime as dt

from schoolops.queues import IMPORTS, long_task, task
from schoolops.queues.schedule import Schedule, schedule


@long_task(queue=IMPORTS, once_per=("change",), awaited=True, acts_for="whoever sent it")
def change_list(*, change: int) -> dict[str, int]:
    """The rows that a change still waits for, some hundred at a time; doing it twice changes none twice."""
    # Every form of the office with it: of all commands and workers, this one alone needs them.
    from apps.office.shell import at_length  # noqa: PLC0415

    return at_length.make(change)


@task(queue=IMPORTS, acts_for="the school")
def clear_old_changes() -> None:
    """Changes of many rows that were begun a month ago go, with what became of each row."""
    from apps.office.shell import at_length  # noqa: PLC0415 - as above

    at_length.clear_old()


schedule(Schedule("office.clear-changes", clear_old_changes, every=dt.timedelta(days=1), offset=dt.timedelta(hours=4)))
