"""The ledger as a fixture. Imports wait until Django is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from schoolops.tenancy.models import School
    from tests.queues.ground import Ledger
    from tests.queues.installation import Installation


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
    with owner.owner_connection() as owning:
        # So that the school is as it was made.
        owning.execute(f"DROP TABLE IF EXISTS {school.schema_name}.effect")


@pytest.fixture
def installation(ledger: Ledger, tmp_path: Path) -> Iterator[Installation]:
    """Real workers on the ledger's database, with the tables that ``make chaos`` counts in."""
    from schoolops.tenancy import owner
    from tests.chaos.stage import TABLES
    from tests.queues.installation import Installation

    school = ledger.school
    with owner.owner_connection() as owning:
        owning.execute(TABLES.format(schema=school.schema_name, role=school.role_name))
        # So that the test can look at it from outside the school.
        owning.execute(f"GRANT USAGE ON SCHEMA {school.schema_name} TO {owner.web_login()}")
        owning.execute(f"GRANT SELECT ON {school.schema_name}.chaos_effect TO {owner.web_login()}")
    made = Installation(ledger, tmp_path)
    yield made
    made.end()
