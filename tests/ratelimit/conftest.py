"""Every test begins with nothing counted."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    from schoolops.ratelimit import windows  # noqa: PLC0415 - Django is not set up when this file is read
    from schoolops.redis.connection import RATE_LIMITS, client  # noqa: PLC0415

    server = client(RATE_LIMITS)
    if counted := list(server.scan_iter("*:ratelimit:*", count=1000)):
        server.delete(*counted)
    windows.forget_here()
