"""What waits in the ledger for the school that the test stands in."""

from __future__ import annotations

from typing import Any

from schoolops.context import current_school, outside_schools
from schoolops.queues.models import Job


def waiting_jobs(task: str) -> list[dict[str, Any]]:
    """The payloads of this school's waiting jobs whose task is called so, in the order they came."""
    slug = current_school().slug
    with outside_schools():
        rows = Job.objects.filter(school=slug, task__endswith=f".{task}").order_by("id")
        return list(rows.values_list("payload", flat=True))
