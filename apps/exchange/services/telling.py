"""What the ordinary services would say of rows that an undo writes: a page of facts for a chunk, never one a query."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from apps.exchange.services.reading import staged
from apps.institutions.events import CalendarChanged, InstitutionChanged, TeachingChanged
from apps.students.events import ClassRostersChanged, StudentChanged
from apps.students.services.books import publish_moved
from apps.students.services.changing import first_day_apart
from schoolops import events


def publish_undone(table: str, rows: Sequence[Any], *, were: Sequence[Any] = ()) -> None:
    """Publish what follows now that ``rows`` are as they were before the import, or gone.

    Args:
        were: the same rows as the import had left them, where they are not gone.
    """
    if table == staged.MEMBERSHIP:
        _moved(rows, {membership.pk: membership.ends_on for membership in were})
    elif (said := _EVENTS.get(table)) is not None:
        # Days of a year that has been cut short are as stale as those it got back.
        for event in said([*rows, *were] if table == staged.YEAR else rows):
            events.publish(event)


def _moved(memberships: Sequence[Any], ended: Mapping[int, dt.date | None]) -> None:
    since: dict[int, dt.date] = {}
    for membership in memberships:
        day = (
            first_day_apart(membership, ended[membership.pk], membership.ends_on)
            if membership.pk in ended
            else membership.starts_on
        )
        since[membership.student_id] = min(day, since.get(membership.student_id, day))
    publish_moved(since)


def _classes_changed(places: Sequence[Any]) -> Iterable[object]:
    students: dict[int, list[int]] = defaultdict(list)
    for place in places:
        students[place.course_class_id].append(place.student_id)
    return [ClassRostersChanged.of(students)] if students else []


_EVENTS: Mapping[str, Callable[[Sequence[Any]], Iterable[object]]] = {
    staged.PLACE: _classes_changed,
    staged.STUDENT: lambda rows: [StudentChanged(row.pk) for row in rows],
    staged.CLASS: lambda rows: [TeachingChanged()] if rows else [],
    staged.SECTION: lambda rows: [TeachingChanged()] if rows else [],
    staged.COURSE: lambda rows: [TeachingChanged()] if rows else [],
    staged.GRADE_LEVEL: lambda rows: [TeachingChanged()] if rows else [],
    staged.YEAR: lambda rows: [CalendarChanged(row.institution_id, row.starts_on, row.ends_on) for row in rows],
    staged.INSTITUTION: lambda rows: [InstitutionChanged()] if rows else [],
}
