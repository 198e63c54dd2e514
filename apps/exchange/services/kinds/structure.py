"""What the kinds of the school’s structure have in common: looked up in the frame, most of them written one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Action, Outcome, Work, remember_written, require
from apps.exchange.services.reading import staged
from apps.institutions.errors import NameTaken
from apps.institutions.models import AcademicYear

# What the database lets stand once, by the fold.
_UNIQUE: Mapping[str, tuple[str, ...]] = {
    staged.INSTITUTION: ("code",),
    staged.YEAR: ("institution", "name"),
    staged.TERM: ("year", "name"),
    staged.GRADE_LEVEL: (),
    staged.COURSE: ("institution", "code"),
    staged.SECTION: ("year", "grade_level", "name"),
    staged.CLASS: ("year", "code"),
}


class Structural(ABC):
    """Looked up in the frame."""

    name: str
    permission: str

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = []
        for row in rows:
            outcome = work.outcome(row)
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
        return outcomes

    def _settle(self, work: Work, outcome: Outcome) -> None:
        row, frame = outcome.row, work.frame
        deleted = row.values.get("deleted") == "true"
        if outcome.target is None:
            if deleted or (self.name, row.key) in frame.removed:
                outcome.skipped = True
                return
            imagined = self.imagined(outcome)
            # Before others find it.
            self._refuse_taken(work, outcome, imagined)
            require(work, [outcome], self.permission, self.place)
            if outcome.errors:
                frame.refused.add((self.name, row.key))
                return
            frame.add(self.name, row.key, imagined)
            frame.imagined[id(imagined)] = row.row
            return
        if outcome.target.pk is None:
            # Another row of this file makes it.
            outcome.refuse(
                errors.DuplicateInFile(
                    what=self.name, first=frame.imagined.get(id(outcome.target), row.row), file=row.file
                )
            )
            return
        work.claim(outcome)
        if outcome.errors:
            frame.refused.add((self.name, row.key))
            return
        frame.by_key[self.name, row.key] = outcome.target
        if deleted:
            # Years, courses and classes hold history: a person decides what becomes of them.
            outcome.skipped = True
            return
        key = (self.name, outcome.target.pk)
        ours = {frame.external.get(key), str(outcome.target.sourced_id)}
        if self.name != staged.GRADE_LEVEL and not row.key.startswith("~") and row.key not in ours:
            own = ImportRow.objects.filter(run=work.run, kind=self.name, key=frame.external.get(key) or None).first()
            if own is not None:
                outcome.refuse(errors.DuplicateInFile(what=self.name, first=own.row, file=own.file))
                frame.by_key.pop((self.name, row.key), None)
                frame.refused.add((self.name, row.key))
                return
            outcome.before["sourcedId"] = frame.external.get(key, "")
            outcome.after["sourcedId"] = row.key
        year = outcome.target if self.name == staged.YEAR else getattr(outcome.target, "year", None)
        written = outcome.fields or "terms" in outcome.after
        if year is not None and written and year.state == AcademicYear.State.CLOSED:
            outcome.refuse(errors.YearClosed(year=year.name), "title")
            return
        self._refuse_taken(work, outcome, outcome.target)
        require(work, [outcome], self.permission, self.place)

    def differ(self, work: Work, outcome: Outcome, wanted: dict[str, Any]) -> None:
        target = outcome.target
        outcome.differ(wanted, {} if target is None else work.frame.values.get((self.name, target.pk), {}))

    def _refuse_taken(self, work: Work, outcome: Outcome, named: Any) -> None:
        """Refuse what a row of ours is called already, or will be by a row of the file before this one."""
        names = _UNIQUE[self.name]
        if not outcome.fields.keys() & set(names):
            return
        facts = {name: outcome.fields.get(name, getattr(named, name)) for name in names}
        # What is new was looked for by its name.
        there = work.frame.where(self.name, **facts) if named.pk else ()
        if any(row is not named for row in there) or not work.frame.gives(self.name, facts, to=outcome.row.key):
            outcome.refuse(NameTaken(), "title")
            work.frame.refused.add((self.name, outcome.row.key))

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

    @abstractmethod
    def look(self, work: Work, outcome: Outcome) -> None:
        """Say of a row what is wrong with it and what differs."""

    @abstractmethod
    def imagined(self, outcome: Outcome) -> Any:
        """The row as it would be, not saved, for others to refer to."""

    @abstractmethod
    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        """Make what is new and change what differs, through the services."""


class Made(Structural):
    """A kind whose rows are made one by one."""

    @abstractmethod
    def create(self, work: Work, outcome: Outcome) -> Any:
        """The new row."""

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.write_one(work, outcome)
        remember_written(work, self.name, outcomes)

    def write_one(self, work: Work, outcome: Outcome) -> None:
        if outcome.action != Action.CREATE:
            return
        imagined = work.frame.find(self.name, outcome.row.key)
        outcome.target = self.create(work, outcome)
        if imagined is not None:
            work.frame.rows[self.name] = [row for row in work.frame.rows[self.name] if row is not imagined]
        work.frame.add(self.name, outcome.row.key, outcome.target)


class Changing(Made):
    """A kind whose rows a file changes as well."""

    def write_one(self, work: Work, outcome: Outcome) -> None:
        if outcome.action != Action.CREATE and outcome.fields:
            self.change(work, outcome)
        else:
            super().write_one(work, outcome)

    @abstractmethod
    def change(self, work: Work, outcome: Outcome) -> None:
        """Write the fields that differ."""
