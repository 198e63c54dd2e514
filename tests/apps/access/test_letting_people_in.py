"""The office makes logins, finds them and keeps their details."""

from __future__ import annotations

from typing import Any

import pytest

from apps.access import services
from apps.access.models import RoleAssignment
from apps.accounts.models import User
from schoolops.audit.models import AuditEntry
from tests.factories import people
from tests.factories.jobs import waiting_jobs

NADIA = {"username": "nadia", "given_name": "Nadia", "family_name": "Aziz", "roles": [{"role": "guardian"}]}


def test_the_registrar_lets_a_guardian_in_and_prints_the_link(at_oak: Any, dave: User) -> None:
    made = at_oak(dave).post("users", NADIA)
    assert made.status_code == 201
    body = made.json()
    user = User.objects.get(username="nadia")
    assert made.headers["Location"] == f"/api/v1/users/{user.sourced_id}"
    assert body["user"]["id"] == str(user.sourced_id)
    assert [role["code"] for role in body["user"]["roles"]] == ["guardian"]
    assert not user.has_usable_password()

    at_oak().post("auth/redeem", {"token": body["token"], "password": "a new and rather long one"})
    assert at_oak().log_in("nadia", "a new and rather long one").status_code == 200
    actions = set(AuditEntry.objects.filter(object_id=str(user.sourced_id)).values_list("action", flat=True))
    assert {"accounts.user-created", "access.role-assigned", "accounts.link-handed-out"} <= actions


def test_or_has_the_link_mailed(at_oak: Any, dave: User) -> None:
    body = at_oak(dave).post("users", {**NADIA, "email": "nadia@example.org", "by_mail": True}).json()
    assert body["token"] is None
    assert waiting_jobs("mail_invitation") == [{"user_id": User.objects.get(username="nadia").pk}]


def test_a_role_beyond_ones_own_makes_no_login_at_all(at_oak: Any, dave: User) -> None:
    for role in ("head", "administrator"):
        refused = at_oak(dave).post("users", {**NADIA, "roles": [{"role": "guardian"}, {"role": role}]})
        assert (refused.status_code, refused.json()["code"]) == (403, "access:not-yours-to-give")
    assert not User.objects.filter(username="nadia").exists()


