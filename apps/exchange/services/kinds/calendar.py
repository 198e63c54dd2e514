"""Campuses, years and their terms, and grade levels."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.exchange import errors
from apps.exchange.services.comparing import Outcome, Work
from apps.exchange.services.kinds.structure import Changing, Made
from apps.exchange.services.reading import staged
from apps.institutions import services as institutions
from apps.institutions.errors import TermsOverlap
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Term
from apps.institutions.selectors import today_at


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
        like = next((each for each in work.frame.rows[self.name] if each.pk), None)
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
        if outcome.target is None:
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
        values = outcome.row.values
        year = self.need(work, outcome, staged.YEAR, values.get("year", ""), "parentSourcedId")
        if year is None:
            return
        outcome.extra["institution"] = year.institution
        starts_on, ends_on = (dt.date.fromisoformat(values[name]) for name in ("starts_on", "ends_on"))
        if ends_on < starts_on:
            outcome.refuse(errors.EndsBeforeStart(starts_on=starts_on, ends_on=ends_on), "endDate")
            return
        if outcome.target is None:
            outcome.target = next(work.frame.where(self.name, year=year, name=values["name"]), None)
        others = (each for each in work.frame.where(self.name, year=year) if each.kind == values["kind"])
        if any(
            each is not outcome.target and each.starts_on <= ends_on and starts_on <= each.ends_on for each in others
        ):
            outcome.refuse(TermsOverlap(), "startDate")
            return
        if outcome.target is None and not (year.starts_on <= starts_on and ends_on <= year.ends_on):
            refusal = errors.OutsideYear(
                day=starts_on if starts_on < year.starts_on else ends_on,
                year=year.name,
                starts_on=year.starts_on,
                ends_on=year.ends_on,
            )
            outcome.refuse(refusal, "startDate")
            return
        parent = work.frame.find(self.name, values["parent"]) if values.get("parent") else None
        outcome.extra["year"] = year
        wanted = {"name": values["name"], "kind": values["kind"], "starts_on": starts_on, "ends_on": ends_on}
        if outcome.target is None and parent is not None:
            outcome.extra["parent"] = parent
        self.differ(work, outcome, wanted)

    def imagined(self, outcome: Outcome) -> Any:
        return Term(year=outcome.extra["year"], **outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        more = {"parent": outcome.extra["parent"]} if "parent" in outcome.extra else {}
        return institutions.add_term(year=outcome.extra["year"], fields={**outcome.fields, **more}, by=work.by)

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_term(term=outcome.target, fields=outcome.fields, by=work.by)


class GradeLevels(Made):
    """Grades that some row names; no file has a row for one."""

    name = staged.GRADE_LEVEL
    permission = "institutions.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        code = outcome.row.values["code"]
        outcome.target = outcome.target or work.frame.level(code)
        if outcome.target is not None:
            return
        taken = {each.position for each in work.frame.rows[self.name]}
        position = int(code) if code.isdecimal() else 0 if code in {"KG", "K"} else 100
        while position in taken:
            position = max(taken, default=0) + 1
        name = f"Grade {int(code)}" if code.isdecimal() else code
        self.differ(work, outcome, {"code": code, "name": name, "position": position})

    def imagined(self, outcome: Outcome) -> Any:
        return GradeLevel(**outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        return institutions.add_grade_level(fields=outcome.fields, by=work.by)
