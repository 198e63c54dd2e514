"""What follows for students when something happens elsewhere."""

from __future__ import annotations

from apps.institutions.events import CalendarChanged, TeachingChanged, YearClosed
from apps.students import services, tasks
from apps.students.caches import STUDENT_PROFILE
from apps.students.events import (
    GuardiansInvited,
    StudentChanged,
    StudentsEnrolled,
    StudentsMerged,
    StudentsMoved,
    StudentWithdrawn,
)
from schoolops.events import subscribe


@subscribe(YearClosed)
def end_what_is_still_open_in_the_year(event: YearClosed) -> None:
    services.end_enrolments_of_closed_year(year_id=event.year_id)
    STUDENT_PROFILE.forget()


@subscribe(CalendarChanged)
def forget_where_they_were_when_a_year_ended(_event: CalendarChanged) -> None:
    STUDENT_PROFILE.forget()


@subscribe(StudentChanged)
def forget_who_was_changed(event: StudentChanged) -> None:
    STUDENT_PROFILE.forget(event.student_id)


@subscribe(StudentsMoved)
def forget_all_who_were_moved(event: StudentsMoved) -> None:
    STUDENT_PROFILE.forget_many((student,) for student in event.student_ids)


@subscribe(StudentWithdrawn)
def forget_who_was_withdrawn(event: StudentWithdrawn) -> None:
    STUDENT_PROFILE.forget(event.student_id)


@subscribe(StudentsEnrolled)
def forget_who_was_enrolled(event: StudentsEnrolled) -> None:
    STUDENT_PROFILE.forget_many((student,) for student in event.student_ids)


@subscribe(StudentsMerged)
def forget_both_records(event: StudentsMerged) -> None:
    STUDENT_PROFILE.forget_many([(event.kept_id,), (event.duplicate_id,)])


@subscribe(TeachingChanged)
def forget_what_their_sections_are_called(_event: TeachingChanged) -> None:
    STUDENT_PROFILE.forget()


@subscribe(GuardiansInvited)
def invite_them_in_the_background(event: GuardiansInvited) -> None:
    if event.roles:
        tasks.invite_chosen_guardians.enqueue(roles=dict(event.roles), by_id=event.by_id)
    else:
        tasks.invite_guardians.enqueue(role=event.role, by_id=event.by_id)
