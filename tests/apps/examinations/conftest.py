"""A draft session of the first term at Oak, and what its papers are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kept import kept

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.examinations.models import ExamSession
    from apps.institutions.models import Course
    from tests.factories.people import Campus


@pytest.fixture
@kept
def mid_terms(campus: Campus, alice: User) -> ExamSession:
    """The mid-terms, a draft."""
    from tests.factories import exams  # noqa: PLC0415 - Django is not set up when this file is read

    return exams.an_exam_session(campus, by=alice)


@pytest.fixture
@kept
def maths(campus: Campus) -> Course:
    """Mathematics."""
    from tests.factories import exams  # noqa: PLC0415

    return exams.a_course(campus)
