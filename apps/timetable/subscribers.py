"""What follows for the timetable when something happens, here or elsewhere."""

from __future__ import annotations

from apps.institutions.events import YearClosed
from apps.timetable import services, tasks
from apps.timetable.events import MeetingsChanged
from schoolops.events import subscribe


@subscribe(YearClosed)
def end_what_still_meets_in_the_year(event: YearClosed) -> None:
    services.end_meetings_of_closed_year(year_id=event.year_id)


@subscribe(MeetingsChanged)
def tell_families_of_the_change(event: MeetingsChanged) -> None:
    tasks.tell_of_change.enqueue_many([{"course_class": each} for each in event.class_ids])
