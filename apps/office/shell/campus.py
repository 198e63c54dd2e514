"""What two campuses call alike: where there is more than one, a section, class or year says which it is of."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.db.models import ForeignKey, Model

from apps.institutions.models import AcademicYear, Course, CourseClass, Section, Term
from apps.institutions.selectors import campuses
from schoolops.context import school_or_none

ALIKE: tuple[type[Model], ...] = (AcademicYear, Course, CourseClass, Section, Term)


def with_campus(row: Any) -> str:
    """What ``row`` is called, and where there are several campuses that of its own."""
    if not isinstance(row, ALIKE) or school_or_none() is None or len(there := campuses()) < 2:
        return str(row)
    # Not asked for once more of each: whoever shows terms reads their years with them.
    holder: Any = row if not isinstance(row, Term) else row.year if Term.year.is_cached(row) else None
    at = getattr(holder, "institution_id", None)
    name = next((each.name for each in there if each.pk == at), "")
    return f"{row}, {name}" if name else str(row)


def is_alike(field: Any) -> bool:
    """Whether ``field`` refers to rows of which two campuses may have one of the same name."""
    return isinstance(field, ForeignKey) and field.remote_field.model in ALIKE


class ByCampus(RelatedFieldListFilter):
    """Django's filter by a row, whose rows say their campus."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        ordering = self.field_admin_ordering(field, request, model_admin)
        model: Any = field.related_model
        joined = {Term: ("year",), Section: ("grade_level",)}.get(model)
        rows = model._default_manager.select_related(*joined) if joined else model._default_manager.all()
        return [(row.pk, with_campus(row)) for row in rows.order_by(*(ordering or model._meta.ordering))]
