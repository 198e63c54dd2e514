"""What the API tells people about themselves."""

from __future__ import annotations

from typing import Any

from apps.access.models import RoleAssignment
from apps.access.permissions import CODES
from apps.accounts.models import User
from tests.factories import people


def test_a_guardian_reads_who_she_is(at_oak: Any, carol: User) -> None:
    assert at_oak(carol).get("me").json() == {
        "id": str(carol.sourced_id),
        "username": "carol",
        "email": "",
        "given_name": "Carol",
        "family_name": "",
        "name": "Carol",
        "language": "",
        "access_until": None,
        "setup_missing": "",
        "school": {"slug": "oak", "name": "Oak School"},
        "roles": [{"code": "guardian", "name": "Guardian", "scope": "guardian", "institution_id": None}],
        "permissions": [
            "attendance.view", "exams.follow", "fees.follow", "institutions.view", "leave.request", "messages.read",
            "sections.view", "students.view",
        ],
    }  # fmt: skip


def test_each_permission_comes_with_its_sentence_and_over_what_it_is_held(at_oak: Any, bob: User, campus: Any) -> None:
    RoleAssignment.objects.create(
        user=bob, role=people.Role.objects.get(code="registrar"), institution=campus.institution
    )
    body = at_oak(bob).get("me/permissions").json()
    table = {each["code"]: each for each in body["permissions"]}
    assert table["attendance.mark"] == {
        "code": "attendance.mark",
        "sentence": "Mark a roll",
        "scopes": [
            {"scope": "teacher", "institution_id": None},
            {"scope": "everything", "institution_id": str(campus.institution.sourced_id)},
        ],
    }
    assert len(table["students.manage"]["scopes"]) == 1
    assert [role["code"] for role in body["roles"]] == ["teacher", "registrar"]


def test_an_administrator_holds_every_permission(at_oak: Any, erin: User) -> None:
    assert set(at_oak(erin).get("me").json()["permissions"]) == CODES


def test_somebody_without_a_role_may_nothing_and_is_still_somebody(at_oak: Any, campus: Any) -> None:
    body = at_oak(people.a_user("nobody")).get("me").json()
    assert (body["roles"], body["permissions"]) == ([], [])


def test_asking_costs_two_queries_at_most_however_many_roles(at_oak: Any, alice: User, query_count: Any) -> None:
    talk = at_oak(alice)
    with query_count(2):
        talk.get("me")
    for role in ("teacher", "registrar", "accountant", "support"):
        RoleAssignment.objects.create(user=alice, role=people.Role.objects.get(code=role))
    with query_count(2):
        assert len(talk.get("me").json()["roles"]) == 5
    # The token alone: the roles are remembered.
    with query_count(1, warm=True):
        talk.get("me/permissions")


def test_an_unknown_parameter_is_named(at_oak: Any, bob: User) -> None:
    refused = at_oak(bob).get("me?fields=name")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "fields")