def test_a_registrar_of_one_campus_lets_people_in_there_only(at_oak: Any, campus: Any) -> None:
    lola = people.a_user("lola", role="registrar", institution=campus.institution)
    here = {"role": "registrar", "institution_id": str(campus.institution.sourced_id)}
    assert at_oak(lola).post("users", {**NADIA, "roles": [{"role": "registrar"}]}).status_code == 403
    assert at_oak(lola).post("users", {**NADIA, "roles": [here, here]}).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"username": "BOB"}, 409, "accounts:username-taken"),
        ({"email": "BOB@oak.example"}, 409, "accounts:email-taken"),
        ({"username": "a@b"}, 422, "accounts:username-malformed"),
        ({"username": "a b"}, 422, "accounts:username-malformed"),
        ({"username": "Support-dana"}, 422, "accounts:username-reserved"),
        ({"email": "no address"}, 422, "api:validation-failed"),
        ({"roles": [{"role": "king"}]}, 404, "access:role-unknown"),
        ({"roles": [{"role": "head", "institution_id": "01999999-0000-7000-8000-000000000000"}]}, 404,
         "access:out-of-reach"),
        ({"by_mail": True}, 409, "accounts:no-email"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(
    at_oak: Any, erin: User, bob: User, change: dict[str, Any], status: int, code: str
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    refused = at_oak(erin).post("users", {**NADIA, **change})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not User.objects.filter(username="nadia").exists()


def test_many_roles_cost_as_many_queries_as_one(at_oak: Any, erin: User, query_count: Any) -> None:
    talk = at_oak(erin)
    counts = []
    for number, roles in enumerate((["guardian"], ["guardian", "teacher", "registrar", "head", "accountant"])):
        with query_count() as counted:
            made = talk.post("users", {**NADIA, "username": f"n{number}", "roles": [{"role": each} for each in roles]})
        assert made.status_code == 201
        counts.append(counted.count)
    assert counts[0] == counts[1]


def test_the_list_finds_people_by_any_of_their_names(at_oak: Any, dave: User, bob: User, carol: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="r.baker@oak.example", family_name="Baker")
    talk = at_oak(dave)

    def names(query: str) -> list[str]:
        return [row["username"] for row in talk.get(f"users?{query}").json()["results"]]

    assert names("q=baker") == names("q=r.baker@oak") == names("q=bob bak") == ["bob"]
    assert names("role=guardian") == ["carol"]
    assert names("sort=username") == ["bob", "carol", "dave"]
    assert names("is_active=false") == []
    assert talk.get("users?activ=true").status_code == 422


def test_the_list_costs_the_same_for_one_and_for_fifty(at_oak: Any, dave: User, query_count: Any) -> None:
    talk = at_oak(dave)
    with query_count(4):
        assert len(talk.get("users").json()["results"]) == 1
    for number in range(49):
        people.a_user(f"user-{number}", role="guardian")
    with query_count(4):
        rows = talk.get("users").json()["results"]
    assert len(rows) == 50
    # Whom a role was given, and what the asker may do, is known by now.
    with query_count(2, warm=True):
        assert talk.get("users").json()["results"] == rows
    assert all(len(row["roles"]) == 1 for row in rows)


def test_details_change_and_a_new_address_ends_the_link_to_the_old(at_oak: Any, dave: User) -> None:
    made = at_oak(dave).post("users", {**NADIA, "email": "old@example.org"}).json()
    where = f"users/{made['user']['id']}"
    changed = at_oak(dave)("PATCH", where, {"email": "new@example.org", "language": "ur"})
    assert (changed.status_code, changed.json()["email"]) == (200, "new@example.org")
    redeemed = at_oak().post("auth/redeem", {"token": made["token"], "password": "a new and rather long one"})
    assert redeemed.status_code == 404
    line = AuditEntry.objects.get(action="accounts.user-changed")
    assert (line.before["email"], line.after["email"]) == ("old@example.org", "new@example.org")


def test_the_office_does_not_redirect_the_heads_mail(at_oak: Any, dave: User, alice: User) -> None:
    refused = at_oak(dave)("PATCH", f"users/{alice.sourced_id}", {"email": "dave@example.org"})
    assert refused.json()["code"] == "access:beyond-you"


def test_a_taken_address_is_refused_by_name(at_oak: Any, erin: User, bob: User, carol: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    refused = at_oak(erin)("PATCH", f"users/{carol.sourced_id}", {"email": "Bob@oak.example"})
    assert (refused.status_code, refused.json()["code"]) == (409, "accounts:email-taken")


def test_a_teacher_sees_no_logins(at_oak: Any, bob: User, dave: User) -> None:
    talk = at_oak(bob)
    assert talk.get("users").json()["code"] == "access:permission-missing"
    assert talk.get(f"users/{dave.sourced_id}").status_code == 403
    assert talk.post("users", NADIA).status_code == 403
    assert at_oak().get("users").status_code == 401


def test_an_export_needs_its_own_permission(at_oak: Any, dave: User, erin: User) -> None:
    listed = b"".join(at_oak(dave).get("users?as=csv&fields=username,roles").streaming_content).decode()
    assert listed.splitlines()[1:] == ["dave,registrar", "erin,administrator"]
    registrar = people.Role.objects.get(code="registrar")
    kept = [each.permission for each in registrar.permissions.all() if each.permission != "exports.run"]
    services.set_permissions(role=registrar, permissions=kept, expected_version=None, by=erin)
    refused = at_oak(dave).get("users?as=csv")
    assert (refused.status_code, "exports.run" in refused.json()["detail"]) == (403, True)


def test_a_login_made_twice_holds_each_role_once(at_oak: Any, dave: User) -> None:
    at_oak(dave).post("users", {**NADIA, "roles": [{"role": "guardian"}, {"role": "guardian"}]})
    assert RoleAssignment.objects.filter(user__username="nadia").count() == 1
