"""Every test begins with nothing counted."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    from tests.support.counted import forget_what_was_counted  # noqa: PLC0415 - Django is not set up yet

    forget_what_was_counted()
