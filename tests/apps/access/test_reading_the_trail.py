"""The trail, as those read it who may."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from tests.factories import people


def test_the_head_reads_who_did_what_newest_first(at_oak: Any, alice: User, dave: User, bob: User) -> None:
    at_oak(dave).post(f"users/{bob.sourced_id}/deactivate", {"reason": "moved away"})
    rows = at_oak(alice).get(f"audit?object_id={bob.sourced_id}").json()["results"]
    assert (rows[0]["action"], rows[0]["actor_name"], rows[0]["reason"]) == (
        "accounts.user-deactivated",
        "Dave",
        "moved away",
    )
    assert rows[0]["actor_id"] == str(dave.sourced_id)
    assert rows[0]["object_type"] == "accounts.user"


def test_it_is_found_by_actor_action_and_day(at_oak: Any, alice: User, bob: User) -> None:
    at_oak(bob)
    talk = at_oak(alice)

    def count(query: str) -> int:
        return len(talk.get(f"audit?{query}").json()["results"])

    assert count(f"actor_id={bob.sourced_id}&action=accounts.logged-in") == 1
    assert count("since=2026-11-04&until=2026-11-05") == 2
    assert count("since=2026-11-05") == 0
    assert talk.get("audit?since=yesterday").json()["errors"][0]["field"] == "since"


def test_its_pages_go_on_where_the_last_ended(at_oak: Any, alice: User, bob: User) -> None:
    for _ in range(5):
        at_oak(bob)
    talk, seen, query = at_oak(alice), [], "audit?limit=2"
    while query:
        page = talk.get(query).json()
        seen += [row["id"] for row in page["results"]]
        query = f"audit?limit=2&cursor={page['next']}" if page["next"] else ""
    assert len(seen) == 6
    assert seen == sorted(seen, reverse=True)


def test_others_do_not_read_it_and_nobody_writes_it(at_oak: Any, alice: User, dave: User, bob: User) -> None:
    for user in (dave, bob):
        refused = at_oak(user).get("audit")
        assert (refused.status_code, refused.json()["detail"]) == (403, "You do not have the permission audit.view.")
    assert at_oak(alice).post("audit", {}).status_code == 405


def test_a_campus_is_no_reason_to_read_the_whole_schools(at_oak: Any, alice: User) -> None:
    other = people.a_school_year(name="Far Campus", sections=("9 A",), state="planned")
    head = people.a_user("far-head", role="head", institution=other.institution)
    assert at_oak(head).get("audit").json()["code"] == "access:out-of-reach"


def test_no_secret_ever_stands_in_it(at_oak: Any, alice: User, dave: User, bob: User) -> None:
    tokens = at_oak().log_in().json()
    link = at_oak(dave).post(f"users/{bob.sourced_id}/invite", {}).json()
    text = at_oak(alice).get("audit").content.decode()
    for secret in (tokens["access_token"], tokens["refresh_token"], link["token"]):
        assert secret not in text
