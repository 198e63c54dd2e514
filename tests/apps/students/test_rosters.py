"""A roster is as of a day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.institutions.models import CourseClass
from apps.students.models import SectionMembership
from tests.factories.people import SCHOOL_DAY, Campus, a_class, some_students
from tests.factories.rosters import class_roster, roster, section_of

ONE_DAY = dt.timedelta(days=1)


def test_it_lists_by_roll_number_in_one_query_for_any_size(campus: Campus, query_count: Any) -> None:
    some_students(40, section=campus.sections["7 C"])
    for name, size in (("7 B", 12), ("7 C", 43)):
        with query_count(1):
            listed = roster(campus.sections[name], SCHOOL_DAY)
        assert [each.roll_number for each in listed] == list(range(1, size + 1))


def test_the_last_day_of_a_membership_is_the_day_before_it_ends(campus: Campus) -> None:
    section = campus.sections["7 C"]
    (leaver,) = some_students(1, section=section, until=SCHOOL_DAY)
    assert leaver.pk in {each.pk for each in roster(section, SCHOOL_DAY - ONE_DAY)}
    assert leaver.pk not in {each.pk for each in roster(section, SCHOOL_DAY)}
    assert section_of(leaver.pk, SCHOOL_DAY - ONE_DAY) == section.pk
    assert section_of(leaver.pk, SCHOOL_DAY) is None


def test_students_without_a_roll_number_come_last_by_name(campus: Campus) -> None:
    section = campus.sections["7 C"]
    numbered = SectionMembership.objects.filter(section=section, roll_number=1).get()
    SectionMembership.objects.filter(pk=numbered.pk).update(roll_number=None)
    assert roster(section, SCHOOL_DAY)[-1].pk == numbered.student_id


def test_a_classs_roster_is_its_own(campus: Campus, query_count: Any) -> None:
    taught = a_class(campus, students=some_students(3, section=campus.sections["7 C"]))
    with query_count(1):
        assert len(class_roster(taught, SCHOOL_DAY)) == 3


def test_a_class_taught_to_a_whole_section_has_its_roster_and_guests_once(campus: Campus, query_count: Any) -> None:
    section = campus.sections["7 C"]
    guest, member = some_students(1, section=campus.sections["7 B"])[0], roster(section, SCHOOL_DAY)[0]
    taught = a_class(campus, students=[guest])
    CourseClass.objects.filter(pk=taught.pk).update(section=section)
    taught.refresh_from_db()
    taught.enrolments.create(student_id=member.pk, starts_on=campus.year.starts_on)
    with query_count(1):
        listed = class_roster(taught, SCHOOL_DAY)
    assert {each.pk for each in listed} == {guest.pk, *(each.pk for each in roster(section, SCHOOL_DAY))}
    assert len(listed) == 4
