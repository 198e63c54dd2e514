"""Moderation: somebody proposes a shift or a scale of a paper's scores, somebody else applies it, or takes it back.

What was entered is kept as it is. What counts is made of it as it is read (``selectors.moderated``), so that a mark
that is entered later is moderated as the others are, and what is reverted is what it was.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import (
    ModerationChangesNothing,
    ModerationNotOpen,
    ModerationOutOfReach,
    ModerationStands,
    ModerationUnknown,
    NothingToModerate,
    ResultsArePublished,
    SessionCancelled,
)
from apps.examinations.events import PapersChanged
from apps.examinations.models import Exam, ExamSession, Mark, Moderation
from apps.institutions.services.teaching import refuse_closed
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.constraints import explains

State = Moderation.State
MOST_FACTOR = Decimal(10)


@transaction.atomic
def propose_moderation(*, paper: UUID, factor: Decimal, shift: Decimal, reason: str, by: User) -> Moderation:
    """Propose that scores of a paper become ``score × factor + shift``. Nothing counts otherwise before it is applied.

    Args:
        factor: from 0 to 10, 1 for none.
        shift: in marks, at most as many as the paper has, either way; 0 for none.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, ResultsArePublished,
        ModerationChangesNothing, ModerationOutOfReach, NothingToModerate, ModerationStands.
    """
    exam = _moderated(paper, "moderations.propose", by)
    if factor == 1 and not shift:
        raise ModerationChangesNothing
    if not 0 <= factor <= MOST_FACTOR or abs(shift) > exam.max_marks:
        raise ModerationOutOfReach(most=exam.max_marks, factor=MOST_FACTOR)
    if not Mark.objects.filter(exam=exam, status=Mark.Status.ENTERED).exists():
        raise NothingToModerate
    made = Moderation(exam=exam, factor=factor, shift=shift, reason=reason, proposed_by=by, proposed_at=clock.now())
    with explains({"moderation_one_open": ModerationStands}):
        made.save(force_insert=True)
    trail.record(by, "examinations.moderation-proposed", exam, after=_told(made), reason=reason)
    return made


@transaction.atomic
def apply_moderation(*, paper: UUID, moderation: UUID, by: User) -> Moderation:
    """Let a moderation that was proposed count; results follow.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, ModerationUnknown, YearIsClosed, SessionCancelled,
        ResultsArePublished, ModerationNotOpen.
    """
    exam = _moderated(paper, "moderations.apply", by)
    found = _of(exam, moderation, State.PROPOSED)
    found.state, found.applied_by, found.applied_at = State.APPLIED, by, clock.now()
    found.save(update_fields=["state", "applied_by", "applied_at"])
    _count(exam, found.factor, found.shift)
    trail.record(by, "examinations.moderation-applied", exam, after=_told(found))
    return found


@transaction.atomic
def revert_moderation(*, paper: UUID, moderation: UUID, by: User) -> Moderation:
    """Let what was entered count again. Raises as ``apply_moderation``."""
    exam = _moderated(paper, "moderations.apply", by)
    found = _of(exam, moderation, State.APPLIED)
    found.state, found.reverted_by, found.reverted_at = State.REVERTED, by, clock.now()
    found.save(update_fields=["state", "reverted_by", "reverted_at"])
    _count(exam, Decimal(1), Decimal(0))
    trail.record(by, "examinations.moderation-reverted", exam, before=_told(found))
    return found


@transaction.atomic
def withdraw_moderation(*, paper: UUID, moderation: UUID, by: User) -> Moderation:
    """Take a proposal back before anybody applied it. Raises as ``apply_moderation``."""
    exam = _moderated(paper, "moderations.propose", by)
    found = _of(exam, moderation, State.PROPOSED)
    found.state = State.WITHDRAWN
    found.save(update_fields=["state"])
    trail.record(by, "examinations.moderation-withdrawn", exam, before=_told(found))
    return found


def _moderated(paper: UUID, permission: str, by: User) -> Exam:
    # Before the paper, as where results are computed, which follow a moderation: two would wait for each other.
    list(ExamSession.objects.select_for_update(no_key=True, of=("self",)).filter(exams__sourced_id=paper))
    exam = selectors.paper_of(paper, permission, by, for_update=True)
    session = exam.session
    refuse_closed(session.term.year)
    if session.state == session.State.CANCELLED:
        raise SessionCancelled(name=session.name, reason=session.cancelled_reason)
    if session.results_published_at is not None:
        raise ResultsArePublished
    return exam


def _of(exam: Exam, moderation: UUID, state: str) -> Moderation:
    found = Moderation.objects.filter(exam=exam, sourced_id=moderation).first()
    if found is None:
        raise ModerationUnknown
    if found.state != state:
        raise ModerationNotOpen(state=found.state)
    return found


def _count(exam: Exam, factor: Decimal, shift: Decimal) -> None:
    exam.factor, exam.shift = factor, shift
    exam.save(update_fields=["factor", "shift"])
    events.publish(PapersChanged(exam.session_id))


def _told(moderation: Moderation) -> dict[str, str]:
    return {"factor": str(moderation.factor), "shift": str(moderation.shift), "state": str(moderation.state)}
