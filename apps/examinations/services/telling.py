"""What families are told of exams: that results are public."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.examinations.models import ExamSession, SessionResult
from apps.examinations.selectors.results import results_published
from apps.notifications import services as notifications
from apps.notifications.models import Message
from apps.notifications.services import About, Fact, Told
from schoolops import clock

RESULTS = "exams.results"
# What became public longer ago is no news any more.
NEWS = dt.timedelta(days=2)
CHUNK = 500


def tell_of_results() -> int:
    """Let families be told of results that became public in the last days; how many messages that makes.

    Doing it twice tells nobody twice. Some hundred students a transaction.
    """
    moment = clock.now()
    fresh = ExamSession.objects.filter(results_published_at__range=(moment - NEWS, moment))
    number = 0
    for session in fresh.order_by("pk"):
        rows = SessionResult.objects.filter(session=session).order_by("student")
        told = list(rows.values_list("student", "student__institution"))
        for start in range(0, len(told), CHUNK):
            with transaction.atomic():
                number += notifications.tell(
                    RESULTS,
                    [
                        About(key=str(session.sourced_id), student=student, institution=campus)
                        for student, campus in told[start : start + CHUNK]
                    ],
                )
    return number


def _public(messages: Sequence[Message]) -> dict[int, Told]:
    rows = SessionResult.objects.filter(
        results_published(),
        student__in={each.student_id for each in messages},
        session__sourced_id__in={UUID(each.key) for each in messages},
    )
    names: dict[tuple[int | None, str], str] = {
        (student, str(session)): name
        for student, session, name in rows.values_list("student", "session__sourced_id", "session__name")
    }
    return {
        each.pk: {"session": names[each.student_id, each.key]}
        for each in messages
        if (each.student_id, each.key) in names
    }


notifications.declare(
    Fact(
        code=RESULTS,
        name=gettext_noop("Results published"),
        placeholders={"session": gettext_noop("the exam session")},
        subject=gettext_noop("Results of {session}: {children}"),
        text=gettext_noop("Hello {name},\n\nthe results of {session} are there for {children}: {link}\n\n{school}"),
        short=gettext_noop("{school}: the results of {session} are there for {children}. {link}"),
        read=_public,
    ),
)
