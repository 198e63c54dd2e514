"""Every test begins without failures counted against anybody."""

from __future__ import annotations

import pytest

from schoolops.ratelimit import delays
from schoolops.redis.connection import RATE_LIMITS, client


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    server = client(RATE_LIMITS)
    if counted := server.keys("ratelimit:*"):
        server.delete(*counted)
    delays.forget_here()
