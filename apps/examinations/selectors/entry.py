"""Where a paper's marks stand: who sits it, whether they may be entered now, and who may see or enter them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.examinations.errors import (
    MarksLocked,
    NotMarking,
    PaperAhead,
    PaperUnknown,
    PostingClosed,
    SessionCancelled,
)
from apps.examinations.models import Exam, ExamSession
from apps.examinations.selectors.timetable import asked_papers, papers_in_reach
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import Term
from apps.institutions.selectors import today_at
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import ClassEnrolment, SectionMembership
from schoolops import clock
from schoolops.errors import Conflict
from schoolops.tenancy.compiled import KEY, PUBLIC_ID, Compiled, Parameter, by_shape

State = ExamSession.State
OPEN = (State.HELD, State.MARKING)
_WITH_ITS_RULES = ("session__term__year__institution", "section__grade_level", "course_class", "course", "marked_by")


def paper_of(paper: UUID, permission: str, by: User, *, for_update: bool = False) -> Exam:
    """A paper over which ``by`` holds ``permission``, with what the rules ask of it; two statements at most.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown.
    """
    access.require(by, permission)
    exam = (_HELD if for_update else _PAPER).first(paper=paper)
    if exam is None:
        raise PaperUnknown
    if not _is_reached(exam, permission, by):
        access.refuse(permission, "row", OutOfReach(), kind="exam")
    return exam


def _papers() -> Any:
    return Exam.objects.select_related(*_WITH_ITS_RULES).filter(sourced_id=Parameter("paper", PUBLIC_ID))


_PAPER: Compiled[Exam] = Compiled(_papers)
_HELD: Compiled[Exam] = Compiled(lambda: _papers().select_for_update(no_key=True, of=("self",)), waits=True)


def _is_reached(exam: Exam, permission: str, by: User) -> bool:
    asked = asked_papers(by, permission)
    if asked is None:
        return bool(Exam.objects.filter(papers_in_reach(by, permission), pk=exam.pk).exists())
    if asked.rows() == Q():
        return True
    reached: Compiled[int] = by_shape(
        ("examinations.paper", asked.shape),
        lambda: Exam.objects.filter(asked.rows(), pk=Parameter("paper", KEY)).values_list("pk", flat=True),
    )
    return reached.first(paper=exam.pk, **asked.values) is not None


def sitting(exam: Exam) -> Q:
    """The students who sit a paper, as of its day, as a ``Q`` over students."""
    found = Q(pk__in=[])
    if exam.section_id is not None:
        members = SectionMembership.objects.filter(section=exam.section_id).on(exam.day)
        found |= Q(pk__in=members.values("student"))
    if exam.course_class_id is not None:
        taught = ClassEnrolment.objects.filter(course_class=exam.course_class_id).on(exam.day)
        found |= Q(pk__in=taught.values("student"))
    # A record that was merged keeps its past; the child is marked as the one that was kept.
    return found & Q(merged_into__isnull=True)


def must_be_marking(exam: Exam) -> None:
    """Nothing, when marks of a paper may be entered now. Each refusal says who can re-open it.

    Raises:
        YearIsClosed, SessionCancelled, PaperAhead, MarksLocked, NotMarking, PostingClosed.
    """
    session, term = exam.session, exam.session.term
    refuse_closed(term.year)
    if session.state == State.CANCELLED:
        raise SessionCancelled(name=session.name, reason=session.cancelled_reason)
    today = today_at(term.year.institution)
    if exam.day > today:
        raise PaperAhead(day=exam.day, today=today)
    if exam.reopened_until is not None and exam.reopened_until > clock.now():
        return
    if session.results_published_at is not None:
        raise MarksLocked(session=session.name, who=who_reopens(exam.institution_id))
    if session.state not in OPEN:
        raise NotMarking(session=session.name, state=session.state, who=who_reopens(exam.institution_id))
    must_be_posting(term, exam.institution_id)


def must_be_posting(term: Term, institution: int) -> None:
    """Nothing, on the days on which marks of a term are entered. Raises ``PostingClosed``."""
    today = today_at(term.year.institution)
    opens_on, closes_on = term.posting_opens_on, term.posting_closes_on
    if (opens_on is not None and today < opens_on) or (closes_on is not None and today > closes_on):
        raise PostingClosed(
            term=term.name, opens_on=opens_on or "–", closes_on=closes_on or "–", today=today,
            who=who_reopens(institution),
        )  # fmt: skip


def is_marking(exam: Exam) -> bool:
    """Whether marks may be entered now. No statement where they may."""
    try:
        must_be_marking(exam)
    except (Conflict, YearIsClosed):
        return False
    return True


def who_reopens(institution: int) -> str:
    """Who at a campus can re-open marks that are closed, in words."""
    names = access_rows.holders_of("marks.reopen", institution=institution)
    return ", ".join(names) or "–"
