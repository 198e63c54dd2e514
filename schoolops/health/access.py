"""Who may see figures: monitoring, which sends the platform's token."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest

from schoolops.errors import Unauthenticated


class MonitoringOnly(Unauthenticated):
    """This is for monitoring, which sends the platform's token."""

    code = "health:monitoring-only"
    remedy = "Send `Authorization: Bearer …` with the value of PLATFORM_TOKEN."


def may_look(request: HttpRequest) -> bool:
    """Whether the request carries PLATFORM_TOKEN, where one is set."""
    wanted = settings.PLATFORM_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return not wanted or hmac.compare_digest(given.encode(), wanted.encode())
