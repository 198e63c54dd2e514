"""Whether a report card is genuine: for whoever holds one, and knows the code that is printed on it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.office.shell.site import frame_of, readable
from apps.reports import selectors

LONGEST_CODE = 40


@require_safe
@never_cache
@readable
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Genuine, of this date and version; or that there is no such card. Nothing else, to anybody."""
    found = selectors.verified(code) if len(code) <= LONGEST_CODE else None
    context = {**frame_of(request), "found": found}
    return TemplateResponse(request, "office/examinations/verify.html", context, status=200 if found else 404)
