"""What sections can hold: looked at as it will be when the rows are written, so that nobody is promised a full one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work
from apps.exchange.services.reading import staged
from apps.students.errors import RollNumberTaken, SectionFull
from apps.students.models import SectionMembership


@dataclass(slots=True)
class Sitting:
    """Somebody's days in a section, were the file applied. ``who``: a student's key, or what a row of the file calls
    them; ``seat``: the key of the membership that is there."""

    who: int | str
    starts_on: dt.date
    until: dt.date
    number: int | None = None
    seat: int | None = None


def refuse_full(work: Work, outcomes: Sequence[Outcome]) -> None:
    """Refuse who finds no place, or a taken number, as ``books.put_on_books`` will: what ends first, then in turn."""
    seats = [
        outcome
        for outcome in outcomes
        if outcome.table == staged.MEMBERSHIP and not outcome.errors and not outcome.skipped
    ]
    for seat in seats:
        if seat.target is not None and "ends_on" in seat.fields:
            for sitting in _sitting(work, seat.extra["group"]):
                if sitting.seat == seat.target.pk:
                    sitting.until = seat.fields["ends_on"] or seat.extra["group"].year.over_on
    for seat in seats:
        if seat.action == Action.CREATE:
            _seat(work, seat)


def recall_seat(work: Work, section: Any, row: ImportRow) -> None:
    """Of a row that was compared before."""
    if limit_of(work, section) is not None:
        ends_on = row.after.get("ends_on")
        until = dt.date.fromisoformat(ends_on) if ends_on else section.year.over_on
        starts_on = dt.date.fromisoformat(row.after["starts_on"])
        _sitting(work, section).append(Sitting(row.values["person"], starts_on, until))


def limit_of(work: Work, section: Any) -> int | None:
    """How many may sit in it, as the file has it."""
    limit: int | None = work.limits.get(id(section), section.capacity)
    return limit


def _seat(work: Work, outcome: Outcome) -> None:
    section, student, starts_on = outcome.extra["group"], outcome.extra["student"], outcome.extra["starts_on"]
    until, limit = outcome.extra["ends_on"] or section.year.over_on, limit_of(work, section)
    said = outcome.row.values.get("roll_number")
    number, who = int(said) if said else None, student.pk or outcome.row.values["person"]
    work.left.append((who, starts_on, id(section)))
    for other, sitting in ((other, each) for other, held in work.sitting.items() for each in held):
        if other != id(section):
            _leave(sitting, who, starts_on)
    if limit is None and number is None:
        return
    there = [each for each in _sitting(work, section) if max(each.starts_on, starts_on) < min(each.until, until)]
    if limit is not None and len(there) >= limit:
        outcome.refuse(SectionFull(section=str(section), capacity=limit, day=starts_on), "classSourcedId")
    elif number is not None and any(each.number == number for each in there):
        outcome.refuse(RollNumberTaken(), "metadata.rollNumber")
    else:
        _sitting(work, section).append(Sitting(who, starts_on, until, number))


def _leave(sitting: Sitting, who: int | str, day: dt.date) -> None:
    if sitting.who == who and sitting.starts_on <= day < sitting.until:
        sitting.until = day


def _sitting(work: Work, section: Any) -> list[Sitting]:
    """Who sits in a section; read once, two queries."""
    if id(section) in work.sitting:
        return work.sitting[id(section)]
    found: list[Sitting] = work.sitting.setdefault(id(section), [])
    rows = SectionMembership.objects.filter(section=section) if section.pk else ()
    for row in rows:
        row.section = section
        found.append(Sitting(row.student_id, row.starts_on, row.until, row.roll_number, row.pk))
    leaving = ImportRow.objects.filter(
        run=work.run, kind=staged.STUDENT, target_id__in=[each.who for each in found], after__exited_on__gt=""
    )
    exits = dict(leaving.values_list("target_id", "after__exited_on")) if found else {}
    for each in found:
        if each.who in exits:
            each.until = min(each.until, max(each.starts_on, dt.date.fromisoformat(exits[each.who])))
        for who, day, other in work.left:
            if other != id(section):
                _leave(each, who, day)
    return found
