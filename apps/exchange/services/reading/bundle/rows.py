"""Every row of a bundle, in the order in which rows name each other."""

from __future__ import annotations

from collections.abc import Iterator

from apps.exchange.services.reading import staged
from apps.exchange.services.reading.bundle.opening import Bundle
from apps.exchange.services.reading.bundle.people import enrolments_of, users_of
from apps.exchange.services.reading.bundle.structure import classes_of, courses_of, orgs_of, sessions_of
from apps.exchange.services.reading.bundle.survey import survey
from apps.exchange.services.reading.staged import Staged


def read(bundle: Bundle) -> Iterator[Staged]:
    """Every row of the bundle, kinds in their order."""
    survey(bundle)
    yield from orgs_of(bundle)
    yield from sessions_of(bundle)
    yield from courses_of(bundle)
    yield from classes_of(bundle)
    yield from users_of(bundle)
    yield from enrolments_of(bundle)
    yield from (
        Staged(staged.GRADE_LEVEL, file, row, code, {"code": code}, name=code)
        for code, (file, row) in sorted(bundle.grades.items())
    )
