"""Students, and the year they are enrolled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from apps.exchange import errors
from apps.exchange.services.comparing import (
    Outcome,
    Work,
)
from apps.exchange.services.kinds.people import People, day_of
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear
from apps.students.models import Enrolment, Student
from apps.students.services.books import place
from apps.students.services.changing import StudentChange, change_students
from apps.students.services.placing import Admission, Placement, ReEnrolment


def year_meant(work: Work, values: Mapping[str, Any], institution: Any) -> AcademicYear | None:
    """The year a student of the file is enrolled in: as said, else the one that runs, else the first that is open."""
    frame = work.frame
    if values.get("year"):
        term = frame.find(staged.TERM, values["year"])
        found: AcademicYear | None = frame.find(staged.YEAR, values["year"]) if term is None else term.year
        return found
    open_ones = [
        each for each in frame.where(staged.YEAR, institution=institution) if each.state != AcademicYear.State.CLOSED
    ]
    running = [each for each in open_ones if each.state == AcademicYear.State.ACTIVE]
    return next(iter(running or open_ones), None)


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

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        placed = [each for each in outcomes if self._place(work, each)]
        years = {each.extra["placement"].year for each in placed if each.extra["placement"].year.pk}
        held: dict[tuple[int, int], Enrolment] = {
            (row.student_id, row.year_id): row
            for row in Enrolment.objects.select_related("grade_level").filter(
                student__in=[each.target for each in placed if each.target is not None], year__in=years, primary=True
            )
        }
        for each in placed:
            placement: Placement = each.extra["placement"]
            enrolment = held.get((each.target.pk, placement.year.pk)) if each.target is not None else None
            if enrolment is None:
                each.after["enrolment"] = f"{placement.year.name}, {placement.grade_level.name}"
                continue
            each.extra.pop("placement")
            if enrolment.grade_level != placement.grade_level:
                each.kept["grade"] = [str(enrolment.grade_level), str(placement.grade_level)]

    def _place(self, work: Work, outcome: Outcome) -> bool:
        """Where the student goes; whether anywhere."""
        values = outcome.row.values
        code = values.get("grade", "")
        if outcome.errors or not code or values.get("deleted") == "true":
            return False
        level = work.frame.level(code)
        if level is None:
            outcome.refuse(errors.RefersToRefused(what="grade", value=code), "grades")
            return False
        institution = outcome.extra["institution"]
        year = year_meant(work, values, institution)
        if year is None:
            outcome.refuse(errors.NoYearToEnrolIn(), "grades")
            return False
        entered = day_of(values.get("entered_on")) or year.starts_on
        if entered > year.ends_on:
            refusal = errors.OutsideYear(day=entered, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
            outcome.refuse(refusal, "beginDate")
            return False
        exited = day_of(values.get("exited_on"))
        exited = exited if exited is not None and exited < year.ends_on else None
        outcome.extra["placement"] = Placement(year, level, max(entered, year.starts_on), exited_on=exited)
        return True

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        wishes = [
            Admission(
                Student(institution=each.extra["institution"], **each.fields), each.fields, each.extra.get("placement")
            )
            for each in outcomes
        ]
        done = place(wishes, reason=work.reason, by=work.by)
        for number, refusal in done.refused.items():
            outcomes[number].refuse(refusal)
        return [None if number in done.refused else wish.student for number, wish in enumerate(wishes)]

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        change_students(
            [StudentChange(each.target, each.fields) for each in outcomes], reason=work.reason, by=work.by
        ).all()

    def write_first(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        again = [each for each in outcomes if "placement" in each.extra]
        done = place(
            [ReEnrolment(each.target, each.extra["placement"]) for each in again], reason=work.reason, by=work.by
        )
        for number, each in enumerate(again):
            if number in done.refused:
                each.refuse(done.refused[number])
            else:
                each.extra["made"] = {"enrolment": done.rows[number].pk}
