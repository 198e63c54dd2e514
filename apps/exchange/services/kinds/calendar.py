"""Campuses, years and their terms, and grade levels."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q

from apps.exchange import errors
from apps.exchange.services.comparing import Outcome, Work
from apps.exchange.services.kinds.structure import Changing, Made
from apps.exchange.services.reading import staged
from apps.institutions import services as institutions
from apps.institutions.errors import TermOutsideYear, TermsOverlap, YearHoldsEnrolments
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Term
from apps.institutions.selectors import today_at
from apps.institutions.services.years import terms_within

ONE_DAY = dt.timedelta(days=1)


class Institutions(Changing):
    """``orgs`` that are schools."""

    name = staged.INSTITUTION
    permission = "institutions.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values, frame = outcome.row.values, work.frame
        if outcome.target is None:
            chosen = work.run.institution
            outcome.target = (
                (frame.institution(values.get("code", "")) if values.get("code") else None)
                or frame.institution(values["name"])
                or (chosen if chosen is not None and not _taken(work, chosen) else None)
            )
        code = values.get("code") or outcome.row.key[:20]
        self.differ(work, outcome, {"name": values["name"], "code": code})

    def imagined(self, outcome: Outcome) -> Any:
        return Institution(**outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        like = next((row for row in work.frame.rows[self.name] if row.pk), None)
        same = ("timezone", "currency", "locale", "weekend")
        more = {name: getattr(like, name) for name in same} if like else {"weekend": [6, 7]}
        return institutions.add_institution(fields={**more, **outcome.fields}, by=work.by)

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_institution(institution=outcome.target, fields=outcome.fields, by=work.by)


def _taken(work: Work, institution: Institution) -> bool:
    return (staged.INSTITUTION, institution.pk) in work.claimed


class Years(Changing):
    """``academicSessions`` of the type schoolYear."""

    name = staged.YEAR
    permission = "institutions.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values = outcome.row.values
        institution = self.need(
            work, outcome, staged.INSTITUTION, values.get("institution", ""), "metadata.orgSourcedId"
        )
        if institution is None:
            return
        outcome.extra["institution"] = institution
        starts_on, ends_on = (dt.date.fromisoformat(values[name]) for name in ("starts_on", "ends_on"))
        if ends_on <= starts_on:
            outcome.refuse(errors.EndsBeforeStart(starts_on=starts_on, ends_on=ends_on), "endDate")
            return
        there = list(work.frame.where(self.name, institution=institution))
        overlapping = [each for each in there if each.starts_on <= ends_on and each.ends_on >= starts_on]
        if values.get("not_named") and any(each.starts_on <= starts_on and ends_on <= each.ends_on for each in there):
            # The school has it.
            outcome.skipped = True
            return
        if outcome.target is None and not values.get("not_named"):
            same = [each for each in overlapping if each.pk] or [
                *work.frame.where(self.name, institution=institution, name=values["name"])
            ]
            outcome.target = same[0] if len(same) == 1 else None
        other = next((each for each in overlapping if each is not outcome.target), None)
        if other is not None:
            outcome.refuse(errors.YearsOverlap(year=other.name), "startDate")
            return
        wanted = {"name": values["name"], "starts_on": starts_on, "ends_on": ends_on}
        self.differ(work, outcome, wanted)
        if outcome.target is not None and outcome.fields.keys() & {"starts_on", "ends_on"}:
            self._refuse_left_out(work, outcome)

    @staticmethod
    def _refuse_left_out(work: Work, outcome: Outcome) -> None:
        """Refuse days of a year that would leave out what is in it."""
        year = outcome.target
        starts_on, ends_on = (outcome.fields.get(name, getattr(year, name)) for name in ("starts_on", "ends_on"))
        terms = work.frame.where(staged.TERM, year=year)
        if any(term.starts_on < starts_on or term.ends_on > ends_on for term in terms):
            outcome.refuse(TermOutsideYear(starts_on=starts_on, ends_on=ends_on), "startDate")
        outside = Q(entered_on__lt=starts_on) | Q(entered_on__gt=ends_on) | Q(exited_on__gt=ends_on + ONE_DAY)
        if year.pk is not None and year.enrolments.filter(outside).exists():
            outcome.refuse(YearHoldsEnrolments(), "startDate")

    def imagined(self, outcome: Outcome) -> Any:
        return AcademicYear(institution=outcome.extra["institution"], **outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        institution = outcome.extra["institution"]
        year = institutions.plan_year(institution=institution, fields=outcome.fields, by=work.by)
        active = [each for each in work.frame.where(self.name, institution=institution) if each.state == "active"]
        if not active and year.contains(today_at(institution)):
            year = institutions.activate_year(year=year, by=work.by)
        return year

    def change(self, work: Work, outcome: Outcome) -> None:
        changed = institutions.change_year(year=outcome.target, fields=outcome.fields, by=work.by)
        for name in outcome.fields:
            setattr(outcome.target, name, getattr(changed, name))


class Terms(Changing):
    """``academicSessions`` of other types."""

    name = staged.TERM
    permission = "institutions.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values, frame = outcome.row.values, work.frame
        starts_on, ends_on = (dt.date.fromisoformat(values[name]) for name in ("starts_on", "ends_on"))
        if ends_on < starts_on:
            outcome.refuse(errors.EndsBeforeStart(starts_on=starts_on, ends_on=ends_on), "endDate")
            return
        year = self._year(work, outcome, starts_on, ends_on)
        if year is None:
            return
        if outcome.target is not None and outcome.target.year != year:
            outcome.kept["year"] = [str(outcome.target.year), str(year)]
            year = outcome.target.year
        outcome.extra["institution"] = year.institution
        if outcome.target is None:
            outcome.target = next(frame.where(self.name, year=year, name=values["name"]), None)
        if not (year.starts_on <= starts_on and ends_on <= year.ends_on):
            refusal = errors.OutsideYear(
                day=starts_on if starts_on < year.starts_on else ends_on,
                year=year.name,
                starts_on=year.starts_on,
                ends_on=year.ends_on,
            )
            outcome.refuse(refusal, "startDate")
            return
        others = [each for each in frame.where(self.name, year=year) if each is not outcome.target]
        parent = self._parent(work, values, year, starts_on, ends_on, others)
        wanted = {"name": values["name"], "kind": values["kind"], "starts_on": starts_on, "ends_on": ends_on}
        within = terms_within(Term(parent=parent, **wanted), others) if outcome.target is None else []
        beside = [
            other for other in others if other.kind == values["kind"] and other.parent == parent and other not in within
        ]
        if any(each.starts_on <= ends_on and starts_on <= each.ends_on for each in beside):
            outcome.refuse(TermsOverlap(), "startDate")
            return
        outcome.extra |= {"year": year, "within": within}
        if parent is not None:
            wanted["parent"] = parent
        self.differ(work, outcome, wanted)

    def _year(self, work: Work, outcome: Outcome, starts_on: dt.date, ends_on: dt.date) -> AcademicYear | None:
        """The one that is said, else the one of the campus that holds these days."""
        values, frame = outcome.row.values, work.frame
        key, org = values.get("year", ""), values.get("institution", "")
        if (found := frame.year(key, org)) is not None:
            return found
        if (staged.YEAR, key) in frame.refused:
            outcome.refuse(errors.RefersToRefused(what=staged.YEAR, value=key), "parentSourcedId")
            return None
        institution = self.need(work, outcome, staged.INSTITUTION, org, "metadata.orgSourcedId")
        if institution is None:
            return None
        years = frame.where(staged.YEAR, institution=institution)
        found = next((year for year in years if year.starts_on <= starts_on and ends_on <= year.ends_on), None)
        if found is None:
            outcome.refuse(errors.NoYearAround(starts_on=starts_on, ends_on=ends_on), "parentSourcedId")
        return found

    @staticmethod
    def _parent(
        work: Work, values: dict[str, Any], year: AcademicYear, starts_on: dt.date, ends_on: dt.date, others: list[Term]
    ) -> Term | None:
        """The term that is said, else the shortest of the same kind that these days lie within."""
        said = work.frame.session(values.get("parent", ""), values.get("institution", ""))
        if isinstance(said, Term) and said.year == year and said.starts_on <= starts_on and ends_on <= said.ends_on:
            return said
        length = ends_on - starts_on
        around = [
            other
            for other in others
            if other.kind == values["kind"]
            and other.starts_on <= starts_on
            and ends_on <= other.ends_on
            and other.ends_on - other.starts_on > length
        ]
        return min(around, key=lambda each: each.ends_on - each.starts_on, default=None)

    def imagined(self, outcome: Outcome) -> Any:
        return Term(year=outcome.extra["year"], **outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        term = institutions.add_term(year=outcome.extra["year"], fields=self._written(work, outcome), by=work.by)
        # What they are part of from now on.
        held = [each for each in outcome.extra["within"] if each.pk is not None]
        for each in held:
            each.refresh_from_db()
        outcome.extra["made"] = {"within": [each.pk for each in held]}
        return term

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_term(term=outcome.target, fields=self._written(work, outcome), by=work.by)

    def _written(self, work: Work, outcome: Outcome) -> dict[str, Any]:
        """The fields; the term above may have been made by a row before."""
        parent = outcome.fields.get("parent")
        if parent is None or parent.pk is not None:
            return outcome.fields
        made = next(work.frame.where(self.name, year=outcome.extra["year"], name=parent.name))
        return {**outcome.fields, "parent": made}


class GradeLevels(Made):
    """Grades that some row names; no file has a row for one."""

    name = staged.GRADE_LEVEL
    permission = "institutions.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        code = outcome.row.values["code"]
        outcome.target = outcome.target or work.frame.level(code)
        if outcome.target is not None:
            return
        taken = {row.position for row in work.frame.rows[self.name]}
        position = int(code) if code.isdecimal() else 0 if code in {"KG", "K"} else 100
        while position in taken:
            position = max(taken, default=0) + 1
        name = f"Grade {int(code)}" if code.isdecimal() else code
        self.differ(work, outcome, {"code": code, "name": name, "position": position})

    def imagined(self, outcome: Outcome) -> Any:
        return GradeLevel(**outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        return institutions.add_grade_level(fields=outcome.fields, by=work.by)
