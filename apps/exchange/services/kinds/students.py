"""Students, and the year they are enrolled in."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import F

from apps.exchange import errors
from apps.exchange.services.comparing import Outcome, Work, as_kept, plain, refused
from apps.exchange.services.kinds.alike import full_name
from apps.exchange.services.kinds.dated import last_end
from apps.exchange.services.kinds.people import People, day_of
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.institutions.selectors import today_at
from apps.students.errors import AlreadyEnrolled
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.services import change_exit
from apps.students.services.books import put_on_books
from apps.students.services.changing import StudentChange, change_students
from apps.students.services.placing import Admission, Placement, ReEnrolment
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import fold
from schoolops.rows import among

# What ends with an enrolment, and comes back with it.
ENDS: Mapping[str, Any] = {
    "enrolments": Enrolment,
    "seats": SectionMembership,
    "places": ClassEnrolment,
}


def _groups(work: Work, values: Mapping[str, Any]) -> list[Any]:
    """The classes, sections first, that other rows put a student in and the file has no row for."""
    kinds = (staged.SECTION, staged.CLASS)
    found = (work.frame.find(kind, key) for kind in kinds for key in values.get("elsewhere") or ())
    return [each for each in found if each is not None]


def year_meant(work: Work, values: Mapping[str, Any], institution: Any) -> AcademicYear | None:
    """The year a student of the file is enrolled in: as said, else of a class they are in, else the one that runs, else
    the first that is open."""
    frame = work.frame
    if values.get("year"):
        return frame.year(values["year"], values.get("institution", ""))
    if groups := _groups(work, values):
        return groups[0].year  # type: ignore[no-any-return]
    open_ones = [
        each for each in frame.where(staged.YEAR, institution=institution) if each.state != AcademicYear.State.CLOSED
    ]
    running = [outcome for outcome in open_ones if outcome.state == AcademicYear.State.ACTIVE]
    return next(iter(running or open_ones), None)


def grade_meant(work: Work, values: Mapping[str, Any]) -> GradeLevel | None:
    """The grade level as said, else of a section they are in."""
    if values.get("grade"):
        return work.frame.level(values["grade"])
    return next((group.grade_level for group in _groups(work, values) if isinstance(group, Section)), None)


def enrolments_of(students: Collection[int]) -> dict[int, list[Enrolment]]:
    """Student → their enrolments, the last first; one of no day was taken back. One query."""
    found: dict[int, list[Enrolment]] = defaultdict(list)
    rows = Enrolment.objects.filter(among("student", students), primary=True).exclude(exited_on=F("entered_on"))
    for row in rows.select_related("grade_level", "year").order_by("-entered_on") if students else ():
        found[row.student_id].append(row)
    return found


def same_enrolment(rows: Sequence[Enrolment], year: Any, entered: dt.date, exited: dt.date | None) -> Enrolment | None:
    """Which of a student's enrolments the file means."""
    mine = [row for row in rows if row.year_id == year.pk]
    until = exited or year.over_on
    exact = next((each for each in mine if each.entered_on == entered), None)
    return exact or next((each for each in mine if max(each.entered_on, entered) < min(each.until, until)), None)


