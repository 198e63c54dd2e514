"""What the school has is compared with all that a file says of it: it changes, or it stays and the row says so."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.exchange.models import Import, ImportRow
from apps.institutions.models import AcademicYear, CourseClass, Term
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services import unlink_guardian, withdraw_student
from tests.apps.exchange.bundles import (
    ADA,
    CLASSES,
    COURSES,
    HOMEROOM,
    ORGS,
    PLACES,
    SESSIONS,
    USERS,
    YEAR,
    sound,
    zipped,
)
from tests.apps.exchange.sending import FILES, Read, applied, kept_promise, sent, told, undone

MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,{}\n"
LEFT, BACK = dt.date(2026, 10, 5), dt.date(2026, 11, 9)


def una() -> Student:
    student: Student = Student.objects.get(admission_number="F-1")
    return student


def days_of(student: Student) -> dict[str, list[tuple[dt.date, dt.date | None]]]:
    return {
        "enrolled": list(student.enrolments.order_by("entered_on").values_list("entered_on", "exited_on")),
        "seated": list(student.memberships.order_by("starts_on").values_list("starts_on", "ends_on")),
        "taught": list(student.class_enrolments.order_by("starts_on").values_list("starts_on", "ends_on")),
    }


def row_of(run: Import, kind: str, key: str) -> ImportRow:
    row: ImportRow = ImportRow.objects.get(run=run, kind=kind, key=key)
    return row


# --- who leaves and returns -------------------------------------------------------------------------------------------
def test_who_leaves_by_the_file_is_on_the_books_no_more(registrar: User, read: Read) -> None:
    applied(sent(read, "leaver-joins.zip"))
    before = days_of(una())
    run = kept_promise(read, FILES / "leaver-left.zip")
    assert row_of(run, "student", "u1").after == {"exited_on": "2026-10-05"}
    began = dt.date(2026, 8, 1)
    assert days_of(una()) == {"enrolled": [(began, LEFT)], "seated": [(began, LEFT)], "taught": [(began, LEFT)]}
    undone(run)
    assert days_of(una()) == before


def test_and_who_does_not_leave_after_all_goes_on(registrar: User, read: Read) -> None:
    applied(sent(read, "leaver-joins.zip"))
    before = days_of(una())
    applied(sent(read, "leaver-left.zip"))
    run = kept_promise(read, FILES / "leaver-joins.zip")
    assert run.counts["student"] == {"update": 1, "unchanged": 1}
    assert days_of(una()) == before


def test_who_was_withdrawn_and_returns_by_the_file_is_enrolled_anew(registrar: User, read: Read) -> None:
    applied(sent(read, "leaver-joins.zip"))
    withdraw_student(student=una(), on=LEFT, reason="Moved away", by=registrar)
    before = days_of(una())
    run = kept_promise(read, FILES / "leaver-back.zip")
    assert "enrolment" in row_of(run, "student", "u1").after
    assert days_of(una())["enrolled"][1:] == [(BACK, None)]
    assert days_of(una())["seated"][1:] == [(BACK, None)]
    undone(run)
    assert days_of(una()) == before


def test_who_was_withdrawn_by_a_person_stays_so_and_the_row_says_it(registrar: User, read: Read) -> None:
    applied(sent(read, "leaver-joins.zip"))
    withdraw_student(student=una(), on=LEFT, reason="Moved away", by=registrar)
    before = days_of(una())
    run = kept_promise(read, FILES / "leaver-joins.zip")
    assert row_of(run, "student", "u1").kept == {"exited_on": ["2026-10-05", ""]}
    assert days_of(una()) == before


def test_a_role_that_is_deleted_ends_by_the_day(registrar: User, read: Read, school_day: dt.date) -> None:
    applied(sent(read, "leaver-joins.zip"))
    stamp = ",tobedeleted,2026-11-20T08:00:00.000Z,"
    head = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n"
    users = "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,identifier,grades\n"
    files = {
        "manifest": f"{MANIFEST.format('1.2')}file.users,delta\nfile.roles,delta\n",
        "users": f"{users}"
        "u1,active,2026-11-20T08:00:00.000Z,true,una.vale,Una,Vale,F-1,07\n"
        f"s1{stamp}true,sue.tarn,Sue,Tarn,S-1,\n"
        f"g1{stamp}true,gus.vale,Gus,Vale,,\n",
        "roles": f"{head}r-u1-student{stamp}u1,primary,student,2026-08-01,,sch1\n",
    }
    run = kept_promise(read, zipped(files), "gone.zip")
    assert una().enrolments.get().exited_on == StaffMember.objects.get().ends_on == school_day
    assert TeachingAssignment.objects.get().ends_on == school_day
    assert Guardian.objects.get().status == "active"
    assert row_of(run, "guardian", "g1").kept == {"status": ["active", "tobedeleted"]}
    undone(run)
    assert (una().enrolments.get().exited_on, StaffMember.objects.get().ends_on) == (None, None)


# --- deltas -----------------------------------------------------------------------------------------------------------
def test_a_delta_need_not_say_again_what_somebody_is(registrar: User, read: Read) -> None:
    applied(sent(read, "people-of-1.2.zip"))
    titles = list(StaffMember.objects.values_list("job_title", flat=True))
    run = kept_promise(read, FILES / "phones-in-a-delta.zip")
    assert [run.counts[kind] for kind in ("student", "staff", "guardian")] == [{"update": 1}] * 3
    phones = [Model.objects.exclude(phone="").get().phone for Model in (Student, StaffMember, Guardian)]
    assert phones == ["0171 555 0122", "0171 555 0123", "0171 555 0199"]
    assert list(StaffMember.objects.values_list("job_title", flat=True)) == titles


def test_of_whom_no_file_ever_said_what_they_are_it_is_asked(registrar: User, read: Read) -> None:
    assert {code for _, _, code in told(sent(read, "phones-in-a-delta.zip"))} == {"role-missing"}


def delta(**files: str) -> bytes:
    stated = {
        name: "\n".join([head, *(row.replace(",,,", ",active,2026-11-20T08:00:00.000Z,", 1) for row in rows), ""])
        for name, (head, *rows) in ((name, text.strip().split("\n")) for name, text in files.items())
    }
    listed = "".join(f"file.{name},delta\n" for name in files)
    return zipped({"manifest": f"{MANIFEST.format('1.1')}{listed}", **stated})


def test_a_new_class_and_a_new_child_come_in_a_delta(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    run = kept_promise(
        read,
        delta(
            classes=f"{CLASSES}\nk2,,,7 B,,c1,HR-B,homeroom,,o1,y1,Homeroom,,",
            users=f"{USERS}\ns2,,,true,o1,student,bo,,Bo,Byron,,1002,,,,,,\ns3,,,true,o1,student,cy,,Cy,Day,,1003,,,,,,",
            enrollments=f"{PLACES}\ne2,,,k2,o1,s2,student,,2026-10-01,\ne3,,,k1,o1,s3,student,,2026-10-01,",
        ),
    )
    assert run.total("error") == 0, told(run)
    places = {str(each.section): each.enrolment.grade_level.code for each in SectionMembership.objects.all()}
    assert places == {"Grade 7 A": "07", "Grade 7 B": "07"}
    assert SectionMembership.objects.count() == 3


def test_a_delta_knows_what_two_campuses_share(registrar: User, read: Read) -> None:
    both = sound(
        orgs=f"{ORGS}o2,,,Hill,school,H2,\n",
        academicSessions=f"{SESSIONS}\n{YEAR}\nt1,,,Autumn,term,2026-08-15,2026-12-20,y1,2027\n",
        classes=f"{CLASSES}\n{HOMEROOM}\nk2,,,7 A,07,c1,HR-A,homeroom,,o2,y1,Homeroom,,\n",
        users=f"{USERS}\n{ADA}\ns2,,,true,o2,student,bo,,Bo,Byron,,1002,,,,,07,\n",
        enrollments=f"{PLACES}\ne1,,,k1,o1,s1,student,,2026-08-15,\ne2,,,k2,o2,s2,student,,2026-08-15,\n",
    )
    kept_promise(read, zipped(both))
    assert AcademicYear.objects.count() == Term.objects.count() == 2
    run = kept_promise(
        read,
        delta(
            academicSessions=f"{SESSIONS}\nt1,,,Michaelmas,term,2026-08-15,2026-12-20,y1,2027",
            classes=f"{CLASSES}\nk3,,,7 B,07,c1,HR-B,homeroom,,o2,y1,Homeroom,,",
        ),
    )
    assert (run.counts["term"], run.counts["section"]) == ({"update": 2}, {"create": 1})


def test_the_course_of_homerooms_stays_one_in_a_delta(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    run = kept_promise(read, delta(courses=COURSES.replace("Homeroom 07", "Tutor group 7")))
    assert run.total("create") == run.total("error") == 0


# --- years and terms --------------------------------------------------------------------------------------------------
def test_terms_without_a_year_make_one(registrar: User, read: Read) -> None:
    run = kept_promise(read, FILES / "terms-without-year.zip")
    assert run.total("error") == 0, told(run)
    year = AcademicYear.objects.get()
    assert (year.name, str(year.starts_on), str(year.ends_on)) == ("2026-2027", "2026-08-01", "2027-07-31")
    assert Term.objects.filter(year=year).count() == 2
    assert Enrolment.objects.filter(year=year).count() == ClassEnrolment.objects.count() == 2
    undone(run)
    assert not AcademicYear.objects.exists()


@pytest.mark.parametrize(("starts_on", "ends_on"), [("2026-08-01", "2027-07-31"), ("2026-07-15", "2027-08-10")])
def test_and_are_of_the_year_that_holds_them(registrar: User, read: Read, starts_on: str, ends_on: str) -> None:
    first = sound(
        orgs=ORGS.replace("o1,,,Harbour,school,H1", "sch1,,,Fern School,school,FERN"),
        academicSessions=f"{SESSIONS}\ny1,,,This year,schoolYear,{starts_on},{ends_on},,2027\n",
        courses=None,
        classes=None,
        users=None,
        enrollments=None,
    )
    kept_promise(read, zipped(first))
    kept_promise(read, FILES / "terms-without-year.zip")
    assert Term.objects.filter(year=AcademicYear.objects.get()).count() == 2


def test_terms_that_no_year_can_hold_say_so(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    sessions = f"{SESSIONS}\nt9,,,Long,term,2026-06-01,2026-12-20,,2027\n"
    run = read(delta(academicSessions=sessions))
    assert [code for _, _, code in told(run)] == ["no-year-around"]


def test_a_full_year_stands_beside_its_halves_in_any_order(registrar: User, read: Read) -> None:
    kept_promise(read, FILES / "full-year-beside-halves.zip")
    full = Term.objects.get(name="Full year")
    assert {each.parent for each in Term.objects.exclude(pk=full.pk)} == {full}
    assert CourseClass.objects.count() == ClassEnrolment.objects.count() == 3


def test_terms_that_overlap_are_refused_before_they_are_written(registrar: User, read: Read) -> None:
    terms = ("t1,,,One,term,2026-08-15,2026-12-20,y1,2027", "t2,,,Two,term,2026-12-01,2027-03-01,y1,2027")
    sessions = "\n".join([SESSIONS, YEAR, *terms, ""])
    run = kept_promise(read, zipped(sound(academicSessions=sessions)))
    assert run.counts["term"] == {"create": 1, "error": 1}


# --- classes ----------------------------------------------------------------------------------------------------------
def test_a_class_moves_to_another_term(registrar: User, read: Read) -> None:
    applied(sent(read, "class-in-autumn.zip"))
    run = kept_promise(read, FILES / "class-in-spring.zip")
    row = row_of(run, "class", "k1")
    assert (row.before["terms"], row.after["terms"]) == ("Autumn", "Spring")
    assert [each.name for each in CourseClass.objects.get().terms.all()] == ["Spring"]
    assert TeachingAssignment.objects.get().kind == "assistant"
    undone(run)
    assert [each.name for each in CourseClass.objects.get().terms.all()] == ["Autumn"]


def test_terms_that_a_person_chose_stay(registrar: User, read: Read) -> None:
    applied(sent(read, "class-in-autumn.zip"))
    taught = CourseClass.objects.get()
    taught.terms.set(Term.objects.all())
    run = kept_promise(read, FILES / "class-in-spring.zip")
    assert row_of(run, "class", "k1").kept == {"terms": ["Autumn, Spring", "Spring"]}
    assert taught.terms.count() == 2


def test_a_class_becomes_one_of_another_course(registrar: User, read: Read) -> None:
    courses = f"{COURSES}c2,,,y1,Chemistry,CHE,,o1,Chemistry,\nc3,,,y1,Chemistry,CH2,,o1,Chemistry,\n"
    classes = f"{CLASSES}\n{HOMEROOM}\nm1,,,Lesson,07,{{}},CHE-1,scheduled,,o1,y1,,,\n"
    kept_promise(read, zipped(sound(courses=courses, classes=classes.format("c2"))))
    run = kept_promise(read, zipped(sound(courses=courses, classes=classes.format("c3"))))
    assert run.counts["class"] == {"update": 1}
    assert CourseClass.objects.get().course.code == "CH2"
    undone(run)
    assert CourseClass.objects.get().course.code == "CHE"


def test_the_grade_of_a_section_with_children_stays(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    run = read(zipped(sound(classes=f"{CLASSES}\n{HOMEROOM.replace(',07,', ',08,')}\n")))
    assert row_of(run, "section", "k1").kept["grade_level"] == ["Grade 7", "Grade 8"]


# --- two roles, and what a person took away ---------------------------------------------------------------------------
def test_a_teacher_may_be_a_parent(registrar: User, read: Read) -> None:
    run = kept_promise(read, FILES / "teacher-and-parent.zip")
    assert run.total("error") == 0, told(run)
    sue = Guardian.objects.get(given_name="Sue")
    assert StudentGuardian.objects.get(guardian=sue).student.admission_number == "F-2"
    assert StaffMember.objects.get().given_name == "Sue"


def test_who_is_something_else_is_not_called_missing(registrar: User, read: Read) -> None:
    users = f"{USERS}\n{ADA.replace(',,,,,07', ',,,,t1,07')}\nt1,,,true,o1,teacher,sue,,Sue,Tarn,,S-1,,,,,,\n"
    run = kept_promise(read, zipped(sound(users=users)))
    assert told(run) == [(2, "agentSourcedIds", "is-another")]


def test_a_guardian_whom_the_office_unlinked_stays_so(registrar: User, read: Read) -> None:
    applied(sent(read, "two-guardians.zip"))
    unlink_guardian(link=StudentGuardian.objects.get(), by=registrar)
    run = kept_promise(read, FILES / "two-guardians.zip")
    assert (run.counts["guardian-link"], StudentGuardian.objects.count()) == ({"skip": 1}, 0)
