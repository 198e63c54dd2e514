"""Members of staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from apps.exchange import errors
from apps.exchange.services.comparing import (
    Known,
    Outcome,
    Work,
    as_kept,
    refused,
)
from apps.exchange.services.kinds.people import People, day_of
from apps.exchange.services.reading import staged
from apps.institutions.selectors import today_at
from apps.staff import services as staff_services
from apps.staff.errors import EndsBeforeStart, TeachesBefore
from apps.staff.models import StaffMember
from apps.staff.services.members import first_days_taught, in_order, refuse_teaching_before


class Staff(People):
    """Members of staff."""

    name = staged.STAFF
    model = StaffMember
    permission = "staff.manage"
    number = "staff_number"
    related = ("user", "institution")
    fields: ClassVar[Mapping[str, Any]] = {
        "staff_number": str, "given_name": str, "family_name": str, "email": str, "phone": str, "job_title": str,
        "starts_on": day_of, "ends_on": day_of,
    }  # fmt: skip

    def look(self, work: Work, outcome: Outcome, there: Known) -> None:
        values = outcome.row.values
        if values.get("starts_on") and values.get("ends_on") and values["ends_on"] < values["starts_on"]:
            refusal = errors.EndsBeforeStart(starts_on=values["starts_on"], ends_on=values["ends_on"])
            outcome.refuse(refusal, "ends_on")
            return
        super().look(work, outcome, there)
        try:
            in_order(*(outcome.fields.get(day, getattr(outcome.target, day, None)) for day in ("starts_on", "ends_on")))
        except EndsBeforeStart as refusal:
            outcome.refuse(refusal, "ends_on")

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        begins = {each.target.pk: each for each in outcomes if each.target is not None and each.fields.get("starts_on")}
        for key, day in first_days_taught(begins).items():
            try:
                refuse_teaching_before(begins[key].target, begins[key].fields["starts_on"], day)
            except TeachesBefore as refusal:
                begins[key].refuse(refusal, "starts_on")

    def end(self, outcome: Outcome) -> None:
        today, member = today_at(outcome.target.institution), outcome.target
        ends_on = min(today, member.ends_on or today)
        # Whoever was to begin later was here on no day.
        outcome.differ({"ends_on": max(ends_on, member.starts_on or ends_on)}, outcome.extra["remembered"])

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        newcomers = [(outcome.extra["institution"], outcome.fields) for outcome in outcomes]
        done = staff_services.add_staff(newcomers, reason=work.reason, by=work.by)
        refused(outcomes, done.refused)
        return done.rows

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        leaving = [outcome for outcome in outcomes if "ends_on" in outcome.fields]
        # What they teach ends with it, and is given back when the import is taken back.
        days = {each.target.pk: each.fields["ends_on"] for each in leaving if each.fields["ends_on"] is not None}
        taught = staff_services.teaching_from(days) if days else {}
        for each in leaving:
            each.extra["made"] = {"taught": [as_kept(row) for row in taught.get(each.target.pk, [])]}
        changes = [staff_services.StaffChange(outcome.target, outcome.fields) for outcome in outcomes]
        done = staff_services.change_staff(changes, reason=work.reason, by=work.by)
        refused(outcomes, done.refused)
        for each, row in zip(outcomes, done.rows, strict=True):
            each.target = row or each.target
