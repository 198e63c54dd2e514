"""What is reported later of what was sent.

By the SMS gateway: a JSON object with ``key`` or ``reference``, ``outcome`` and ``words``. By the mail provider: in
words of its own.
"""

from __future__ import annotations

from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from apps.notifications import services
from apps.notifications.errors import ReportRefused
from schoolops.context import inside, outside_schools
from schoolops.resilience.providers import NotAReport, NotTheProvider, reports_in
from schoolops.tenancy.models import School, SchoolState

LONGEST = 16 * 1024
OUTCOMES = {"delivered", "bounced", "failed"}


@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """204 for whatever bears the secret of the installation and can be read, news or not; else 404, or 400."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        said = orjson.loads(request.body[:LONGEST])
        key = UUID(said["key"]) if said.get("key") else None
        reference, outcome, words = (str(said.get(name, "")) for name in ("reference", "outcome", "words"))
    except (ValueError, TypeError, AttributeError):
        said = None
    try:
        if said is None or outcome not in OUTCOMES or "\0" in reference:
            services.expect_gateway(secret)
            return HttpResponse(status=400)
        services.report(secret=secret, key=key, reference=reference[:120], outcome=outcome, words=words)
    except ReportRefused:
        return HttpResponse(status=404)
    return HttpResponse(status=204)


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail(request: HttpRequest) -> HttpResponse:
    """The same of letters, at any school's address: a provider knows one, and says whose letter it was.

    HEAD is how some ask whether anybody is there before they take the address.
    """
    if request.method == "HEAD":
        return HttpResponse(status=200)
    try:
        reports = reports_in(request)
    except NotTheProvider:
        return HttpResponse(status=404)
    except NotAReport:
        return HttpResponse(status=400)
    with outside_schools():
        active = School.objects.filter(slug__in={each.school for each in reports}, state=SchoolState.ACTIVE)
        schools = {school.slug: school for school in active}
    for each in reports:
        if each.school in schools and (key := _key(each.letter)) is not None:
            with inside(schools[each.school]):
                services.report_letter(key=key, outcome=each.outcome, words=each.words, at=each.at)
    return HttpResponse(status=204)


def _key(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
