"""What follows when attendance changes."""

from __future__ import annotations

from apps.attendance import services
from apps.attendance.events import AttendanceMarked, OfficeSpoke
from schoolops.events import subscribe


@subscribe(AttendanceMarked)
def derive_the_day_of_each_student(event: AttendanceMarked) -> None:
    services.derive_days(students=event.students, days=(event.day,))


@subscribe(OfficeSpoke)
def derive_the_days_the_office_changed(event: OfficeSpoke) -> None:
    services.derive_days(students=event.students, days=event.days)
