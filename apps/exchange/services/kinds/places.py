"""Who teaches and who sits in which section and class, from which day to which."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from apps.exchange import errors
from apps.exchange.models import Counterpart, ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, as_kept, plain, remember_written, require
from apps.exchange.services.kinds.people import day_of, find_people, year_meant
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear, Section
from apps.institutions.selectors import today_at
from apps.staff import services as staff_services
from apps.staff.models import TeachingAssignment
from apps.staff.services import bulk as staff_bulk
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership
from apps.students.services import bulk as student_bulk


def find_group(work: Work, outcome: Outcome, key: str) -> Any:
    """The section or class a row is about, or ``None`` with the refusal said."""
    frame = work.frame
    found = frame.find(staged.SECTION, key) or frame.find(staged.CLASS, key)
    if found is None and key.startswith("~"):
        found = _named(work, *key[1:].split("|", 2))
    if found is None:
        refused = {(staged.SECTION, key), (staged.CLASS, key)} & frame.refused
        refusal = errors.RefersToRefused if refused else errors.RefersToNothing
        outcome.refuse(refusal(what="class", value=key.lstrip("~").strip("|")), "classSourcedId")
    return found


def _named(work: Work, campus: str, grade: str, name: str) -> Any:
    institution, level = work.frame.institution(campus), work.frame.level(grade)
    for each in work.frame.where(staged.SECTION, institution=institution):
        running = each.year.state == AcademicYear.State.ACTIVE
        if running and (level is None or each.grade_level == level):
            short = {
                each.name.casefold(),
                str(each).casefold(),
                f"{each.grade_level.code.lstrip('0')} {each.name}".casefold(),
            }
            if name in short:
                return each
    return None


def inside(year: AcademicYear, outcome: Outcome) -> tuple[dt.date, dt.date | None] | None:
    """The days of a row, clipped to its year; an end at the year's own end is none. ``None``: refused."""
    values = outcome.row.values
    starts_on = day_of(values.get("starts_on")) or year.starts_on
    ends_on = day_of(values.get("ends_on"))
    if starts_on > year.ends_on or (ends_on is not None and ends_on < year.starts_on):
        refusal = errors.OutsideYear(
            day=starts_on if starts_on > year.ends_on else ends_on,
            year=year.name,
            starts_on=year.starts_on,
            ends_on=year.ends_on,
        )
        outcome.refuse(refusal, "beginDate")
        return None
    return max(starts_on, year.starts_on), None if ends_on is None or ends_on >= year.ends_on else ends_on


def last_end(year: AcademicYear, ends_on: dt.date | None) -> dt.date | None:
    """An end as files say it: none where the year ends first."""
    return None if ends_on is None or ends_on >= year.ends_on else ends_on


def overlap(one: Any, starts_on: dt.date, ends_on: dt.date | None) -> bool:
    """Whether a dated row and ``[starts_on, ends_on)`` have a day in common."""
    last = dt.date.max
    return bool(max(one.starts_on, starts_on) < min(one.ends_on or last, ends_on or last))


def same_place(held: Sequence[Any], starts_on: dt.date, ends_on: dt.date | None) -> Any:
    """Which of the rows of one person in one group the file means."""
    exact = next((each for each in held if each.starts_on == starts_on), None)
    return exact or next((each for each in held if overlap(each, starts_on, ends_on)), None)


def settle_end(outcome: Outcome, year: AcademicYear, ends_on: dt.date | None, memory: Mapping[str, str]) -> None:
    """Compare when a place ends: the file's word counts unless a person changed it since."""
    target = outcome.target
    if target is not None and outcome.row.values.get("deleted") == "true":
        ends_on = max(target.starts_on, today_at(outcome.extra["group"].institution))
        if target.ends_on is not None and target.ends_on <= ends_on:
            ends_on = target.ends_on
    outcome.known = {"ends_on": plain(ends_on)}
    if target is None:
        return
    old = last_end(year, target.ends_on)
    if old == ends_on:
        return
    if memory.get("ends_on", "") == plain(old):
        outcome.fields["ends_on"] = ends_on
        outcome.before["ends_on"], outcome.after["ends_on"] = plain(old), plain(ends_on)
    else:
        outcome.kept["ends_on"] = [plain(old), plain(ends_on)]


