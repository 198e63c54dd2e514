"""Two records of one guardian become one: of all children of both, and never more of any of them than before."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.models import Role
from apps.accounts.models import User
from apps.family.models import ContactRequest
from apps.fees.models import Payer
from apps.notifications.models import Preference
from apps.students import errors
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.selectors import guardians_like
from apps.students.services import link_guardian, look_at_merging_guardians, merge_guardians, unlink_guardian
from schoolops.audit.models import AuditEntry
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

GUARDIANS = "/office/students/guardian/"


@pytest.fixture
@kept
def dave(campus: Campus) -> User:
    return people.a_user("dave", role="registrar")


@pytest.fixture
def children(campus: Campus) -> list[Student]:
    return people.students_in(campus.section)[:3]


def known_as(name: str, *children: Student, **more: Any) -> Guardian:
    link = {name: more.pop(name) for name in ("restriction_note", "data_access", "channels") if name in more}
    guardian: Guardian = Guardian.objects.create(given_name=name, **more)
    for child in children:
        StudentGuardian.objects.create(
            student=child, guardian=guardian, contact_priority=child.guardian_links.count() + 1, **link
        )
    return guardian


def links(guardian: Guardian) -> dict[int, StudentGuardian]:
    return {link.student_id: link for link in StudentGuardian.objects.filter(guardian=guardian)}


def test_the_children_of_both_are_the_kept_ones_and_gaps_are_filled(dave: User, children: list[Student]) -> None:
    keep = known_as("Ada", children[0], phone="1")
    other = known_as("Ada B", children[0], children[1], phone="2", email="ada@oak.example")
    done = merge_guardians(keep=keep, duplicate=other, by=dave)
    assert set(links(keep)) == {children[0].pk, children[1].pk}
    assert links(other) == {}
    keep.refresh_from_db()
    other.refresh_from_db()
    assert (keep.phone, keep.email, keep.given_name) == ("1", "ada@oak.example", "Ada")
    assert (other.merged_into, other.status) == (keep, "tobedeleted")
    assert (done.filled, done.kept_apart) == (("email",), ("given_name", "phone"))
    assert (done.by_kind["children"].moved, done.by_kind["children"].left) == (1, 1)
    line = AuditEntry.objects.get(action="students.guardians-merged")
    assert line.after["children"] == {"moved": 1, "left": 1}


def test_what_differs_is_chosen(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0], phone="1"), known_as("Ada", phone="2")
    merge_guardians(keep=keep, duplicate=other, take=["phone"], by=dave)
    keep.refresh_from_db()
    assert keep.phone == "2"
    with pytest.raises(errors.FieldNotToBeTaken):
        merge_guardians(keep=keep, duplicate=known_as("Bo"), take=["version"], by=dave)


def test_what_one_link_withholds_stays_withheld(dave: User, children: list[Student]) -> None:
    keep = known_as("Ada", children[0], channels=["email", "sms"])
    other = known_as("Ada", children[0], restriction_note="Court", data_access=False, channels=["sms"])
    done = merge_guardians(keep=keep, duplicate=other, by=dave)
    link = links(keep)[children[0].pk]
    assert (link.restriction_note, link.data_access, link.channels) == ("Court", False, ["sms"])
    assert not link.may_see
    assert [(each.link.student, each.fields) for each in done.closed] == [
        (children[0], ("channels", "data_access", "restriction_note"))
    ]


def test_of_whom_a_person_parted_one_record_the_other_no_longer_sees_the_child(
    dave: User, children: list[Student]
) -> None:
    keep, other = known_as("Ada", children[0]), known_as("Ida", children[0], children[1])
    unlink_guardian(link=links(other)[children[0].pk], by=dave)
    merge_guardians(keep=keep, duplicate=other, by=dave)
    assert {pk: link.data_access for pk, link in links(keep).items()} == {children[0].pk: False, children[1].pk: True}


def test_whoever_may_not_see_a_restriction_joins_no_rights(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0]), known_as("Ada", children[1], restriction_note="Court")
    Role.objects.get(code="registrar").permissions.filter(permission="students.view_custody").delete()
    with pytest.raises(OutOfReach):
        merge_guardians(keep=keep, duplicate=other, by=dave)
    with pytest.raises(PermissionMissing):
        merge_guardians(keep=keep, duplicate=other, by=people.a_user("tess", role="teacher"))
    assert StudentGuardian.objects.filter(guardian=other).exists()


def test_a_login_goes_to_who_has_none_and_else_the_chosen_one_stays(dave: User, children: list[Student]) -> None:
    login, second = people.a_user("ada"), people.a_user("ada2")
    keep, other = known_as("Ada", children[0]), known_as("Ada", children[1], user=login)
    assert "user" in merge_guardians(keep=keep, duplicate=other, by=dave).filled
    keep.refresh_from_db()
    assert keep.user == login
    third = known_as("Ada", user=second)
    assert merge_guardians(keep=keep, duplicate=third, by=dave).kept_apart == ("user",)
    third.refresh_from_db()
    assert third.user is None


def test_shares_of_bills_wishes_and_channels_go_along(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0]), known_as("Ada", children[0], children[1])
    for guardian in (keep, other):
        Payer.objects.create(student=children[0], guardian=guardian, percent=50)
        Preference.objects.create(guardian=guardian, link=None, channel="email", wanted=guardian == keep)
        ContactRequest.objects.create(guardian=guardian, phone="9")
    Preference.objects.create(guardian=other, link=links(other)[children[1].pk], channel="sms", wanted=False)
    merge_guardians(keep=keep, duplicate=other, by=dave)
    assert [(each.guardian, each.percent) for each in Payer.objects.all()] == [(keep, Decimal(100))]
    said = Preference.objects.filter(guardian=keep).order_by("channel").values_list("channel", "wanted")
    assert list(said) == [("email", False), ("sms", False)]
    assert sorted(ContactRequest.objects.filter(guardian=keep).values_list("state", flat=True)) == [
        "refused", "requested",
    ]  # fmt: skip


def test_a_merged_record_is_found_by_nobody_and_merged_no_more(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0], phone="+44 20 7946 0000"), known_as("Ada", phone="+44 20 7946 0000")
    merge_guardians(keep=keep, duplicate=other, by=dave)
    alike = guardians_like(given="Ada", family="", phone="+44 20 7946 0000", email="", by=dave, day=SCHOOL_DAY)
    assert alike == [keep]
    with pytest.raises(errors.GuardianMerged):
        merge_guardians(keep=other, duplicate=keep, by=dave)
    with pytest.raises(errors.CannotMergeWithItself):
        merge_guardians(keep=keep, duplicate=keep, by=dave)


def test_a_merged_record_is_nobodys_guardian_again(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0], restriction_note="Court"), known_as("Ada")
    merge_guardians(keep=keep, duplicate=other, by=dave)
    # As whoever held the record before holds it.
    with pytest.raises(errors.GuardianMerged):
        link_guardian(student=children[0], guardian=other, fields={}, by=dave)


def test_looking_leaves_everything_as_it_is(dave: User, children: list[Student]) -> None:
    keep, other = known_as("Ada", children[0]), known_as("Ada", children[1])
    looked = look_at_merging_guardians(keep=keep, duplicate=other, by=dave)
    assert looked.by_kind["children"].moved == 1
    assert set(links(other)) == {children[1].pk}
    assert not AuditEntry.objects.filter(action="students.guardians-merged").exists()


def test_the_api_looks_and_merges(dave: User, children: list[Student], at_oak: Any) -> None:
    keep, other = known_as("Ada", children[0]), known_as("Ada", children[1])
    talk, address = at_oak(dave), f"guardians/{keep.sourced_id}/merge"
    asked = {"duplicate_id": str(other.sourced_id), "look": True}
    assert talk.post(address, asked).json()["moved"]["children"] == {"moved": 1, "left": 0}
    assert talk.get(f"guardians/{other.sourced_id}").status_code == 200
    assert talk.post(address, {**asked, "look": False}).status_code == 200
    assert talk.get(f"guardians/{other.sourced_id}").status_code == 404


def test_the_office_finds_the_other_shows_both_and_merges(
    client_for: Callable[..., Any], dave: User, children: list[Student], in_oak: Any
) -> None:
    from tests.factories.talking import Browser  # noqa: PLC0415 - needs Django

    browser = Browser(client_for(in_oak), dave)
    keep, other = known_as("Ada", children[0], phone="1"), known_as("Ada", children[1], phone="2")
    page = browser.get(f"{GUARDIANS}{keep.pk}/change/").content.decode()
    address = f"/office/guardian/{keep.sourced_id}/merge/"
    assert f'href="{address}"' in page
    assert f'href="?other={other.sourced_id}"' in browser.get(address).content.decode()
    page = browser.get(f"{address}?other={other.sourced_id}").content.decode()
    assert "Children: 1 go over" in page
    assert "Phone: 2" in page
    answer = browser.post(f"{address}?other={other.sourced_id}", {"take": ["phone"], "reason": ""}, follow=True)
    assert "The two records are one: Ada." in answer.content.decode()
    assert "Ada" not in browser.get(f"{GUARDIANS}?q=nobody").content.decode()
    keep.refresh_from_db()
    assert keep.phone == "2"
