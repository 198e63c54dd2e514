"""Courses, sections and classes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import Counterpart, ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, parted, plain, remember_written
from apps.exchange.services.kinds.structure import Changing, Structural
from apps.exchange.services.reading import staged
from apps.institutions import services as institutions
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.institutions.services import bulk
from schoolops.folding import fold


class HomeroomCourses:
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
            outcome = work.outcome(row)
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
                    kind=f"homeroom@{outcome.extra['institution'].pk}",
                    row_id=outcome.extra["level"].pk,
                    external_id=outcome.row.key,
                    run=work.run,
                )
                for outcome in outcomes
                if outcome.action == Action.CREATE
            ],
            ignore_conflicts=True,
        )
        for outcome in outcomes:
            outcome.target = outcome.extra["level"]


def homeroom_course_id(institution: Institution, level: GradeLevel) -> str:
    """What the course of a level's homerooms is called outside, where no file has named it."""
    return str(uuid.uuid5(institution.sourced_id, f"homeroom {level.sourced_id}"))


class Courses(Changing):
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
        outcome.stays("institution", institution)
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
        year = frame.year(key, values.get("institution", ""))
        if year is not None:
            return year
    years = list(frame.where(staged.YEAR, institution=institution))
    named = values.get("year", "")
    if named:
        found = next(frame.where(staged.YEAR, institution=institution, name=named), None)
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


LONGEST_SECTION: int = Section._meta.get_field("name").max_length or 0


class Sections(Changing):
    """``classes`` of the type homeroom, and the template of sections."""

    name = staged.SECTION
    permission = "sections.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values = outcome.row.values
        institution = self.need(work, outcome, staged.INSTITUTION, values.get("institution", ""), "schoolSourcedId")
        if institution is None:
            return
        outcome.extra["institution"] = institution
        outcome.stays("institution", institution)
        year = _kept_year(work, outcome, institution)
        if year is None or outcome.errors:
            return
        level = (
            work.frame.level(values.get("grade", ""))
            or getattr(outcome.target, "grade_level", None)
            or work.frame.homerooms.get(values.get("course", ""))
        )
        if level is None:
            outcome.refuse(errors.GradeMissing(), "grades")
            return
        name = section_name(level, values["name"])
        if len(name) > LONGEST_SECTION:
            outcome.refuse(errors.ValueTooLong(most=LONGEST_SECTION), "title")
            return
        if outcome.target is None:
            outcome.target = next(work.frame.where(self.name, year=year, grade_level=level, name=name), None)
        outcome.extra |= {"year": year, "level": level}
        wanted: dict[str, Any] = {"name": name, "room": values.get("room", "")}
        if "capacity" in values:
            wanted["capacity"] = int(values["capacity"]) if values["capacity"] else None
        if outcome.target is not None and outcome.target.grade_level != level:
            if outcome.target.pk is None or outcome.target.memberships.exists():
                outcome.stays("grade_level", level)
            else:
                wanted["grade_level"] = level
        self.differ(work, outcome, wanted)
        if outcome.target is None:
            outcome.after["grade"] = str(level)
        elif "capacity" in outcome.fields:
            work.limits[id(outcome.target)] = outcome.fields["capacity"]

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


def _kept_year(work: Work, outcome: Outcome, institution: Any) -> Any:
    """The year a group is of, for good."""
    if outcome.target is None:
        return year_of(work, outcome, institution)
    there, org = outcome.target.year, outcome.row.values.get("institution", "")
    said = [year for key in outcome.row.values.get("sessions") or [] if (year := work.frame.year(key, org)) is not None]
    if said and there not in said:
        outcome.stays("year", said[0])
    return there


def section_name(level: GradeLevel, title: str) -> str:
    """“7 B” and “Grade 7 B” are the section B of Grade 7: its level is known already."""
    for before in (level.name, level.code, level.code.lstrip("0")):
        rest = title[len(before) :].strip(" -–")
        if before and rest and fold(title).startswith(f"{fold(before)} "):
            return rest
    return title


def _keys(terms: Iterable[Term]) -> str:
    return ",".join(sorted(str(term.pk) for term in terms))


class Classes(Structural):
    """``classes`` of the type scheduled."""

    name = staged.CLASS
    permission = "sections.manage"

    def look(self, work: Work, outcome: Outcome) -> None:
        values, frame = outcome.row.values, work.frame
        key = values.get("course", "")
        # Of one that several campuses share, the campus's own.
        course = frame.find(staged.COURSE, f"{key}@{values.get('institution', '')}") or self.need(
            work, outcome, staged.COURSE, key, "courseSourcedId"
        )
        if course is None:
            return
        outcome.extra |= {"institution": course.institution, "course": course}
        year = _kept_year(work, outcome, course.institution)
        if year is None or outcome.errors:
            return
        if outcome.target is None:
            outcome.target = frame.numbered(self.name, year, values["code"])
        section = frame.find(staged.SECTION, values["section"]) if values.get("section") else None
        found = [frame.session(key, values.get("institution", "")) for key in values.get("sessions", [])]
        terms = [each for each in found if isinstance(each, Term) and each.year == year]
        outcome.extra |= {"year": year, "terms": terms}
        wanted = {"code": values["code"], "title": values["title"], "room": values.get("room", "")}
        if section is not None and section.year == year:
            wanted["section"] = section
        if outcome.target is not None:
            if course.institution == outcome.target.institution:
                wanted["course"] = course
            else:
                outcome.stays("institution", course.institution)
        self.differ(work, outcome, wanted)
        outcome.known.setdefault("course", plain(course))
        if year in found or terms:
            self._compare_terms(work, outcome, terms)

    def _compare_terms(self, work: Work, outcome: Outcome, terms: Sequence[Term]) -> None:
        """Without terms a class runs all year."""
        target, keys = outcome.target, _keys(terms)
        outcome.known["terms"] = keys
        if target is None or target.pk is None or (there := _keys(target.terms.all())) == keys:
            return
        old, new = plain(target.terms), ", ".join(sorted(map(str, terms)))
        if work.frame.values.get((self.name, target.pk), {}).get("terms", "") == there or outcome.takes_over("terms"):
            outcome.before["terms"], outcome.after["terms"] = old, new
        else:
            outcome.kept["terms"] = [old, new]

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
            terms = each.extra["terms"] if "terms" in each.after else None
            if each.fields or terms is not None:
                if terms is not None:
                    each.extra["made"] = {"terms": [term.pk for term in each.target.terms.all()]}
                institutions.change_class(course_class=each.target, fields=each.fields, terms=terms, by=work.by)
        remember_written(work, self.name, outcomes)
