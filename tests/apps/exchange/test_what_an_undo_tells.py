"""Taking an import back has the consequences that the ordinary services have: days and caches say what is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from apps.accounts.models import User
from apps.attendance.models import DailyAttendance
from apps.exchange import errors, services
from apps.exchange.models import Import
from apps.institutions.models import Section
from apps.staff.models import StaffMember
from apps.staff.services import change_staff_member
from apps.students.models import Student
from schoolops import events

if TYPE_CHECKING:
    from django.test import Client

    from schoolops.tenancy.models import School

Bring = Callable[..., Import]
STAFF = "Staff number,Given name,Family name,Phone\nT1,Tess,Turing,{}\n"


@pytest.fixture
def moved(brought_in: Bring, registrar: User) -> Import:
    """Ada sat in 7 A; an import lets her sit in 7 B since October. Her roll of today is taken."""
    from tests.apps.exchange.bundles import CLASSES, HOMEROOM, PLACES, sound, zipped  # noqa: PLC0415
    from tests.factories import rolls  # noqa: PLC0415

    two = f"{CLASSES}\n{HOMEROOM}\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"
    brought_in(zipped(sound(classes=two)), "first.zip")
    rolls.take(Section.objects.get(name="A"), by=registrar)
    places = f"{PLACES}\ne1,,,k1,o1,s1,student,,2026-08-15,2026-10-01\ne2,,,k2,o1,s1,student,,2026-10-01,\n"
    return brought_in(zipped(sound(classes=two, enrollments=places)), "moved.zip")


def undone(run: Import, by: User) -> Import:
    return services.undo(run=services.begin_undo(run=run, by=by))


def section_of_the_day() -> str:
    return str(DailyAttendance.objects.get().section.name)


def test_the_day_belongs_to_the_section_the_child_is_back_in(moved: Import, registrar: User) -> None:
    assert section_of_the_day() == "B"
    run = undone(moved, registrar)
    assert (run.state, run.problem) == ("undone", None)
    assert section_of_the_day() == "A"


def test_a_cached_profile_is_read_anew(
    moved: Import, registrar: User, in_oak: School, client_for: Callable[[School], Client]
) -> None:
    from tests.factories.talking import Talk  # noqa: PLC0415

    talk = Talk(client_for(in_oak), registrar)
    address = f"students/{Student.objects.get().sourced_id}"
    assert talk.get(address).json()["section_name"] == "B"
    undone(moved, registrar)
    assert talk.get(address).json()["section_name"] == "A"


def test_every_service_that_would_have_spoken_is_heard(
    brought_in: Bring, roster: Any, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = brought_in(roster())
    told: list[str] = []
    heard = events.publish

    def listening(event: object) -> None:
        told.append(type(event).__name__)
        heard(event)

    monkeypatch.setattr(events, "publish", listening)
    undone(run, registrar)
    assert {name: told.count(name) for name in ("StudentsMoved", "ClassRostersChanged", "StudentChanged")} == {
        "StudentsMoved": 1,
        "ClassRostersChanged": 1,
        "StudentChanged": 12,
    }
    assert {"TeachingChanged", "InstitutionChanged"} <= set(told)


def test_twice_the_rows_are_taken_back_with_the_same_number_of_queries(
    brought_in: Bring, roster: Any, registrar: User, query_count: Callable[..., Any]
) -> None:
    counts = []
    for students in (12, 24):
        run = services.begin_undo(run=brought_in(roster(students)), by=registrar)
        with query_count() as asked:
            services.undo(run=run)
        counts.append(asked.count)
    assert counts[1] == counts[0]


def test_a_change_made_while_the_import_was_still_running_is_not_overlooked(
    brought_in: Bring, registrar: User, later: Callable[..., None]
) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    run = brought_in(STAFF.format("1").encode(), "staff.csv")
    later(minutes=1)
    change_staff_member(
        member=StaffMember.objects.get(), fields={"job_title": "Head of maths"}, expected_version=None, by=registrar
    )
    later(minutes=1)
    # As if what came after the staff had taken until now.
    at = StaffMember.objects.get().date_last_modified
    Import.objects.filter(pk=run.pk).update(finished_at=at, wrote_at=at)
    run.refresh_from_db()
    with pytest.raises(errors.ChangedSince):
        services.begin_undo(run=run, by=registrar)
    begun = Import.objects.get(pk=run.pk)
    begun.state, begun.by = Import.State.UNDOING, registrar
    begun.save(update_fields=["state", "by"])
    run = services.undo(run=begun)
    assert (run.state, run.problem["code"]) == ("applied", "exchange:changed-since")
    assert StaffMember.objects.get().job_title == "Head of maths"
