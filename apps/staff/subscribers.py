"""What follows for staff when something happens elsewhere."""

from __future__ import annotations

from apps.institutions.events import YearClosed
from apps.staff import services, tasks
from apps.staff.events import StaffInvited
from schoolops.events import subscribe


@subscribe(YearClosed)
def end_what_is_still_taught_in_the_year(event: YearClosed) -> None:
    services.end_assignments_of_closed_year(year_id=event.year_id)


@subscribe(StaffInvited)
def invite_them_in_the_background(event: StaffInvited) -> None:
    if event.roles:
        tasks.invite_chosen_staff.enqueue(roles=dict(event.roles), by_id=event.by_id)
    else:
        tasks.invite_staff.enqueue(role=event.role, by_id=event.by_id)
