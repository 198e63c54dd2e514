"""One-time links: the office prints one, or one comes by e-mail; it sets a password, once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from apps.accounts import services, tasks
from apps.accounts.models import OneTimeLink, User
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from tests.factories import people
from tests.factories.jobs import waiting_jobs

NEW = "a new and rather long one"


@pytest.fixture
def newcomer(campus: Any) -> User:
    """Invited, never yet here."""
    user = people.a_user("nadia", role="guardian")
    user.set_unusable_password()
    user.email = "nadia@example.org"
    user.save()
    return user


def redeem(talk: Any, token: str, password: str = NEW) -> Any:
    return talk.post("auth/redeem", {"token": token, "password": password})


def test_the_office_prints_a_link_and_the_newcomer_sets_a_password(at_oak: Any, dave: User, newcomer: User) -> None:
    handed = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {})
    assert handed.status_code == 201
    assert handed.headers["Cache-Control"] == "no-store"
    body = handed.json()
    assert body["link"] == f"http://oak.localhost:8000/redeem#{body['token']}"
    assert body["expires_at"].startswith("2026-11-11T10:00")

    assert redeem(at_oak(), body["token"]).json() == {"username": "nadia"}
    assert at_oak().log_in("nadia", NEW).status_code == 200


def test_a_link_works_once(at_oak: Any, dave: User, newcomer: User) -> None:
    token = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"]
    redeem(at_oak(), token)
    again = redeem(at_oak(), token, "yet another long one")
    assert (again.status_code, again.json()["code"]) == (404, "accounts:link-not-valid")


def test_only_the_digest_of_a_link_is_kept(dave: User, newcomer: User) -> None:
    handed = services.invite(user=newcomer, by_mail=False, by=dave)
    assert handed is not None
    link = OneTimeLink.objects.get()
    assert len(bytes(link.digest)) == 32
    assert handed.token not in str(list(AuditEntry.objects.values()))


def test_an_invitation_lives_seven_days(at_oak: Any, dave: User, newcomer: User, later: Any) -> None:
    token = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"]
    later(days=7)
    assert redeem(at_oak(), token).status_code == 404


def test_a_newer_link_ends_the_older(at_oak: Any, dave: User, newcomer: User) -> None:
    talk = at_oak(dave)
    first, second = (talk.post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"] for _ in range(2))
    assert redeem(at_oak(), first).status_code == 404
    assert redeem(at_oak(), second).status_code == 200


def test_a_weak_password_is_refused_and_the_link_stays_good(at_oak: Any, dave: User, newcomer: User) -> None:
    token = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"]
    for weak in ("short", "password1234", "nadia@example.org"):
        refused = redeem(at_oak(), token, weak)
        assert (refused.status_code, refused.json()["code"]) == (422, "accounts:password-too-weak")
        assert {each["field"] for each in refused.json()["errors"]} == {"password"}
    assert redeem(at_oak(), token).status_code == 200


def test_redeeming_ends_the_logins_there_were(at_oak: Any, dave: User, bob: User) -> None:
    old = at_oak(bob)
    token = at_oak(dave).post(f"users/{bob.sourced_id}/invite", {}).json()["token"]
    redeem(at_oak(), token)
    assert old.get("me").json()["code"] == "accounts:token-revoked"
    assert at_oak().log_in("bob", people.PASSWORD).status_code == 401


def test_a_link_of_oak_opens_nothing_at_elm(at_oak: Any, at_elm: Any, dave: User, newcomer: User) -> None:
    token = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"]
    assert redeem(at_elm(), token).status_code == 404
    assert redeem(at_oak(), token).status_code == 200


def test_a_leavers_link_opens_nothing(at_oak: Any, erin: User, newcomer: User) -> None:
    token = at_oak(erin).post(f"users/{newcomer.sourced_id}/invite", {}).json()["token"]
    at_oak(erin).post(f"users/{newcomer.sourced_id}/deactivate", {})
    assert redeem(at_oak(), token).status_code == 404
    at_oak(erin).post(f"users/{newcomer.sourced_id}/activate")
    assert redeem(at_oak(), token).status_code == 404


def test_a_teacher_invites_nobody(at_oak: Any, bob: User, newcomer: User) -> None:
    refused = at_oak(bob).post(f"users/{newcomer.sourced_id}/invite", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "access:permission-missing")
    assert "accounts.manage" in refused.json()["detail"]


def test_the_office_gets_no_link_for_somebody_who_may_do_more(at_oak: Any, dave: User, erin: User, alice: User) -> None:
    for boss in (erin, alice):
        refused = at_oak(dave).post(f"users/{boss.sourced_id}/invite", {})
        assert (refused.status_code, refused.json()["code"]) == (403, "access:beyond-you")
    assert at_oak(erin).post(f"users/{alice.sourced_id}/invite", {}).status_code == 201


def test_an_invitation_by_email_is_a_job_and_the_mail_carries_the_link(at_oak: Any, dave: User, newcomer: User) -> None:
    sent = at_oak(dave).post(f"users/{newcomer.sourced_id}/invite", {"by_mail": True})
    assert sent.json() == {"link": None, "token": None, "expires_at": None}
    assert waiting_jobs("mail_invitation") == [{"user_id": newcomer.pk}]
    assert mail.outbox == []

    tasks.mail_invitation(user_id=newcomer.pk)

    [letter] = mail.outbox
    assert letter.to == ["nadia@example.org"]
    assert "Oak School" in letter.subject
    token = letter.body.split("/redeem#")[1].split()[0]
    assert redeem(at_oak(), token).status_code == 200


def test_without_an_address_no_mail_is_promised(at_oak: Any, dave: User, bob: User) -> None:
    refused = at_oak(dave).post(f"users/{bob.sourced_id}/invite", {"by_mail": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "accounts:no-email")


# --- forgotten ------------------------------------------------------------------------------------------------------
def test_forgotten_says_and_does_the_same_whether_the_login_exists_or_not(
    at_oak: Any, bob: User, query_count: Any
) -> None:
    stranger = at_oak()
    stranger.post("auth/forgotten", {"login": "warm-up"})
    statements = []
    answers = []
    for login in ("bob", "nobody-at-all"):
        with query_count() as counted:
            answers.append(stranger.post("auth/forgotten", {"login": login}))
        statements.append(counted.count)
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert statements[0] == statements[1]
    assert {"login": "bob"} in waiting_jobs("mail_reset_link")
    assert {"login": "nobody-at-all"} in waiting_jobs("mail_reset_link")


def test_the_mail_brings_a_link_for_an_hour(at_oak: Any, bob: User, later: Any) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    tasks.mail_reset_link(login="bob@oak.example")
    tasks.mail_reset_link(login="bob")
    first, second = (letter.body.split("/redeem#")[1].split()[0] for letter in mail.outbox)
    later(minutes=59)
    assert redeem(at_oak(), second).status_code == 200
    assert at_oak().log_in("bob", NEW).status_code == 200
    # With the password all links there were have ended.
    assert redeem(at_oak(), first).status_code == 404


@pytest.mark.parametrize("by_mail", [True, False], ids=["a reset", "an invitation"])
def test_a_stranger_who_types_a_name_ends_no_link_of_its_owner(
    at_oak: Any, bob: User, dave: User, *, by_mail: bool
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    if by_mail:
        tasks.mail_reset_link(login="bob")
        token = mail.outbox[0].body.split("/redeem#")[1].split()[0]
    else:
        token = at_oak(dave).post(f"users/{bob.sourced_id}/invite", {}).json()["token"]
    for _ in range(3):
        at_oak().post("auth/forgotten", {"login": "bob"})
        tasks.mail_reset_link(login="bob")
    assert redeem(at_oak(), token).status_code == 200


def test_a_link_for_a_new_password_ends_after_the_hour(at_oak: Any, bob: User, later: Any) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    tasks.mail_reset_link(login="bob")
    later(hours=1)
    assert redeem(at_oak(), mail.outbox[0].body.split("/redeem#")[1].split()[0]).status_code == 404


def test_nobody_gets_mail_who_does_not_exist_or_may_not_come_in(bob: User, newcomer: User, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(email="alice@oak.example", is_active=False)
    for login in ("nobody", "bob", "nadia", "alice", "", "@"):
        tasks.mail_reset_link(login=login)
    assert mail.outbox == []


def test_asking_again_and_again_floods_no_mailbox(at_oak: Any, bob: User) -> None:
    for _ in range(30):
        assert at_oak().post("auth/forgotten", {"login": "bob"}).status_code == 202
    assert waiting_jobs("mail_reset_link") == [{"login": "bob"}]


def test_the_job_is_written_for_this_school(at_oak: Any, bob: User, elm: Any) -> None:
    at_oak().post("auth/forgotten", {"login": "bob"})
    with inside(elm):
        assert waiting_jobs("mail_reset_link") == []
