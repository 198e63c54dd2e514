"""Anton, the accountant of Oak, and the books of its campus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kept import kept

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.fees.models import Account
    from tests.factories.people import Campus


@pytest.fixture
@kept
def anton(campus: Campus) -> User:
    """The accountant."""
    from tests.factories import people  # noqa: PLC0415 - Django is not set up when this file is read

    return people.a_user("anton", role="accountant")


@pytest.fixture
@kept
def chart(campus: Campus) -> dict[str, Account]:
    """The accounts of the campus, by what is posted there."""
    from tests.factories import money  # noqa: PLC0415

    return money.a_chart(campus.institution)
