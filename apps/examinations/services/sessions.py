"""Exam sessions: set up, moved on, and what of them is public from when on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations.errors import (
    ResultsNotMarked,
    SessionCancelled,
    SessionCannotMove,
    SessionChangedMeanwhile,
    SessionHasPapers,
    SessionInUse,
    SessionNameTaken,
    SessionUnknown,
    TimetableNotScheduled,
)
from apps.examinations.events import ModerationBegun
from apps.examinations.models import Exam, ExamSession
from apps.institutions.models import Term
from apps.institutions.services.teaching import refuse_closed
from schoolops import events
from schoolops.audit import trail
from schoolops.constraints import explains

State = ExamSession.State
# What a session may become next; forward, and a step back.
MOVES: Mapping[str, tuple[State, ...]] = {
    State.DRAFT: (State.SCHEDULED, State.CANCELLED),
    State.SCHEDULED: (State.HELD, State.DRAFT, State.CANCELLED),
    State.HELD: (State.MARKING, State.SCHEDULED, State.CANCELLED),
    State.MARKING: (State.MODERATION, State.HELD, State.CANCELLED),
    State.MODERATION: (State.MARKING, State.CANCELLED),
    State.CANCELLED: (),
}


@transaction.atomic
def add_session(*, term: Term, values: Mapping[str, Any], by: User) -> ExamSession:
    """Set up an exam session of ``term``, as a draft. ``values`` by field: name, kind, weight.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, SessionNameTaken.
    """
    access.require_at(by, "exams.manage", term.year.institution)
    refuse_closed(term.year)
    session = ExamSession(term=term, **values)
    with explains({"exam_session_name_per_term": lambda: SessionNameTaken(name=session.name)}):
        session.save(force_insert=True)
    trail.record(by, "examinations.session-added", session, after={"term": term, **values})
    return session


@transaction.atomic
def change_session(*, session: UUID, values: Mapping[str, Any], expected_version: int | None, by: User) -> ExamSession:
    """Change a session's name, kind or weight.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, SessionChangedMeanwhile,
        SessionNameTaken.
    """
    found = session_for_update(session, "exams.manage", by, expected_version=expected_version)
    return _changed(found, values, "examinations.session-changed", by)


@transaction.atomic
def move_session(*, session: UUID, state: str, reason: str = "", expected_version: int | None, by: User) -> ExamSession:
    """Let a session become ``state``. Cancelling needs a reason, ends what was published, and frees rooms and people.

    With moderation its results are computed for the first time.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, SessionChangedMeanwhile,
        SessionCannotMove, TimetableNotScheduled, ResultsNotMarked.
    """
    found = session_for_update(session, "exams.manage", by, expected_version=expected_version)
    possible = MOVES[found.state]
    if state not in possible or (state == State.CANCELLED and not reason):
        words = ", ".join(f"{each} (with a reason)" if each == State.CANCELLED else str(each) for each in possible)
        raise SessionCannotMove(state=found.state, wanted=state, possible=words)
    values: dict[str, Any] = {"state": state}
    if state == State.CANCELLED:
        values |= {"cancelled_reason": reason, "timetable_published_at": None, "results_published_at": None}
        # Those who invigilate follow, by the database.
        Exam.objects.filter(session=found).update(standing=False)
    moved = _changed(found, values, "examinations.session-moved", by, reason=reason)
    if state == State.MODERATION:
        events.publish(ModerationBegun(found.pk))
    return moved


@transaction.atomic
def set_publication(
    *,
    session: UUID,
    timetable_published_at: dt.datetime | None,
    results_published_at: dt.datetime | None,
    reason: str = "",
    expected_version: int | None,
    by: User,
) -> ExamSession:
    """From when on families see the timetable, and from when on the results. ``None``: they do not.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, SessionChangedMeanwhile,
        TimetableNotScheduled, ResultsNotMarked.
    """
    found = session_for_update(session, "exams.publish", by, expected_version=expected_version)
    values = {"timetable_published_at": timetable_published_at, "results_published_at": results_published_at}
    return _changed(found, values, "examinations.publication-set", by, reason=reason)


@transaction.atomic
def remove_session(*, session: UUID, by: User) -> None:
    """Remove a session without papers.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionHasPapers, SessionInUse.
    """
    found = session_for_update(session, "exams.manage", by, cancelled_too=True)
    if found.exams.exists():
        raise SessionHasPapers
    trail.record(by, "examinations.session-removed", found, before={"name": found.name, "term": found.term})
    try:
        found.delete()
    except ProtectedError:
        # Apps above know it, and this one knows none of them.
        raise SessionInUse from None


def session_for_update(
    session: UUID, permission: str, by: User, *, expected_version: int | None = None, cancelled_too: bool = False
) -> ExamSession:
    """The session, held until the transaction ends, for who holds ``permission`` at its campus.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, SessionChangedMeanwhile.
    """
    access.require(by, permission)
    found: ExamSession | None = (
        ExamSession.objects.select_for_update(no_key=True, of=("self",))
        .select_related("term__year__institution")
        .filter(sourced_id=session)
        .first()
    )
    if found is None:
        raise SessionUnknown
    access.require_at(by, permission, found.term.year.institution)
    refuse_closed(found.term.year)
    if expected_version is not None and found.version != expected_version:
        raise SessionChangedMeanwhile(version=found.version)
    if found.state == State.CANCELLED and not cancelled_too:
        raise SessionCancelled(name=found.name, reason=found.cancelled_reason)
    return found


def _changed(found: ExamSession, values: Mapping[str, Any], action: str, by: User, *, reason: str = "") -> ExamSession:
    before, after = trail.changed(found, values)
    if not after:
        return found
    for name, value in after.items():
        setattr(found, name, value)
    found.version += 1
    explanations = {
        "exam_session_name_per_term": lambda: SessionNameTaken(name=found.name),
        "exam_session_timetable_scheduled": lambda: TimetableNotScheduled(state=found.state),
        "exam_session_results_marked": lambda: ResultsNotMarked(state=found.state),
    }
    with explains(explanations):
        found.save(update_fields=[*after, "version"])
    trail.record(by, action, found, before=before, after=after, reason=reason)
    return found
