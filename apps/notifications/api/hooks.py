"""What the SMS gateway reports later: a JSON object with ``key`` or ``reference``, ``outcome`` and ``words``."""

from __future__ import annotations

from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.notifications import services
from apps.notifications.errors import ReportRefused

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
