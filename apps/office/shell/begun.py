"""The changes of many rows that somebody began: which lists they are of, how far each is, and where it is told of."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.office.models import ListChange
from apps.office.shell import at_length
from apps.office.shell.pages import actor, office_page, render_page

PER_PAGE = 20


@office_page()
def changes(request: HttpRequest) -> HttpResponse:
    """Those of whoever asks, the latest first; of lists that are still theirs to see."""
    page = Paginator(ListChange.objects.filter(user=actor(request)).order_by("-begun_at", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [
        {
            "change": each,
            "list": capfirst(str(admin.opts.verbose_name_plural)),
            "address": at_length.address_of(each),
            "done": len(each.outcomes),
            "of": len(each.outcomes) + len(each.waiting),
        }
        for each in page
        if (admin := at_length.admin_of(each)).may_change_many(request)
    ]
    return render_page(
        request, "office/shell/changes.html", {"rows": rows, "page": page}, title=_("Changes of many rows")
    )