@dataclass(slots=True)
class Memory:
    """What imports know of dated rows: which row an outside id is, and what was written into it."""

    by_key: dict[str, tuple[str, int]]
    values: dict[tuple[str, int], dict[str, str]]

    def is_key_of(self, key: str, table: str, row: Any) -> bool:
        return self.by_key.get(key) == (table, row.pk)

    def of(self, table: str, row: Any) -> dict[str, str]:
        return {} if row is None else self.values.get((table, row.pk), {})


def memory_of(tables: Sequence[str], keys: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Memory:
    """One query for a chunk."""
    memory = Memory({}, {})
    mine = Q(external_id__in=keys)
    for table, held in rows.items():
        mine |= Q(kind=table, row_id__in=[row.pk for row in held])
    for table, external, row_id, values in Counterpart.objects.filter(mine, kind__in=tables).values_list(
        "kind", "external_id", "row_id", "values"
    ):
        if external:
            memory.by_key[external] = (table, row_id)
        memory.values[table, row_id] = values
    return memory


@dataclass(slots=True)
class Held:
    """What the students of a chunk have: places by student, enrolments by student and year."""

    seats: dict[int, list[SectionMembership]]
    places: dict[int, list[ClassEnrolment]]
    enrolments: dict[tuple[int, int], Enrolment]
    # Students on the books whom a row of this file enrols anew.
    again: dict[int, dict[str, Any]]


def held_by(work: Work, outcomes: Sequence[Outcome]) -> Held:
    """Four queries."""
    students = {each.extra["student"].pk for each in outcomes} - {None}
    found = Held(defaultdict(list), defaultdict(list), {}, {})
    if not students:
        return found
    classes = {each.extra["group"].pk for each in outcomes if not isinstance(each.extra["group"], Section)} - {None}
    for seat in SectionMembership.objects.filter(student__in=students).select_related(
        "section__grade_level", "student"
    ):
        found.seats[seat.student_id].append(seat)
    for place in ClassEnrolment.objects.filter(student__in=students, course_class__in=classes).select_related(
        "student"
    ):
        found.places[place.student_id].append(place)
    for row in Enrolment.objects.filter(student__in=students, primary=True).select_related("grade_level", "year"):
        found.enrolments.setdefault((row.student_id, row.year_id), row)
    found.again = dict(
        ImportRow.objects.filter(
            run=work.run, kind=staged.STUDENT, target_id__in=students, after__has_key="enrolment"
        ).values_list("target_id", "values")
    )
    return found


class Places:
    """Students in sections and classes."""

    name = staged.PLACE

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [Outcome(row, errors=list(row.errors)) for row in rows]
        people = find_people(work, staged.STUDENT, [row.values["person"] for row in rows])
        for each in outcomes:
            each.extra["student"] = people.need(each, each.row.values["person"], "userSourcedId")
            each.extra["merged"] = each.row.values["person"] in people.merged
            each.extra["group"] = find_group(work, each, each.row.values["group"])
            each.table = staged.SEAT if isinstance(each.extra["group"], Section) else staged.PLACE
        open_ones = [each for each in outcomes if not each.errors]
        held = held_by(work, open_ones)
        memory = memory_of(
            (staged.SEAT, staged.PLACE),
            [each.row.key for each in open_ones],
            {
                staged.SEAT: [row for rows in held.seats.values() for row in rows],
                staged.PLACE: [row for rows in held.places.values() for row in rows],
            },
        )
        for each in open_ones:
            self._look(work, each, held, memory)
        require(work, outcomes, "students.manage", lambda each: getattr(each.extra["group"], "institution", None))
        return outcomes

    def _look(self, work: Work, outcome: Outcome, held: Held, memory: Memory) -> None:
        student, group = outcome.extra["student"], outcome.extra["group"]
        year, row = group.year, outcome.row
        days = inside(year, outcome)
        if days is None:
            return
        enrolment = held.enrolments.get((student.pk, year.pk)) if student.pk and year.pk else None
        placed = placed_in(work, student, year, enrolment, held)
        if placed is None and outcome.extra["merged"]:
            outcome.skipped = True
            return
        if placed is None:
            outcome.refuse(errors.NotPlaced(year=year.name, day=days[0]), "userSourcedId")
            return
        section = outcome.table == staged.SEAT
        if section and not outcome.extra["merged"] and placed.level is not None and placed.level != group.grade_level:
            refusal = errors.GradeDiffers(grade=str(placed.level), other=str(group.grade_level))
            outcome.refuse(refusal, "classSourcedId")
            return
        starts_on, ends_on = placed.within(*days)
        mine: list[Any] = (
            [each for each in held.seats.get(student.pk, []) if each.section_id == group.pk]
            if section
            else [each for each in held.places.get(student.pk, []) if each.course_class_id == group.pk]
        )
        by_id = next((each for each in mine if memory.is_key_of(row.key, outcome.table, each)), None)
        outcome.target = by_id or same_place(mine, starts_on, ends_on)
        gone = row.key in memory.by_key or row.values.get("deleted") == "true"
        if outcome.target is None and (gone or outcome.extra["merged"]):
            # An import wrote it and somebody took it away; it is to go, and never was; or it is of a record that was
            # merged: where the child sits is for the kept record's rows to say.
            outcome.skipped = True
            return
        if outcome.extra["merged"]:
            return
        outcome.extra |= {"enrolment": enrolment, "starts_on": starts_on, "ends_on": ends_on}
        settle_end(outcome, year, ends_on, memory.of(outcome.table, outcome.target))
        if outcome.target is None:
            self._begin(work, outcome, held)

    @staticmethod
    def _begin(work: Work, outcome: Outcome, held: Held) -> None:
        extra, section = outcome.extra, outcome.table == staged.SEAT
        starts_on, ends_on, group, student = extra["starts_on"], extra["ends_on"], extra["group"], extra["student"]
        outcome.after = {
            "student": str(student),
            "section" if section else "class": str(group),
            "starts_on": plain(starts_on),
        }
        if ends_on is not None:
            outcome.after["ends_on"] = plain(ends_on)
        if not section:
            return
        for each in held.seats.get(student.pk, []) if student.pk else []:
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
            if its_year == group.year.name and meet((began, ended), (starts_on, ends_on)):
                outcome.refuse(errors.TwoHomerooms(other=other), "classSourcedId")
                return
        others.append((starts_on, ends_on, str(group), group.year.name))

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        ended = [(each.target, each.fields["ends_on"]) for each in outcomes if each.target is not None and each.fields]
        if ended:
            student_bulk.end_many_seats(changes=ended, reason=work.reason, by=work.by)
        new = [each for each in outcomes if each.action == Action.CREATE]
        seats = [
            student_bulk.Seat(
                student=each.extra["student"],
                group=each.extra["group"],
                starts_on=each.extra["starts_on"],
                ends_on=each.extra["ends_on"],
                enrolment=each.extra["enrolment"],
                roll_number=int(each.row.values["roll_number"]) if each.row.values.get("roll_number") else None,
            )
            for each in new
        ]
        left = student_bulk.seats_left([seat for seat in seats if isinstance(seat.group, Section)])
        for each, seat in zip(new, seats, strict=True):
            if isinstance(seat.group, Section) and seat.enrolment is not None and seat.enrolment.pk in left:
                # No row of the file says so, and it is to end when it did before if the import is taken back.
                each.extra["made"] = {"left": as_kept(left[seat.enrolment.pk], ("id", "ends_on"))}
        for each, row in zip(new, student_bulk.seat_many(seats=seats, reason=work.reason, by=work.by), strict=True):
            each.target = row
        for table in (staged.SEAT, staged.PLACE):
            remember_written(work, table, [each for each in outcomes if each.table == table])


def meet(one: tuple[dt.date, dt.date | None], other: tuple[dt.date, dt.date | None]) -> bool:
    """Whether two half-open ranges have a day in common."""
    return max(one[0], other[0]) < min(one[1] or dt.date.max, other[1] or dt.date.max)


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


def placed_in(work: Work, student: Any, year: Any, enrolment: Enrolment | None, held: Held) -> PlacedIn | None:
    """By what is there, else by the row of this file that is about the student."""
    if enrolment is not None:
        return PlacedIn(enrolment.grade_level, enrolment.entered_on, last_end(year, enrolment.exited_on))
    values = held.again.get(student.pk) if student.pk else getattr(student, "coming", None)
    if not values or not values.get("grade") or year_meant(work, values, student.institution) != year:
        return None
    entered = day_of(values.get("entered_on")) or year.starts_on
    exited = last_end(year, day_of(values.get("exited_on")))
    return PlacedIn(work.frame.level(values["grade"]), max(entered, year.starts_on), exited)


class Assignments:
    """Who teaches what."""

    name = staged.ASSIGNMENT

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [Outcome(row, errors=list(row.errors), table=self.name) for row in rows]
        people = find_people(work, staged.STAFF, [row.values["person"] for row in rows])
        for each in outcomes:
            each.extra["staff"] = people.need(each, each.row.values["person"], "userSourcedId")
            each.extra["group"] = find_group(work, each, each.row.values["group"])
        open_ones = [each for each in outcomes if not each.errors]
        held: dict[tuple[int, int | None, int | None], list[TeachingAssignment]] = defaultdict(list)
        for row in TeachingAssignment.objects.filter(
            staff__in={each.extra["staff"].pk for each in open_ones} - {None}
        ).select_related("staff__institution", "section__year", "course_class__year"):
            held[row.staff_id, row.section_id, row.course_class_id].append(row)
        keys = [each.row.key for each in open_ones]
        memory = memory_of((self.name,), keys, {self.name: [row for rows in held.values() for row in rows]})
        for each in open_ones:
            self._look(each, held, memory)
        require(work, outcomes, "staff.manage", lambda each: getattr(each.extra["group"], "institution", None))
        return outcomes

    def _look(self, outcome: Outcome, held: Mapping[Any, list[Any]], memory: Memory) -> None:
        member, group, row = outcome.extra["staff"], outcome.extra["group"], outcome.row
        days = inside(group.year, outcome)
        if days is None:
            return
        starts_on, ends_on = days
        if member.starts_on is not None:
            starts_on = max(starts_on, member.starts_on)
        section = isinstance(group, Section)
        key = (member.pk, group.pk if section else None, None if section else group.pk)
        mine = held.get(key, []) if member.pk and group.pk else []
        by_id = next((each for each in mine if memory.is_key_of(row.key, self.name, each)), None)
        outcome.target = by_id or same_place(mine, starts_on, ends_on)
        if outcome.target is None and (row.key in memory.by_key or row.values.get("deleted") == "true"):
            outcome.skipped = True
            return
        kind = "assistant" if row.values.get("assistant") == "true" else "teacher"
        outcome.extra |= {"starts_on": starts_on, "ends_on": ends_on, "kind": kind}
        settle_end(outcome, group.year, ends_on, memory.of(self.name, outcome.target))
        if outcome.target is None:
            outcome.after = {"staff": str(member), "teaches": str(group), "kind": kind, "starts_on": plain(starts_on)}
            if ends_on is not None:
                outcome.after["ends_on"] = plain(ends_on)

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            if each.target is not None and each.fields:
                staff_services.change_assignment(assignment=each.target, fields=each.fields, by=work.by)
        new = [each for each in outcomes if each.action == Action.CREATE]
        teaching = [
            staff_bulk.Teaching(
                staff=each.extra["staff"],
                group=each.extra["group"],
                starts_on=each.extra["starts_on"],
                ends_on=each.extra["ends_on"],
                kind=each.extra["kind"],
            )
            for each in new
        ]
        for each, row in zip(
            new, staff_bulk.assign_many(teaching=teaching, reason=work.reason, by=work.by), strict=True
        ):
            each.target = row
        remember_written(work, self.name, outcomes)


KINDS: tuple[Any, ...] = (Assignments(), Places())
