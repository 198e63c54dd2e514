"""Where the day begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language_bidi, ngettext
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.office.shell.charts import bars_of
from apps.office.shell.fields import way_to
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.start.selectors.attention import Attention
from apps.office.start.selectors.start import start_of


@office_page()
def start(request: HttpRequest) -> HttpResponse:
    """The day as far as the person may see it."""
    user = actor(request)
    day = access.today(user)
    found = start_of(user, day)
    context = {
        "start": found,
        "chart": bars_of(found.trend, rtl=get_language_bidi()) if found.trend else None,
        "attention": [_told(each) for each in found.attention],
    }
    return render_page(request, "office/start/start.html", context, title=_("Start"))


def _told(each: Attention) -> dict[str, str]:
    """A fact as a sentence, and where to do something about it."""
    number = each.number
    sentences = {
        "leave-to-decide": ngettext("%d request for leave to decide", "%d requests for leave to decide", number),
        "rolls-late": ngettext("%d roll of the last day is missing", "%d rolls of the last day are missing", number),
        "without-section": ngettext("%d student is in no section", "%d students are in no section", number),
        "without-contact": ngettext(
            "%d student has nobody to call in an emergency", "%d students have nobody to call in an emergency", number
        ),
        "section-without-teacher": ngettext("%d section has no teacher", "%d sections have no teacher", number),
        "invited-never-came": ngettext(
            "%d person was invited over a week ago and never came",
            "%d people were invited over a week ago and never came",
            number,
        ),
        "set-up-incomplete": ngettext("%d step of the set-up is missing", "%d steps of the set-up are missing", number),
    }
    return {"words": sentences[each.code] % number, "to": _way_to(each)}


# Where something can be done about it. Lists of the admin are there as far as the person may see them.
WAYS = {
    "leave-to-decide": "office:attendance_leave_changelist",
    "without-section": "office:students_student_changelist",
    "without-contact": "office:students_student_changelist",
    "section-without-teacher": "office:institutions_section_changelist",
    "invited-never-came": "office:accounts_user_changelist",
    "set-up-incomplete": "office:set-up",
}


def _way_to(each: Attention) -> str:
    if each.day is not None:
        return f"{reverse('office:rolls')}?day={each.day.isoformat()}"
    return way_to(WAYS[each.code])
