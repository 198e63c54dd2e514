"""Telling of changes, after they are kept."""

from __future__ import annotations

from apps.timetable import services
from schoolops.queues import NOTIFICATIONS, task


@task(queue=NOTIFICATIONS, once_per=("course_class",), while_waiting=True, acts_for="the school")
def tell_of_change(*, course_class: int) -> int:
    """Let families be told that a class meets otherwise; doing it twice tells nobody twice."""
    return services.tell_of_change(course_class=course_class)
