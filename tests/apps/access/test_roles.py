"""Roles are the school's to change, within what the one who changes them may do."""

from __future__ import annotations

from typing import Any

import pytest

from apps.access import services
from apps.access.models import Role, RolePermission
from apps.access.permissions import CODES
from apps.accounts.models import User
from schoolops.audit.models import AuditEntry
from tests.factories import people


@pytest.fixture
def deputy(erin: User) -> User:
    """Holds a role of the school's own: may change roles and mark rolls, and nothing else."""
    services.create_role(name="Deputy", permissions=["access.manage", "access.view", "attendance.mark"], by=erin)
    return people.a_user("dev", role="deputy")


def role(code: str) -> Role:
    return Role.objects.get(code=code)


def held(code: str) -> set[str]:
    return set(RolePermission.objects.filter(role__code=code).values_list("permission", flat=True))


def test_the_head_reads_roles_with_what_they_hold(at_oak: Any, alice: User, query_count: Any) -> None:
    talk = at_oak(alice)
    with query_count(4):
        answer = talk.get("roles").json()
    rows = {row["code"]: row for row in answer["results"]}
    assert list(rows) == [
        "accountant",
        "administrator",
        "guardian",
        "head",
        "registrar",
        "student",
        "support",
        "teacher",
    ]
    assert rows["guardian"] == {
        "id": str(role("guardian").sourced_id),
        "code": "guardian",
        "name": "Guardian",
        "builtin": True,
        "scope": "guardian",
        "version": 1,
        "permissions": [
            "attendance.view",
            "exams.follow",
            "fees.follow",
            "institutions.view",
            "leave.request",
            "messages.read",
            "sections.view",
            "students.view",
        ],
    }
    assert set(rows["administrator"]["permissions"]) == CODES
    one = talk.get(f"roles/{rows['guardian']['id']}")
    assert (one.json(), one.headers["ETag"]) == (rows["guardian"], '"1"')


def test_the_permissions_come_with_their_sentences(at_oak: Any, alice: User) -> None:
    rows = at_oak(alice).get("permissions").json()["results"]
    assert {row["code"] for row in rows} == CODES
    assert {"code": "attendance.mark", "sentence": "Mark a roll", "roles": ["head", "registrar", "teacher"]} in rows


def test_a_changed_role_holds_from_the_next_request_on(at_oak: Any, erin: User, bob: User) -> None:
    bobs, where = at_oak(bob), f"roles/{role('teacher').sourced_id}/permissions"
    assert bobs.get("permissions").status_code == 403
    wanted = sorted(held("teacher") | {"access.view"})

    changed = at_oak(erin)("PUT", where, {"permissions": wanted, "version": 1})

    assert changed.status_code == 200
    assert (changed.json()["version"], changed.json()["permissions"]) == (2, wanted)
    assert changed.headers["ETag"] == '"2"'
    assert bobs.get("permissions").status_code == 200
    line = AuditEntry.objects.get(action="access.role-changed")
    assert set(line.after["permissions"]) - set(line.before["permissions"]) == {"access.view"}


