"""What apps remember is forgotten by the write that changes it, and never shown to somebody who may not see it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from apps.access import services as access
from apps.access.caches import PERMISSION_CONFIG, RBAC_PERMISSIONS, USER_ROLES
from apps.access.models import Role, RoleAssignment
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.attendance import selectors as attendance
from apps.attendance.caches import ATTENDANCE_DAILY
from apps.institutions.caches import BRANDING, METADATA
from apps.institutions.models import Institution
from apps.institutions.selectors import brands
from apps.institutions.services import change_institution
from apps.students.caches import STUDENT_PROFILE
from apps.students.models import Student
from schoolops.cache import declared_entries, outage
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus


@pytest.fixture(autouse=True)
def _redis_is_well() -> None:
    from schoolops.redis import connection  # noqa: PLC0415 - Django is not set up when this file is read

    connection.circuit.reset()
    outage._pending.clear()


def test_each_entry_lives_as_long_as_it_should() -> None:
    lives = {entry.name: entry.ttl_s // 60 for entry in declared_entries() if not entry.name.startswith("test-")}
    assert lives == {
        "attendance-daily": 1,
        "institution-metadata": 15,
        "permission-config": 60,
        "rbac-permissions": 5,
        "session": 30,
        "student-profile": 2,
        "tenant-branding": 10,
        "typed": 60,
        "user-roles": 15,
    }
    assert all(entry.strict for entry in (PERMISSION_CONFIG, RBAC_PERMISSIONS, USER_ROLES))
    assert not any(entry.strict for entry in (METADATA, BRANDING, STUDENT_PROFILE, ATTENDANCE_DAILY))


# --- permissions ------------------------------------------------------------------------------------------------------
def may(user: User) -> frozenset[str]:
    """As the next request would find it."""
    return permissions_of(User.objects.get(pk=user.pk))


def test_a_role_taken_away_counts_with_the_next_request(erin: User, alice: User) -> None:
    assert "attendance.lock" in may(alice)
    access.withdraw_role(assignment=RoleAssignment.objects.get(user=alice), by=erin)
    assert may(alice) == frozenset()


def test_a_permission_taken_from_a_role_counts_for_all_who_hold_it(erin: User, alice: User, bob: User) -> None:
    teacher = people.a_user("another", role="teacher")
    assert "attendance.mark" in may(bob) & may(teacher)
    kept = may(bob) - {"attendance.mark"}
    access.set_permissions(role=Role.objects.get(code="teacher"), permissions=kept, expected_version=None, by=erin)
    assert may(bob) == may(teacher) == kept
    assert "attendance.mark" in may(alice)


def test_a_permission_taken_away_is_not_honoured_though_redis_never_hears_of_it(
    erin: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "attendance.mark" in may(bob)
    # As when the process dies between the commit and the forgetting, having been unable to forget before.
    monkeypatch.setattr(outage, "replace_stamps", lambda _stamps: None)
    access.set_permissions(role=Role.objects.get(code="teacher"), permissions=[], expected_version=None, by=erin)
    assert may(bob) == frozenset()


def test_a_user_row_read_a_while_ago_does_not_bring_the_old_number_back(erin: User, bob: User) -> None:
    read_before = User.objects.get(pk=bob.pk)
    access.set_permissions(role=Role.objects.get(code="teacher"), permissions=[], expected_version=None, by=erin)
    read_before.given_name = "Robert"
    read_before.save()
    now = User.objects.get(pk=bob.pk)
    assert (now.given_name, now.access_version) == ("Robert", read_before.access_version + 1)


def test_a_school_never_reads_the_permissions_of_another(oak: School, elm: School, erin: User) -> None:
    with inside(oak):
        assert may(erin)
    with inside(elm):
        # The same key and number at Elm is somebody else, who holds nothing.
        User(pk=erin.pk, username="namesake").save(force_insert=True)
        User.objects.filter(pk=erin.pk).update(access_version=F("access_version"))
        assert may(erin) == frozenset()


def test_what_a_role_may_do_is_read_anew_in_the_list_of_roles(erin: User) -> None:
    ask = asking(erin)
    role = next(row for row in ask.rows("roles") if row["code"] == "accountant")
    ask.put(f"roles/{role['id']}/permissions", {"permissions": ["students.view"], "version": role["version"]})
    assert next(row for row in ask.rows("roles") if row["id"] == role["id"])["permissions"] == ["students.view"]


def test_a_renamed_role_is_called_so_in_the_list_of_logins(erin: User, dave: User) -> None:
    ask = asking(erin)
    assert {"Registrar"} == {r["name"] for row in ask.rows("users?q=dave") for r in row["roles"]}
    role = next(row for row in ask.rows("roles") if row["code"] == "registrar")
    ask.patch(f"roles/{role['id']}", {"name": "Front office", "version": role["version"]})
    assert {"Front office"} == {r["name"] for row in ask.rows("users?q=dave") for r in row["roles"]}


# --- campuses ---------------------------------------------------------------------------------------------------------
def test_a_campus_that_changes_its_colours_shows_them_at_once(campus: Campus, erin: User, query_count: Any) -> None:
    assert brands()[0].brand_colour == "#1d4ed8"
    with query_count(0, warm=True):
        brands()
    change_institution(institution=Institution.objects.get(), fields={"brand_colour": "#aa0000"}, by=erin)
    assert brands()[0].brand_colour == "#aa0000"


# --- students ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def amina(campus: Campus) -> Student:
    found: Student = people.students_in(campus.sections["7 B"])[0]
    return found


def test_a_student_s_page_is_remembered_and_the_reach_is_asked_every_time(
    amina: Student, campus: Campus, alice: User, bob: User, query_count: Any
) -> None:
    where = f"students/{amina.sourced_id}"
    first = asking(alice).get(where).json()
    of_others = people.a_teacher("other", of=campus.sections["7 C"])
    asks = [asking(user) for user in (alice, bob, of_others)]
    assert [ask.get(where).status_code for ask in asks] == [200, 200, 404]
    with query_count(3, warm=True) as counted:
        assert asks[0].get(where).json() == first
    # The token, the reach, the medical note of whoever may read it: not the page.
    assert not any("birth_date" in statement for statement in counted.statements)


def test_medical_notes_are_not_remembered_for_others(amina: Student, alice: User, bob: User) -> None:
    Student.objects.filter(pk=amina.pk).update(medical_note="asthma")
    where = f"students/{amina.sourced_id}"
    assert asking(alice).get(where).json()["medical_note"] == "asthma"
    assert "medical_note" not in asking(bob).get(where).json()


def test_a_change_of_the_student_is_on_the_page_at_once(amina: Student, dave: User) -> None:
    ask, where = asking(dave), f"students/{amina.sourced_id}"
    version = ask.get(where).json()["version"]
    ask.patch(where, {"preferred_name": "Ami", "version": version})
    assert ask.get(where).json()["preferred_name"] == "Ami"


def test_so_is_another_section_and_a_section_s_other_name(
    amina: Student, campus: Campus, dave: User, erin: User
) -> None:
    ask, where = asking(dave), f"students/{amina.sourced_id}"
    assert ask.get(where).json()["section_name"] == "B"
    there = campus.sections["7 C"]
    body = {"section_id": str(there.sourced_id), "starts_on": SCHOOL_DAY.isoformat()}
    assert ask.post(f"{where}/move-section", body).status_code == 200
    assert ask.get(where).json()["section_name"] == "C"
    assert asking(erin).patch(f"sections/{there.sourced_id}", {"name": "Z"}).status_code == 200
    assert ask.get(where).json()["section_name"] == "Z"


# --- attendance -------------------------------------------------------------------------------------------------------
def test_the_day_s_figures_follow_every_roll(campus: Campus, alice: User, bob: User) -> None:
    section = campus.sections["7 B"]
    roll = f"sections/{section.sourced_id}/roll/{SCHOOL_DAY}"

    def absent() -> int:
        [figures] = attendance.day_in_figures(SCHOOL_DAY, by=alice)
        return int(figures["absent"])

    students = [str(each.sourced_id) for each in people.students_in(section)]
    assert absent() == 0
    for version, codes in ((0, "APPPPPPPPPPP"), (1, "AAPPPPPPPPPP")):
        records = [{"student_id": student, "code": code} for student, code in zip(students, codes, strict=True)]
        assert asking(bob)("PUT", roll, {"version": version, "records": records}).status_code in {200, 201}
        assert absent() == codes.count("A")


def test_whoever_reaches_a_part_sees_that_part(campus: Campus, alice: User, bob: User) -> None:
    section = campus.sections["7 C"]
    teacher = people.a_teacher("other", of=section)
    student = people.students_in(section)[0]
    records = [
        {"student_id": str(each.sourced_id), "code": "A" if each == student else "P"}
        for each in people.students_in(section)
    ]
    where = f"sections/{section.sourced_id}/roll/{SCHOOL_DAY}"
    assert asking(teacher)("PUT", where, {"version": 0, "records": records}).status_code in {200, 201}
    figures = {
        user.username: attendance.day_in_figures(SCHOOL_DAY, by=User.objects.get(pk=user.pk))[0]["absent"]
        for user in (alice, bob, teacher)
    }
    assert figures == {"alice": 1, "bob": 0, "other": 1}


def test_dates_of_a_role_are_judged_when_they_are_read(erin: User, bob: User) -> None:
    access.assign_role(user=bob, role="registrar", ends_on=SCHOOL_DAY + dt.timedelta(days=1), by=erin)
    assert "students.manage" in may(bob)
    from schoolops import clock  # noqa: PLC0415 - as above
    from tests.factories.people import SCHOOL_MOMENT  # noqa: PLC0415

    with clock.frozen(SCHOOL_MOMENT + dt.timedelta(days=1)):
        assert "students.manage" not in may(bob)
