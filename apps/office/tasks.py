"""Changing many rows of a list."""

from __future__ import annotations

from schoolops.queues import IMPORTS, task


@task(
    queue=IMPORTS,
    tracked=True,
    leased=True,
    once_per=("change",),
    while_waiting=True,
    refused="discard",
    acts_for="whoever sent it",
)
def change_list(*, change: int) -> dict[str, int]:
    """The rows that a change still waits for, some hundred at a time; doing it twice changes none twice."""
    # Every form of the office with it: of all commands and workers, this one alone needs them.
    from apps.office.shell import at_length  # noqa: PLC0415

    return at_length.make(change)
