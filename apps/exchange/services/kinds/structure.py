"""Campuses, years, terms, grade levels, courses, sections and classes: few rows, each written by its own service."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import Counterpart, ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, parted, remember_written, require
from apps.exchange.services.reading import staged
from apps.institutions import services as institutions
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.institutions.selectors import today_at
from apps.institutions.services import bulk


class Structural:
    """What these kinds have in common: looked up in the frame, written one by one."""

    name: str
    permission: str

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = []
        for row in rows:
            outcome = Outcome(row, errors=list(row.errors))
            outcomes.append(outcome)
            if outcome.errors:
                work.frame.refused.add((self.name, row.key))
                continue
            outcome.target = work.frame.find(self.name, row.key)
            self.look(work, outcome)
            if outcome.errors or outcome.skipped:
                work.frame.refused.add((self.name, row.key))
                continue
            self._settle(work, outcome)
        require(work, outcomes, self.permission, self.place)
        return outcomes

    def _settle(self, work: Work, outcome: Outcome) -> None:
        row, frame = outcome.row, work.frame
        deleted = row.values.get("deleted") == "true"
        if outcome.target is None:
            if deleted or (self.name, row.key) in frame.removed:
                outcome.skipped = True
                return
            frame.add(self.name, row.key, self.imagined(outcome))
            return
        if outcome.target.pk is None:
            # Another row of this file makes it.
            outcome.refuse(errors.DuplicateInFile(what=self.name, first=row.row, file=row.file))
            return
        work.claim(outcome)
        frame.by_key[self.name, row.key] = outcome.target
        if deleted:
            # Years, courses and classes hold history: a person decides what becomes of them.
            outcome.skipped = True
            return
        key = (self.name, outcome.target.pk)
        ours = {frame.external.get(key), str(outcome.target.sourced_id)}
        if self.name != staged.GRADE_LEVEL and not row.key.startswith("~") and row.key not in ours:
            outcome.before["sourcedId"] = frame.external.get(key, "")
            outcome.after["sourcedId"] = row.key

    def differ(self, work: Work, outcome: Outcome, wanted: dict[str, Any]) -> None:
        target = outcome.target
        outcome.differ(wanted, {} if target is None else work.frame.values.get((self.name, target.pk), {}))

    def need(self, work: Work, outcome: Outcome, kind: str, key: str, column: str) -> Any:
        """The row that this one refers to, or ``None`` with the refusal said."""
        found = work.frame.institution(key) if kind == staged.INSTITUTION else work.frame.find(kind, key)
        if found is None:
            gone = (kind, key) in work.frame.refused
            refusal = errors.RefersToRefused if gone else errors.RefersToNothing
            outcome.refuse(refusal(what=kind, value=key or "(empty)"), column)
        return found

    def place(self, outcome: Outcome) -> Any:
        """The campus at which the permission must be held."""
        return outcome.extra.get("institution")

    def look(self, work: Work, outcome: Outcome) -> None:
        raise NotImplementedError

    def imagined(self, outcome: Outcome) -> Any:
        """The row as it would be, not saved, for others to refer to."""
        raise NotImplementedError

    def create(self, work: Work, outcome: Outcome) -> Any:
        raise NotImplementedError

    def change(self, work: Work, outcome: Outcome) -> None:
        raise NotImplementedError

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            if each.action == Action.CREATE:
                imagined = work.frame.find(self.name, each.row.key)
                each.target = self.create(work, each)
                if imagined is not None:
                    work.frame.rows[self.name] = [row for row in work.frame.rows[self.name] if row is not imagined]
                work.frame.add(self.name, each.row.key, each.target)
            elif each.fields:
                self.change(work, each)
        remember_written(work, self.name, outcomes)


class Institutions(Structural):
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


class Years(Structural):
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
            same = [each for each in overlapping if each.pk] or [each for each in there if each.name == values["name"]]
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


class Terms(Structural):
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


class GradeLevels(Structural):
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


class HomeroomCourses(Structural):
    """``courses`` that only homerooms refer to: sections need none, so it is remembered and nothing is written."""

    name = staged.HOMEROOM_COURSE
    permission = "sections.manage"

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = []
        known = {
            (kind, row_id)
            for kind, row_id in Counterpart.objects.filter(kind__startswith="homeroom@").values_list("kind", "row_id")
        }
        for row in rows:
            outcome = Outcome(row, errors=list(row.errors))
            outcomes.append(outcome)
            institution = work.frame.institution(row.values.get("institution", ""))
            level = work.frame.level(row.values.get("grade", ""))
            outcome.extra |= {"institution": institution, "level": level}
            outcome.target = level
            held = (
                institution is None
                or level is None
                or (f"homeroom@{institution.pk}", level.pk) in known
                or row.key == homeroom_course_id(institution, level)
            )
            outcome.skipped = held and level is None
            if not held:
                outcome.target, outcome.after = None, {"sourcedId": row.key}
        return outcomes

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        Counterpart.objects.bulk_create(
            [
                Counterpart(
                    kind=f"homeroom@{each.extra['institution'].pk}",
                    row_id=each.extra["level"].pk,
                    external_id=each.row.key,
                    run=work.run,
                )
                for each in outcomes
                if each.action == Action.CREATE
            ],
            ignore_conflicts=True,
        )
        for each in outcomes:
            each.target = each.extra["level"]


def homeroom_course_id(institution: Institution, level: GradeLevel) -> str:
    """What the course of a level's homerooms is called outside, where no file has named it."""
    return str(uuid.uuid5(institution.sourced_id, f"homeroom {level.sourced_id}"))


