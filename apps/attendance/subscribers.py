"""What follows when attendance changes, or anything that a student's day is made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Min

from apps.attendance import selectors, services, tasks
from apps.attendance.caches import ATTENDANCE_DAILY
from apps.attendance.events import AttendanceMarked, DaysDerived, LeaveDecided, OfficeSpoke, RulesChanged
from apps.attendance.models import AttendanceRecord
from apps.attendance.services import AT_ONCE, Days
from apps.institutions.events import CalendarChanged, ClassSectionChanged
from apps.institutions.selectors import school_today
from apps.students.events import (
    ClassRostersChanged,
    StudentsEnrolled,
    StudentsMerged,
    StudentsMoved,
    StudentWithdrawn,
)
from apps.students.models import Enrolment
from apps.timetable.events import PeriodsChanged
from schoolops.events import Followed, subscribe

MARKS = "attendance-marks"


def _follow(days: Days) -> Followed:
    """Derive at once what one transaction can carry, and the rest by a job; how many marks it is about."""
    marks = services.marks_of(days)
    if marks <= AT_ONCE:
        services.derive_days(days)
        return Followed(MARKS, marks)
    job = tasks.derive_days.enqueue(
        first=days.first, last=days.last, students=list(days.students), institution=days.institution
    )
    return Followed(MARKS, marks, job.job_id)


def _follow_students(students: Sequence[int], since: dt.date = dt.date.min) -> Followed | None:
    marked = selectors.locked_if_marked(students, since)
    return _follow(Days(first=since, students=marked)) if marked else None


@subscribe(AttendanceMarked)
def derive_the_day_of_each_student(event: AttendanceMarked) -> None:
    services.derive_days(Days(event.day, event.day, event.students))


@subscribe(AttendanceMarked)
def tell_guardians_what_it_says(event: AttendanceMarked) -> None:
    if event.students:
        tasks.tell_of_day.enqueue(day=event.day, students=list(event.students))


@subscribe(OfficeSpoke)
def tell_guardians_what_the_office_says(event: OfficeSpoke) -> None:
    # Of leave for next month nobody is told each day.
    last = school_today() + dt.timedelta(days=1)
    days = sorted(each for each in event.days if each <= last)[-services.DAYS_TOLD :]
    tasks.tell_of_day.enqueue_many([{"day": day, "students": list(event.students)} for day in days])


@subscribe(LeaveDecided)
def tell_guardians_of_the_decision(event: LeaveDecided) -> None:
    services.tell_of_leave(event.leave_id)


@subscribe(OfficeSpoke)
def derive_the_days_the_office_changed(event: OfficeSpoke) -> Followed | None:
    derived = services.derive_days(Days(min(event.days), max(event.days), event.students))
    return Followed(MARKS, derived.marks)


@subscribe(CalendarChanged)
def derive_the_days_the_calendar_changed(event: CalendarChanged) -> Followed | None:
    return _follow(Days(event.starts_on, event.ends_on, institution=event.institution_id))


@subscribe(RulesChanged)
def derive_what_the_rules_decide(event: RulesChanged) -> Followed | None:
    return _follow(Days(institution=event.institution_id))


@subscribe(PeriodsChanged)
def derive_what_periods_are_long(event: PeriodsChanged) -> Followed | None:
    return _follow(Days(institution=event.institution_id))


@subscribe(StudentsMoved)
def give_the_days_to_their_new_sections(event: StudentsMoved) -> Followed | None:
    return _follow_students(event.student_ids, event.since)


@subscribe(StudentWithdrawn)
def count_no_day_after_the_last(event: StudentWithdrawn) -> Followed | None:
    return _follow_students((event.student_id,), event.on)


@subscribe(StudentsEnrolled)
def count_the_days_since_they_came_back(event: StudentsEnrolled) -> Followed | None:
    since = Enrolment.objects.filter(pk__in=event.enrolment_ids).aggregate(since=Min("entered_on"))["since"]
    return _follow_students(event.student_ids, since or dt.date.min)


@subscribe(ClassRostersChanged)
def count_what_a_class_marked_of_those_in_it(event: ClassRostersChanged) -> Followed | None:
    marked = (
        AttendanceRecord.objects.filter(
            session__course_class__in=[course_class for course_class, _ in event.rosters], student__in=event.student_ids
        )
        .values_list("session__course_class", "student_id")
        .distinct()
    )
    theirs = {(course_class, student) for course_class, students in event.rosters for student in students}
    return _follow_students(sorted({student for course_class, student in set(marked) & theirs}))


@subscribe(ClassSectionChanged)
def count_what_a_class_marked_of_its_section(event: ClassSectionChanged) -> Followed | None:
    marked = AttendanceRecord.objects.filter(session__course_class=event.course_class_id)
    return _follow_students(sorted(set(marked.values_list("student_id", flat=True))))


@subscribe(StudentsMerged)
def let_the_child_count_once(event: StudentsMerged) -> Followed | None:
    services.say_what_came_along(kept=event.kept_id)
    # Both are held by whoever merges them.
    return _follow(Days(students=(event.kept_id, event.duplicate_id)))


@subscribe(DaysDerived)
def forget_the_figures_of_the_day(event: DaysDerived) -> None:
    if event.number:
        ATTENDANCE_DAILY.forget()
