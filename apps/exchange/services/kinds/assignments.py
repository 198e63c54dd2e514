"""Who teaches what, from which day to which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.access.errors import OutOfReach
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, plain, refused, remember_written, require
from apps.exchange.services.kinds.dated import (
    Memory,
    claim,
    claim_by_id,
    find_group,
    inside,
    memory_of,
    refuse_closed,
    refuse_twice,
    same_place,
    settle_end,
)
from apps.exchange.services.kinds.finding import find_people
from apps.exchange.services.reading import staged
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import Section
from apps.staff.errors import AlreadyAssigned
from apps.staff.models import TeachingAssignment
from apps.staff.services.assignments import AssignmentChange, Teaching, arrange_teaching, look_at_teaching

WRITES = (Action.CREATE, Action.UPDATE)
_COLUMNS: Mapping[str, str] = {each.code: "classSourcedId" for each in (AlreadyAssigned, YearIsClosed, OutOfReach)}


class Assignments:
    """Who teaches what."""

    name = staged.ASSIGNMENT

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [replace(work.outcome(row), table=self.name) for row in rows]
        people = find_people(work, staged.STAFF, [row.values["person"] for row in rows])
        for each in outcomes:
            each.extra["staff"] = people.need(each, each.row.values["person"], "userSourcedId")
            each.extra["group"] = find_group(work, each, each.row.values["group"])
        open_ones = [outcome for outcome in outcomes if not outcome.errors]
        held: dict[tuple[int, int | None, int | None], list[TeachingAssignment]] = defaultdict(list)
        for row in TeachingAssignment.objects.filter(
            staff__in={outcome.extra["staff"].pk for outcome in open_ones} - {None}
        ).select_related("staff__institution", "section__year", "course_class__year"):
            held[row.staff_id, row.section_id, row.course_class_id].append(row)
        keys = [outcome.row.key for outcome in open_ones]
        memory = memory_of((self.name,), keys, {self.name: [row for rows in held.values() for row in rows]})
        claim_by_id(work, open_ones, memory)
        for each in open_ones:
            self._look(work, each, held, memory)
        refuse_closed(open_ones)
        self._refuse_as_writing_would(work, [each for each in open_ones if each.action in WRITES])
        require(work, outcomes, "staff.manage", lambda each: getattr(each.extra["group"], "institution", None))
        return outcomes

    def _look(self, work: Work, outcome: Outcome, held: Mapping[Any, list[Any]], memory: Memory) -> None:
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
        if not claim(work, outcome, AlreadyAssigned(name=member.full_name)):
            return
        kind = "assistant" if row.values.get("assistant") == "true" else "teacher"
        outcome.extra |= {"starts_on": starts_on, "ends_on": ends_on, "kind": kind}
        before = outcome.target and outcome.target.ends_on
        settle_end(outcome, group.year, ends_on, memory.of(self.name, outcome.target), before=before)
        outcome.known["kind"] = kind
        if outcome.target is not None and outcome.target.kind != kind and "assistant" in row.values:
            remembered = memory.of(self.name, outcome.target).get("kind", "teacher")
            if remembered == outcome.target.kind or outcome.takes_over("kind"):
                outcome.fields["kind"] = kind
                outcome.before["kind"], outcome.after["kind"] = outcome.target.kind, kind
            else:
                outcome.kept["kind"] = [outcome.target.kind, kind]
        if outcome.target is None:
            outcome.after = {"staff": str(member), "teaches": str(group), "kind": kind, "starts_on": plain(starts_on)}
            if ends_on is not None:
                outcome.after["ends_on"] = plain(ends_on)

    @staticmethod
    def _refuse_as_writing_would(work: Work, outcomes: Sequence[Outcome]) -> None:
        """And a second row of the same days, in whatever chunk of the file it stands."""
        if not work.may("staff.manage"):
            return
        for number, refusal in look_at_teaching([_wish(each) for each in outcomes], by=work.by).items():
            outcomes[number].refuse(refusal, _COLUMNS.get(refusal.code, "beginDate"))
        for each in outcomes:
            if each.target is None:
                member = each.extra["staff"]
                days = (each.extra["starts_on"], each.extra["ends_on"] or member.ends_on)
                refuse_twice(work, each, *days, AlreadyAssigned(name=member.full_name))

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        # Of some only what they are called outside is new.
        there = [each for each in outcomes if each.target is None or each.fields]
        done = arrange_teaching([_wish(each) for each in there], reason=work.reason, by=work.by)
        refused(there, done.refused)
        for each, row in zip(there, done.rows, strict=True):
            each.target = row or each.target
        remember_written(work, self.name, [each for each in outcomes if not each.errors])


def _wish(outcome: Outcome) -> Teaching | AssignmentChange:
    if outcome.target is not None:
        return AssignmentChange(outcome.target, outcome.fields)
    extra = outcome.extra
    return Teaching(extra["staff"], extra["group"], extra["starts_on"], extra["ends_on"], extra["kind"])
