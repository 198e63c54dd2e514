"""A browser at the office, logged in or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from schoolops.tenancy.models import School
    from tests.factories.talking import Browser


@pytest.fixture
def office(in_oak: School, client_for: Callable[[School], Client]) -> Callable[..., Browser]:
    """``office(alice)`` is a browser in which Alice is logged in at Oak; ``office()`` is a stranger's."""
    from schoolops.tenancy import resolution  # noqa: PLC0415
    from tests.factories.talking import Browser  # noqa: PLC0415

    # So that a count of queries does not depend on who asked before.
    resolution.school_at("oak.localhost")
    return lambda user=None: Browser(client_for(in_oak), user)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-calls", action="store_true", help="write anew what requests may cost (make calls)")
