"""What follows when attendance changes, or a student belongs to another section."""

from __future__ import annotations

from apps.attendance import services
from apps.attendance.caches import ATTENDANCE_DAILY
from apps.attendance.events import AttendanceMarked, DaysDerived, OfficeSpoke
from apps.students.events import StudentsMoved
from schoolops.events import subscribe


@subscribe(AttendanceMarked)
def derive_the_day_of_each_student(event: AttendanceMarked) -> None:
    services.derive_days(students=event.students, days=(event.day,))


@subscribe(OfficeSpoke)
def derive_the_days_the_office_changed(event: OfficeSpoke) -> None:
    services.derive_days(students=event.students, days=event.days)


@subscribe(StudentsMoved)
def give_the_days_to_their_new_sections(event: StudentsMoved) -> None:
    services.derive_days_since(students=event.student_ids, since=event.since)


@subscribe(DaysDerived)
def forget_the_figures_of_the_day(_event: DaysDerived) -> None:
    ATTENDANCE_DAILY.forget()
