"""Computing the results of a session."""

from __future__ import annotations

from apps.examinations import services
from schoolops.queues import EXAMINATIONS, task


@task(
    queue=EXAMINATIONS,
    tracked=True,
    leased=True,
    once_per=("session",),
    while_waiting=True,
    refused="discard",
    acts_for="the school",
)
def compute_results(*, session: int) -> dict[str, int]:
    """Of the students whose marks changed since the last time, or of all; doing it twice changes nothing."""
    return services.compute_results(session)
