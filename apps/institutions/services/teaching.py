"""Grade levels, sections, courses and classes: what is taught to whom, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.institutions import errors
from apps.institutions.events import ClassSectionChanged, TeachingChanged
from apps.institutions.models import (
    AcademicYear,
    Course,
    CourseClass,
    CourseClassTerm,
    GradeLevel,
    Institution,
    Section,
    Term,
)
from apps.institutions.scopes import gate
from apps.institutions.services.records import write_change, write_new, write_removal
from schoolops import events
from schoolops.audit import trail
from schoolops.constraints import Explanation

_LEVEL: Mapping[str, Explanation] = {
    "level_name_once": errors.NameTaken.at("name"),
    "level_code_once": errors.NameTaken.at("code"),
    "institutions_gradelevel_position_key": errors.NameTaken.at("position"),
    "institutions_gradelevel_next_level_id_key": errors.NameTaken.at("next_level"),
}
_SECTION: Mapping[str, Explanation] = {
    "section_name_per_level_and_year": errors.NameTaken.at("name"),
    "section_year_of_institution": errors.NotOfThisYear,
    # Watched by the students' tables, when the transaction ends.
    "membership_inside_enrolment": errors.HoldsStudents,
}
_COURSE = {"course_code_per_institution": errors.NameTaken.at("code")}
CLASS_EXPLAINED: Mapping[str, Explanation] = {
    "class_code_per_year": errors.NameTaken.at("code"),
    "class_year_of_institution": errors.NotOfThisYear,
}


def _held(model: Any, key: int) -> Any:
    return model.objects.select_for_update(of=("self",)).select_related("year", "institution").get(pk=key)


def refuse_closed(year: AcademicYear) -> None:
    """Raises ``YearIsClosed``."""
    if year.state == AcademicYear.State.CLOSED:
        raise errors.YearIsClosed(year=year.name)


# --- grade levels: the school's, not a campus's -----------------------------------------------------------------------
def _check_order(position: int, next_level: GradeLevel | None) -> None:
    # Always forward, so that a circle cannot be drawn.
    if next_level is not None and next_level.position <= position:
        raise errors.LevelsInCircle


@transaction.atomic
def add_grade_level(*, fields: Mapping[str, Any], by: Any) -> GradeLevel:
    """A grade level. Raises ``PermissionMissing``, ``OutOfReach``, ``NameTaken``, ``LevelsInCircle``."""
    gate().require_everywhere(by, "institutions.manage")
    _check_order(fields["position"], fields.get("next_level"))
    row = write_new(GradeLevel(**fields), by=by, explained=_LEVEL, after=fields)
    events.publish(TeachingChanged())
    return row


@transaction.atomic
def change_grade_level(*, level: GradeLevel, fields: Mapping[str, Any], by: Any) -> GradeLevel:
    """Change a grade level. Raises ``PermissionMissing``, ``OutOfReach``, ``NameTaken``, ``LevelsInCircle``."""
    gate().require_everywhere(by, "institutions.manage")
    list(GradeLevel.objects.select_for_update().order_by("pk"))
    row: GradeLevel = GradeLevel.objects.select_related("next_level").get(pk=level.pk)
    position = fields.get("position", row.position)
    _check_order(position, fields.get("next_level", row.next_level))
    if GradeLevel.objects.filter(next_level=row, position__gte=position).exists():
        raise errors.LevelsInCircle
    if write_change(row, fields, by=by, explained=_LEVEL):
        events.publish(TeachingChanged())
    return row


@transaction.atomic
def remove_grade_level(*, level: GradeLevel, by: Any) -> None:
    """Remove a grade level nothing refers to. Raises ``PermissionMissing``, ``OutOfReach``, ``InUse``."""
    gate().require_everywhere(by, "institutions.manage")
    write_removal(level, by=by)


# --- sections ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def add_section(*, year: AcademicYear, grade_level: GradeLevel, fields: Mapping[str, Any], by: Any) -> Section:
    """A homeroom group. Raises ``PermissionMissing``, ``OutOfReach``, ``YearIsClosed``, ``NameTaken``."""
    gate().require_at(by, "sections.manage", year.institution)
    refuse_closed(year)
    section = Section(institution_id=year.institution_id, year=year, grade_level=grade_level, **fields)
    row = write_new(section, by=by, explained=_SECTION, after={"year": year, "grade_level": grade_level, **fields})
    events.publish(TeachingChanged())
    return row


@transaction.atomic
def change_section(*, section: Section, fields: Mapping[str, Any], by: Any, reason: str = "") -> Section:
    """Change a section; its year and institution stay, and its level where students have been in it.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NameTaken, HoldsStudents.
    """
    row: Section = (
        Section.objects.select_for_update(of=("self",)).select_related("year", "institution").get(pk=section.pk)
    )
    gate().require_at(by, "sections.manage", row.institution)
    refuse_closed(row.year)
    level = fields.get("grade_level")
    # By its relation: the memberships belong to an app above us.
    if level is not None and level.pk != row.grade_level_id and row.memberships.exists():
        raise errors.HoldsStudents
    if write_change(row, fields, by=by, explained=_SECTION, reason=reason):
        events.publish(TeachingChanged())
    return row


@transaction.atomic
def remove_section(*, section: Section, by: Any) -> None:
    """Remove a section nobody has ever been in. Raises ``PermissionMissing``, ``OutOfReach``, ``InUse``."""
    gate().require_at(by, "sections.manage", section.institution)
    write_removal(section, by=by)


# --- courses ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def add_course(*, institution: Institution, fields: Mapping[str, Any], by: Any) -> Course:
    """A subject taught at an institution. Raises ``PermissionMissing``, ``OutOfReach``, ``NameTaken``."""
    gate().require_at(by, "sections.manage", institution)
    row = write_new(Course(institution=institution, **fields), by=by, explained=_COURSE, after=fields)
    events.publish(TeachingChanged())
    return row


@transaction.atomic
def change_course(*, course: Course, fields: Mapping[str, Any], by: Any, reason: str = "") -> Course:
    """Change a course. Raises ``PermissionMissing``, ``OutOfReach``, ``NameTaken``."""
    gate().require_at(by, "sections.manage", course.institution)
    if write_change(course, fields, by=by, explained=_COURSE, reason=reason):
        events.publish(TeachingChanged())
    return course


@transaction.atomic
def remove_course(*, course: Course, by: Any) -> None:
    """Remove a course without classes. Raises ``PermissionMissing``, ``OutOfReach``, ``InUse``."""
    gate().require_at(by, "sections.manage", course.institution)
    write_removal(course, by=by)


# --- classes ----------------------------------------------------------------------------------------------------------
def check_class(
    year: AcademicYear, *, course: Course | None, section: Section | None, terms: Sequence[Term] | None
) -> None:
    """Raises ``NotOfThisYear`` unless all of these are of ``year``."""
    if (
        (course is not None and course.institution_id != year.institution_id)
        or (section is not None and section.year_id != year.pk)
        or any(term.year_id != year.pk for term in terms or ())
    ):
        raise errors.NotOfThisYear


@transaction.atomic
def add_class(
    *,
    course: Course,
    year: AcademicYear,
    fields: Mapping[str, Any],
    terms: Sequence[Term] = (),
    by: Any,
) -> CourseClass:
    """One taught group of a course in a year; without terms it runs the whole year.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NameTaken, NotOfThisYear.
    """
    gate().require_at(by, "sections.manage", year.institution)
    refuse_closed(year)
    check_class(year, course=course, section=fields.get("section"), terms=terms)
    taught = CourseClass(institution_id=year.institution_id, course=course, year=year, **fields)
    row = write_new(
        taught, by=by, explained=CLASS_EXPLAINED, after={"course": course, "year": year, **fields, "terms": terms}
    )
    _set_terms(row, terms)
    events.publish(TeachingChanged())
    return row


def _set_terms(taught: CourseClass, terms: Sequence[Term]) -> None:
    CourseClassTerm.objects.filter(course_class=taught).delete()
    CourseClassTerm.objects.bulk_create(CourseClassTerm(course_class=taught, term=term) for term in {*terms})


@transaction.atomic
def change_class(
    *,
    course_class: CourseClass,
    fields: Mapping[str, Any],
    terms: Sequence[Term] | None = None,
    by: Any,
    reason: str = "",
) -> CourseClass:
    """Change a class; ``terms`` replaces them where it is given.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NameTaken, NotOfThisYear.
    """
    row: CourseClass = (
        CourseClass.objects.select_for_update(of=("self",))
        .select_related("year", "institution")
        .get(pk=course_class.pk)
    )
    gate().require_at(by, "sections.manage", row.institution)
    refuse_closed(row.year)
    check_class(row.year, course=fields.get("course"), section=fields.get("section"), terms=terms)
    section = row.section_id
    changed = write_change(row, fields, by=by, explained=CLASS_EXPLAINED, reason=reason)
    if row.section_id != section:
        events.publish(ClassSectionChanged(row.pk))
    if terms is not None:
        held = list(CourseClassTerm.objects.filter(course_class=row).values_list("term__sourced_id", flat=True))
        if {*held} != {term.sourced_id for term in terms}:
            _set_terms(row, terms)
            trail.record(by, "institutions.class-terms-set", row, before={"terms": held}, after={"terms": terms})
            changed = True
    if changed:
        events.publish(TeachingChanged())
    return row


@transaction.atomic
def remove_class(*, course_class: CourseClass, by: Any) -> None:
    """Remove a class nobody has ever been in. Raises ``PermissionMissing``, ``OutOfReach``, ``InUse``."""
    gate().require_at(by, "sections.manage", course_class.institution)
    write_removal(course_class, by=by)
