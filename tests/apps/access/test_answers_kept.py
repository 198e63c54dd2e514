"""An answer kept under an Idempotency-Key is given again only under the access it was given for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from apps.access import services
from apps.access.models import Role, RoleAssignment
from apps.access.services.gate import access_under
from apps.accounts.models import User
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services import merge_students
from schoolops.api.idempotency import _KEY
from schoolops.api.sealing import Unsealable, seal, unseal
from schoolops.context import outside_schools
from tests.factories.people import (
    SCHOOL_DAY,
    Campus,
    a_guardian,
    a_school_year,
    a_teacher,
    a_user,
    some_students,
    students_in,
)

pytestmark = pytest.mark.usefixtures("school_day")


@pytest.fixture
def change(campus: Campus, at_oak: Callable[..., Any]) -> Callable[..., Any]:
    """``change(dave)`` gives a student another name, with a medical note, under one key."""
    student = students_in(campus.section)[0]
    Student.objects.filter(pk=student.pk).update(medical_note="Peanuts")

    def send(user: User, key: str = "k-1") -> Any:
        said = {"preferred_name": "Mina", "version": 1}
        return at_oak(user)("PATCH", f"students/{student.sourced_id}", said, **{"Idempotency-Key": key})

    return send


def _role(user: User) -> RoleAssignment:
    return RoleAssignment.objects.select_related("role", "user").get(user=user)


CHANGES: dict[str, Callable[[User, User], Any]] = {
    "the role is withdrawn": lambda dave, erin: services.withdraw_role(assignment=_role(dave), by=erin),
    "the role ends": lambda dave, erin: services.assign_role(user=dave, role="registrar", ends_on=SCHOOL_DAY, by=erin),
    "another role is given": lambda dave, erin: services.assign_role(user=dave, role="teacher", by=erin),
    "a permission is taken from the role": lambda _, erin: services.set_permissions(
        role=Role.objects.get(code="registrar"), permissions=["students.view"], expected_version=None, by=erin
    ),
}


def test_the_same_access_is_given_the_same_answer(change: Callable[..., Any], dave: User) -> None:
    first, second = change(dave), change(dave)
    assert (first.status_code, second.status_code, second.headers["Idempotency-Replayed"]) == (200, 200, "true")
    assert first.content == second.content


@pytest.mark.parametrize("what", CHANGES)
def test_after_a_change_of_access_it_is_said_to_be_done_and_shows_nothing(
    change: Callable[..., Any], dave: User, erin: User, what: str
) -> None:
    assert b"Peanuts" in change(dave).content
    CHANGES[what](dave, erin)
    again = change(dave)
    assert (again.status_code, again.json()["code"]) == (409, "api:idempotency-access-changed")
    assert b"Peanuts" not in again.content
    assert b"Mina" not in again.content


def test_the_next_day_it_is_not_given_again(change: Callable[..., Any], dave: User, later: Callable[..., None]) -> None:
    """What ends with a day, such as a role or a substitution, raises no number."""
    assert change(dave).status_code == 200
    later(hours=16)
    assert change(dave).json()["code"] == "api:idempotency-access-changed"


def test_a_refusal_for_want_of_a_permission_is_not_kept(change: Callable[..., Any], dave: User, erin: User) -> None:
    services.withdraw_role(assignment=_role(dave), by=erin)
    assert change(dave).status_code in {403, 404}
    services.assign_role(user=dave, role="registrar", by=erin)
    assert change(dave).status_code == 200


def test_what_is_kept_cannot_be_read_in_the_database(change: Callable[..., Any], dave: User) -> None:
    change(dave)
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("SELECT headers::text, body FROM queues_rememberedanswer")
        [(headers, body)] = cursor.fetchall()
    for word in (b"Peanuts", b"Mina", b"preferred_name"):
        assert word not in bytes(body)
        assert word not in headers.encode()


def test_a_key_may_have_all_of_255_characters(change: Callable[..., Any], dave: User) -> None:
    assert change(dave, "k" * 255).status_code == 200
    assert change(dave, "k" * 255).headers["Idempotency-Replayed"] == "true"
    assert _KEY.fullmatch("k" * 256) is None


def test_what_is_sealed_opens_for_its_owner_and_unchanged_only(settings: Any) -> None:
    for size in (0, 1, 1000):
        assert unseal(seal(b"\0" * size, owner="dave"), owner="dave") == b"\0" * size
    sealed = seal(b"private", owner="dave")
    assert seal(b"private", owner="dave") != sealed
    for broken, owner in ((sealed, "bob"), (sealed[:-1] + b"\0", "dave"), (b"", "dave"), (sealed[:40], "dave")):
        with pytest.raises(Unsealable):
            unseal(broken, owner=owner)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert unseal(sealed, owner="dave") == b"private"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unsealable):
        unseal(sealed, owner="dave")


def _links(campus: Campus) -> Any:
    return StudentGuardian.objects.filter(student=students_in(campus.section)[0])


# Ways in which whom somebody reaches changes, though their roles and the day stay: of a teacher and of a guardian.
REACHES: dict[str, Callable[[Campus], Any]] = {
    "teaching ended": lambda _: TeachingAssignment.objects.update(ends_on=SCHOOL_DAY),
    "teaching taken away": lambda _: TeachingAssignment.objects.all().delete(),
    "employment ended": lambda _: StaffMember.objects.update(ends_on=SCHOOL_DAY),
    "the staff member's login given away": lambda _: StaffMember.objects.update(user=None),
    "a student left": lambda campus: SectionMembership.objects.filter(
        student__in=students_in(campus.section)[:1]
    ).update(ends_on=SCHOOL_DAY),
    "restricted": lambda campus: _links(campus).update(restriction_note="Court order 7"),
    "no data": lambda campus: _links(campus).update(data_access=False),
    "unlinked": lambda campus: _links(campus).delete(),
    "the guardian's login given away": lambda _: Guardian.objects.update(user=None),
    "the child was merged": lambda campus: Student.objects.filter(pk=students_in(campus.section)[0].pk).update(
        merged_into=students_in(campus.section)[1]
    ),
}


@pytest.mark.parametrize("what", REACHES)
def test_whoever_reaches_other_people_asks_under_another_access(campus: Campus, what: str) -> None:
    teacher = a_teacher("kept-teacher", of=campus.section)
    guardian = a_guardian("kept-guardian", of=students_in(campus.section)[:1])

    def now() -> list[str]:
        return [access_under(User.objects.get(pk=each.pk)) for each in (teacher, guardian)]

    before = now()
    assert now() == before
    REACHES[what](campus)
    assert now() != before


def test_a_roll_is_not_shown_again_to_who_no_longer_teaches_there(campus: Campus, at_oak: Callable[..., Any]) -> None:
    teacher = a_teacher("past-teacher", of=campus.section)
    student = students_in(campus.section)[0]
    address = f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY}"
    read = at_oak(teacher).get(address).json()
    records = [{"student_id": each["student_id"], "code": each["code"]} for each in read["records"]]
    said = {"version": read["version"], "records": records}

    def send() -> Any:
        return at_oak(teacher)("PUT", address, said, **{"Idempotency-Key": "k-roll"})

    first = send()
    assert first.status_code == 200, first.content
    assert send().headers["Idempotency-Replayed"] == "true"
    TeachingAssignment.objects.filter(staff__user=teacher).delete()
    again = send()
    assert (again.status_code, again.json()["code"]) == (409, "api:idempotency-access-changed")
    assert str(student.sourced_id).encode() not in again.content


def test_what_was_written_of_a_record_that_went_to_another_campus_is_not_shown_again(
    campus: Campus, erin: User, at_oak: Callable[..., Any]
) -> None:
    here, there = students_in(campus.section)[0], some_students(1, section=a_school_year(name="Annex").section)[0]
    registrar = a_user("campus-registrar", role="registrar", institution=campus.institution)

    def send() -> Any:
        said = {"preferred_name": "Mina", "version": 1}
        return at_oak(registrar)("PATCH", f"students/{here.sourced_id}", said, **{"Idempotency-Key": "k-campus"})

    assert send().status_code == 200
    assert send().headers["Idempotency-Replayed"] == "true"
    merge_students(keep=there, duplicate=here, by=erin)
    again = send()
    assert (again.status_code, again.json()["code"]) == (409, "api:idempotency-access-changed")
    assert b"Mina" not in again.content
