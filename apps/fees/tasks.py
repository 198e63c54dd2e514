"""Billing a term."""

from __future__ import annotations

from apps.fees import services
from schoolops.queues import FEES, task


@task(
    queue=FEES,
    tracked=True,
    leased=True,
    once_per=("run",),
    while_waiting=True,
    refused="discard",
    acts_for="the school",
)
def make_bills(*, run: int) -> dict[str, int]:
    """The bills that a run still waits for, of some hundred students; doing it twice bills nobody twice."""
    return services.bill(run)
