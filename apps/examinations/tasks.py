"""Computing the results of a session, and reminding of marks that are missing."""

from __future__ import annotations

import datetime as dt

from apps.examinations import services
from schoolops.queues import EXAMINATIONS, NOTIFICATIONS, long_task, task
from schoolops.queues.mailing import hand_over
from schoolops.queues.schedule import Schedule, schedule


@long_task(queue=EXAMINATIONS, once_per=("session",), acts_for="the school")
def compute_results(*, session: int) -> dict[str, int]:
    """Of the students whose marks changed since the last time, or of all; doing it twice changes nothing."""
    return services.compute_results(session)


@task(queue=EXAMINATIONS, acts_for="the school")
def remind_of_marks() -> None:
    """Let whoever marks a paper be told once that its marks are missing, before they close."""
    services.remind_of_marks()


@task(
    queue=NOTIFICATIONS,
    once_per=("user_id", "exams"),
    while_waiting=True,
    outside="at_most_once",
    refused="discard",
    acts_for="the school",
)
def mail_marking_reminder(*, user_id: int, exams: list[int]) -> None:
    """Mail what is still missing by then; nothing, when all is entered or there is nobody to tell."""
    if (letter := services.marks_letter(user_id=user_id, exams=exams)) is not None:
        hand_over(letter)


schedule(Schedule("examinations.remind", remind_of_marks, every=dt.timedelta(days=1), offset=dt.timedelta(hours=4)))


@task(queue=NOTIFICATIONS, leased=True, acts_for="the school")
def tell_of_results() -> int:
    """Let families be told of results that are news; doing it twice tells nobody twice."""
    return services.tell_of_results()


schedule(Schedule("examinations.tell", tell_of_results, every=dt.timedelta(hours=1)))
