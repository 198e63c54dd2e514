"""What follows for staff when something happens elsewhere."""

from __future__ import annotations

from apps.institutions.events import YearClosed
from apps.staff import services
from schoolops.events import subscribe


@subscribe(YearClosed)
def end_what_is_still_taught_in_the_year(event: YearClosed) -> None:
    services.end_assignments_of_closed_year(year_id=event.year_id)
