"""Reminding teachers, once for each paper, of marks that are missing before their term closes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from apps.accounts.models import User
from apps.accounts.selectors import language_of
from apps.examinations import selectors
from apps.examinations.events import MarksMissing
from apps.examinations.models import Exam
from apps.institutions.selectors import school_today
from schoolops import clock, events
from schoolops.context import school_or_none
from schoolops.tenancy.resolution import web_address

# Before marks close; and where nobody said when, so long after a paper was sat.
BEFORE, AFTER = dt.timedelta(days=3), dt.timedelta(days=7)

_SUBJECT = gettext_noop("Marks are missing at {school}")
_TEXT = gettext_noop("""Hello {name},

marks of these papers of yours are missing:

{papers}

You enter them here: {link}

{school}
""")
_LINE = gettext_noop("{paper}, {group}: {missing} of {students}")
_CLOSING = gettext_noop("{paper}, {group}: {missing} of {students}, until {day}")


@transaction.atomic
def remind_of_marks() -> int:
    """Let whoever marks a paper be told by mail that marks are missing, once; returns of how many papers.

    A paper is due three days before the marks of its term close, or, where they do not, a week after it was sat.
    """
    today = school_today()
    closing = Q(session__term__posting_closes_on__range=(today, today + BEFORE))
    late = Q(session__term__posting_closes_on__isnull=True, day__lte=today - AFTER)
    rows = Exam.objects.filter(selectors.being_marked(today), closing | late, reminded_at__isnull=True)
    held = list(rows.select_for_update(no_key=True, of=("self",), skip_locked=True).order_by("pk"))
    missing = {row["exam_id"] for row in selectors.told_to_mark(Exam.objects.filter(pk__in=[row.pk for row in held]))}
    due = [exam for exam in held if exam.sourced_id in missing]
    papers: dict[int, list[int]] = defaultdict(list)
    for exam, people in selectors.markers_of(due, today).items():
        for user in people:
            papers[user].append(exam)
    Exam.objects.filter(pk__in=[exam.pk for exam in due]).update(reminded_at=clock.now())
    for user, exams in sorted(papers.items()):
        events.publish(MarksMissing(user, tuple(sorted(exams))))
    return len(due)


def marks_letter(*, user_id: int, exams: list[int]) -> EmailMessage | None:
    """The letter about those of ``exams`` that marks are missing of by now; ``None``: none, or nobody to tell."""
    user = User.objects.exclude(email="").filter(pk=user_id).first()
    if user is None or not user.may_log_in(clock.now()):
        return None
    rows = selectors.told_to_mark(Exam.objects.filter(selectors.being_marked(school_today()), pk__in=exams))
    if not rows:
        return None
    school = school_or_none()
    with translation.override(language_of(user)):
        lines = [
            gettext(_LINE if row["closes_on"] is None else _CLOSING).format(
                paper=row["name"],
                group=row["group"],
                missing=row["missing"],
                students=row["students"],
                day="" if row["closes_on"] is None else date_format(row["closes_on"]),
            )
            for row in rows
        ]
        name = getattr(school, "name", "SchoolOps")
        facts = {"name": str(user), "school": name, "link": f"{web_address(school)}/office/exams/to-mark/"}
        return EmailMessage(
            subject=gettext(_SUBJECT).format(school=name),
            body=gettext(_TEXT).format(papers="\n".join(lines), **facts),
            to=[user.email],
        )