def test_two_who_change_one_role_do_not_overwrite_each_other(at_oak: Any, erin: User) -> None:
    talk, where = at_oak(erin), f"roles/{role('teacher').sourced_id}/permissions"
    assert talk("PUT", where, {"permissions": []}).json()["errors"][0]["field"] == "version"
    assert talk("PUT", where, {"permissions": []}, **{"If-Match": '"1"'}).status_code == 200
    late = talk("PUT", where, {"permissions": ["students.view"], "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "access:role-changed-meanwhile")
    assert held("teacher") == set()


def test_the_same_permissions_again_are_no_change(at_oak: Any, erin: User) -> None:
    where = f"roles/{role('teacher').sourced_id}/permissions"
    same = at_oak(erin)("PUT", where, {"permissions": [*held("teacher"), *held("teacher")], "version": 1})
    assert same.json()["version"] == 1
    assert not AuditEntry.objects.filter(action="access.role-changed").exists()


def test_unknown_permissions_are_named(at_oak: Any, erin: User) -> None:
    where = f"roles/{role('teacher').sourced_id}/permissions"
    refused = at_oak(erin)("PUT", where, {"permissions": ["students.view", "students.eat"], "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "access:permission-unknown")
    assert [each["field"] for each in refused.json()["errors"]] == ["permissions.1"]


def test_nobody_grants_what_they_do_not_hold(at_oak: Any, deputy: User) -> None:
    where = f"roles/{role('accountant').sourced_id}/permissions"
    refused = at_oak(deputy)("PUT", where, {"permissions": ["attendance.mark", "audit.view"], "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "access:not-yours-to-give")
    assert "audit.view" in refused.json()["detail"]
    kept = sorted(held("accountant"))
    # Leaving alone what the role holds already is not granting it.
    allowed = at_oak(deputy)("PUT", where, {"permissions": [*kept, "attendance.mark"], "version": 1})
    assert allowed.status_code == 200


def test_not_to_their_own_role_either(at_oak: Any, deputy: User) -> None:
    where = f"roles/{role('deputy').sourced_id}/permissions"
    refused = at_oak(deputy)("PUT", where, {"permissions": sorted(CODES), "version": 1})
    assert refused.json()["code"] == "access:not-yours-to-give"


def test_whoever_holds_it_at_one_campus_does_not_give_it_for_all(at_oak: Any, campus: Any, erin: User) -> None:
    services.create_role(name="Deputy", permissions=["access.manage"], by=erin)
    local = people.a_user("lola", role="deputy")
    people.RoleAssignment.objects.create(user=local, role=role("registrar"), institution=campus.institution)
    where = f"roles/{role('support').sourced_id}/permissions"
    refused = at_oak(local)("PUT", where, {"permissions": ["students.manage"], "version": 1})
    assert refused.json()["code"] == "access:not-yours-to-give"


def test_a_teachers_permission_over_her_own_rows_is_not_hers_to_give(at_oak: Any, bob: User, erin: User) -> None:
    services.create_role(name="Deputy", permissions=["access.manage"], by=erin)
    services.assign_role(user=bob, role="deputy", by=erin)
    refused = at_oak(bob).post("roles", {"name": "Marker", "permissions": ["attendance.mark"]})
    assert refused.json()["code"] == "access:not-yours-to-give"


def test_what_an_administrator_may_do_is_fixed(at_oak: Any, erin: User) -> None:
    where = f"roles/{role('administrator').sourced_id}/permissions"
    refused = at_oak(erin)("PUT", where, {"permissions": [], "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "access:administrator-is-fixed")


def test_a_school_makes_renames_and_removes_a_role_of_its_own(at_oak: Any, erin: User) -> None:
    talk = at_oak(erin)
    made = talk.post("roles", {"name": "School nurse", "permissions": ["students.view", "students.view_medical"]})
    assert made.status_code == 201
    body = made.json()
    assert made.headers["Location"] == f"/api/v1/roles/{body['id']}"
    assert (body["code"], body["builtin"], body["scope"], body["version"]) == ("school-nurse", False, "everything", 1)

    assert talk.post("roles", {"name": "School nurse", "permissions": []}).json()["code"] == "access:role-code-taken"
    renamed = talk("PATCH", f"roles/{body['id']}", {"name": "Nurse", "version": 1})
    assert (renamed.json()["name"], renamed.json()["code"], renamed.json()["version"]) == ("Nurse", "school-nurse", 2)

    people.a_user("nora", role="school-nurse")
    assert talk("DELETE", f"roles/{body['id']}").json()["code"] == "access:role-in-use"
    people.RoleAssignment.objects.filter(role__code="school-nurse").delete()
    assert talk("DELETE", f"roles/{body['id']}").status_code == 204
    assert talk.get(f"roles/{body['id']}").json()["code"] == "access:role-unknown"


def test_a_builtin_role_stays(at_oak: Any, erin: User) -> None:
    refused = at_oak(erin)("DELETE", f"roles/{role('student').sourced_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "access:role-is-builtin")


def test_a_scope_nobody_registered_is_refused(at_oak: Any, erin: User) -> None:
    refused = at_oak(erin).post("roles", {"name": "X", "permissions": [], "scope": "moon"})
    assert (refused.status_code, refused.json()["code"]) == (422, "access:scope-unknown")


def test_only_who_may_change_roles_changes_them(at_oak: Any, alice: User, bob: User) -> None:
    for user in (alice, bob):
        talk = at_oak(user)
        assert talk.post("roles", {"name": "X", "permissions": []}).json()["code"] == "access:permission-missing"
        where = f"roles/{role('teacher').sourced_id}"
        assert talk("PUT", f"{where}/permissions", {"permissions": [], "version": 1}).status_code == 403
        assert talk("PATCH", where, {"name": "X", "version": 1}).status_code == 403
        assert talk("DELETE", where).status_code == 403
    assert at_oak(bob).get("roles").status_code == 403


def test_every_refusal_is_counted_by_what_was_missing(at_oak: Any, bob: User, caplog: pytest.LogCaptureFixture) -> None:
    before = services.refusals().get(("access.view", "permission"), 0)
    refused = at_oak(bob).get("roles")
    assert refused.json()["detail"] == "You do not have the permission access.view."
    assert services.refusals()["access.view", "permission"] == before + 1
    assert next(record.facts for record in caplog.records if hasattr(record, "facts")) == {"permission": "access.view"}
