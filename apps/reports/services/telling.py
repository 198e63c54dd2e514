"""What families are told of report cards: that one is public."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.notifications import services as notifications
from apps.notifications.models import Message
from apps.notifications.services import About, Fact, Told
from apps.reports.models import ReportCard
from schoolops import clock

CARD = "reports.card-published"
# What became public longer ago is no news any more.
NEWS = dt.timedelta(days=2)
CHUNK = 500


def tell_of_cards() -> int:
    """Let families be told of report cards that became public in the last days; how many messages that makes.

    Doing it twice tells nobody twice; an amended card is another one. Some hundred students a transaction.
    """
    moment = clock.now()
    fresh = ReportCard.objects.filter(
        state=ReportCard.State.PUBLISHED, published_at__range=(moment - NEWS, moment)
    ).order_by("pk")
    told = list(fresh.values_list("session__sourced_id", "version", "student", "student__institution"))
    number = 0
    for start in range(0, len(told), CHUNK):
        with transaction.atomic():
            number += notifications.tell(
                CARD,
                [
                    About(key=f"{session} {version}", student=student, institution=campus)
                    for session, version, student, campus in told[start : start + CHUNK]
                ],
            )
    return number


def _public(messages: Sequence[Message]) -> dict[int, Told]:
    rows = ReportCard.objects.filter(
        state=ReportCard.State.PUBLISHED,
        published_at__lte=clock.now(),
        student__in={each.student_id for each in messages},
        session__sourced_id__in={UUID(each.key[:36]) for each in messages},
    )
    names: dict[tuple[int | None, str], str] = {
        (student, f"{session} {version}"): name
        for student, session, version, name in rows.values_list(
            "student", "session__sourced_id", "version", "session__name"
        )
    }
    return {
        each.pk: {"session": names[each.student_id, each.key]}
        for each in messages
        if (each.student_id, each.key) in names
    }


notifications.declare(
    Fact(
        code=CARD,
        name=gettext_noop("Report card published"),
        placeholders={"session": gettext_noop("the exam session")},
        subject=gettext_noop("Report card of {session}: {children}"),
        text=gettext_noop("Hello {name},\n\nthe report card of {session} is there for {children}: {link}\n\n{school}"),
        short=gettext_noop("{school}: the report card of {session} is there for {children}. {link}"),
        read=_public,
    ),
)
