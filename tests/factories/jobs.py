"""What waits in the ledger for the school that the test stands in."""

from __future__ import annotations

from typing import Any

from django.db import connection

from schoolops.context import current_school, outside_schools
from schoolops.queues import Task
from schoolops.queues.job import Running, holding, write_outcome
from schoolops.queues.models import Job


def waiting_jobs(task: str) -> list[dict[str, Any]]:
    """The payloads of this school's waiting jobs whose task is called so, in the order they came."""
    slug = current_school().slug
    with outside_schools():
        rows = Job.objects.filter(school=slug, task__endswith=f".{task}").order_by("id")
        return list(rows.values_list("payload", flat=True))


def work_off(task: Task) -> list[int]:
    """Do this school's waiting jobs of ``task`` as a worker does, and keep what became of them; their numbers."""
    school = current_school()
    with outside_schools():
        waiting = list(Job.objects.filter(school=school.slug, task=task.name).order_by("id"))
    for each in waiting:
        job = Running(each.pk, task, school.slug, 1, each.meta.get("user", ""), each.tracked)
        with holding(job):
            task(**task.arguments(each.payload))
        with outside_schools(), connection.cursor() as cursor:
            Job.objects.filter(pk=each.pk).delete()
            write_outcome(cursor, job, "done")
    return [each.pk for each in waiting]
