"""The roll's one statement says what the vocabulary of places and office words says, student by student."""

from __future__ import annotations

from apps.access import selectors as access
from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.attendance.models import AttendanceSession
from apps.attendance.selectors import office_book, place_of, rows_of_roll
from apps.institutions.models import CourseClass, Section
from apps.staff.models import TeachingAssignment
from apps.students.models import ClassEnrolment, SectionMembership, Student
from schoolops.tenancy import compiled
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.rolls import key_of, take


def _agrees(group: Section | CourseClass, sheet: AttendanceSession | None, day: object = people.SCHOOL_DAY) -> None:
    place = place_of(key_of(group, day))  # type: ignore[arg-type]
    rows = {row.key: row for row in rows_of_roll(place, sheet)}
    roster = set(Student.objects.filter(place.roster()).values_list("pk", flat=True))
    recorded = {each.student_id: each for each in sheet.records.all()} if sheet is not None else {}
    assert rows.keys() == roster | recorded.keys()
    assert {key for key, row in rows.items() if row.on_roster} == roster
    book = office_book(list(rows), place.day, place.day)
    for key, row in rows.items():
        record = recorded.get(key)
        assert row.code == (record and record.code)
        word = book.word_on(key, place.day, place.period)
        said = row.day_word or row.leave_word
        assert said == (word and word.code_id)


def test_of_a_section_whose_students_came_went_and_were_merged(campus: Campus, alice: User) -> None:
    section = campus.section
    first, second, third, *_ = people.students_in(section)
    sheet = take(section, by=alice)
    SectionMembership.objects.filter(student=first).update(ends_on=people.SCHOOL_DAY)
    Student.objects.filter(pk=second.pk).update(merged_into=third)
    people.some_students(1, section=section, since=people.SCHOOL_DAY)
    _agrees(section, sheet)
    _agrees(section, None)
    # Beyond the year nobody is on it, though nothing ended their place.
    _agrees(section, None, people.LAST_DAY.replace(year=people.LAST_DAY.year + 1))


def test_of_a_class_of_a_section_with_guests(campus: Campus, alice: User) -> None:
    guests = people.some_students(2, institution=campus.institution)
    taught = people.a_class(campus, students=guests)
    ClassEnrolment.objects.filter(student=guests[0]).update(ends_on=people.SCHOOL_DAY)
    CourseClass.objects.filter(pk=taught.pk).update(section=campus.section)
    taught.refresh_from_db()
    _agrees(taught, None)


def test_keys_in_reach_are_the_rows_in_reach(campus: Campus, alice: User, bob: User, carol: User) -> None:
    students = list(Student.objects.values_list("pk", flat=True))
    sections = list(Section.objects.values_list("pk", flat=True))
    later = people.SCHOOL_DAY.replace(month=12)
    for user in (alice, bob, carol):
        for kind, rows, keys in (("student", Student, students), ("section", Section, sections)):
            for day in (None, people.SCHOOL_DAY, later):
                reach = access.rows_in_reach(user, "attendance.view", kind, day=day)  # type: ignore[arg-type]
                within = rows._default_manager.filter(reach).values_list("pk", flat=True) if reach is not None else ()
                found = access.keys_in_reach(user, "attendance.view", kind, rows, keys, day=day)  # type: ignore[arg-type]
                assert found == set(within), (user, kind, day)


def test_roles_at_many_campuses_are_one_statement(campus: Campus) -> None:
    """Whatever the number and the order of somebody's roles: what is compiled is kept for ever."""
    campuses = [campus.institution, *(people.a_school_year(name=f"Campus {each}").institution for each in "BCD")]
    keys = [people.a_section(1, campus=campus, name="9 Z").pk]
    keys += list(Section.objects.exclude(institution=campus.institution).values_list("pk", flat=True))
    shapes = set()
    for number, order in enumerate((campuses[:1], campuses[:3], campuses[2::-1], campuses[1:])):
        user = people.a_user(f"head-{number}")
        role = Role.objects.get(code="head")
        for institution in order:
            RoleAssignment.objects.create(user=user, role=role, institution=institution)
        reach = access.rows_in_reach(user, "attendance.view", "section")
        found = access.keys_in_reach(user, "attendance.view", "section", Section, keys)
        assert found == set(Section.objects.filter(reach, pk__in=keys).values_list("pk", flat=True))
        assert len(found) == (0 if campus.institution not in order else 1) + len(
            Section.objects.filter(pk__in=keys, institution__in=set(order) - {campus.institution})
        )
        shapes.add(len(compiled._shapes))
    assert len(shapes) == 1


def test_an_assignment_that_ends_counts_with_the_next_question(campus: Campus, bob: User) -> None:
    keys = [campus.section.pk]
    assert access.keys_in_reach(bob, "attendance.view", "section", Section, keys) == {campus.section.pk}
    TeachingAssignment.objects.filter(staff__user=bob).update(ends_on=people.SCHOOL_DAY)
    assert access.keys_in_reach(bob, "attendance.view", "section", Section, keys) == frozenset()
