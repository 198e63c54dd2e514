"""Passwords that change, logins that end, people who leave: their rows stay."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from apps.accounts.backends import LoginBackend
from apps.accounts.models import User
from apps.accounts.services import require_new_password
from schoolops.audit.models import AuditEntry
from tests.factories import people

NEW = "a new and rather long one"


def test_a_changed_password_ends_all_other_logins(at_oak: Any, bob: User) -> None:
    here, there = at_oak(bob), at_oak(bob)
    changed = here.post("me/password", {"password": people.PASSWORD, "new_password": NEW})
    assert (changed.status_code, changed.json()) == (200, {"ended": 1})
    assert here.get("me").status_code == 200
    assert there.get("me").json()["code"] == "accounts:token-revoked"
    assert at_oak().log_in().status_code == 401
    assert at_oak().log_in(password=NEW).status_code == 200


def test_the_present_password_is_asked_for_and_a_weak_one_refused(at_oak: Any, bob: User) -> None:
    talk = at_oak(bob)
    wrong = talk.post("me/password", {"password": "wrong", "new_password": NEW})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "password")
    weak = talk.post("me/password", {"password": people.PASSWORD, "new_password": "bob"})
    assert weak.json()["code"] == "accounts:password-too-weak"
    assert {each["field"] for each in weak.json()["errors"]} == {"new_password"}
    assert at_oak().log_in().status_code == 200


def test_a_password_that_must_be_changed_comes_first(at_oak: Any, dave: User, bob: User) -> None:
    before = at_oak(bob)
    require_new_password(user=bob, by=dave)
    assert before.get("me").json()["code"] == "accounts:token-revoked"
    body = at_oak().log_in().json()
    assert body["user"]["setup_missing"] == "password"
    talk = at_oak(token=body["access_token"])
    assert talk.get("users").json()["code"] == "accounts:setup-unfinished"
    talk.post("me/password", {"password": people.PASSWORD, "new_password": NEW})
    assert talk.get("users").json()["code"] == "access:permission-missing"
    assert at_oak().log_in(password=NEW).json()["user"]["setup_missing"] == ""


def test_a_leaver_is_out_at_once_and_stays_in_the_trail(at_oak: Any, dave: User, bob: User) -> None:
    tokens = at_oak().log_in().json()
    bobs = at_oak(token=tokens["access_token"])
    assert at_oak(dave).post(f"users/{bob.sourced_id}/deactivate", {"reason": "moved away"}).status_code == 204

    assert bobs.get("me").json()["code"] == "accounts:token-revoked"
    assert at_oak().post("auth/refresh", {"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert at_oak().log_in().json()["code"] == "accounts:login-refused"
    assert LoginBackend().get_user(bob.pk) is None
    assert AuditEntry.objects.filter(actor_id=bob.audit_id).exists()
    left = AuditEntry.objects.get(action="accounts.user-deactivated")
    assert (left.object_id, left.actor_name, left.reason) == (str(bob.sourced_id), "Dave", "moved away")

    at_oak(dave).post(f"users/{bob.sourced_id}/deactivate", {})
    assert AuditEntry.objects.filter(action="accounts.user-deactivated").count() == 1


def test_somebody_who_comes_back_uses_the_old_password(at_oak: Any, dave: User, bob: User) -> None:
    at_oak(dave).post(f"users/{bob.sourced_id}/deactivate", {})
    assert at_oak(dave).post(f"users/{bob.sourced_id}/activate").status_code == 204
    assert at_oak().log_in().status_code == 200


def test_the_office_ends_all_logins_of_a_lost_phone(at_oak: Any, dave: User, bob: User) -> None:
    talks = [at_oak(bob), at_oak(bob)]
    assert at_oak(dave).post(f"users/{bob.sourced_id}/logout-everywhere").json() == {"ended": 2}
    assert {talk.get("me").status_code for talk in talks} == {401}
    assert at_oak().log_in().status_code == 200


def test_the_last_administrator_cannot_leave(at_oak: Any, erin: User) -> None:
    refused = at_oak(erin).post(f"users/{erin.sourced_id}/deactivate", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "access:last-administrator")
    people.a_user("felix", role="administrator")
    assert at_oak(erin).post(f"users/{erin.sourced_id}/deactivate", {}).status_code == 204


def test_whoever_was_invited_and_never_came_is_no_administrator_to_rely_on(at_oak: Any, erin: User) -> None:
    felix = people.a_user("felix", role="administrator")
    felix.set_unusable_password()
    felix.save()
    assert at_oak(erin).post(f"users/{erin.sourced_id}/deactivate", {}).status_code == 409


def test_the_office_cannot_shut_out_the_head(at_oak: Any, dave: User, alice: User) -> None:
    for what in ("deactivate", "activate", "logout-everywhere"):
        refused = at_oak(dave).post(f"users/{alice.sourced_id}/{what}", {})
        assert (refused.status_code, refused.json()["code"]) == (403, "access:beyond-you")


def test_nobody_is_found_by_an_id_that_is_nobodys(at_oak: Any, dave: User) -> None:
    missing = at_oak(dave).post(f"users/{uuid.uuid4()}/deactivate", {})
    assert (missing.status_code, missing.json()["code"]) == (404, "accounts:user-unknown")


def test_an_access_that_was_given_for_a_time_ends_with_it_tokens_too(at_oak: Any, bob: User, later: Any) -> None:
    bob.access_until = people.SCHOOL_MOMENT + dt.timedelta(minutes=5)
    bob.save()
    body = at_oak().log_in().json()
    assert body["expires_in"] == 300
    talk = at_oak(token=body["access_token"])
    later(minutes=4)
    assert talk.get("me").status_code == 200
    later(minutes=1)
    assert talk.get("me").status_code == 401
    assert at_oak().post("auth/refresh", {"refresh_token": body["refresh_token"]}).status_code == 401
    assert at_oak().log_in().status_code == 401
