"""What applying would refuse, the preview refuses already: what came is what was shown."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.institutions.models import AcademicYear, Section
from apps.students.models import SectionMembership
from tests.apps.exchange.bundles import ADA, CLASSES, COURSES, HOMEROOM, PLACES, SESSIONS, USERS, YEAR, sound, zipped
from tests.apps.exchange.sending import Read, kept_promise, told

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