class Students(People):
    """Students, and the year they are enrolled in."""

    name = staged.STUDENT
    model = Student
    permission = "students.manage"
    number = "admission_number"
    related = ("user", "institution")
    fields: ClassVar[Mapping[str, Any]] = {
        "admission_number": str, "given_name": str, "middle_name": str, "family_name": str, "preferred_name": str,
        "birth_date": day_of, "sex": lambda value: value or "unspecified", "email": str, "phone": str, "address": str,
    }  # fmt: skip

    def alike(self, outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Any]]:
        """Those of the same name and birth date, whatever their number: never a twin."""
        born = [each for each in outcomes if each.row.values.get("birth_date")]
        if not born:
            return []
        there: dict[tuple[str, str], Student] = {}
        days = {each.row.values["birth_date"] for each in born}
        for student in Student.objects.kept().filter(birth_date__in=days).select_related(*self.related).order_by("-pk"):
            there[full_name(student), plain(student.birth_date)] = student
        found = [(each, there.get((full_name(each.row.values), each.row.values["birth_date"]))) for each in born]
        return [(each, student) for each, student in found if student is not None and _middle(each, student)]

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        placed = [outcome for outcome in outcomes if self._place(work, outcome)]
        gone = [outcome for outcome in outcomes if outcome.row.values.get("deleted") == "true"]
        held = enrolments_of({each.target.pk for each in (*placed, *gone) if each.target is not None})
        for each in placed:
            self._compare_enrolment(each, [] if each.target is None else held[each.target.pk])
        for each in gone:
            today = today_at(each.target.institution)
            now = next((row for row in reversed(held[each.target.pk]) if row.until > today), None)
            if now is not None:
                self._compare_exit(each, now, max(today, now.entered_on))

    def _place(self, work: Work, outcome: Outcome) -> bool:
        """Where the student goes; whether anywhere."""
        values = outcome.row.values
        code, deleted = values.get("grade", ""), values.get("deleted") == "true"
        if outcome.errors or deleted or not (code or values.get("elsewhere")):
            return False
        level = grade_meant(work, values)
        if level is None:
            if code:
                outcome.refuse(errors.RefersToRefused(what="grade", value=code), "grades")
            return False
        year = year_meant(work, values, outcome.extra["institution"])
        if year is None:
            outcome.refuse(errors.NoYearToEnrolIn(), "grades")
            return False
        entered, exited = day_of(values.get("entered_on")), last_end(year, day_of(values.get("exited_on")))
        if exited is not None and entered is not None and exited < entered:
            outcome.refuse(errors.EndsBeforeStart(starts_on=entered, ends_on=exited), "endDate")
            return False
        if exited is not None and exited <= max(entered or year.starts_on, year.starts_on):
            # Of a year before, or of no day.
            return False
        entered = entered or year.starts_on
        if entered > year.ends_on:
            refusal = errors.OutsideYear(day=entered, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
            outcome.refuse(refusal, "beginDate")
            return False
        outcome.extra["placement"] = Placement(year, level, max(entered, year.starts_on), exited_on=exited)
        return True

    def _compare_enrolment(self, outcome: Outcome, held: Sequence[Enrolment]) -> None:
        placement: Placement = outcome.extra["placement"]
        year, entered = placement.year, placement.entered_on
        there = same_enrolment(held, year, entered, placement.exited_on) if year.pk else None
        if there is None:
            until = placement.exited_on or year.over_on
            if year.state == AcademicYear.State.CLOSED:
                outcome.refuse(errors.YearClosed(year=year.name), "grades")
            elif any(max(each.entered_on, entered) < min(each.until, until) for each in held):
                outcome.refuse(AlreadyEnrolled(), "beginDate")
            else:
                outcome.after["enrolment"] = f"{year.name}, {placement.grade_level.name}"
                outcome.known[_exit_of(year)] = plain(placement.exited_on)
            return
        outcome.extra.pop("placement")
        if there.grade_level != placement.grade_level:
            outcome.kept["grade"] = [str(there.grade_level), str(placement.grade_level)]
        if "exited_on" in outcome.row.values:
            self._compare_exit(outcome, there, placement.exited_on)

    @staticmethod
    def _compare_exit(outcome: Outcome, enrolment: Enrolment, exited_on: dt.date | None) -> None:
        """The file's word counts unless a person decided since."""
        year = enrolment.year
        old, new, name = plain(last_end(year, enrolment.exited_on)), plain(exited_on), _exit_of(year)
        outcome.known[name] = new
        if old == new:
            return
        if outcome.extra["remembered"].get(name, "") != old and not outcome.takes_over("exited_on"):
            outcome.kept["exited_on"] = [old, new]
            del outcome.known[name]
        elif year.state == AcademicYear.State.CLOSED:
            outcome.refuse(errors.YearClosed(year=year.name), "endDate")
        else:
            outcome.extra["exit"] = (enrolment, exited_on)
            outcome.before["exited_on"], outcome.after["exited_on"] = old, new

    def end(self, outcome: Outcome) -> None:
        """By the day, with the enrolment."""

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        wishes = [
            Admission(
                Student(institution=outcome.extra["institution"], **outcome.fields),
                outcome.fields,
                outcome.extra.get("placement"),
            )
            for outcome in outcomes
        ]
        done = put_on_books(wishes, reason=work.reason, by=work.by)
        refused(outcomes, done.refused)
        return [None if number in done.refused else wish.student for number, wish in enumerate(wishes)]

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        changes = [StudentChange(outcome.target, outcome.fields) for outcome in outcomes]
        # What was written first goes with it, so one that is refused takes the chunk back.
        change_students(changes, reason=work.reason, by=work.by).all()

    def write_first(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        again = [outcome for outcome in outcomes if "placement" in outcome.extra]
        done = put_on_books(
            [ReEnrolment(each.target, each.extra["placement"]) for each in again], reason=work.reason, by=work.by
        )
        for number, each in enumerate(again):
            if number in done.refused:
                each.refuse(done.refused[number])
            else:
                each.extra["made"] = {"enrolment": done.rows[number].pk}
        self._end_enrolments(work, [outcome for outcome in outcomes if "exit" in outcome.extra and not outcome.errors])

    @staticmethod
    def _end_enrolments(work: Work, outcomes: Sequence[Outcome]) -> None:
        students = {outcome.target.pk for outcome in outcomes}
        if not students:
            return
        before = _ends(students)
        for outcome in outcomes:
            enrolment, exited_on = outcome.extra["exit"]
            try:
                change_exit(enrolment=enrolment, on=exited_on, reason=work.reason, by=work.by)
            except Unavailable:
                raise
            except SchoolOpsError as refusal:
                outcome.refuse(refusal)
        after = _ends(students)
        for outcome in outcomes:
            mine = {(name, pk): kept for (name, student, pk), kept in before.items() if student == outcome.target.pk}
            ended = [
                [name, kept] for (name, pk), kept in mine.items() if after.get((name, outcome.target.pk, pk)) != kept
            ]
            outcome.extra["made"] = {**outcome.extra.get("made", {}), "ended": ended}


def _middle(outcome: Outcome, student: Student) -> bool:
    said = outcome.row.values.get("middle_name", "")
    return not said or not student.middle_name or fold(said) == fold(student.middle_name)


def _exit_of(year: AcademicYear) -> str:
    return f"exited_on@{year.pk}"


def _ends(students: Collection[int]) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Every row of theirs that may end with an enrolment, as it is. Three queries."""
    return {
        (name, row.student_id, row.pk): as_kept(row)
        for name, model in ENDS.items()
        for row in model.objects.filter(among("student", students))
    }
