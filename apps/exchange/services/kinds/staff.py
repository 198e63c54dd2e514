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
from apps.staff.models import StaffMember


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

    def end(self, outcome: Outcome) -> None:
        today, ends_on = today_at(outcome.target.institution), outcome.target.ends_on
        outcome.differ({"ends_on": min(today, ends_on or today)}, outcome.extra["remembered"])

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
