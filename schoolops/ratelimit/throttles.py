"""Counting requests, and telling each how many are left.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy: "user";q=1200;w=60`` and
``RateLimit: "user";r=1199;t=60``.
"""

from __future__ import annotations

from django.http import HttpRequest

from schoolops.ratelimit.addresses import address_of
from schoolops.ratelimit.windows import (
    REQUESTS_OF_ADDRESS,
    REQUESTS_OF_SCHOOL,
    REQUESTS_OF_USER,
    Count,
    count,
    demand,
)


def headers(counted: Count) -> dict[str, str]:
    """What the one who asked is told. What is left to the whole school is nobody's business."""
    window = counted.window
    return {
        "RateLimit-Policy": f'"{window.name}";q={counted.most};w={window.seconds}',
        "RateLimit": f'"{window.name}";r={counted.left};t={counted.reset_s}',
    }


def count_request(request: HttpRequest, user_id: str = "") -> None:
    """Count ``request`` for its user and the school, or for its address alone where there is no user.

    Nobody who is refused, and no stranger, takes from the school: else one who asks often enough would shut it.
    Leaves the headers at ``request.rate_limit``. Raises ``TooOften``.
    """
    counts = count(
        {REQUESTS_OF_USER: user_id, REQUESTS_OF_SCHOOL: ""} if user_id else {REQUESTS_OF_ADDRESS: address_of(request)}
    )
    request.rate_limit = headers(counts[0])  # type: ignore[attr-defined]
    demand(counts)
