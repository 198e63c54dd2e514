"""What follows for the timetable when something happens elsewhere."""

from __future__ import annotations

from apps.institutions.events import YearClosed
from apps.timetable import services
from schoolops.events import subscribe


@subscribe(YearClosed)
def end_what_still_meets_in_the_year(event: YearClosed) -> None:
    services.end_meetings_of_closed_year(year_id=event.year_id)
