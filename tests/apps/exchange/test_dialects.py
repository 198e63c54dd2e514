"""Rosters as other systems lay them out: recognised, named, and what of them is taken and what is not.

The files follow the public descriptions: Microsoft's of the CSV files for School Data Sync v1, v2 and v2.1, and
1EdTech's of OneRoster CSV 1.1 and 1.2, with what systems leave out and rename.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import selectors, services
from apps.exchange.models import Import
from apps.institutions.models import Course, CourseClass, Institution
from apps.staff.models import TeachingAssignment
from apps.students.models import ClassEnrolment, Enrolment, Guardian, Student, StudentGuardian
from tests.apps.exchange.bundles import CLASSES, COURSES, HOMEROOM, ORGS, PLACES, USERS, sound, zipped
from tests.apps.exchange.sending import Read, applied, kept_promise, told, undone
from tests.factories import people


def packed(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return target.getvalue()


def said(run: Import) -> str:
    return " ".join(note["message"] for note in run.notes)


SDS_V1 = {
    "School.csv": "SIS ID,Name,School Number\n10,Harbour,H\n",
    "Section.csv": (
        "SIS ID,School SIS ID,Section Name,Section Number,Term SIS ID,Term Name,Term StartDate,Term EndDate,"
        "Course SIS ID,Course Name,Course Number,Course Subject,Periods,Status\n"
        "s1,10,Maths 7,MA7-1,t1,Autumn,8/15/2026,12/20/2026,c1,Maths,MA7,Mathematics,1,Active\n"
        "s2,10,Maths 7 again,MA7-2,t1,Autumn,8/15/2026,12/20/2026,c1,Maths,MA7,Mathematics,2,Active\n"
        "s3,10,Choir,,,,,,,,,,,\n"
    ),
    "Student.csv": (
        "SIS ID,School SIS ID,Username,First Name,Last Name,Password,Middle Name,Grade,Student Number,Gender,"
        "Birthdate,Status\n"
        "p1,10,ada@x.example,Ada,Byron,,,7,1001,F,3/14/2014,Active\n"
    ),
    "Teacher.csv": (
        "SIS ID,School SIS ID,Username,First Name,Last Name,Teacher Number,Title\nk1,10,sue@x.example,Sue,Tarn,T1,\n"
    ),
    "StudentEnrollment.csv": "Section SIS ID,SIS ID\ns1,p1\ns3,p1\n",
    "TeacherRoster.csv": "Section SIS ID,SIS ID\ns1,k1\n",
    "User.csv": "Email,First Name,Last Name,Phone,SIS ID\ngus@x.example,Gus,Vale,0171 5550114,\n",
    "GuardianRelationship.csv": "SIS ID,Email,Role\np1,gus@x.example,Parent\n",
}
SDS_V2_1 = {
    "orgs.csv": "sourcedId,name,type,parentSourcedId\n10,Harbour,school,\n11,Science,department,10\n",
    "users.csv": (
        "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms\n"
        "p1,ada@x.example,Ada,Byron,,,,,\nk1,sue@x.example,Sue,Tarn,,,,,\ng1,gus@x.example,Gus,Vale,,,gus@x.example,,\n"
    ),
    "roles.csv": (
        "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate\n"
        "p1,10,student,y1,07,true,,\nk1,11,faculty,y1,,true,,\ng1,10,other,,,true,,\n"
    ),
    "classes.csv": (
        "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId,code\n"
        "s1,11,Maths 7,t1,c1,MA7-1\ns3,10,Choir,,,\n"
    ),
    "enrollments.csv": "classSourcedId,userSourcedId,role\ns1,p1,student\ns3,p1,student\ns1,k1,teacher\n",
    "academicSessions.csv": (
        "sourcedId,title,type,schoolYear,startDate,endDate\n"
        "y1,2026-2027,schoolYear,2027,2026-08-15,2027-07-20\nt1,Autumn,term,2027,2026-08-15,2026-12-20\n"
    ),
    "courses.csv": (
        "sourcedId,orgSourcedId,title,code,schoolYearSourcedId,subject,grade\nc1,10,Maths,MA7,y1,Mathematics,07\n"
    ),
    "relationships.csv": "userSourcedId,relationshipUserSourcedId,relationshipRole\np1,g1,parent\n",
    "demographics.csv": "userSourcedId,sex,birthDate\np1,female,2014-03-14\n",
    "userFlags.csv": "userSourcedId,flag\np1,specialEducation\n",
}
SDS_V2 = {
    **{
        name: SDS_V2_1[name]
        for name in ("orgs.csv", "classes.csv", "enrollments.csv", "academicSessions.csv", "courses.csv")
    },
    "users.csv": (
        "sourcedId,orgSourcedIds,role,username,givenName,familyName,grade,activeDirectoryMatchId,email\n"
        "p1,10,student,ada@x.example,Ada,Byron,07,,\nk1,10,teacher,sue@x.example,Sue,Tarn,,,\n"
    ),
}


@pytest.mark.parametrize(
    ("files", "layout", "guardians"),
    [(SDS_V1, "Sync v1", True), (SDS_V2_1, "Sync v2.1", True), (SDS_V2, "Sync v2", False)],
    ids=["v1", "v2.1", "v2"],
)
def test_school_data_sync_is_recognised_and_taken(
    registrar: User, read: Read, files: dict[str, str], layout: str, guardians: bool
) -> None:
    run = kept_promise(read, packed(files))
    assert (told(run), run.problem) == ([], None)
    assert f"This is Microsoft School Data {layout}." in said(run)
    ada = Student.objects.get()
    assert (ada.given_name, ada.institution.name) == ("Ada", "Harbour")
    assert Enrolment.objects.get().grade_level.code == "07"
    assert sorted(CourseClass.objects.values_list("title", "course__title")) == sorted(
        [("Maths 7", "Maths"), ("Choir", "Choir"), *([("Maths 7 again", "Maths")] if files is SDS_V1 else [])]
    )
    assert ClassEnrolment.objects.count() == 2
    assert TeachingAssignment.objects.get().staff.given_name == "Sue"
    if guardians:
        assert (str(ada.birth_date), ada.sex) == ("2014-03-14", "female")
        link = StudentGuardian.objects.get()
        assert (link.guardian.given_name, link.relation) == ("Gus", "guardian")
    undone(run)
    assert not Student.objects.exists()


def test_what_is_not_taken_is_named(registrar: User, read: Read) -> None:
    assert "Not read: userFlags.csv." in said(read(packed(SDS_V2_1)))
    assert "Section.csv: the columns Periods, Status were not read." in said(read(packed(SDS_V1)))


def without_manifest(**changed: str | None) -> bytes:
    files = {name: text for name, text in sound(**changed).items() if name != "manifest"}
    return zipped(files)


def test_one_roster_without_its_manifest(registrar: User, read: Read) -> None:
    run = kept_promise(read, without_manifest())
    assert (told(run), run.counts["student"]) == ([], {"create": 1})
    assert "no manifest.csv" in said(run)


def test_one_roster_with_other_headers_and_words(registrar: User, read: Read) -> None:
    users = USERS.replace("orgSourcedIds", "orgSourcedId").replace("givenName", "firstName").replace("grades", "grade")
    classes = f"{CLASSES.replace('termSourcedIds', 'termSourcedId')}\n{HOMEROOM.replace('homeroom', 'Homeroom')}\n"
    courses = COURSES.replace("c1,", "m1,,,y1,Maths,MA,07,o1,,\nc1,", 1)
    classes += "k2,,,Maths,07,m1,MA-1,Scheduled,,o1,y1,,,\n"
    ada = "s1,,,TRUE,o1,Student,ada,,Ada,Byron,,1001,,,,,07,"
    run = kept_promise(read, zipped(sound(users=f"{users}\n{ada}\n", classes=classes, courses=courses)))
    assert (told(run), Student.objects.get().given_name) == ([], "Ada")
    assert CourseClass.objects.get().title == "Maths"
    assert "users.csv: firstName was read as givenName." in said(run)


def test_a_bundle_without_its_schools_is_of_the_campus_there_is(registrar: User, read: Read) -> None:
    campus = people.a_school_year().institution
    run = kept_promise(read, zipped(sound(orgs=None, users=f"{USERS}\n{USER}\n")))
    assert (told(run), Student.objects.get().institution) == ([], campus)
    assert "o1 was taken for the campus" in said(run)


USER = "s1,,,true,o1,student,ada,,Ada,Byron,,1001,,,,,07,"


def test_a_department_and_a_district_lead_to_their_school(registrar: User, read: Read) -> None:
    orgs = f"{ORGS}d1,,,North,district,,\nm1,,,Maths,department,,o1\n".replace("school,H1,", "school,H1,d1")
    classes = f"{CLASSES}\n{HOMEROOM.replace(',o1,', ',m1,')}\n"
    files = sound(
        orgs=orgs,
        classes=classes,
        courses=COURSES.replace(",o1,", ",d1,"),
        users=f"{USERS}\n{USER.replace('o1', 'd1')}\n",
    )
    run = kept_promise(read, zipped(files))
    assert (told(run), Student.objects.get().institution.name) == ([], "Harbour")


def test_a_homeroom_course_of_a_school_that_has_a_long_key_is_remembered(registrar: User, read: Read) -> None:
    Institution.objects.create(pk=2**62, code="H1", name="Harbour")
    assert told(kept_promise(read, zipped(sound()))) == []


def test_a_course_of_two_schools_is_one_of_each(registrar: User, read: Read) -> None:
    orgs = f"{ORGS}o2,,,Hill,school,H2,d1\nd1,,,North,district,,\n".replace("school,H1,", "school,H1,d1")
    courses = f"{COURSES}m1,,,y1,Maths,MA,,d1,,\n"
    classes = (
        f"{CLASSES}\n{HOMEROOM}\nk2,,,Maths,07,m1,MA-1,scheduled,,o1,y1,,,\nk3,,,Maths,07,m1,MA-1,scheduled,,o2,y1,,,\n"
    )
    places = f"{PLACES}\ne1,,,k1,o1,s1,student,,2026-08-15,\ne2,,,k3,o2,s2,student,,,\n"
    users = f"{USERS}\n{USER}\ns2,,,true,d1,student,bo,,Bo,Byron,,1002,,,,,07,\n"
    run = kept_promise(
        read, zipped(sound(orgs=orgs, courses=courses, classes=classes, enrollments=places, users=users))
    )
    assert told(run) == []
    assert sorted(Course.objects.values_list("institution__name", "code")) == [("Harbour", "MA"), ("Hill", "MA")]
    assert {each.institution for each in CourseClass.objects.all()} == {*Institution.objects.all()}
    assert Student.objects.get(given_name="Bo").institution.name == "Hill"


def test_a_column_of_a_bundle_is_mapped_once_and_remembered(registrar: User, read: Read) -> None:
    users = USERS.replace("givenName", "Rufname")
    content = zipped(sound(users=f"{users}\n{USER}\n"))
    run = read(content)
    assert run.problem is not None
    assert (run.problem["code"], run.headers) == ("exchange:column-missing", ["users.csv: Rufname"])
    [(header, field, may)] = selectors.columns_asked(run)
    assert (header, field, may["users.givenName"]) == ("users.csv: Rufname", "", "givenName")
    assert not any(name.startswith("classes.") for name in may)
    run = services.map_headers(run=run, mapping={"users.csv: Rufname": "users.givenName"}, by=registrar)
    run = applied(services.read_and_validate(run=run))
    assert Student.objects.get().given_name == "Ada"
    again = read(content)
    assert (again.problem, again.total("create"), again.mapping) == (None, 0, {"users.csv: Rufname": "users.givenName"})


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Byron, Ada Maria", ("Ada Maria", "Byron")), ("Ada Maria Byron", ("Ada Maria", "Byron")), ("Ada", ("Ada", "")),
        ("Byron,", ("Byron", "")), ("ليلى حداد", ("ليلى", "حداد")),
    ],
)  # fmt: skip
def test_a_list_with_one_column_of_names(registrar: User, read: Read, name: str, names: tuple[str, str]) -> None:
    people.a_school_year()
    run = kept_promise(read, f'Student No.,Student Name,Year level\n7,"{name}",7\n'.encode(), "list.csv")
    ada = Student.objects.get()
    assert (run.source, ada.given_name, ada.family_name) == ("students", *names)
    assert "Names of one column were parted" in said(run)


@pytest.mark.parametrize(
    ("header", "source"),
    [
        ("Name,Grade,Date of birth", "students"),
        ("Name,Class,Gender,DOB", "students"),
        ("Student ID,Parent Name,Mobile", "guardians"),
        ("Staff ID,Teacher Name,E-mail", "staff"),
        ("Grade,Name,Capacity", "sections"),
    ],
)
def test_a_list_is_taken_for_what_it_is(registrar: User, read: Read, header: str, source: str) -> None:
    people.a_school_year()
    cells = ",".join("7" for _ in header.split(","))
    assert read(f"{header}\n{cells}\n".encode(), "list.csv").source == source


def test_a_list_may_be_read_as_another_kind(registrar: User, read: Read) -> None:
    people.a_school_year()
    run = read(b"Grade,Name,No\n7,Ada Byron,12\n", "list.csv")
    assert run.source == "sections"
    run = services.map_headers(run=run, mapping={}, source="students", by=registrar)
    run = services.read_and_validate(run=run)
    assert (run.source, (run.problem or {})["code"]) == ("students", "exchange:column-missing")
    run = services.map_headers(run=run, mapping={"No": "admission_number"}, by=registrar)
    applied(services.read_and_validate(run=run))
    assert Student.objects.get().family_name == "Byron"


def test_guardians_of_a_list_know_their_child_by_its_number(registrar: User, read: Read) -> None:
    campus = people.a_school_year()
    [child] = people.some_students(1, section=campus.section)
    sheet = f"Student ID,Parent Name,Relationship,Mobile\n{child.admission_number},Mia Berg,mum,0171 5550188\n"
    kept_promise(read, sheet.encode(), "parents.csv")
    mia: Any = Guardian.objects.get()
    assert (mia.given_name, mia.family_name, StudentGuardian.objects.get().relation) == ("Mia", "Berg", "mother")
