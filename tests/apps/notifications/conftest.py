"""A school that tells guardians: Carol and what she is told, and a clock that somebody moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.kept import kept

if TYPE_CHECKING:
    from apps.students.models import Guardian, Student
    from tests.factories.people import Campus


@pytest.fixture
@kept
def child(campus: Campus) -> Student:
    """The first of the section, whose roll is taken."""
    from tests.factories import people  # noqa: PLC0415 - Django is not set up when this file is read

    return people.students_in(campus.section)[0]


@pytest.fixture
@kept
def mona(child: Student) -> Guardian:
    """The child's mother, who has an address and a telephone."""
    from tests.factories.told import a_guardian  # noqa: PLC0415

    return a_guardian("Mona", child, phone="+442079460000")


@pytest.fixture
def at() -> Callable[..., dt.datetime]:
    """``at(10, 30)``: a moment of the school day."""
    from tests.factories.people import SCHOOL_DAY  # noqa: PLC0415

    return lambda hour, minute=0, days=0: dt.datetime.combine(
        SCHOOL_DAY + dt.timedelta(days=days), dt.time(hour, minute), dt.UTC
    )
