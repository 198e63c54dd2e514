"""Families are told that a timetable changed: once for all that was changed within the hour, and not of planning."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from apps.accounts.models import User
from apps.institutions.models import CourseClass
from apps.notifications import services as notifications
from apps.notifications.models import Channel, Message
from apps.notifications.selectors import inbox_of
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Enrolment, FamilyItem, FamilyOpening, Guardian, SectionMembership, Student
from apps.timetable import services
from apps.timetable.models import Period
from schoolops import clock
from tests.factories import people
from tests.factories.jobs import waiting_jobs
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_class, students_in
from tests.factories.rolls import some_periods
from tests.factories.told import a_guardian, deliver, letters, states

IN_AN_HOUR = SCHOOL_MOMENT + dt.timedelta(hours=2)


@pytest.fixture
def child(campus: Campus) -> Student:
    return students_in(campus.section)[0]


@pytest.fixture
def mona(child: Student) -> Guardian:
    return a_guardian("Mona", child)


@pytest.fixture
def maths(campus: Campus) -> CourseClass:
    return a_class(campus, students=students_in(campus.section))


def _meets(maths: CourseClass, period: Period, by: User, starts_on: dt.date = SCHOOL_DAY) -> Any:
    fields = {"period": period, "weekday": SCHOOL_DAY.isoweekday(), "starts_on": starts_on, "room": "1"}
    return services.add_meeting(course_class=maths, fields=fields, by=by)


def _told() -> int:
    return sum(services.tell_of_change(course_class=each["course_class"]) for each in waiting_jobs("tell_of_change"))


def test_all_that_changed_within_the_hour_is_told_once(
    campus: Campus, child: Student, mona: Guardian, maths: CourseClass, dave: User
) -> None:
    first, second = some_periods(campus)[:2]
    meeting = _meets(maths, first, dave)
    _told()
    services.change_meeting(meeting=meeting, fields={"room": "2"}, by=dave)
    services.change_period(period=second, fields={"name": "Second"}, by=dave)
    services.change_period(period=first, fields={"ends_at": dt.time(8, 50)}, by=dave)
    _told()
    deliver()
    assert states(guardian=mona) == [("queued", "")]
    with clock.frozen(IN_AN_HOUR):
        deliver()
    found = Message.objects.get(guardian=mona)
    assert (found.state, found.subject) == ("delivered", f"Timetable changed: {child.full_name}")


def test_what_is_planned_for_later_is_told_to_nobody(
    campus: Campus, mona: Guardian, maths: CourseClass, dave: User
) -> None:
    meeting = _meets(maths, some_periods(campus)[0], dave, SCHOOL_DAY + dt.timedelta(days=20))
    services.remove_meeting(meeting=meeting, by=dave)
    assert waiting_jobs("tell_of_change") == []


@pytest.mark.parametrize("put_off", [True, False])
def test_a_lesson_that_is_put_off_or_never_was_is_told(
    campus: Campus, mona: Guardian, maths: CourseClass, dave: User, put_off: bool
) -> None:
    soon = SCHOOL_DAY + dt.timedelta(days=3)
    meeting = _meets(maths, some_periods(campus)[0], dave, soon)
    _told()
    Message.objects.all().delete()
    with clock.frozen(IN_AN_HOUR):
        fields = {"starts_on": SCHOOL_DAY + dt.timedelta(days=30)} if put_off else {"ends_on": soon}
        services.change_meeting(meeting=meeting, fields=fields, by=dave)
        assert _told() == 1


def test_families_to_whom_the_timetable_is_closed_are_told_nothing(
    campus: Campus, child: Student, mona: Guardian, maths: CourseClass, dave: User
) -> None:
    level = Enrolment.objects.get(student=child).grade_level
    FamilyOpening.objects.create(grade_level=level, closed=[FamilyItem.TIMETABLE])
    _meets(maths, some_periods(campus)[0], dave)
    _told()
    with clock.frozen(IN_AN_HOUR):
        deliver()
    assert states(guardian=mona) == [("suppressed", "no-longer-so")]


def test_who_left_meanwhile_is_not_told_and_the_school_says_on_which_channels(
    campus: Campus, child: Student, mona: Guardian, maths: CourseClass, alice: User, dave: User
) -> None:
    notifications.set_rule(fact="timetable.changed", channel=Channel.EMAIL, sends=True, by=alice)
    _meets(maths, some_periods(campus)[0], dave)
    _told()
    assert [state for state, _ in states(guardian=mona)] == ["queued", "queued"]
    SectionMembership.objects.filter(student=child).update(ends_on=SCHOOL_DAY)
    Enrolment.objects.filter(student=child).update(exited_on=SCHOOL_DAY, exit_kind=Enrolment.Exit.WITHDREW)
    with clock.frozen(IN_AN_HOUR):
        deliver()
    assert states(guardian=mona) == [("suppressed", "no-longer-so")] * 2


def test_a_pupil_reads_it_on_their_own_page_and_whoever_teaches_the_class_gets_a_letter(
    campus: Campus, child: Student, mona: Guardian, maths: CourseClass, alice: User, dave: User
) -> None:
    pupil, tess = people.a_user("pupil", role="student"), people.a_teacher("tess", of=maths)
    Student.objects.filter(pk=child.pk).update(user=pupil)
    User.objects.filter(pk=tess.pk).update(email="tess@example.org")
    gone = people.a_teacher("gone", of=maths, until=SCHOOL_DAY)
    _meets(maths, some_periods(campus)[0], dave)
    # Once, however often it changes within the hour.
    for _change in range(2):
        services.tell_of_change(course_class=maths.pk)
    mail.outbox.clear()
    with clock.frozen(IN_AN_HOUR):
        deliver()
    assert [each.subject for each in inbox_of(pupil)] == [f"Timetable changed: {child.full_name}"]
    assert letters() == [("tess@example.org", f"Timetable changed: {maths.title}")]
    assert [each.subject for each in inbox_of(tess)] == [f"Timetable changed: {maths.title}"]
    assert not Message.objects.filter(user=gone).exists()


def test_who_teaches_several_classes_gets_one_letter_when_the_bell_rings_otherwise(
    campus: Campus, maths: CourseClass, dave: User
) -> None:
    first, second = some_periods(campus)[:2]
    physics, tess = a_class(campus, title="Physics"), people.a_teacher("tess", of=maths)
    TeachingAssignment.objects.create(
        staff=StaffMember.objects.get(user=tess), course_class=physics, starts_on=campus.year.starts_on
    )
    User.objects.filter(pk=tess.pk).update(email="tess@example.org")
    other = people.a_teacher("other", of=physics)
    for taught, period in ((maths, first), (maths, second), (physics, first)):
        _meets(taught, period, dave)
    services.change_period(period=first, fields={"ends_at": dt.time(8, 50)}, by=dave)
    # Whatever is done twice tells nobody twice.
    for _done in range(2):
        _told()
    mail.outbox.clear()
    with clock.frozen(IN_AN_HOUR):
        deliver()
    assert letters() == [("tess@example.org", "Timetable changed: several classes")]
    assert [each.subject for each in inbox_of(tess)] == ["Timetable changed: several classes"]
    assert [each.subject for each in inbox_of(other)] == ["Timetable changed: Physics"]


def test_a_school_tells_teachers_and_families_apart_and_whoever_stopped_teaching_meanwhile_nothing(
    campus: Campus, mona: Guardian, maths: CourseClass, alice: User, dave: User
) -> None:
    tess = people.a_teacher("tess", of=maths)
    notifications.set_rule(fact="timetable.changed", channel=Channel.INBOX, sends=False, by=alice)
    _meets(maths, some_periods(campus)[0], dave)
    _told()
    assert states(guardian=mona) == []
    TeachingAssignment.objects.filter(staff__user=tess).update(ends_on=SCHOOL_DAY)
    with clock.frozen(IN_AN_HOUR):
        deliver()
    assert set(states(user=tess)) == {("suppressed", "no-longer-so")}
