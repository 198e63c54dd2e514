"""Where the day begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.office.shell.charts import as_rows, bars_drawn, bars_of
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.start.selectors.start import start_of


@office_page()
def start(request: HttpRequest) -> HttpResponse:
    """The day as far as the person may see it."""
    user = actor(request)
    day = access.today(user)
    found = start_of(user, day)
    context: dict[str, object] = {"start": found}
    if found.trend:
        chart = bars_of(found.trend, rtl=get_language_bidi())
        context |= {"chart": chart, "bars": bars_drawn(chart), "trend": as_rows(found.trend)}
    return render_page(request, "office/start/start.html", context, title=_("Start"))
