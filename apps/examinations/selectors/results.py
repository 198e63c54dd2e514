"""Results as people read them: a session's for staff, and a student's published ones for their family."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import ExamSession, ResultPolicy, SessionResult
from apps.examinations.selectors.grading import rounded
from apps.examinations.selectors.timetable import sessions_seen, student_followed
from apps.institutions.models import Section
from apps.students.models import FamilyItem
from schoolops import clock
from schoolops.tenancy.compiled import KEY, MOMENT, Compiled, Parameter

PERCENT_PLACES = 2
# What a version of the policy says.
POLICY = ("absent", "malpractice", "ranks", "ranked_within", "coursework", "extra_up_to")
RESULT = ("total", "out_of", "percent", "complete", "rank", "ranked")
OF_SESSION = {
    "of_session": "session__sourced_id",
    "session_name": "session__name",
    "kind": "session__kind",
    "weight": "session__weight",
    "of_term": "session__term__sourced_id",
    "term_name": "session__term__name",
}


def result_policy() -> ResultPolicy:
    """How results are made now; the defaults, unsaved, where the school has set nothing."""
    return ResultPolicy.objects.order_by("-version").first() or ResultPolicy(version=0)


def results_seen(session: UUID, *, by: User) -> QuerySet[SessionResult]:
    """A session's results, of a campus all, else of the sections in reach: whose own section it is sees all papers.

    Raises:
        PermissionMissing, SessionUnknown.
    """
    reach = access.within_reach(by, "marks.view", "section", at_work=True)
    at = access_rows.institutions_of(by, "marks.view")
    found = sessions_seen(by=by).select_related("term__year").filter(sourced_id=session).first()
    if found is None:
        raise SessionUnknown
    rows = SessionResult.objects.filter(session=found)
    if at is None or found.term.year.institution_id in at:
        return rows
    return rows.filter(section__in=Section.objects.filter(reach).values("pk"))


def results_published(now: Any = None) -> Q:
    """Results whose session's are public by now."""
    return Q(session__results_published_at__lte=now or clock.now())


def results_followed(student: UUID, *, by: User) -> dict[str, Any]:
    """A student's published results, and the average of each term over its published sessions by their weights.

    Exact until each figure is rounded, half up and once. Raises ``PermissionMissing``, ``OutOfReach``.
    """
    return results_told(student_followed(student, FamilyItem.MARKS, by=by).pk)


_RESULTS: Compiled[dict[str, Any]] = Compiled(
    lambda: (
        SessionResult.objects.filter(results_published(Parameter("now", MOMENT)), student=Parameter("child", KEY))
        .order_by("session__term__starts_on", "session_id")
        .values(*RESULT, **{name: F(path) for name, path in OF_SESSION.items()})
    )
)


def results_told(child: int) -> dict[str, Any]:
    """The same of a child (by key) of whom they may be seen."""
    rows = _RESULTS.all(child=child, now=clock.now())
    weighed: dict[tuple[UUID, str], list[tuple[Fraction, Fraction]]] = defaultdict(list)
    for row in rows:
        if row["out_of"]:
            share = Fraction(row["total"]) / Fraction(row["out_of"])
            weighed[row["of_term"], row["term_name"]].append((Fraction(row["weight"]), share))
    return {
        "results": [
            {
                "session_id": row["of_session"],
                "session": row["session_name"],
                "kind": row["kind"],
                "weight": row["weight"],
                "term_id": row["of_term"],
                "term": row["term_name"],
                **{name: row[name] for name in RESULT},
            }
            for row in rows
        ],
        "next": None,
        "terms": [
            {"term_id": term, "term": name, "percent": rounded(average, PERCENT_PLACES)}
            for (term, name), shares in weighed.items()
            if (average := average_of(shares)) is not None
        ],
    }


def average_of(shares: list[tuple[Fraction, Fraction]]) -> Fraction | None:
    """The weighted average of (weight, share) in percent, exact; ``None`` where nothing has a weight."""
    weights = sum((weight for weight, _ in shares), Fraction(0))
    return None if not weights else sum((weight * share for weight, share in shares), Fraction(0)) / weights * 100


def session_with_results(session: ExamSession) -> dict[str, Any]:
    """What becomes of a session whose results were asked for."""
    return {
        "session_id": session.sourced_id,
        "policy_version": session.results_policy.version if session.results_policy is not None else 0,
    }
