"""One rule, one place: N students at once are N students one by one, with the same rows, refusals and trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.access.selectors import roles_held
from apps.institutions.models import AcademicYear, CourseClass, Section
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.services.books import put_on_books
from apps.students.services.changing import Ending, StudentChange, change_students, end_places
from apps.students.services.held import Result
from apps.students.services.placing import Admission, ClassPlace, Placement, ReEnrolment, SectionPlace
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.apps.asking import asking
from tests.apps.one_and_many import rolled_back
from tests.factories.people import (
    SCHOOL_DAY,
    SCHOOL_MOMENT,
    Campus,
    a_class,
    a_school_year,
    a_user,
    another_section,
    some_students,
)

ONE_DAY = dt.timedelta(days=1)
NEXT_FIRST = dt.date(2027, 9, 1)
# What, who, where, when, until when.
WISH = st.tuples(
    st.sampled_from(["admit", "enrol", "sit", "join", "end", "change"]),
    st.integers(0, 4),
    st.integers(0, 3),
    st.sampled_from([-1, 0, 1, 2, 7, 301]),
    st.sampled_from([None, 3, 9]),
    st.sampled_from([None, None, 1, 2]),
)
WISHES = st.lists(WISH, min_size=1, max_size=10)


class Stage:
    """Two years of a campus, another campus, and four students of whom one was merged."""

    def __init__(self) -> None:
        self.campus = a_school_year(sections=("7 B", "7 C"))
        another_section(self.campus, "7 D", capacity=1)
        some_students(3, section=self.campus.section)
        some_students(1, institution=self.campus.institution)
        other = a_school_year(sections=("7 B",))
        year = AcademicYear.objects.create(
            institution=self.campus.institution, name="2027/28", starts_on=NEXT_FIRST, ends_on=dt.date(2028, 7, 14)
        )
        coming = Campus(self.campus.institution, year, [], dict(self.campus.levels))
        another_section(coming, "7 B", capacity=2)
        self.sections = [*self.campus.sections.values(), coming.section]
        self.classes = [a_class(each) for each in (self.campus, self.campus, coming, other)]
        self.students = list(Student.objects.order_by("pk"))
        gone = some_students(1, institution=self.campus.institution)[0]
        Student.objects.filter(pk=gone.pk).update(merged_into=self.students[0])
        self.students.append(gone)
        self.by = a_user("dana", role="registrar")

    def wish(self, said: tuple[Any, ...]) -> Any:
        what, who, where, days, length, number = said
        day = SCHOOL_DAY + days * ONE_DAY
        ends = None if length is None else day + length * ONE_DAY
        student, section = self.students[who], Section.objects.get(pk=self.sections[where].pk)
        placement = Placement(
            section.year, section.grade_level, day, section if who % 2 else None, roll_number=number, exited_on=ends
        )
        if what == "admit":
            fields = {"admission_number": f"N{who}", "given_name": "New"}
            return Admission(Student(institution=self.campus.institution, **fields), fields, placement)
        if what == "enrol":
            return ReEnrolment(student, placement)
        if what == "sit":
            return SectionPlace(student, section, day, ends, number, as_before=ends is None and who % 2 == 0)
        return ClassPlace(student, CourseClass.objects.get(pk=self.classes[where].pk), day, ends)

    def runs(self, said: Sequence[tuple[Any, ...]]) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """The wishes, split where another service begins."""
        kinds = {"end": "end", "change": "change"}
        found: list[tuple[str, list[tuple[Any, ...]]]] = []
        for each in said:
            kind = kinds.get(each[0], "place")
            if not found or found[-1][0] != kind:
                found.append((kind, []))
            found[-1][1].append(each)
        return found

    def do(self, kind: str, said: Sequence[tuple[Any, ...]]) -> Result:
        if kind == "place":
            return put_on_books([self.wish(each) for each in said], reason="By a file.", by=self.by)
        if kind == "change":
            once = {each[1]: each for each in said}.values() if len(said) > 1 else said
            changes = [
                StudentChange(self.students[each[1]], {"admission_number": f"M{each[2]}", "phone": str(each[3])})
                for each in once
            ]
            return change_students(changes, reason="By a file.", by=self.by)
        held = [*SectionMembership.objects.order_by("pk"), *ClassEnrolment.objects.order_by("pk")]
        places = [each for each in held if each.student_id == self.students[said[0][1]].pk][:1]
        day = None if said[0][4] is None else SCHOOL_DAY + said[0][4] * ONE_DAY
        return end_places([Ending(each, day) for each in places], reason="By a file.", by=self.by)


def said_of_everybody() -> dict[str, list[Any]]:
    """Everything that was written, without keys, which no two runs share."""
    who = {str(each.sourced_id): each.admission_number for each in Student.objects.all()}
    ids = {
        **who,
        **{str(each.sourced_id): f"section {each.pk}" for each in Section.objects.all()},
    }

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return ids.get(value, value) if isinstance(value, str) else value

    number = "student__admission_number"
    return {
        "students": sorted(Student.objects.values_list("admission_number", "phone", "version")),
        "enrolments": sorted(
            Enrolment.objects.values_list(number, "year", "grade_level", "entered_on", "exited_on", "exit_kind"),
            key=str,
        ),
        "members": sorted(
            SectionMembership.objects.values_list(number, "section", "starts_on", "ends_on", "roll_number"), key=str
        ),
        "places": sorted(
            ClassEnrolment.objects.values_list(number, "course_class", "starts_on", "ends_on", "status"), key=str
        ),
        "trail": [
            (each.action, plain(each.object_id), plain(each.before), plain(each.after), each.reason, each.actor_id)
            for each in AuditEntry.objects.order_by("pk")
        ],
    }


@given(said=WISHES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_at_once_are_one_by_one(in_oak: object, said: list[tuple[Any, ...]]) -> None:
    with transaction.atomic(), clock.frozen(SCHOOL_MOMENT):
        stage = Stage()

        def together() -> Any:
            refused = []
            for kind, part in stage.runs(said):
                if kind == "place":
                    done = stage.do(kind, part).refused
                    refused += [type(done[n]) if n in done else None for n in range(len(part))]
                else:
                    refused += [type(why) for each in part for why in stage.do(kind, [each]).refused.values()]
            return refused, said_of_everybody()

        def apart() -> Any:
            refused: list[Any] = []
            for kind, part in stage.runs(said):
                for each in part:
                    why = list(stage.do(kind, [each]).refused.values())
                    refused += [type(why[0]) if why else None] if kind == "place" else map(type, why)
            return refused, said_of_everybody()

        assert rolled_back(together) == rolled_back(apart)
        transaction.set_rollback(True)


def test_many_changes_are_one_by_one(in_oak: object, school_day: object) -> None:
    stage = Stage()
    number = stage.students[1].admission_number
    changes = [
        (stage.students[0], {"admission_number": "Z1", "phone": "1"}),
        (stage.students[1], {"admission_number": "Z1"}),
        (stage.students[2], {"admission_number": number, "given_name": "Mia"}),
        (stage.students[4], {"phone": "2"}),
    ]

    def together() -> Any:
        done = change_students([StudentChange(*each) for each in changes], by=stage.by)
        return {n: why.code for n, why in done.refused.items()}, said_of_everybody()

    def apart() -> Any:
        refused = {}
        for n, each in enumerate(changes):
            for why in change_students([StudentChange(*each)], by=stage.by).refused.values():
                refused[n] = why.code
        return refused, said_of_everybody()

    first = rolled_back(together)
    assert set(first[0]) == {1, 2, 3}
    assert first == rolled_back(apart)


def test_a_bulk_enrolment_over_http_is_one_student_after_the_other(in_oak: object, school_day: object) -> None:
    stage = Stage()
    ask, section = asking(stage.by), stage.sections[3]
    fields = {"year_id": str(section.year.sourced_id), "entered_on": NEXT_FIRST.isoformat(), "entry_kind": "promoted"}
    group = {"grade_level_id": str(section.grade_level.sourced_id), "section_id": str(section.sourced_id)}
    two = [str(each.sourced_id) for each in stage.students[:2]]

    def together() -> Any:
        answer = ask.post("enrolments/bulk", {**fields, "records": [{"student_id": each, **group} for each in two]})
        assert answer.status_code == 201, answer.content
        return said_of_everybody()

    def apart() -> Any:
        for each in two:
            answer = ask.post(f"students/{each}/re-enrol", {**fields, **group})
            assert answer.status_code == 201, answer.content
        return said_of_everybody()

    assert rolled_back(together) == rolled_back(apart)


# --- what files could do, and forms could not -------------------------------------------------------------------------
def test_a_class_takes_nobody_who_is_not_enrolled_by_file_either(in_oak: object, school_day: object) -> None:
    stage = Stage()
    wishes = [ClassPlace(each, stage.classes[0], SCHOOL_DAY) for each in stage.students]
    done = put_on_books(wishes, reason="By a file.", by=stage.by)
    assert [type(done.refused[n]) for n in sorted(done.refused)] == [errors.WrongClass, errors.StudentMerged]
    assert ClassEnrolment.objects.count() == 3


def test_a_section_is_not_overfilled_by_file(in_oak: object, school_day: object) -> None:
    """Places with an end count as well, and so do those that the same file begins."""
    stage = Stage()
    full = stage.sections[2]
    wishes = [SectionPlace(each, full, SCHOOL_DAY, SCHOOL_DAY + 9 * ONE_DAY) for each in stage.students[:3]]
    done = put_on_books(wishes, reason="By a file.", by=stage.by)
    assert {n: type(why) for n, why in done.refused.items()} == {1: errors.SectionFull, 2: errors.SectionFull}
    assert SectionMembership.objects.filter(section=full).count() == 1


@pytest.mark.parametrize("what", ["admit", "enrol", "sit", "join"])
def test_a_thousand_cost_as_many_statements_as_two(
    in_oak: object, school_day: object, query_count: Any, what: str
) -> None:
    campus = a_school_year(sections=("7 B", "7 C"))
    another_section(campus, "7 D", capacity=900)
    section, maths, dana = campus.sections["7 D"], a_class(campus), a_user("dana", role="registrar")
    roles_held(dana)
    spent = []
    for size in (2, 300):
        if what in {"admit", "enrol"}:
            students = some_students(size, institution=campus.institution)
        else:
            students = some_students(size, section=campus.section)
        placement = Placement(campus.year, section.grade_level, SCHOOL_DAY, section)
        wishes: list[Any] = []
        for n, student in enumerate(students):
            fields = {"admission_number": f"{what}{size}-{n}", "given_name": "New"}
            new = Admission(Student(institution=campus.institution, **fields), fields, placement)
            wishes.append(
                {
                    "admit": new,
                    "enrol": ReEnrolment(student, placement),
                    "sit": SectionPlace(student, section, SCHOOL_DAY),
                    "join": ClassPlace(student, maths, SCHOOL_DAY),
                }[what]
            )
        with query_count() as counted:
            assert put_on_books(wishes, reason="", by=dana).refused == {}
        spent.append(counted)
    assert spent[0].count == spent[1].count, spent[1].statements[:40]


def test_ends_of_many_places_cost_as_many_statements_as_of_two(
    in_oak: object, school_day: object, query_count: Any
) -> None:
    campus = a_school_year()
    students = some_students(60, section=campus.section)
    a_class(campus, students=students)
    dana, spent = a_user("dana", role="registrar"), []
    roles_held(dana)
    for few in (students[:2], students[2:]):
        places = [*SectionMembership.objects.filter(student__in=few), *ClassEnrolment.objects.filter(student__in=few)]
        with query_count() as counted:
            done = end_places([Ending(each, SCHOOL_DAY + ONE_DAY) for each in places], by=dana)
        assert done.refused == {}
        spent.append(counted)
    assert spent[0].count == spent[1].count, spent[1].statements[:40]


def test_a_number_that_one_lets_go_another_takes(in_oak: object, school_day: object) -> None:
    """Whatever the order in which the database comes to the rows; and who lets none go keeps it."""
    stage = Stage()
    first, later = stage.students[:2]
    number = later.admission_number
    changes = [StudentChange(later, {"admission_number": "X1"}), StudentChange(first, {"admission_number": number})]
    assert change_students(changes, by=stage.by).refused == {}
    assert list(Student.objects.order_by("pk").values_list("admission_number", flat=True)[:2]) == [number, "X1"]
    back = change_students([StudentChange(later, {"admission_number": number.lower()})], by=stage.by)
    assert [type(why) for why in back.refused.values()] == [errors.AdmissionNumberTaken]


def test_a_login_of_another_refuses_its_own_row_alone(in_oak: object, school_day: object) -> None:
    stage = Stage()
    ann, ben = a_user("ann"), a_user("ben")
    change_students([StudentChange(stage.students[0], {"user": ann})], by=stage.by)
    changes = [StudentChange(stage.students[1], {"user": ann}), StudentChange(stage.students[2], {"user": ben})]
    done = change_students(changes, by=stage.by)
    assert {n: type(why) for n, why in done.refused.items()} == {0: errors.LoginTaken}
    new = {"given_name": "New", "user": ann, "admission_number": "N1"}
    wishes = [
        Admission(Student(institution=stage.campus.institution, **fields), fields)
        for fields in (new, {**new, "user": None, "admission_number": "N2"})
    ]
    done = put_on_books(wishes, by=stage.by)
    assert {n: type(why) for n, why in done.refused.items()} == {0: errors.LoginTaken}
