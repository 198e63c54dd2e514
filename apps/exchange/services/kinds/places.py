"""Who sits in which section and class, from which day to which."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.exchange import errors
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, plain, remember_written, require
from apps.exchange.services.kinds.dated import (
    Memory,
    claim,
    claim_by_id,
    find_group,
    inside,
    last_end,
    memory_of,
    overlap,
    recall_given,
    refuse_closed,
    refuse_twice,
    same_place,
    settle_end,
)
from apps.exchange.services.kinds.finding import find_people
from apps.exchange.services.kinds.people import day_of
from apps.exchange.services.kinds.rooms import recall_seat, refuse_full
from apps.exchange.services.kinds.students import enrolments_of, grade_meant, same_enrolment, year_meant
from apps.exchange.services.reading import staged
from apps.institutions.models import Section
from apps.students.errors import AlreadyInClass
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership
from apps.students.services.books import put_on_books
from apps.students.services.changing import Ending, end_places
from apps.students.services.placing import ClassPlace, SectionPlace
from schoolops import clock
from schoolops.rows import among


@dataclass(slots=True)
class There:
    """What the students of a chunk have, were the file applied: places and enrolments by student, the last first."""

    memberships: dict[int, list[SectionMembership]]
    places: dict[int, list[ClassEnrolment]]
    enrolments: dict[int, list[Enrolment]]
    # Whom a row of this file enrols anew, and whose enrolment it ends: student → the values of that row.
    again: dict[int, dict[str, Any]]
    ends: dict[int, dict[str, Any]]
    # As it is applied: (table, key) → when a place ended before a row of this file let its student leave.
    were: dict[tuple[str, int], dt.date | None]


# What ends with an enrolment, as the rows of students keep it → which table it is of.
_ENDED = {"seats": staged.MEMBERSHIP, "places": staged.PLACE}


def what_is_there(work: Work, outcomes: Sequence[Outcome]) -> There:
    """Four queries."""
    students = {outcome.extra["student"].pk for outcome in outcomes} - {None}
    found = There(defaultdict(list), defaultdict(list), enrolments_of(students), {}, {}, {})
    if not students:
        return found
    classes = {outcome.extra["group"].pk for outcome in outcomes if not isinstance(outcome.extra["group"], Section)} - {
        None
    }
    for membership in SectionMembership.objects.filter(among("student", students)).select_related(
        "section__grade_level", "student"
    ):
        found.memberships[membership.student_id].append(membership)
    for place in ClassEnrolment.objects.filter(
        among("student", students), among("course_class", classes)
    ).select_related("student"):
        found.places[place.student_id].append(place)
    rows = ImportRow.objects.filter(
        among("target_id", students), run=work.run, kind=staged.STUDENT, action=Action.UPDATE
    )
    if work.applying:
        for (ended,) in rows.filter(undo__has_key="ended").values_list("undo__ended"):
            found.were |= {
                (_ENDED[name], kept["id"]): day_of(kept["ends_on"]) for name, kept in ended if name in _ENDED
            }
    else:
        for student, values, after in rows.values_list("target_id", "values", "after"):
            if "enrolment" in after:
                found.again[student] = values
            elif "exited_on" in after:
                found.ends[student] = {**values, "exited_on": after["exited_on"]}
    return found


class Places:
    """Students in sections and classes."""

    name = staged.PLACE

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [work.outcome(row) for row in rows]
        people = find_people(work, staged.STUDENT, [row.values["person"] for row in rows])
        for each in outcomes:
            each.extra["student"] = people.need(each, each.row.values["person"], "userSourcedId")
            each.extra["merged"] = each.row.values["person"] in people.merged
            # One cause is said once.
            each.extra["group"] = None if each.errors else find_group(work, each, each.row.values["group"])
            each.table = staged.MEMBERSHIP if isinstance(each.extra["group"], Section) else staged.PLACE
        open_ones = [outcome for outcome in outcomes if not outcome.errors]
        held = what_is_there(work, open_ones)
        memory = memory_of(
            (staged.MEMBERSHIP, staged.PLACE),
            [outcome.row.key for outcome in open_ones],
            {
                staged.MEMBERSHIP: [row for rows in held.memberships.values() for row in rows],
                staged.PLACE: [row for rows in held.places.values() for row in rows],
            },
        )
        claim_by_id(work, open_ones, memory)
        for each in open_ones:
            self._look(work, each, held, memory)
        refuse_closed(open_ones)
        if not work.applying:
            refuse_full(work, outcomes)
        require(work, outcomes, "students.manage", lambda each: getattr(each.extra["group"], "institution", None))
        return outcomes

    def _look(self, work: Work, outcome: Outcome, held: There, memory: Memory) -> None:
        student, group = outcome.extra["student"], outcome.extra["group"]
        year, row = group.year, outcome.row
        days = inside(year, outcome)
        if days is None:
            return
        enrolled = placed_in(work, student, year, held)
        placed = _that_holds(enrolled, *days)
        if placed is None and outcome.extra["merged"]:
            outcome.skipped = True
            return
        if placed is None:
            outcome.refuse(errors.NotPlaced(year=year.name, day=days[0]), "userSourcedId")
            return
        section = outcome.table == staged.MEMBERSHIP
        if section and not outcome.extra["merged"] and placed.level is not None and placed.level != group.grade_level:
            refusal = errors.GradeDiffers(grade=str(placed.level), other=str(group.grade_level))
            outcome.refuse(refusal, "classSourcedId")
            return
        starts_on, ends_on = placed.within(*days)
        mine: list[Any] = (
            [membership for membership in held.memberships.get(student.pk, []) if membership.section_id == group.pk]
            if section
            else [place for place in held.places.get(student.pk, []) if place.course_class_id == group.pk]
        )
        by_id = next((each for each in mine if memory.is_key_of(row.key, outcome.table, each)), None)
        outcome.target = by_id or same_place(mine, starts_on, ends_on)
        gone = row.key in memory.by_key or row.values.get("deleted") == "true"
        if outcome.target is None and (gone or outcome.extra["merged"]):
            # An import wrote it and somebody took it away; it is to go, and never was; or it is of a record that was
            # merged: where the child sits is for the kept record's rows to say.
            outcome.skipped = True
            return
        another = errors.TwoHomerooms(other=str(group)) if section else AlreadyInClass()
        if outcome.extra["merged"] or not claim(work, outcome, another):
            return
        if outcome.target is None and placed.exited_on is not None and days[0] >= placed.exited_on:
            outcome.refuse(errors.NotPlaced(year=year.name, day=starts_on), "userSourcedId")
            return
        if outcome.target is None and ends_on is not None and ends_on <= starts_on:
            # On no day: of an enrolment that is over.
            outcome.skipped = True
            return
        if outcome.target is not None:
            at = outcome.target.starts_on
            ends_on = (_that_holds(enrolled, at, at + dt.timedelta(days=1)) or placed).within(at, days[1])[1]
        outcome.extra |= {"starts_on": starts_on, "ends_on": ends_on}
        before = outcome.target and held.were.get((outcome.table, outcome.target.pk), outcome.target.ends_on)
        settle_end(outcome, year, ends_on, memory.of(outcome.table, outcome.target), before=before)
        if outcome.target is None:
            self._begin(work, outcome, held)

    @staticmethod
    def _begin(work: Work, outcome: Outcome, held: There) -> None:
        extra, section = outcome.extra, outcome.table == staged.MEMBERSHIP
        starts_on, ends_on, group, student = extra["starts_on"], extra["ends_on"], extra["group"], extra["student"]
        outcome.after = {
            "student": str(student),
            "section" if section else "class": str(group),
            "starts_on": plain(starts_on),
        }
        if ends_on is not None:
            outcome.after["ends_on"] = plain(ends_on)
        if not section:
            refuse_twice(work, outcome, starts_on, ends_on, AlreadyInClass())
            return
        for each in held.memberships.get(student.pk, []) if student.pk else []:
            # One that began before ends on the day of the move.
            if (
                each.section.year_id == group.year_id
                and each.starts_on >= starts_on
                and overlap(each, starts_on, ends_on)
            ):
                outcome.refuse(errors.TwoHomerooms(other=str(each.section)), "classSourcedId")
                return
        if work.applying:
            return
        others = work.homerooms[outcome.row.values["person"]]
        for began, ended, other, its_year in others:
            if its_year == group.year.name and clock.meet((began, ended), (starts_on, ends_on)):
                outcome.refuse(errors.TwoHomerooms(other=other), "classSourcedId")
                return
        others.append((starts_on, ends_on, str(group), group.year.name))

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        ended = [outcome for outcome in outcomes if outcome.target is not None and outcome.fields]
        endings = [Ending(each.target, each.fields["ends_on"]) for each in ended]
        for number, refusal in end_places(endings, reason=work.reason, by=work.by).refused.items():
            ended[number].refuse(refusal)
        new = [outcome for outcome in outcomes if outcome.action == Action.CREATE]
        done = put_on_books([_wish(each) for each in new], reason=work.reason, by=work.by)
        for number, each in enumerate(new):
            if number in done.refused:
                each.refuse(done.refused[number])
                continue
            each.target = done.rows[number]
            if number in done.left:
                # No row of the file says so, and it is to end when it did before if the import is taken back.
                key, ends_on = done.left[number]
                each.extra["made"] = {"left": {"id": key, "ends_on": None if ends_on is None else ends_on.isoformat()}}
        for table in (staged.MEMBERSHIP, staged.PLACE):
            remember_written(
                work, table, [outcome for outcome in outcomes if outcome.table == table and not outcome.errors]
            )


def recall_homerooms(work: Work, rows: Sequence[ImportRow]) -> None:
    """Which sections these rows, compared before, let students sit in."""
    for row in rows:
        if row.table == staged.PLACE and row.action == Action.CREATE:
            recall_given(work, row)
        elif row.table == staged.MEMBERSHIP and row.action == Action.CREATE:
            group = find_group(work, Outcome(row), row.values["group"])
            days = (dt.date.fromisoformat(row.after["starts_on"]), day_of(row.after.get("ends_on")))
            work.homerooms[row.values["person"]].append((*days, str(group), group.year.name))
            recall_seat(work, group, row)


def _wish(outcome: Outcome) -> SectionPlace | ClassPlace:
    student, group = outcome.extra["student"], outcome.extra["group"]
    starts_on, ends_on = outcome.extra["starts_on"], outcome.extra["ends_on"]
    if not isinstance(group, Section):
        return ClassPlace(student, group, starts_on, ends_on)
    number = outcome.row.values.get("roll_number")
    return SectionPlace(student, group, starts_on, ends_on, int(number) if number else None)


@dataclass(frozen=True, slots=True)
class PlacedIn:
    """How a student is enrolled in a year, were the file applied."""

    level: Any
    entered_on: dt.date
    exited_on: dt.date | None

    def within(self, starts_on: dt.date, ends_on: dt.date | None) -> tuple[dt.date, dt.date | None]:
        """The days that lie inside the enrolment."""
        starts_on = max(starts_on, self.entered_on)
        if self.exited_on is not None:
            ends_on = min(self.exited_on, ends_on or self.exited_on)
        return starts_on, ends_on if ends_on is None else max(ends_on, starts_on)


def placed_in(work: Work, student: Any, year: Any, held: There) -> list[PlacedIn]:
    """By what is there, and by the row of this file that is about the student; the last first."""
    rows = (
        [enrolment for enrolment in held.enrolments.get(student.pk, ()) if enrolment.year_id == year.pk]
        if student.pk
        else []
    )
    found = [PlacedIn(row.grade_level, row.entered_on, last_end(year, row.exited_on)) for row in rows]
    if values := held.ends.get(student.pk):
        entered = max(day_of(values.get("entered_on")) or year.starts_on, year.starts_on)
        exited = last_end(year, day_of(values["exited_on"]))
        if (ending := same_enrolment(rows, year, entered, exited)) is not None:
            found[rows.index(ending)] = PlacedIn(ending.grade_level, ending.entered_on, exited)
    values = held.again.get(student.pk) if student.pk else getattr(student, "coming", None)
    level = grade_meant(work, values) if values else None
    if values and level is not None and year_meant(work, values, student.institution) == year:
        entered = day_of(values.get("entered_on")) or year.starts_on
        exited = last_end(year, day_of(values.get("exited_on")))
        found.insert(0, PlacedIn(level, max(entered, year.starts_on), exited))
    return found


def _that_holds(placed: Sequence[PlacedIn], starts_on: dt.date, ends_on: dt.date | None) -> PlacedIn | None:
    """The one that has a day in common with these, else the last."""
    days = (starts_on, ends_on)
    found = (each for each in placed if clock.meet((each.entered_on, each.exited_on), days))
    return next(found, placed[0] if placed else None)
