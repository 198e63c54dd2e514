"""Whom a person keeps from a student, a file does not bring back: not as they were, and not under another record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading import staged
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import (
    change_guardian_link,
    link_guardian,
    merge_guardians,
    merge_students,
    unlink_guardian,
)
from tests.factories import people

Bring = Callable[..., Import]
HEADERS = "Student admission number,Given name,Family name,E-mail,Phone"
RICK = "Rick,Vance,rick@x.example,0777"


def _sheet(student: Student, *who: str) -> bytes:
    return "\n".join([HEADERS, *(f"{student.admission_number},{each}" for each in who)]).encode()


@pytest.fixture
def child(registrar: User) -> Student:
    """A student of Oak, whom no file has brought."""
    campus = people.a_school_year()
    return people.some_students(1, section=campus.section)[0]


@pytest.mark.parametrize("how", ["unlinked", "restricted", "no data"])
@pytest.mark.parametrize(
    "again", [RICK, "Rick,Vance,new@x.example,0778", "Richard,V.,RICK@x.example,0779", "rick,VANCE,,0780"]
)
def test_whom_a_person_keeps_away_no_file_brings_back(
    brought_in: Bring, registrar: User, child: Student, how: str, again: str
) -> None:
    brought_in(_sheet(child, RICK), "guardians.csv")
    link = StudentGuardian.objects.get(student=child)
    assert link.may_see
    if how == "unlinked":
        unlink_guardian(link=link, by=registrar)
    else:
        fields = {"restriction_note": "Court order"} if how == "restricted" else {"data_access": False}
        change_guardian_link(link=link, fields=fields, by=registrar)
    run = brought_in(_sheet(child, again, "Maya,Vance,maya@x.example,0888"), "guardians.csv")
    assert run.state == "applied"
    seeing = [each.guardian.given_name for each in StudentGuardian.objects.all() if each.may_see]
    assert seeing == ["Maya"]
    assert StudentGuardian.objects.count() == (1 if how == "unlinked" else 2)
    rows = ImportRow.objects.filter(run=run, kind=staged.LINK).order_by("row")
    # His own link is as it was; under a new record of his, or where there is none any more, none is made.
    assert [each.action for each in rows] == ["unchanged" if again == RICK and how != "unlinked" else "skip", "create"]


def test_who_was_linked_again_by_hand_is_a_guardian_like_any(
    brought_in: Bring, registrar: User, child: Student
) -> None:
    brought_in(_sheet(child, RICK), "guardians.csv")
    link = StudentGuardian.objects.get(student=child)
    unlink_guardian(link=link, by=registrar)
    link_guardian(student=child, guardian=link.guardian, fields={}, by=registrar)
    brought_in(_sheet(child, RICK), "guardians.csv")
    assert StudentGuardian.objects.get(student=child).may_see


@pytest.mark.parametrize("merges", [1, 2])
def test_what_was_decided_of_a_record_counts_for_the_one_it_was_merged_into(
    brought_in: Bring, registrar: User, merges: int
) -> None:
    campus = people.a_school_year()
    child, *others = people.some_students(1 + merges, section=campus.section)
    brought_in(_sheet(child, RICK), "guardians.csv")
    unlink_guardian(link=StudentGuardian.objects.get(student=child), by=registrar)
    for kept in others:
        merge_students(keep=kept, duplicate=child, reason="same child", by=registrar)
        child = kept
    brought_in(_sheet(child, RICK), "guardians.csv")
    assert not StudentGuardian.objects.filter(student=child).exists()


def test_a_sheet_changes_the_kept_guardian_and_not_the_merged_one(
    brought_in: Bring, registrar: User, child: Student
) -> None:
    brought_in(_sheet(child, RICK), "guardians.csv")
    kept = Guardian.objects.get()
    again = Guardian.objects.create(given_name="Rick", family_name="Vance", email="rick@x.example", phone="0777")
    merge_guardians(keep=kept, duplicate=again, by=registrar)
    brought_in(f"{HEADERS},Address\n{child.admission_number},{RICK},1 New Street".encode(), "guardians.csv")
    kept.refresh_from_db()
    again.refresh_from_db()
    assert (kept.address, again.address) == ("1 New Street", "")