class Courses(Structural):
    """``courses``."""

    name = staged.COURSE
    permission = "sections.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values = outcome.row.values
        institution = self.need(work, outcome, staged.INSTITUTION, values.get("institution", ""), "orgSourcedId")
        if institution is None:
            return
        outcome.extra["institution"] = institution
        if outcome.target is None:
            outcome.target = work.frame.numbered(self.name, institution, values["code"])
        wanted: dict[str, Any] = {name: values[name] for name in ("code", "title", "subject", "subject_code")}
        wanted["grade_level"] = work.frame.level(values.get("grade", ""))
        self.differ(work, outcome, wanted)

    def imagined(self, outcome: Outcome) -> Any:
        return Course(institution=outcome.extra["institution"], **outcome.fields)

    def create(self, work: Work, outcome: Outcome) -> Any:
        return institutions.add_course(institution=outcome.extra["institution"], fields=outcome.fields, by=work.by)

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_course(course=outcome.target, fields=outcome.fields, by=work.by)


def year_of(work: Work, outcome: Outcome, institution: Any) -> Any:
    """The year a group is of: by its sessions, by a year's name, or the one that runs."""
    values, frame = outcome.row.values, work.frame
    sessions = values.get("sessions") or []
    for key in sessions:
        term = frame.find(staged.TERM, key)
        year = frame.find(staged.YEAR, key) if term is None else term.year
        if year is not None:
            return year
    years = list(frame.where(staged.YEAR, institution=institution))
    named = values.get("year", "")
    if named:
        found = next((each for each in years if each.name == named), None)
    else:
        running = [each for each in years if each.state == "active"] or (years if len(years) == 1 else [])
        found = running[0] if running and not sessions else None
    if found is None:
        key = sessions[0] if sessions else named
        gone = any((kind_, key) in frame.refused for kind_ in (staged.YEAR, staged.TERM))
        refusal = errors.RefersToRefused if gone else errors.RefersToNothing
        outcome.refuse(refusal(what="academic session", value=key or "(empty)"), "termSourcedIds")
    elif found.state == AcademicYear.State.CLOSED:
        outcome.refuse(errors.YearClosed(year=found.name), "termSourcedIds")
    return found


