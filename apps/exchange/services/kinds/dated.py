"""What is dated: which group and days a row means, which of our rows that is, and when it ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from apps.exchange import errors
from apps.exchange.models import Counterpart, ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, plain
from apps.exchange.services.kinds.people import day_of
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear
from apps.institutions.selectors import today_at
from schoolops import clock
from schoolops.errors import SchoolOpsError
from schoolops.folding import squeezed
from schoolops.rows import among


def find_group(work: Work, outcome: Outcome, key: str) -> Any:
    """The section or class a row is about, or ``None`` with the refusal said."""
    frame = work.frame
    found = frame.find(staged.SECTION, key) or frame.find(staged.CLASS, key)
    if found is None and key.startswith("~"):
        found = _named(work, *key[1:].split("|", 2))
    if found is None:
        refused = {(staged.SECTION, key), (staged.CLASS, key)} & frame.refused
        refusal = errors.RefersToRefused if refused else errors.RefersToNothing
        value = " ".join(key[1:].split("|")[1:]) if key.startswith("~") else key
        outcome.refuse(refusal(what="class", value=value), "classSourcedId")
    return found


def _named(work: Work, campus: str, grade: str, name: str) -> Any:
    institution, level = work.frame.institution(campus), work.frame.level(grade)
    for each in work.frame.where(staged.SECTION, institution=institution):
        running = each.year.state == AcademicYear.State.ACTIVE
        if running and (level is None or each.grade_level == level):
            short = (each.name, str(each), f"{each.grade_level.code.lstrip('0')} {each.name}")
            if squeezed(name) in map(squeezed, short):
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
    return clock.meet((one.starts_on, one.ends_on), (starts_on, ends_on))


def same_place(held: Sequence[Any], starts_on: dt.date, ends_on: dt.date | None) -> Any:
    """Which of the rows of one person in one group the file means."""
    exact = next((each for each in held if each.starts_on == starts_on), None)
    return exact or next((each for each in held if overlap(each, starts_on, ends_on)), None)


def settle_end(
    outcome: Outcome, year: AcademicYear, ends_on: dt.date | None, memory: Mapping[str, str], *, before: dt.date | None
) -> None:
    """Compare when a place ends: the file's word counts unless a person changed it since.

    ``before`` is when it ended before this file was applied: a student who leaves by another of its rows ends it too.
    """
    target = outcome.target
    if target is not None and outcome.row.values.get("deleted") == "true":
        ends_on = max(target.starts_on, today_at(outcome.extra["group"].institution))
        if target.ends_on is not None and target.ends_on <= ends_on:
            ends_on = target.ends_on
    outcome.known = {"ends_on": plain(ends_on)}
    if target is None:
        return
    if last_end(year, target.ends_on) == ends_on:
        return
    old = last_end(year, before)
    if memory.get("ends_on", "") == plain(old) or outcome.takes_over("ends_on"):
        outcome.fields["ends_on"] = ends_on
        outcome.before["ends_on"], outcome.after["ends_on"] = plain(old), plain(ends_on)
    else:
        outcome.kept["ends_on"] = [plain(old), plain(ends_on)]


def refuse_twice(
    work: Work, outcome: Outcome, starts_on: dt.date, ends_on: dt.date | None, refusal: SchoolOpsError
) -> None:
    """Refuse who would be in one class, or teach it, by two rows on one day."""
    if work.applying or outcome.errors:
        return
    given = work.given[outcome.row.values["person"], outcome.row.values["group"]]
    if any(max(began, starts_on) < min(ended or dt.date.max, ends_on or dt.date.max) for began, ended in given):
        outcome.refuse(refusal, "classSourcedId")
    else:
        given.append((starts_on, ends_on))


def claim_by_id(work: Work, outcomes: Sequence[Outcome], memory: Memory) -> None:
    """Rows of ours whose ids the file says are those rows'; whoever else has a day in common comes after."""
    for outcome in outcomes:
        if (there := memory.by_key.get(outcome.row.key)) is not None:
            work.claimed.setdefault(there, outcome.row.row)


def claim(work: Work, outcome: Outcome, refusal: SchoolOpsError) -> bool:
    """Two rows of a file may not be about one row of ours. ``False``: this one is refused."""
    target, row = outcome.target, outcome.row.row
    if target is not None and work.claimed.setdefault((outcome.table, target.pk), row) != row:
        outcome.refuse(refusal, "classSourcedId")
        return False
    return True


def refuse_closed(outcomes: Sequence[Outcome]) -> None:
    """Refuse what would change in a year that is closed."""
    for outcome in outcomes:
        year = outcome.extra["group"].year
        if outcome.action in {Action.CREATE, Action.UPDATE} and year.state == AcademicYear.State.CLOSED:
            outcome.refuse(errors.YearClosed(year=year.name), "classSourcedId")


def recall_given(work: Work, row: ImportRow) -> None:
    """Of a row that was compared before."""
    days = (dt.date.fromisoformat(row.after["starts_on"]), day_of(row.after.get("ends_on")))
    work.given[row.values["person"], row.values["group"]].append(days)


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
    mine = Q(among("external_id", keys))
    for table, held in rows.items():
        mine |= Q(among("row_id", [row.pk for row in held]), kind=table)
    for table, external, row_id, values in Counterpart.objects.filter(mine, kind__in=tables).values_list(
        "kind", "external_id", "row_id", "values"
    ):
        if external:
            memory.by_key[external] = (table, row_id)
        memory.values[table, row_id] = values
    return memory
