"""Academic years from planned to closed, their terms, and the calendar's special days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.institutions import errors
from apps.institutions.events import CalendarChanged, YearClosed
from apps.institutions.models import AcademicYear, CalendarDay, Institution, Term
from apps.institutions.scopes import gate
from apps.institutions.services.records import write_change, write_new, write_removal
from schoolops import events
from schoolops.audit import trail
from schoolops.errors import FieldError

# A year and its holidays before and after.
MOST_DAYS = 400
_YEAR = {
    "year_name_per_institution": errors.YearNameTaken,
    "year_no_overlap": errors.YearsOverlap,
    "year_one_active": errors.YearAlreadyActive,
    # Watched by the students' tables.
    "enrolment_inside_year": errors.YearHoldsEnrolments,
    "enrolment_no_overlap": errors.YearRunsIntoEnrolments,
}
_TERM = {"term_name_per_year": errors.TermNameTaken, "term_no_overlap": errors.TermsOverlap}


def _locked(year: AcademicYear) -> AcademicYear:
    row: AcademicYear = (
        AcademicYear.objects.select_for_update(of=("self",)).select_related("institution").get(pk=year.pk)
    )
    return row


def _in_order(starts_on: dt.date, ends_on: dt.date) -> None:
    if ends_on <= starts_on:
        raise errors.FieldsRefused(errors=[FieldError("ends_on", "before-start", "It ends after the day it starts.")])


@transaction.atomic
def plan_year(*, institution: Institution, fields: Mapping[str, Any], by: Any) -> AcademicYear:
    """A new year, planned. Raises ``PermissionMissing``, ``OutOfReach``, ``YearNameTaken``, ``YearsOverlap``."""
    gate().require_at(by, "institutions.manage", institution)
    _in_order(fields["starts_on"], fields["ends_on"])
    return write_new(AcademicYear(institution=institution, **fields), by=by, explained=_YEAR, after=fields)


@transaction.atomic
def change_year(*, year: AcademicYear, fields: Mapping[str, Any], by: Any) -> AcademicYear:
    """Change a year that is not closed; its terms must still fit. What is open in it ends with its new last day.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, YearNameTaken, YearsOverlap, TermOutsideYear, YearHoldsEnrolments,
        YearRunsIntoEnrolments.
    """
    row = _locked(year)
    gate().require_at(by, "institutions.manage", row.institution)
    _refuse_closed(row)
    starts_on, ends_on = fields.get("starts_on", row.starts_on), fields.get("ends_on", row.ends_on)
    _in_order(starts_on, ends_on)
    if row.terms.exclude(starts_on__gte=starts_on, ends_on__lte=ends_on).exists():
        raise errors.TermOutsideYear(starts_on=starts_on, ends_on=ends_on)
    if write_change(row, fields, by=by, explained=_YEAR) and {"starts_on", "ends_on"} & fields.keys():
        events.publish(CalendarChanged(row.institution_id, min(starts_on, year.starts_on), max(ends_on, year.ends_on)))
    return row


def _refuse_closed(year: AcademicYear) -> None:
    if year.state == AcademicYear.State.CLOSED:
        raise errors.YearIsClosed(year=year.name)


@transaction.atomic
def activate_year(*, year: AcademicYear, by: Any) -> AcademicYear:
    """Let a planned year be the one that runs.

    Raises:
        PermissionMissing, OutOfReach, YearNotPlanned, YearAlreadyActive.
    """
    row = _locked(year)
    gate().require_at(by, "institutions.manage", row.institution)
    if row.state != AcademicYear.State.PLANNED:
        raise errors.YearNotPlanned(year=row.name, state=row.state)
    write_change(row, {"state": AcademicYear.State.ACTIVE}, by=by, explained=_YEAR)
    return row


@transaction.atomic
def close_year(*, year: AcademicYear, by: Any) -> AcademicYear:
    """Close the active year; what students still have open in it ends with it.

    Raises:
        PermissionMissing, OutOfReach, YearNotActive.
    """
    row = _locked(year)
    gate().require_at(by, "institutions.manage", row.institution)
    if row.state != AcademicYear.State.ACTIVE:
        raise errors.YearNotActive(year=row.name, state=row.state)
    write_change(row, {"state": AcademicYear.State.CLOSED}, by=by, explained=_YEAR)
    events.publish(YearClosed(row.pk))
    return row


@transaction.atomic
def remove_year(*, year: AcademicYear, by: Any) -> None:
    """Remove a planned year that nothing refers to. Raises ``PermissionMissing``, ``YearNotPlanned``, ``InUse``."""
    row = _locked(year)
    gate().require_at(by, "institutions.manage", row.institution)
    if row.state != AcademicYear.State.PLANNED:
        raise errors.YearNotPlanned(year=row.name, state=row.state)
    write_removal(row, by=by)


def _fits(year: AcademicYear, fields: Mapping[str, Any]) -> None:
    if fields["ends_on"] < fields["starts_on"]:
        raise errors.FieldsRefused(errors=[FieldError("ends_on", "before-start", "It does not end before it starts.")])
    if fields["starts_on"] < year.starts_on or fields["ends_on"] > year.ends_on:
        raise errors.TermOutsideYear(starts_on=year.starts_on, ends_on=year.ends_on)
    opens, closes = fields.get("posting_opens_on"), fields.get("posting_closes_on")
    if opens and closes and closes < opens:
        raise errors.FieldsRefused(
            errors=[FieldError("posting_closes_on", "before-start", "It does not close before it opens.")]
        )
    parent = fields.get("parent")
    if parent is not None and (
        parent.year_id != year.pk or parent.starts_on > fields["starts_on"] or parent.ends_on < fields["ends_on"]
    ):
        raise errors.NotOfThisYear


@transaction.atomic
def add_term(*, year: AcademicYear, fields: Mapping[str, Any], by: Any) -> Term:
    """A part of a year. Those of its kind that lie within it, and beside it otherwise, are parts of it from now on.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, TermOutsideYear, TermsOverlap, TermNameTaken, NotOfThisYear.
    """
    # The year's dates stay as they are until the term is there.
    row = _locked(year)
    gate().require_at(by, "institutions.manage", row.institution)
    _refuse_closed(row)
    _fits(row, fields)
    term = Term(year=row, **fields)
    within = terms_within(term, row.terms.select_related("parent").order_by("pk"))
    if not within:
        return write_new(term, by=by, explained=_TERM, after=fields)
    # Two that overlap may not be beside each other for a moment.
    above, term.parent = term.parent, within[0]
    write_new(term, by=by, explained=_TERM, after=fields)
    for each in within:
        write_change(each, {"parent": term}, by=by, explained=_TERM)
    Term.objects.filter(pk=term.pk).update(parent=above)
    term.parent = above
    return term


def terms_within(term: Term, others: Iterable[Term]) -> list[Term]:
    """Which of ``others`` lie within ``term`` and would be beside it: a full year that comes after its halves."""
    return [
        each
        for each in others
        if (each.kind, each.parent) == (term.kind, term.parent)
        and term.starts_on <= each.starts_on
        and each.ends_on <= term.ends_on
        and each.ends_on - each.starts_on < term.ends_on - term.starts_on
    ]


@transaction.atomic
def change_term(*, term: Term, fields: Mapping[str, Any], by: Any) -> Term:
    """Change a term. Raises as ``add_term``."""
    year = _locked(term.year)
    gate().require_at(by, "institutions.manage", year.institution)
    _refuse_closed(year)
    names = ("starts_on", "ends_on", "posting_opens_on", "posting_closes_on", "parent")
    if fields.get("parent") is not None and fields["parent"].pk == term.pk:
        raise errors.NotOfThisYear
    _fits(year, {**{name: getattr(term, name) for name in names}, **fields})
    write_change(term, fields, by=by, explained=_TERM)
    return term


@transaction.atomic
def remove_term(*, term: Term, by: Any) -> None:
    """Remove a term nothing refers to. Raises ``PermissionMissing``, ``OutOfReach``, ``YearIsClosed``, ``InUse``."""
    year = _locked(term.year)
    gate().require_at(by, "institutions.manage", year.institution)
    _refuse_closed(year)
    if Term.objects.filter(parent=term).exists():
        raise errors.InUse(by_what=str(Term._meta.verbose_name_plural))
    write_removal(term, by=by)


@dataclass(frozen=True, slots=True)
class DayKind:
    """What days become: a kind of ``CalendarDay``, its title, and times where they change."""

    kind: str
    title: str = ""
    starts_at: dt.time | None = None
    ends_at: dt.time | None = None


def _range(starts_on: dt.date, ends_on: dt.date) -> list[dt.date]:
    if not 0 <= (ends_on - starts_on).days < MOST_DAYS:
        raise errors.RangeTooLong(starts_on=starts_on, ends_on=ends_on, most=MOST_DAYS)
    return [starts_on + dt.timedelta(days=number) for number in range((ends_on - starts_on).days + 1)]


def _refuse_closed_days(institution: Institution, starts_on: dt.date, ends_on: dt.date) -> None:
    # Held, so that nobody closes one of them meanwhile.
    years = AcademicYear.objects.select_for_update(no_key=True).filter(
        institution=institution, starts_on__lte=ends_on, ends_on__gte=starts_on
    )
    for year in years.order_by("pk"):
        if year.state == AcademicYear.State.CLOSED:
            raise errors.YearIsClosed(year=year.name)


@transaction.atomic
def set_days(*, institution: Institution, starts_on: dt.date, ends_on: dt.date, what: DayKind, by: Any) -> int:
    """Let every day from ``starts_on`` to ``ends_on``, both included, be what is said; one statement for any number.

    Raises:
        PermissionMissing, OutOfReach, RangeTooLong, YearIsClosed, FieldsRefused: a timing change without times.
    """
    gate().require_at(by, "institutions.manage", institution)
    days = _range(starts_on, ends_on)
    _refuse_closed_days(institution, starts_on, ends_on)
    if what.kind == CalendarDay.Kind.TIMING_CHANGE and not (
        what.starts_at and what.ends_at and what.starts_at < what.ends_at
    ):
        raise errors.FieldsRefused(
            errors=[FieldError("ends_at", "times-needed", "A timing change says when the day starts and ends.")]
        )
    facts = {"kind": what.kind, "title": what.title, "starts_at": what.starts_at, "ends_at": what.ends_at}
    CalendarDay.objects.bulk_create(
        [CalendarDay(institution=institution, day=day, **facts) for day in days],
        update_conflicts=True,
        unique_fields=["institution", "day"],
        update_fields=[*facts],
    )
    after = {"starts_on": starts_on, "ends_on": ends_on, **facts}
    trail.record(by, "institutions.calendar-set", institution, after=after)
    events.publish(CalendarChanged(institution.pk, starts_on, ends_on))
    return len(days)


@transaction.atomic
def clear_days(*, institution: Institution, starts_on: dt.date, ends_on: dt.date, by: Any) -> int:
    """Let these days, both ends included, be ordinary again; how many were not.

    Raises:
        PermissionMissing, OutOfReach, RangeTooLong, YearIsClosed.
    """
    gate().require_at(by, "institutions.manage", institution)
    _range(starts_on, ends_on)
    _refuse_closed_days(institution, starts_on, ends_on)
    cleared, _ = CalendarDay.objects.filter(institution=institution, day__range=(starts_on, ends_on)).delete()
    if cleared:
        before = {"starts_on": starts_on, "ends_on": ends_on, "days": cleared}
        trail.record(by, "institutions.calendar-cleared", institution, before=before)
        events.publish(CalendarChanged(institution.pk, starts_on, ends_on))
    return cleared
