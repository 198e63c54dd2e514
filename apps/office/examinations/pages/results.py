"""What a session came to: how percentages are spread, by section and paper, and each student's result."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from apps.access.selectors import permissions_of
from apps.examinations import services
from apps.office.examinations.selectors import DECILES, outcome_of, session_seen
from apps.office.shell.fields import about, apart
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from schoolops.errors import SchoolOpsError

BAR, GAP, HEIGHT = 44, 14, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """So many students from ``lower`` percent on; from the top left corner of the picture."""

    x: int
    y: int
    height: int
    lower: int
    upper: int
    number: int


def bars_of(deciles: list[int], *, rtl: bool) -> list[Bar]:
    """Counts as bars, the best at the end of the line of reading."""
    highest = max(*deciles, 1)
    bars = []
    for number, count in enumerate(deciles):
        place = len(deciles) - 1 - number if rtl else number
        height = count * HEIGHT // highest
        lower = number * DECILES
        bars.append(Bar(place * (BAR + GAP), HEIGHT - height, height, lower, lower + DECILES, count))
    return bars


@office_page(permission="marks.view", over="section")
def results(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """The results there are, and for who sets up exams a way to have them computed anew."""
    by = actor(request)
    found = session_seen(exam_session, by=by)
    refusal = ""
    if request.method == "POST":
        try:
            services.ask_for_results(session=found.sourced_id, by=by)
        except SchoolOpsError as error:
            refusal = in_full(error)
        else:
            words = _("The results of %(name)s are computed now; look again in a moment.")
            messages.success(request, about(found.name, words))
            return HttpResponseRedirect(request.get_full_path())
    outcome = outcome_of(found, by=by)
    context = {
        "session": found,
        "outcome": outcome,
        "bars": bars_of(outcome.deciles, rtl=get_language_bidi()),
        "width": DECILES * (BAR + GAP) - GAP,
        "bar": BAR,
        "ranked": any(row.rank for row in outcome.results),
        "may_compute": "exams.manage" in permissions_of(by),
        "notice": refusal,
    }
    title = _("Results of %(session)s") % {"session": apart(found.name)}
    return render_page(
        request, "office/examinations/results.html", context, title=title, status=409 if refusal else 200
    )
