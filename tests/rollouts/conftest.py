from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_rollout_is_left(real_commits: None) -> Iterator[None]:
    from schoolops.context import outside_schools  # noqa: PLC0415 - read before Django is set up
    from schoolops.rollouts.models import Rollout  # noqa: PLC0415

    # Nor was one left by a test of another folder.
    with outside_schools():
        Rollout.objects.all().delete()
    yield
    with outside_schools():
        Rollout.objects.all().delete()
