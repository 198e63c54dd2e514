"""What the kinds of people have in common: compared in chunks, written by the bulk services.

A person is known by the outside id, then by the number, then by a login of the same name; two answers that differ are
an error that names both, so that nobody becomes two people.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from apps.exchange import errors
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import (
    Action,
    Known,
    Outcome,
    Work,
    called,
    known,
    parted,
    remember,
    remember_written,
    require,
)
from apps.exchange.services.kinds.alike import settle
from apps.exchange.services.reading import staged
from schoolops.folding import Fold, fold
from schoolops.tenancy.compiled import TEXT, any_of, by_shape


def day_of(value: Any) -> dt.date | None:
    return dt.date.fromisoformat(value) if value else None


class People(ABC):
    """What the kinds of people have in common."""

    name: str
    model: Any
    permission: str
    # The field of the number, where they have one.
    number: str = ""
    # Field → how the text becomes a value.
    fields: ClassVar[Mapping[str, Any]] = {}
    related: tuple[str, ...] = ("user",)

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [work.outcome(row) for row in rows]
        open_ones = [outcome for outcome in outcomes if not outcome.errors]
        work.hold(self.model, rows)
        queryset = self._rows()
        there = known(self.name, [outcome.row.key for outcome in open_ones], queryset)
        numbered = self._by_number(open_ones)
        logins = self._by_login(open_ones)
        for each in open_ones:
            self._recognise(work, each, there, numbered, logins)
        unknown = [each for each in open_ones if each.target is None and not each.errors and not each.skipped]
        for each, person in settle(work, self.name, self.alike(unknown), self.number) if unknown else ():
            each.target = person
        remember(self.name, there, [outcome.target for outcome in open_ones if outcome.target is not None])
        self._refuse_taken_over(work, open_ones, there)
        for each in open_ones:
            if each.errors or each.skipped:
                continue
            work.claim(each)
            if merged(each.target):
                # It is kept for its history: what the file says of the child, it says of the kept record too, or not.
                continue
            each.extra["remembered"] = there.remembered(each.target)
            if each.target is not None:
                called(each, there)
            if each.row.values.get("deleted") == "true":
                self.end(each)
            else:
                self.look(work, each, there)
        self.look_together(
            work,
            [
                outcome
                for outcome in open_ones
                if not outcome.errors and not outcome.skipped and not merged(outcome.target)
            ],
        )
        require(work, outcomes, self.permission, lambda each: each.extra.get("institution"))
        for outcome in outcomes:
            if outcome.errors or outcome.skipped:
                work.frame.refused.add((self.name, outcome.row.key))
        return outcomes

    def _refuse_taken_over(self, work: Work, outcomes: Iterable[Outcome], there: Known) -> None:
        """Refuse whose number or login is of somebody whom this file has a row of their own for."""
        taken: dict[str, Outcome] = {}
        for each in outcomes:
            external = "" if each.target is None else there.external.get(each.target.pk, "")
            if external and external != each.row.key and not each.row.key.startswith("~"):
                taken[external] = each
        rows = ImportRow.objects.filter(run=work.run, kind=self.name, key__in=taken).exclude(
            action=Action.SKIP, table=""
        )
        for key in rows.values_list("key", flat=True) if taken else ():
            each = taken[key]
            each.refuse(errors.PersonAmbiguous(one=each.row.name, other=str(each.target), how=f"“{key}” is the latter"))
            each.target = None

    def alike(self, _outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Any]]:
        """Who of ours may be meant by rows that nobody is known by."""
        return []

    # --- who it is ----------------------------------------------------------------------------------------------------
    def _rows(self) -> QuerySet[Any]:
        return self.model.objects.select_related(*self.related)  # type: ignore[no-any-return]

    def _numbered(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self._rows().alias(_number=Fold(self.number)).order_by("-pk")
        return rows.filter(any_of("_number", "said", TEXT))

    def _with_logins(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self._rows().alias(_username=Fold("user__username"), _email=Fold("user__email"))
        return rows.filter(Q(any_of("_username", "said", TEXT)) | Q(any_of("_email", "said", TEXT)))

    def _by_number(self, outcomes: Iterable[Outcome]) -> dict[tuple[int, str], Any]:
        if not self.number:
            return {}
        numbers = {fold(value) for outcome in outcomes if (value := outcome.row.values.get(self.number))}
        if not numbers:
            return {}
        found = by_shape(("by number", self.name), self._numbered).all(said=numbers)
        called = {(each.institution_id, fold(getattr(each, self.number))): each for each in found}
        # Of two that were told apart before they were folded, the one that is written so.
        return called | {(each.institution_id, getattr(each, self.number)): each for each in found}

    def _by_login(self, outcomes: Iterable[Outcome]) -> dict[str, Any]:
        said = {folded for outcome in outcomes for folded in self._said(outcome.row.values)}
        if not said:
            return {}
        found = by_shape(("by login", self.name), self._with_logins).all(said=said)
        called = {login: each for each in found for login in (each.user.username, each.user.email) if login}
        # Of twins the one that is written so.
        return {fold(login): each for login, each in called.items()} | called

    def _recognise(
        self,
        work: Work,
        outcome: Outcome,
        there: Known,
        numbered: Mapping[tuple[int, str], Any],
        logins: Mapping[str, Any],
    ) -> None:
        values, key = outcome.row.values, outcome.row.key
        partial = values.get("partial") == "true"
        by_id = there.by_key.get(key)
        institution = None if partial else self._campus(work, outcome, by_id)
        if outcome.errors:
            return
        if key in there.removed:
            outcome.skipped = True
            return
        number = (values.get(self.number) or "") if self.number else ""
        by_number = None
        if institution is not None and number:
            by_number = numbered.get((institution.pk, number)) or numbered.get((institution.pk, fold(number)))
        login = next((logins[said] for said in self._said(values) if said in logins), None)
        found = by_id or by_number or (login if login is not None and _same_name(login, values) else None)
        for other, how in ((by_number, "the number"), (login, "the login")):
            if other is not None and found is not None and _kept(other) != _kept(found):
                outcome.refuse(errors.PersonAmbiguous(one=str(found), other=str(other), how=f"{how} is the latter’s"))
                return
        if found is None and login is not None:
            said = next(each for each in self._said(values) if each in logins)
            outcome.refuse(errors.LoginOfAnother(value=said, other=str(login)), "username")
            return
        if found is None and (partial or values.get("deleted") == "true"):
            if partial:
                outcome.refuse(errors.RefersToNothing(what=self.name, value=key), "sourcedId")
            else:
                outcome.skipped = True
            return
        outcome.target = found
        outcome.extra["number"] = self.number_of(institution, values)

    def number_of(self, institution: Any, values: Mapping[str, Any]) -> tuple[str, str] | None:
        """What two rows of a file may not give to two people, whichever name of the campus each of them says."""
        number = values.get(self.number) if self.number else None
        return (self.name, f"{institution.pk}|{fold(number)}") if number and institution and institution.pk else None

    def _campus(self, work: Work, outcome: Outcome, by_id: Any) -> Any:
        """The campus of the row, or ``None``, where people of this kind have one with the refusal said."""
        said = outcome.row.values.get("institution", "")
        if self.name == staged.GUARDIAN:
            return None
        found = by_id.institution if by_id is not None and not said else work.frame.institution(said)
        if found is None:
            refused = (staged.INSTITUTION, said) in work.frame.refused
            refusal = errors.RefersToRefused if refused else errors.RefersToNothing
            there_are = [row.code for row in work.frame.rows[staged.INSTITUTION]]
            if not said and len(there_are) > 1:
                outcome.refuse(errors.CampusNotSaid(campuses=", ".join(there_are)[:200]), "primaryOrgSourcedId")
            else:
                outcome.refuse(refusal(what="campus", value=said or "(empty)"), "primaryOrgSourcedId")
        outcome.extra["institution"] = found
        return found

    @staticmethod
    def _said(values: Mapping[str, Any]) -> list[str]:
        said = [each for name in ("username", "email") if (each := values.get(name))]
        return [written for each in said for written in (each, fold(each))]

    # --- what changes -------------------------------------------------------------------------------------------------
    def look(self, work: Work, outcome: Outcome, there: Known) -> None:
        values = outcome.row.values
        wanted = {name: read(values[name]) for name, read in self.fields.items() if name in values}
        outcome.differ(wanted, outcome.extra["remembered"])
        if outcome.extra.get("institution") is not None:
            outcome.stays("institution", outcome.extra["institution"])

    def end(self, outcome: Outcome) -> None:
        """What becomes of somebody who is to be deleted: they end by date, where they have one, and stay."""
        outcome.skipped = True
        outcome.kept["status"] = [str(outcome.target.status), "tobedeleted"]

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:  # noqa: B027 - most have nothing
        """What needs one more query for the chunk."""

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        new, there = parted(outcomes)
        self.write_first(work, there)
        if new:
            for each, row in zip(new, self.create(work, new), strict=True):
                each.target = row
        if changed := [each for each in there if each.fields and not each.errors]:
            self.change(work, changed)
        remember_written(work, self.name, [outcome for outcome in outcomes if not outcome.errors])

    @abstractmethod
    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        """The new rows, in the order of ``outcomes``; ``None``, and said in the outcome, where one is refused."""

    @abstractmethod
    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        """Write the fields that differ."""

    def write_first(self, work: Work, outcomes: Sequence[Outcome]) -> None:  # noqa: B027 - most have nothing
        """What goes with rows that are there already: what is refused here is not changed either."""


def merged(person: Any) -> bool:
    """Whether a person of ours is a record that was merged into another."""
    return getattr(person, "merged_into_id", None) is not None


def _kept(person: Any) -> int:
    return int(getattr(person, "merged_into_id", None) or person.pk)


def _same_name(person: Any, values: Mapping[str, Any]) -> bool:
    return [fold(person.given_name), fold(person.family_name)] == [
        fold(str(values.get(name) or "")) for name in ("given_name", "family_name")
    ]
