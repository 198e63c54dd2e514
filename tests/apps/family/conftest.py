"""A family at Oak of whom there is something to see on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from apps.accounts.models import User
    from apps.students.models import Student
    from schoolops.tenancy.models import School
    from tests.apps.family.household import Household
    from tests.factories.people import Campus


@pytest.fixture
def browser(in_oak: School, client_for: Callable[[School], Client]) -> Callable[..., Any]:
    """``browser(carol)`` is a browser in which Carol is logged in at Oak; ``browser()`` is a stranger's."""
    from schoolops.tenancy import resolution  # noqa: PLC0415 - Django is not set up when this file is read
    from tests.factories.talking import Browser  # noqa: PLC0415

    resolution.school_at("oak.localhost")
    return lambda user=None: Browser(client_for(in_oak), user)


@pytest.fixture
def child(campus: Campus, carol: User) -> Student:
    """Carol's child in 7 B."""
    from tests.factories import people  # noqa: PLC0415

    return people.students_in(campus.sections["7 B"])[0]


@pytest.fixture
def household(campus: Campus, alice: User, bob: User, carol: User, tmp_path: Any, settings: Any) -> Household:
    """Carol's children with a roll taken, lessons, exams, marks, a report card, bills and a receipt."""
    from tests.apps.family import household  # noqa: PLC0415

    settings.MEDIA_ROOT = tmp_path / "media"
    return household.made(campus, head=alice, teacher=bob, guardian=carol)
