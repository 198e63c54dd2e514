"""The ledger as a fixture. Imports wait until Django is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from schoolops.tenancy.models import School
    from tests.queues.ground import Ledger


@pytest.fixture
def ledger(fresh_school: Callable[..., School]) -> Iterator[Ledger]:
    """A school of its own with a table ``effect (n)`` that has no unique constraint: a job done twice shows."""
    from schoolops.queues import pipeline
    from schoolops.tenancy import owner
    from tests.queues import ground

    school = fresh_school()
    with owner.owner_connection() as owning:
        owning.execute(f"CREATE TABLE {school.schema_name}.effect (n bigint NOT NULL)")
        owning.execute(f'GRANT ALL ON {school.schema_name}.effect TO "{school.role_name}"')
    ground.empty_the_ledger()
    yield ground.Ledger(school)
    pipeline.plant(None)
    ground.empty_the_ledger()
