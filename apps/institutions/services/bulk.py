"""Many classes at once, by the same rules and with the same trail as one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.institutions.events import TeachingChanged
from apps.institutions.models import AcademicYear, Course, CourseClass, CourseClassTerm, Term
from apps.institutions.scopes import gate
from apps.institutions.services.teaching import CLASS_EXPLAINED, check_class, refuse_closed
from schoolops import events
from schoolops.audit import bulk
from schoolops.constraints import explains


@dataclass(frozen=True, slots=True)
class NewClass:
    """A taught group of ``course`` in ``year``; without terms it runs the whole year."""

    course: Course
    year: AcademicYear
    fields: Mapping[str, Any]
    terms: Sequence[Term] = ()


@transaction.atomic
def add_many_classes(*, classes: Sequence[NewClass], reason: str, by: Any) -> list[CourseClass]:
    """Taught groups, all or none.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NameTaken, NotOfThisYear.
    """
    for institution in {class_.year.institution for class_ in classes}:
        gate().require_at(by, "sections.manage", institution)
    for class_ in classes:
        refuse_closed(class_.year)
        check_class(class_.year, course=class_.course, section=class_.fields.get("section"), terms=class_.terms)
    rows = [
        CourseClass(institution_id=class_.year.institution_id, course=class_.course, year=class_.year, **class_.fields)
        for class_ in classes
    ]
    after = [
        {"course": class_.course, "year": class_.year, **class_.fields, "terms": class_.terms} for class_ in classes
    ]
    with explains(CLASS_EXPLAINED):
        written = bulk.added(rows, by=by, action="institutions.courseclass-added", after=after, reason=reason)
    CourseClassTerm.objects.bulk_create(
        [
            CourseClassTerm(course_class=row, term=term)
            for row, each in zip(written, classes, strict=True)
            for term in dict.fromkeys(each.terms)
        ],
        batch_size=bulk.BATCH,
    )
    if written:
        events.publish(TeachingChanged())
    return written
