"""Report cards for tests."""

from __future__ import annotations

import datetime as dt

from apps.accounts.models import User
from apps.examinations import services as examinations
from apps.examinations.models import ExamSession
from apps.institutions.models import Section
from apps.reports import services
from apps.reports.models import ReportCard
from schoolops import clock


def computed(session: ExamSession, *, by: User, published_at: dt.datetime | None = None) -> ExamSession:
    """The session with its results computed, and public from a moment on (now, unless said)."""
    examinations.ask_for_results(session=session.sourced_id, by=by)
    examinations.compute_results(session.pk)
    ExamSession.objects.filter(pk=session.pk).update(results_published_at=published_at or clock.now())
    found: ExamSession = ExamSession.objects.select_related("term__year__institution").get(pk=session.pk)
    return found


def read_cards(session: ExamSession, section: Section, *, by: User) -> None:
    """Drafted and proof-read."""
    services.draft_cards(session=session, section=section, by=by)
    services.proof_read_cards(session=session, section=section, seen=clock.now(), by=by)


def publish(session: ExamSession, section: Section, *, by: User, at: dt.datetime | None = None) -> list[ReportCard]:
    """What the job does with the cards of a section that are proof-read; all of its published ones, by student."""
    moment = at or clock.now()
    ReportCard.objects.filter(session=session, section=section, state="proof-read").update(publish_at=moment)
    services.publish_cards(session=session.pk, section=section.pk, published_at=moment, by_id=by.sourced_id)
    rows = ReportCard.objects.filter(session=session, section=section, state="published")
    return list(rows.select_related("session__term__year__institution", "student").order_by("student_id", "version"))