class Sections(Structural):
    """``classes`` of the type homeroom, and the template of sections."""

    name = staged.SECTION
    permission = "sections.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values = outcome.row.values
        institution = self.need(work, outcome, staged.INSTITUTION, values.get("institution", ""), "schoolSourcedId")
        if institution is None:
            return
        outcome.extra["institution"] = institution
        year = outcome.target.year if outcome.target is not None else year_of(work, outcome, institution)
        if year is None or outcome.errors:
            return
        level = work.frame.level(values.get("grade", "")) or getattr(outcome.target, "grade_level", None)
        if level is None:
            outcome.refuse(errors.GradeMissing(), "grades")
            return
        name = section_name(level, values["name"])
        if outcome.target is None:
            outcome.target = next(work.frame.where(self.name, year=year, grade_level=level, name=name), None)
        outcome.extra |= {"year": year, "level": level}
        wanted: dict[str, Any] = {"name": name, "room": values.get("room", "")}
        if "capacity" in values:
            wanted["capacity"] = int(values["capacity"]) if values["capacity"] else None
        self.differ(work, outcome, wanted)
        if outcome.target is None:
            outcome.after["grade"] = str(level)

    def imagined(self, outcome: Outcome) -> Any:
        extra = outcome.extra
        return Section(
            institution=extra["institution"], year=extra["year"], grade_level=extra["level"], **outcome.fields
        )

    def create(self, work: Work, outcome: Outcome) -> Any:
        return institutions.add_section(
            year=outcome.extra["year"], grade_level=outcome.extra["level"], fields=outcome.fields, by=work.by
        )

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_section(section=outcome.target, fields=outcome.fields, by=work.by)


def section_name(level: GradeLevel, title: str) -> str:
    """“7 B” and “Grade 7 B” are the section B of Grade 7: its level is known already."""
    for before in (level.name, level.code, level.code.lstrip("0")):
        rest = title[len(before) :].strip(" -–")
        if before and rest and title.casefold().startswith(f"{before.casefold()} "):
            return rest
    return title[:60]


class Classes(Structural):
    """``classes`` of the type scheduled."""

    name = staged.CLASS
    permission = "sections.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values, frame = outcome.row.values, work.frame
        course = self.need(work, outcome, staged.COURSE, values.get("course", ""), "courseSourcedId")
        if course is None:
            return
        outcome.extra |= {"institution": course.institution, "course": course}
        year = outcome.target.year if outcome.target is not None else year_of(work, outcome, course.institution)
        if year is None or outcome.errors:
            return
        if outcome.target is None:
            outcome.target = frame.numbered(self.name, year, values["code"])
        section = frame.find(staged.SECTION, values["section"]) if values.get("section") else None
        terms = [frame.find(staged.TERM, key) for key in values.get("sessions", [])]
        outcome.extra |= {"year": year, "terms": [each for each in terms if each is not None and each.year == year]}
        wanted = {"code": values["code"], "title": values["title"], "room": values.get("room", "")}
        if section is not None and section.year == year:
            wanted["section"] = section
        self.differ(work, outcome, wanted)

    def imagined(self, outcome: Outcome) -> Any:
        extra = outcome.extra
        return CourseClass(
            institution=extra["institution"], year=extra["year"], course=extra["course"], **outcome.fields
        )

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        new, there = parted(outcomes)
        wanted = [
            bulk.NewClass(each.extra["course"], each.extra["year"], each.fields, each.extra["terms"]) for each in new
        ]
        for each, row in zip(new, bulk.add_many_classes(classes=wanted, reason=work.reason, by=work.by), strict=True):
            each.target = row
            work.frame.add(self.name, each.row.key, row)
        for each in there:
            if each.fields:
                self.change(work, each)
        remember_written(work, self.name, outcomes)

    def change(self, work: Work, outcome: Outcome) -> None:
        institutions.change_class(course_class=outcome.target, fields=outcome.fields, by=work.by)


KINDS: tuple[Structural, ...] = (
    Institutions(), Years(), Terms(), GradeLevels(), HomeroomCourses(), Courses(), Sections(), Classes(),
)  # fmt: skip
