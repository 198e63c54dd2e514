"""What an import ended without a row of the file saying so comes back with it; what people did since does not go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import
from apps.exchange.services import applying, changed
from apps.institutions.services import close_year
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.services import change_assignment
from apps.students.models import SectionMembership, Student
from schoolops.audit.models import AuditEntry
from tests.apps.exchange.bundles import CLASSES, HOMEROOM, PLACES, sound, zipped
from tests.factories import people
from tests.factories.people import FIRST_DAY, LAST_DAY, SCHOOL_DAY, Campus

Bring = Callable[..., Import]
LEAVES_ON = SCHOOL_DAY + dt.timedelta(days=10)
LATER = LEAVES_ON + dt.timedelta(days=10)
SHEET = b"Staff number,Given name,Family name,Works until\n%b,Bob,Builder,%b\n"


def undone(run: Import, by: User) -> Import:
    run = services.undo(run=services.begin_undo(run=run, by=by))
    assert (run.state, run.problem) == ("undone", None)
    return run


@pytest.fixture
def campus(registrar: User) -> Campus:
    """A year with the sections 7 A and 7 B."""
    return people.a_school_year(sections=("7 A", "7 B"))


@pytest.fixture
def bob(campus: Campus) -> StaffMember:
    """He teaches 7 A, will teach 7 B, and will stand in there for a day."""
    bob = StaffMember.objects.create(
        institution=campus.institution, staff_number="T1", given_name="Bob", family_name="Builder"
    )
    TeachingAssignment.objects.create(staff=bob, section=campus.sections["7 A"], starts_on=FIRST_DAY)
    TeachingAssignment.objects.create(
        staff=bob, section=campus.sections["7 B"], kind="assistant", starts_on=LATER, ends_on=LATER.replace(month=12)
    )
    Substitution.objects.create(staff=bob, section=campus.sections["7 B"], day=LEAVES_ON, reason="Trip")
    return bob


@pytest.fixture
def left(brought_in: Bring, bob: StaffMember) -> Iterator[Import]:
    """An import says that Bob works here until ``LEAVES_ON``."""
    run = brought_in(SHEET % (b"T1", LEAVES_ON.isoformat().encode()), "staff.csv")
    assert run.counts["staff"] == {"update": 1}
    assert taught() == [("A", FIRST_DAY, LEAVES_ON)]
    assert not Substitution.objects.exists()
    return run


def taught() -> list[tuple[str, dt.date, dt.date | None]]:
    return list(TeachingAssignment.objects.order_by("starts_on").values_list("section__name", "starts_on", "ends_on"))


def all_of_bob() -> list[Any]:
    return [*TeachingAssignment.objects.order_by("pk").values(), *Substitution.objects.order_by("pk").values()]


def test_whoever_left_by_an_import_teaches_and_stands_in_again(
    brought_in: Bring, bob: StaffMember, registrar: User
) -> None:
    before = all_of_bob()
    run = brought_in(SHEET % (b"T1", LEAVES_ON.isoformat().encode()), "staff.csv")
    assert all_of_bob() != before
    undone(run, registrar)
    assert all_of_bob() == before
    line = AuditEntry.objects.get(action="staff.teaching-restored")
    assert (line.object_id, line.reason) == (str(bob.sourced_id), "Undo staff.csv")


def test_what_somebody_decided_since_about_what_they_teach_stays(left: Import, registrar: User) -> None:
    row = TeachingAssignment.objects.get()
    change_assignment(assignment=row, fields={"ends_on": SCHOOL_DAY}, by=registrar)
    undone(left, registrar)
    assert taught() == [("A", FIRST_DAY, SCHOOL_DAY), ("B", LATER, LATER.replace(month=12))]


def test_nothing_opens_again_in_a_year_that_was_closed_since(left: Import, registrar: User, campus: Campus) -> None:
    close_year(year=campus.year, by=registrar)
    undone(left, registrar)
    assert taught() == [
        ("A", FIRST_DAY, LAST_DAY + dt.timedelta(days=1)),
        ("B", LATER, LATER.replace(month=12)),
    ]


@pytest.fixture
def ada(campus: Campus) -> Student:
    """She sits in 7 A until December, as somebody has planned."""
    (ada,) = people.some_students(1, section=campus.sections["7 A"])
    SectionMembership.objects.update(ends_on=LATER.replace(month=12))
    return ada


def seats() -> list[tuple[str, dt.date | None]]:
    return list(SectionMembership.objects.order_by("starts_on").values_list("section__name", "ends_on"))


def moving(student: Student, to: str, on: dt.date) -> bytes:
    line = f"{student.admission_number},{student.given_name},{student.family_name},7,{to},{on}"
    return f"Admission number,Given name,Family name,Grade,Section,Entered on\n{line}\n".encode()


def test_whoever_was_moved_sits_where_they_sat_for_as_long_as_was_planned(
    brought_in: Bring, ada: Student, registrar: User
) -> None:
    run = brought_in(moving(ada, "B", SCHOOL_DAY), "students.csv")
    assert seats() == [("A", SCHOOL_DAY), ("B", None)]
    undone(run, registrar)
    assert seats() == [("A", LATER.replace(month=12))]


def test_a_place_that_had_ended_on_the_day_another_began_stays_ended(
    brought_in: Bring, ada: Student, registrar: User
) -> None:
    SectionMembership.objects.update(ends_on=SCHOOL_DAY)
    undone(brought_in(moving(ada, "B", SCHOOL_DAY), "students.csv"), registrar)
    assert seats() == [("A", SCHOOL_DAY)]


def bundle(*places: str) -> bytes:
    """Ada in 7 A, and these lines about where she sits."""
    two = "".join(f"k{n},,,7 {name},07,c1,HR-{name},homeroom,,o1,y1,Homeroom,,\n" for n, name in ((2, "B"), (3, "C")))
    return zipped(sound(classes=f"{CLASSES}\n{HOMEROOM}\n{two}", enrollments="\n".join([PLACES, *places, ""])))


def test_who_moved_twice_in_one_file_is_back_where_they_began(
    brought_in: Bring, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_in(bundle("e1,,,k1,o1,s1,student,,2026-08-15,"), "first.zip")
    # Each move in a chunk of its own, both ways: as where a file is long.
    monkeypatch.setattr(applying, "CHUNK", 1)
    monkeypatch.setattr(changed, "CHUNK", 1)
    # The second row lets what she sat in end a second time, earlier.
    moves = ("e2,,,k2,o1,s1,student,,2026-10-20,", "e3,,,k3,o1,s1,student,,2026-10-01,2026-10-20")
    run = brought_in(bundle(*moves), "second.zip")
    assert seats() == [("A", dt.date(2026, 10, 1)), ("C", dt.date(2026, 10, 20)), ("B", None)]
    undone(run, registrar)
    assert seats() == [("A", None)]


def test_an_end_that_another_row_brought_about_already_is_no_error(
    brought_in: Bring, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_in(bundle("e1,,,k1,o1,s1,student,,2026-08-15,"), "first.zip")
    monkeypatch.setattr(applying, "CHUNK", 1)
    moves = ("e2,,,k2,o1,s1,student,,2026-10-01,", "e1,,,k1,o1,s1,student,,2026-08-15,2026-10-01")
    run = brought_in(bundle(*moves), "second.zip")
    assert (run.total("error"), seats()) == (0, [("A", dt.date(2026, 10, 1)), ("B", None)])
    undone(run, registrar)
    assert seats() == [("A", None)]


def test_what_a_delta_let_go_is_there_again(brought_in: Bring, registrar: User) -> None:
    brought_in(bundle("e1,,,k1,o1,s1,student,,2026-08-15,"), "first.zip")
    manifest = "propertyName,value\noneroster.version,1.1\nfile.enrollments,delta\n"
    gone = f"{PLACES}\ne1,tobedeleted,2026-11-03T10:00:00Z,k1,o1,s1,student,,2026-08-15,\n"
    run = brought_in(zipped({"manifest": manifest, "enrollments": gone}), "delta.zip")
    assert seats() == [("A", SCHOOL_DAY)]
    undone(run, registrar)
    assert seats() == [("A", None)]
