"""Next year's roster comes in while this year runs: what was shown is what is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import, ImportRow
from apps.institutions.models import AcademicYear
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership
from apps.students.services import withdraw_student
from tests.apps.exchange.bundles import CLASSES, PLACES, SESSIONS, USERS, Files, sound, zipped

CHILDREN = range(1, 13)
COURSES = (
    "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\n"
)


def a_years_bundle(first: int, grade: str, *, children: range = CHILDREN) -> Files:
    """A homeroom and two classes of one year; the people are called the same every year."""
    year = f"y{first}"
    places = [
        f"{group}{first}-{child},,,{group}{first},o1,s{child},student,,{first}-08-15,"
        for child in children
        for group in ("k", "m", "e")
    ]
    groups = [
        f"k{first},,,{grade} A,{grade},h{grade},HR-{grade}A,homeroom,,o1,{year},Homeroom,,",
        f"m{first},,,Mathematics,{grade},mm,MA-{first},scheduled,,o1,{year},Mathematics,,",
        f"e{first},,,English,{grade},ee,EN-{first},scheduled,,o1,{year},English,,",
    ]
    users = [f"s{n},,,true,o1,student,ada{n},,Ada{n},Byron,,{1000 + n},,,,,{grade}," for n in children]
    return sound(
        academicSessions=(
            f"{SESSIONS}\n{year},,,{first}-{first + 1},schoolYear,{first}-08-15,{first + 1}-07-20,,{first + 1}\n"
        ),
        courses=(
            f"{COURSES}h{grade},,,{year},Homeroom {grade},HR{grade},{grade},o1,Homeroom,\n"
            f"mm,,,{year},Mathematics,MA,,o1,Mathematics,\nee,,,{year},English,EN,,o1,English,\n"
        ),
        classes="\n".join([CLASSES, *groups, ""]),
        users="\n".join([USERS, *users, ""]),
        enrollments="\n".join([PLACES, *places, ""]),
    )


@pytest.fixture
def this_year(brought_in: Callable[..., Import]) -> AcademicYear:
    brought_in(zipped(a_years_bundle(2026, "07")))
    return AcademicYear.objects.get()


def test_it_comes_in_as_it_was_shown(
    this_year: AcademicYear, read: Callable[..., Import], brought_in: Callable[..., Import]
) -> None:
    shown = read(zipped(a_years_bundle(2027, "08")))
    assert shown.total("error") == 0
    Import.objects.filter(pk=shown.pk).delete()
    run = brought_in(zipped(a_years_bundle(2027, "08")))
    assert run.counts == shown.counts
    year = AcademicYear.objects.exclude(pk=this_year.pk).get()
    assert (this_year.state, year.state) == ("active", "planned")
    for day, held in ((dt.date(2027, 7, 20), this_year), (dt.date(2027, 8, 15), year)):
        assert Enrolment.objects.on(day).filter(year=held).count() == 12
        assert SectionMembership.objects.on(day).count() == 12
        assert ClassEnrolment.objects.on(day).count() == 24
    assert not Enrolment.objects.on(dt.date(2027, 8, 1)).exists()
    assert changed(brought_in(zipped(a_years_bundle(2027, "08")))) == 0


def applied_without_its_errors(run: Import, by: User) -> Import:
    services.confirm(run=run, reading=run.reading, skip_errors=True, by=by)
    return services.apply(run=run)


def changed(run: Import) -> int:
    return run.total("create") + run.total("update")


def test_whom_an_enrolment_is_refused_gets_no_place_in_a_class(
    this_year: AcademicYear, read: Callable[..., Import], registrar: User
) -> None:
    """A year that overlaps with the one that runs, at another campus: shown as refused, and nothing is written."""
    overlapping = {
        name: text.replace("o1", "o2").replace("Harbour", "Hill").replace("H1", "H2").replace("-08-15", "-05-01")
        for name, text in a_years_bundle(2027, "08").items()
    }
    run = applied_without_its_errors(read(zipped(overlapping)), registrar)
    refused = ImportRow.objects.filter(run=run, kind="student", action="error")
    assert {row.errors[0]["code"] for row in refused} == {"students:already-enrolled"}
    assert SectionMembership.objects.count() == 12
    assert ClassEnrolment.objects.count() == 24


def test_who_left_meanwhile_is_not_seated_again(
    this_year: AcademicYear, brought_in: Callable[..., Import], read: Callable[..., Import], registrar: User
) -> None:
    brought_in(zipped(a_years_bundle(2027, "08")))
    leaver = Enrolment.objects.filter(year=this_year).first().student
    withdraw_student(student=leaver, on=dt.date(2026, 11, 10), by=registrar)
    run = applied_without_its_errors(read(zipped(a_years_bundle(2027, "08"))), registrar)
    assert run.total("create") == 0
    assert not SectionMembership.objects.on(dt.date(2027, 9, 1)).filter(student=leaver).exists()
