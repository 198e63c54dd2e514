"""Operators come into a school by a grant that ends, and in no other way."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from apps.access import services
from apps.access.errors import NoSupportGrant, OperatorUnknown, SupportNameTaken, SupportTooLong
from apps.access.models import RoleAssignment
from apps.accounts.models import User
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School, SupportGrant
from tests.factories import people


@pytest.fixture
def dana(db: None, school_day: dt.date) -> User:
    """An operator of the platform."""
    with outside_schools():
        return people.a_user("dana")


def let_in(minutes: int = 60, **more: Any) -> services.LetIn:
    said = {"slug": "oak", "operator": "dana", "reason": "ticket 4711", "minutes": minutes, **more}
    return services.grant_support(**said)


def test_a_grant_lets_the_operator_in_with_the_role_of_support(at_oak: Any, dana: User, oak: School) -> None:
    with inside(oak):
        granted = let_in()
        assert granted.username == "support-dana"
        tokens = at_oak().post("auth/refresh", {"refresh_token": granted.refresh_token})
        assert tokens.status_code == 200
        mine = at_oak(token=tokens.json()["access_token"]).get("me").json()
    assert [role["code"] for role in mine["roles"]] == ["support"]
    assert mine["access_until"].startswith("2026-11-04T11:00:00")
    assert "students.manage" not in mine["permissions"]


def test_the_school_and_the_platform_read_who_why_and_until_when(dana: User, oak: School) -> None:
    let_in()
    with inside(oak):
        line = AuditEntry.objects.get(action="access.support-let-in")
    with outside_schools():
        twin = AuditEntry.objects.get(action="access.support-granted")
        grant = SupportGrant.objects.get()
    for each in (line, twin):
        assert (each.actor_id, each.actor_name, each.reason) == (dana.audit_id, "dana (operator)", "ticket 4711")
        assert each.after["until"].startswith("2026-11-04T11:00:00")
    assert (grant.operator, grant.school_id, grant.reason) == ("dana", oak.pk, "ticket 4711")


def test_after_the_end_nothing_works(at_oak: Any, dana: User, oak: School, later: Any) -> None:
    with inside(oak):
        unused = let_in(minutes=10)
        tokens = at_oak().post("auth/refresh", {"refresh_token": unused.refresh_token}).json()
        talk = at_oak(token=tokens["access_token"])
        assert tokens["expires_in"] == 600
        later(minutes=9, seconds=59)
        assert talk.get("me").status_code == 200
        later(seconds=1)
        assert talk.get("me").status_code == 401
        assert at_oak().post("auth/refresh", {"refresh_token": tokens["refresh_token"]}).status_code == 401
        assert at_oak().log_in("support-dana", "").status_code == 422
        assert at_oak().log_in("support-dana").status_code == 401


def test_a_token_printed_and_never_used_ends_as_well(at_oak: Any, dana: User, oak: School, later: Any) -> None:
    with inside(oak):
        granted = let_in(minutes=10)
        later(minutes=10)
        assert at_oak().post("auth/refresh", {"refresh_token": granted.refresh_token}).status_code == 401


def test_it_is_ended_earlier_by_an_operator(at_oak: Any, dana: User, oak: School) -> None:
    with inside(oak):
        tokens = at_oak().post("auth/refresh", {"refresh_token": let_in().refresh_token}).json()
        talk = at_oak(token=tokens["access_token"])
        assert services.revoke_support(slug="oak", operator="Dana") == 1
        assert talk.get("me").status_code == 401
        assert AuditEntry.objects.filter(action="access.support-shown-out").count() == 1
    with pytest.raises(NoSupportGrant):
        services.revoke_support(slug="oak", operator="dana")


def test_or_by_the_school(at_oak: Any, dana: User, erin: User, oak: School) -> None:
    tokens = at_oak().post("auth/refresh", {"refresh_token": let_in().refresh_token}).json()
    guest = User.objects.get(username="support-dana")
    assert at_oak(erin).post(f"users/{guest.sourced_id}/deactivate", {}).status_code == 204
    assert at_oak(token=tokens["access_token"]).get("me").status_code == 401


def test_a_new_grant_ends_the_old_and_gives_support_and_nothing_more(at_oak: Any, dana: User, oak: School) -> None:
    with inside(oak):
        first = let_in()
        guest = User.objects.get(username="support-dana")
        people.RoleAssignment.objects.create(user=guest, role=people.Role.objects.get(code="administrator"))
        second = let_in(minutes=5)
        assert at_oak().post("auth/refresh", {"refresh_token": first.refresh_token}).status_code == 401
        assert at_oak().post("auth/refresh", {"refresh_token": second.refresh_token}).status_code == 200
        assert User.objects.filter(username__startswith="support-").count() == 1
        assert [each.role.code for each in RoleAssignment.objects.filter(user=guest)] == ["support"]
    with outside_schools():
        assert SupportGrant.objects.filter(revoked_at__isnull=True).count() == 1


def test_the_grant_is_for_one_school(at_elm: Any, dana: User, elm: School) -> None:
    granted = let_in()
    with inside(elm):
        assert at_elm().post("auth/refresh", {"refresh_token": granted.refresh_token}).status_code == 401
        assert not User.objects.filter(username="support-dana").exists()


def test_nobody_gives_support_a_password(at_oak: Any, dana: User, erin: User, oak: School) -> None:
    let_in()
    guest = User.objects.get(username="support-dana")
    refused = at_oak(erin).post(f"users/{guest.sourced_id}/invite", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "accounts:support-has-no-password")


def test_support_is_not_the_administrator_who_stays(at_oak: Any, dana: User, erin: User, oak: School) -> None:
    let_in()
    guest = User.objects.get(username="support-dana")
    services.assign_role(user=guest, role="administrator", by=erin)
    assert at_oak(erin).post(f"users/{erin.sourced_id}/deactivate", {}).json()["code"] == "access:last-administrator"


@pytest.mark.parametrize("minutes", [0, -5, 481])
def test_it_is_short(dana: User, minutes: int) -> None:
    with pytest.raises(SupportTooLong):
        let_in(minutes)


def test_the_database_knows_how_short(dana: User, oak: School) -> None:
    now = people.SCHOOL_MOMENT
    with outside_schools(), pytest.raises(IntegrityError, match="support_is_short"), transaction.atomic():
        SupportGrant.objects.create(
            school=oak, operator_id=dana.sourced_id, operator="dana", reason="x", starts_at=now,
            ends_at=now + dt.timedelta(hours=9),
        )  # fmt: skip


def test_an_operator_who_left_is_let_in_nowhere(dana: User) -> None:
    with outside_schools():
        User.objects.update(is_active=False)
    with pytest.raises(OperatorUnknown):
        let_in()


def test_a_person_of_the_school_is_not_taken_over(dana: User, oak: School) -> None:
    with inside(oak):
        people.a_user("support-dana", role="student")
    with pytest.raises(SupportNameTaken):
        let_in()
    with outside_schools():
        assert not SupportGrant.objects.exists()


def test_a_teacher_of_the_school_is_no_operator(dana: User, bob: User) -> None:
    with pytest.raises(OperatorUnknown):
        let_in(operator="bob")


def test_the_commands_say_what_to_do_next(at_oak: Any, dana: User, oak: School) -> None:
    said = StringIO()
    call_command("grant_support", "oak", operator="dana", reason="ticket 4711", minutes=30, stdout=said)
    token = next(line for line in said.getvalue().splitlines() if line.startswith("so_r_"))
    assert "support-dana may work at http://oak.localhost:8000 until 2026-11-04 10:30 UTC." in said.getvalue()
    with inside(oak):
        assert at_oak().post("auth/refresh", {"refresh_token": token}).status_code == 200
    call_command("revoke_support", "oak", operator="dana", stdout=said)
    assert "dana is out of oak; 1 login(s) ended." in said.getvalue()
    with pytest.raises(CommandError, match="The school is to read why"):
        call_command("grant_support", "oak", operator="dana", reason=" ", minutes=30)
    with pytest.raises(CommandError, match="There is no school called yew"):
        call_command("grant_support", "yew", operator="dana", reason="x", minutes=30)


def test_an_operator_is_made_by_a_command_and_begins_with_a_link(
    db: None, school_day: dt.date, at_the_operators: Any, at_oak: Any, oak: School
) -> None:
    said = StringIO()
    call_command("create_operator", "Otto", email="otto@example.org", stdout=said)
    link = next(line for line in said.getvalue().splitlines() if line.startswith("http"))
    redemption = {"token": link.partition("#")[2], "password": "a new and rather long one"}
    with inside(oak):
        assert at_oak().post("auth/redeem", redemption).status_code == 404
    with outside_schools():
        assert at_the_operators().post("auth/redeem", redemption).status_code == 200
        body = at_the_operators().log_in("otto", "a new and rather long one").json()
        assert body["user"]["setup_missing"] == "totp"
        # There is nothing of a school at the operators' address.
        assert at_the_operators(token=body["access_token"]).get("users").status_code == 404
    with pytest.raises(CommandError, match="taken"):
        call_command("create_operator", "OTTO", stdout=said)
    with pytest.raises(CommandError, match="support"):
        call_command("create_operator", "support-otto", stdout=said)
