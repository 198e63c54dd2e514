"""What applying would refuse, the preview refuses already: what came is what was shown."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.services import staging
from apps.institutions.models import AcademicYear, Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import SectionMembership
from tests.apps.exchange.bundles import ADA, CLASSES, COURSES, HOMEROOM, PLACES, SESSIONS, USERS, YEAR, sound, zipped
from tests.apps.exchange.sending import Read, applied, kept_promise, told
from tests.factories import people

BO = "s2,,,true,o1,student,bo,,Bo,Byron,,1002,,,,,07,"
LIMITED = f"{CLASSES},metadata.capacity\n{HOMEROOM},1\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,,\n"


def places(*rows: str) -> str:
    return "\n".join([PLACES, *rows, ""])


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (("e1,,,k1,o1,s1,student,,,", "e2,,,k1,o1,s2,student,,,"), ["section-full"]),
        (("e1,,,k1,o1,s1,student,,,2026-10-05", "e2,,,k1,o1,s2,student,,2026-10-05,"), []),
        (
            ("e1,,,k1,o1,s1,student,,,", "f1,,,k2,o1,s1,student,,2026-10-05,", "e2,,,k1,o1,s2,student,,2026-10-05,"),
            None,
        ),
    ],
    ids=["both at once", "one after the other", "who moves without an end"],
)
def test_a_section_holds_as_many_as_it_has_places(
    registrar: User, read: Read, rows: tuple[str, ...], wrong: list[str] | None
) -> None:
    users = f"{USERS}\n{ADA}\n{BO}\n"
    run = kept_promise(read, zipped(sound(classes=LIMITED, users=users, enrollments=places(*rows))))
    if wrong is not None:
        assert [code.removeprefix("students:") for _, _, code in told(run)] == wrong


def test_and_as_many_as_the_file_now_gives_it(registrar: User, read: Read) -> None:
    users = f"{USERS}\n{ADA}\n{BO}\n"
    both = places("e1,,,k1,o1,s1,student,,,", "e2,,,k1,o1,s2,student,,,")
    kept_promise(read, zipped(sound(classes=LIMITED, users=users)))
    run = kept_promise(read, zipped(sound(classes=LIMITED.replace(",1\n", ",2\n"), users=users, enrollments=both)))
    assert (run.total("error"), SectionMembership.objects.count()) == (0, 2)


def test_a_closed_year_changes_no_more(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    AcademicYear.objects.update(state="closed")
    changed = sound(
        academicSessions=f"{SESSIONS}\n{YEAR.replace('2026-2027,', 'Last year,')}\n",
        classes=f"{CLASSES}\n{HOMEROOM.replace('7 A', '7 Alpha')}\n",
        enrollments=places("e1,,,k1,o1,s1,student,,2026-08-15,2026-10-05"),
    )
    run = kept_promise(read, zipped(changed))
    assert {code for _, _, code in told(run)} == {"year-closed"}
    assert (AcademicYear.objects.get().name, Section.objects.get().name) == ("2026-2027", "A")


def test_a_name_that_another_has_is_refused(registrar: User, read: Read) -> None:
    kept_promise(
        read, zipped(sound(classes=f"{CLASSES}\n{HOMEROOM}\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"))
    )
    renamed = f"{CLASSES}\n{HOMEROOM.replace('7 A', '7 b')}\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"
    run = kept_promise(read, zipped(sound(classes=renamed)))
    assert [code for _, _, code in told(run)] == ["institutions:name-taken"]


def test_days_of_a_year_that_leave_somebody_out_are_refused(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    later = sound(academicSessions=f"{SESSIONS}\n{YEAR.replace('2026-08-15', '2026-09-15')}\n")
    assert "institutions:year-holds-enrolments" in {code for _, _, code in told(kept_promise(read, zipped(later)))}
    assert AcademicYear.objects.get().starts_on == dt.date(2026, 8, 15)


def test_one_child_is_in_a_class_once_and_one_teacher_too(registrar: User, read: Read) -> None:
    classes = f"{CLASSES}\n{HOMEROOM}\nm1,,,Maths,07,c2,MA-1,scheduled,,o1,y1,,,\n"
    users = f"{USERS}\n{ADA}\nt1,,,true,o1,teacher,sue,,Sue,Tarn,,S-1,,,,,,\n"
    rows = (
        "m1,,,m1,o1,s1,student,,,", "m2,,,m1,o1,s1,student,,2026-10-05,",
        "t1,,,m1,o1,t1,teacher,true,,", "t2,,,m1,o1,t1,teacher,false,2026-10-05,",
    )  # fmt: skip
    courses = f"{COURSES}c2,,,y1,Maths,MA,,o1,,\n"
    run = kept_promise(read, zipped(sound(courses=courses, classes=classes, users=users, enrollments=places(*rows))))
    assert {code for _, _, code in told(run)} == {"students:already-in-class", "staff:already-assigned"}


YEARS = f"{SESSIONS}\n{YEAR}\ny2,,,2027-2028,schoolYear,2027-08-15,2028-07-20,,2028\n"
AUTUMN, SPRING = ("t1,,,Autumn,term,2026-08-15,2026-12-20,y1,2027", "t2,,,Spring,term,2027-01-05,2027-07-20,y1,2027")
TERMS = f"{SESSIONS}\n{YEAR}\n{AUTUMN}\n{SPRING}\n"
TAUGHT = f"{COURSES}c2,,,y1,Maths,MA,,o1,,\nc3,,,y1,Art,AR,,o1,,\n"
GROUPS = (
    f"{CLASSES}\n{HOMEROOM}\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"
    "m1,,,Maths,07,c2,MA-1,scheduled,,o1,y1,,,\nm2,,,Art,07,c3,AR-1,scheduled,,o1,y1,,,\n"
)


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("academicSessions", ("2026-2027,", "2027-2028,")),
        ("terms", ("Autumn", "Spring")),
        ("courses", (",MA,", ",AR,")),
        ("classes", ("7 A", "7 B")),
        ("classes", ("MA-1", "AR-1")),
    ],
    ids=["years", "terms", "courses", "sections", "classes"],
)
def test_a_name_is_given_to_one_row_of_a_file(registrar: User, read: Read, file: str, names: tuple[str, str]) -> None:
    """Two that are called otherwise, by names that read the same; one that is called so in a file once more is new."""
    bundle = sound(academicSessions=TERMS if file == "terms" else YEARS, courses=TAUGHT, classes=GROUPS)
    file = "academicSessions" if file == "terms" else file
    kept_promise(read, zipped(bundle))
    first, second = ("7 X", "7 x") if names[0] == "7 A" else (names[0].replace(names[0].strip(","), x) for x in "Xx")
    bundle[file] = bundle[file].replace(names[0], first).replace(names[1], second)
    run = applied(shown := read(zipped(bundle)))
    assert (run.counts, told(run)) == (shown.counts, told(shown))
    assert {code for _, _, code in told(run)} == {"institutions:name-taken"}


def test_what_is_new_is_not_called_as_another_is_called_from_now_on(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    new = "k2,,,7 c,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\nk3,{},,7 D,07,c1,HR-D,homeroom,,o1,y1,Homeroom,,\n"
    classes = f"{CLASSES}\n{HOMEROOM.replace('7 A', '7 C')}\n{new.format('tobedeleted')}"
    run = kept_promise(read, zipped(sound(classes=f"{classes}k4,,,7 D,07,c1,HR-E,homeroom,,o1,y1,Homeroom,,\n")))
    assert [(row, code) for row, _, code in told(run)] == [(3, "institutions:name-taken")]
    assert sorted(Section.objects.values_list("name", flat=True)) == ["C", "D"]


@pytest.mark.parametrize("cut_short", [False, True])
@pytest.mark.parametrize(("name", "number"), [("students.csv", "Admission number"), ("staff.csv", "Staff number")])
def test_a_number_is_given_once_however_the_campus_is_called(
    registrar: User, read: Read, monkeypatch: pytest.MonkeyPatch, name: str, number: str, *, cut_short: bool
) -> None:
    campus = people.a_school_year().institution
    sheet = f"{number},Given name,Campus\nN1,Ann,\nn1,Ben,{campus.code}\n\uff2e1,Cem,{campus.name}\n"
    if cut_short:
        monkeypatch.setattr(staging, "CHUNK", 1)
        monkeypatch.setattr("apps.exchange.services.turns.Turn.passed_on", lambda _: True)
    shown = read(sheet.encode(), name)
    while shown.state == "received":
        shown = services.read_and_validate(run=shown)
    monkeypatch.undo()
    assert [(row, code) for row, _, code in told(shown)] == [(3, "duplicate-in-file"), (4, "duplicate-in-file")]
    run = applied(shown)
    assert (run.total("create"), run.total("error")) == (1, 2)


@pytest.mark.parametrize(
    ("days", "wrong"),
    [("2026-10-01,", "staff:teaches-before"), ("2027-01-01,", "staff:ends-before-start")],
)
def test_somebody_does_not_begin_after_they_taught_or_left(registrar: User, read: Read, days: str, wrong: str) -> None:
    campus = people.a_school_year()
    header = "Staff number,Given name,Works from"
    kept_promise(read, f"{header},Works until\nT1,Bob,2026-09-01,2026-12-01\n".encode(), "staff.csv")
    bob = StaffMember.objects.get()
    if wrong == "staff:teaches-before":
        TeachingAssignment.objects.create(staff=bob, section=campus.section, starts_on=dt.date(2026, 9, 10))
    run = kept_promise(read, f"{header}\nT1,Bob,{days}\n".encode(), "staff.csv")
    assert [code for _, _, code in told(run)] == [wrong]


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [("2027-01-01", "", "2027-01-01"), ("", "2026-10-01", "2026-10-01"), ("", "2027-02-01", "2026-11-04")],
)
def test_whoever_is_deleted_leaves_today_or_was_here_on_no_day(
    registrar: User, read: Read, begins: str, ends: str, expected: str
) -> None:
    users = f"{USERS}\n{ADA}\nt1,,,true,o1,teacher,sue,,Sue,Tarn,,S-1,,,,,,\n"
    kept_promise(read, zipped(sound(users=users)))
    sheet = f"Staff number,Given name,Works from,Works until\nS-1,Sue,{begins},{ends}\n".encode()
    kept_promise(read, sheet, "staff.csv")
    kept_promise(read, zipped(sound(users=users.replace("t1,,", "t1,tobedeleted,"))))
    assert StaffMember.objects.get().ends_on == dt.date.fromisoformat(expected)
