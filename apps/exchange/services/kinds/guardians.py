"""Guardians, and who is whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import (
    Action,
    Known,
    Outcome,
    Work,
    remember,
    require,
)
from apps.exchange.services.kinds.finding import find_people
from apps.exchange.services.kinds.people import People
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.sheets import phone_key
from apps.students.models import Guardian, StudentGuardian
from apps.students.services import bulk as student_bulk
from apps.students.services import custody
from schoolops.folding import fold


class Guardians(People):
    """Guardians."""

    name = staged.GUARDIAN
    model = Guardian
    permission = "guardians.manage"
    fields: ClassVar[Mapping[str, Any]] = {
        "given_name": str, "family_name": str, "email": str, "phone": str, "address": str, "language": str,
    }  # fmt: skip

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = super().compare(work, rows)
        # Of a template: nothing but name and how to reach them says who it is.
        unknown = [outcome for outcome in outcomes if outcome.row.key.startswith("~") and outcome.target is None]
        if unknown:
            self._by_reach(work, unknown)
        return outcomes

    def _by_reach(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        given = {outcome.row.values.get("given_name", "") for outcome in outcomes}
        found: dict[tuple[str, ...], Any] = {}
        for guardian in Guardian.objects.filter(given_name__in=given):
            name = (guardian.given_name, guardian.family_name)
            for means in (fold(guardian.email), phone_key(guardian.phone)):
                if means:
                    found[(*name, means)] = guardian
        # And of the same name, who is this child's guardian is that one.
        children = find_people(work, staged.STUDENT, [outcome.row.values.get("child", "") for outcome in outcomes])
        by_child = {
            key: child for outcome in outcomes if (child := children.get(key := outcome.row.values.get("child", "")))
        }
        keys = {child.pk: key for key, child in by_child.items()}
        links = StudentGuardian.objects.filter(student__in=keys, guardian__given_name__in=given)
        for link in links.select_related("guardian"):
            # Of whom a person keeps away nothing is taken from a name alone.
            if link.may_see:
                found[link.guardian.given_name, link.guardian.family_name, keys[link.student_id]] = link.guardian
        there = Known({}, set(), {}, {})
        for outcome in outcomes:
            values = outcome.row.values
            name = (values.get("given_name", ""), values.get("family_name", ""))
            reaches = (fold(values.get("email") or ""), phone_key(values.get("phone") or ""), values.get("child", ""))
            same = next((found[(*name, each_way)] for each_way in reaches if (*name, each_way) in found), None)
            if same is None or outcome.errors:
                continue
            outcome.target = same
            outcome.fields, outcome.before, outcome.after = {}, {}, {}
            remember(self.name, there, [same])
            outcome.extra["remembered"] = there.remembered(same)
            self.look(work, outcome, there)

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        return student_bulk.add_many_guardians(
            fields=[outcome.fields for outcome in outcomes], reason=work.reason, by=work.by
        )

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        student_bulk.change_many_guardians(
            changes=[(outcome.target, outcome.fields) for outcome in outcomes], reason=work.reason, by=work.by
        )


class Links:
    """Who is whose guardian. What a guardian may see is a person's decision once the link is there."""

    name = staged.LINK

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [Outcome(row, errors=list(row.errors)) for row in rows]
        students = find_people(work, staged.STUDENT, [row.values["student"] for row in rows])
        guardians = find_people(work, staged.GUARDIAN, [row.values["guardian"] for row in rows])
        for outcome in outcomes:
            values = outcome.row.values
            outcome.extra["student"] = students.need(outcome, values["student"], "agentSourcedIds")
            outcome.extra["guardian"] = guardians.need(outcome, values["guardian"], "agentSourcedIds")
        saved = [
            outcome
            for outcome in outcomes
            if not outcome.errors and outcome.extra["student"].pk and outcome.extra["guardian"].pk
        ]
        held = {
            (link.student_id, link.guardian_id): link
            for link in StudentGuardian.objects.filter(student__in=[each.extra["student"].pk for each in saved])
        }
        for outcome in outcomes:
            if outcome.errors:
                continue
            student, guardian = outcome.extra["student"], outcome.extra["guardian"]
            outcome.target = held.get((student.pk, guardian.pk)) if student.pk and guardian.pk else None
            self._look(outcome)
        self._leave_parted(
            [outcome for outcome in outcomes if outcome.action == Action.CREATE and outcome.extra["student"].pk]
        )
        require(work, outcomes, "guardians.manage", lambda _: None)
        return outcomes

    @staticmethod
    def _leave_parted(new: Sequence[Outcome]) -> None:
        """Whom a person keeps from a student, a file does not bring back: not under another record of theirs either."""
        kept_from = custody.kept_from({each.extra["student"].pk: each.extra["student"] for each in new}.values())
        for each in new:
            guardian = each.extra["guardian"]
            if custody.among(guardian, kept_from[each.extra["student"].pk]):
                each.skipped = True
                each.kept["guardian"] = ["", str(guardian)]

    @staticmethod
    def _look(outcome: Outcome) -> None:
        values = outcome.row.values
        if outcome.target is not None:
            return
        if values.get("deleted") == "true":
            outcome.skipped = True
            return
        fields: dict[str, Any] = {"relation": values.get("relation") or StudentGuardian.Relation.GUARDIAN}
        if values.get("data_access"):
            fields["data_access"] = values["data_access"] == "true"
        if values.get("contact_priority"):
            fields["contact_priority"] = int(values["contact_priority"])
        outcome.fields = fields
        outcome.after = {
            "student": str(outcome.extra["student"]),
            "guardian": str(outcome.extra["guardian"]),
            "relation": str(fields["relation"]),
        }

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        new = [outcome for outcome in outcomes if outcome.action == Action.CREATE]
        links = [(each.extra["student"], each.extra["guardian"], each.fields) for each in new]
        for each, link in zip(
            new, student_bulk.link_many_guardians(links=links, reason=work.reason, by=work.by), strict=True
        ):
            each.target = link
