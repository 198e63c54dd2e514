"""An operator at work: sends dead letters back now and then, and withdraws jobs that were asked for by mistake."""

from __future__ import annotations

import random
import time

import django

django.setup()

from django.db import Error, connection  # noqa: E402

from schoolops.context import inside, outside_schools  # noqa: E402
from schoolops.queues.desk import letters as desk  # noqa: E402
from schoolops.queues.desk import requests  # noqa: E402
from schoolops.queues.errors import JobNotFound, JobRunning  # noqa: E402
from schoolops.queues.management.commands.dead_letters import AtTheTerminal  # noqa: E402
from schoolops.queues.models import Job  # noqa: E402
from schoolops.tenancy.lifecycle import get_school  # noqa: E402


def work() -> None:
    with outside_schools():
        letters = list(desk.letters(reason="exhausted").values_list("pk", flat=True)[:20])
        if letters:
            desk.retry([random.choice(letters)], by=AtTheTerminal(), why="again")
        mistakes = list(
            Job.objects.filter(run_at__isnull=False, payload__kind="cancel").values_list("id", "school")[:3]
        )
    for job_id, slug in mistakes:
        with inside(get_school(slug)):
            try:
                requests.cancel(job_id, user=None)
            except (JobNotFound, JobRunning):
                continue


if __name__ == "__main__":
    while True:
        try:
            work()
        except Error:
            with outside_schools():
                connection.close()
        time.sleep(1.0)
