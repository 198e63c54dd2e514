"""Guardians, and who is whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import F

from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import (
    Action,
    Known,
    Outcome,
    Work,
    refused,
    remember,
    require,
)
from apps.exchange.services.kinds.alike import full_name
from apps.exchange.services.kinds.finding import find_people
from apps.exchange.services.kinds.people import People, merged
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.sheets import phone_key
from apps.students.errors import ContactPriorityTaken
from apps.students.models import Guardian, StudentGuardian
from apps.students.services import custody
from apps.students.services.guardians import (
    GuardianChange,
    Linking,
    add_guardians,
    change_guardians,
    link_guardians,
    look_at_links,
)
from schoolops.errors import SchoolOpsError
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

    def alike(self, outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Any]]:
        """Of a bundle: those of the same name who are reached the same way. Of a template they are that one."""
        outcomes = [each for each in outcomes if not each.row.key.startswith("~")]
        there: dict[tuple[str, str], Guardian] = {}
        given = {each.row.values.get("given_name", "") for each in outcomes}
        for guardian in Guardian.objects.filter(given_name__in=given, status="active").order_by("-pk") if given else ():
            there |= {(full_name(guardian), means): guardian for means in _means(guardian.email, guardian.phone)}
        found = []
        for each in outcomes:
            values = each.row.values
            keys = ((full_name(values), means) for means in _means(values.get("email"), values.get("phone")))
            found += [(each, there[key]) for key in keys if key in there][:1]
        return found

    def _by_reach(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        given = {outcome.row.values.get("given_name", "") for outcome in outcomes}
        found: dict[tuple[str, ...], Any] = {}
        # Of two who are reached the same way the one that is kept counts: it comes last.
        rows = Guardian.objects.filter(given_name__in=given).order_by(F("merged_into").asc(nulls_last=True), "pk")
        for guardian in rows:
            name = (guardian.given_name, guardian.family_name)
            found |= {(*name, means): guardian for means in _means(guardian.email, guardian.phone)}
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
            reaches = (*_means(values.get("email"), values.get("phone")), values.get("child", ""))
            same = next((found[(*name, each_way)] for each_way in reaches if (*name, each_way) in found), None)
            if same is None or outcome.errors:
                continue
            outcome.target = same
            outcome.fields, outcome.before, outcome.after = {}, {}, {}
            if merged(same):
                # As of every kind: known by what it said, and written no more.
                continue
            remember(self.name, there, [same])
            outcome.extra["remembered"] = there.remembered(same)
            self.look(work, outcome, there)

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        done = add_guardians([outcome.fields for outcome in outcomes], reason=work.reason, by=work.by)
        refused(outcomes, done.refused)
        return done.rows

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        changes = [GuardianChange(outcome.target, outcome.fields) for outcome in outcomes]
        refused(outcomes, change_guardians(changes, reason=work.reason, by=work.by).refused)


_COLUMNS: Mapping[str, str] = {ContactPriorityTaken.code: "Contact priority"}


def _linking(outcome: Outcome) -> Linking:
    return Linking(outcome.extra["student"], outcome.extra["guardian"], outcome.fields)


def recall_link(work: Work, row: ImportRow) -> None:
    """Of a row that was compared before."""
    called = work.called[row.values["student"]]
    called.add(int(row.values.get("contact_priority") or max(called, default=0) + 1))


def _means(email: str | None, phone: str | None) -> list[str]:
    return [means for means in (fold(email or ""), phone_key(phone or "")) if means]


class Links:
    """Who is whose guardian. What a guardian may see is a person's decision once the link is there."""

    name = staged.LINK

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [work.outcome(row) for row in rows]
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
        require(work, outcomes, "guardians.manage", lambda each: getattr(each.extra["student"], "institution", None))
        self._refuse_as_writing_would(work, [each for each in outcomes if each.action == Action.CREATE])
        return outcomes

    @staticmethod
    def _refuse_as_writing_would(work: Work, new: Sequence[Outcome]) -> None:
        """What rows before these gave stands there by now, where rows are written; else ``work`` knows it."""
        called = defaultdict(set) if work.applying else work.called
        before = {number: called[each.row.values["student"]] for number, each in enumerate(new)}
        looked = look_at_links([_linking(each) for each in new], taken=before, by=work.by) if new else ()
        for each, found in zip(new, looked, strict=True):
            if isinstance(found, SchoolOpsError):
                each.refuse(found, _COLUMNS.get(found.code, "agentSourcedIds"))
            else:
                called[each.row.values["student"]].add(found)

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
        done = link_guardians([_linking(each) for each in new], reason=work.reason, by=work.by)
        refused(new, done.refused)
        for each, link in zip(new, done.rows, strict=True):
            each.target = link
