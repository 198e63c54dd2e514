"""Giving roles and taking them away: nobody gives what they lack, and somebody stays administrator."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.access import services
from apps.access.errors import LastAdministrator
from apps.access.models import RoleAssignment
from apps.access.services.gate import may_leave
from apps.accounts.models import User
from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from tests.factories import people


def assignment(user: User, role: str) -> RoleAssignment:
    return RoleAssignment.objects.get(user=user, role__code=role)


def test_the_administrator_gives_a_role_at_one_campus(at_oak: Any, erin: User, bob: User, campus: Any) -> None:
    said = {"user_id": str(bob.sourced_id), "role": "registrar", "institution_id": str(campus.institution.sourced_id)}
    made = at_oak(erin).post("role-assignments", said)
    assert made.status_code == 201
    assert made.json() == {
        "id": str(assignment(bob, "registrar").sourced_id),
        **said,
        "username": "bob",
        "starts_on": None,
        "ends_on": None,
    }
    assert made.headers["Location"] == f"/api/v1/role-assignments/{made.json()['id']}"
    assert "students.manage" in at_oak(bob).get("me").json()["permissions"]
    assert AuditEntry.objects.filter(action="access.role-assigned", object_id=str(bob.sourced_id)).count() == 1


def test_giving_it_again_moves_its_dates_and_makes_no_second_one(at_oak: Any, erin: User, bob: User) -> None:
    said = {"user_id": str(bob.sourced_id), "role": "accountant"}
    first = at_oak(erin).post("role-assignments", said).json()
    again = at_oak(erin).post("role-assignments", {**said, "ends_on": "2026-11-04"}).json()
    assert (again["id"], again["ends_on"]) == (first["id"], "2026-11-04")
    # Held until the day before.
    assert "exports.run" in at_oak(bob).get("me").json()["permissions"]
    assert [role["code"] for role in at_oak(bob).get("me").json()["roles"]] == ["teacher"]


def test_a_role_is_held_from_its_first_day(at_oak: Any, erin: User, bob: User, later: Any) -> None:
    said = {"user_id": str(bob.sourced_id), "role": "accountant", "starts_on": "2026-11-05", "ends_on": "2026-11-06"}
    at_oak(erin).post("role-assignments", said)
    seen = []
    for _ in range(3):
        seen.append("accountant" in {role["code"] for role in at_oak(bob).get("me").json()["roles"]})
        later(days=1)
    assert seen == [False, True, False]


def test_it_cannot_end_before_it_starts(at_oak: Any, erin: User, bob: User) -> None:
    said = {"user_id": str(bob.sourced_id), "role": "accountant", "starts_on": "2026-11-06", "ends_on": "2026-11-05"}
    refused = at_oak(erin).post("role-assignments", said)
    assert (refused.status_code, refused.json()["code"]) == (422, "access:assignment-backwards")


def test_what_is_not_there_is_named(at_oak: Any, erin: User, bob: User) -> None:
    said = {"user_id": str(bob.sourced_id), "role": "accountant"}
    nobody = str(uuid.uuid4())
    talk = at_oak(erin)
    assert talk.post("role-assignments", {**said, "role": "king"}).json()["code"] == "access:role-unknown"
    assert talk.post("role-assignments", {**said, "user_id": nobody}).json()["code"] == "accounts:user-unknown"
    assert talk.post("role-assignments", {**said, "institution_id": nobody}).json()["code"] == "access:out-of-reach"
    assert talk("DELETE", f"role-assignments/{nobody}").json()["code"] == "access:assignment-unknown"


def test_a_role_taken_away_is_gone_at_once(at_oak: Any, erin: User, bob: User) -> None:
    bobs = at_oak(bob)
    assert at_oak(erin)("DELETE", f"role-assignments/{assignment(bob, 'teacher').sourced_id}").status_code == 204
    assert bobs.get("me").json()["permissions"] == []
    assert AuditEntry.objects.get(action="access.role-withdrawn").before["role"] == "teacher"


def test_nobody_gives_a_role_that_holds_more_than_they_do(at_oak: Any, erin: User, bob: User) -> None:
    services.create_role(name="Deputy", permissions=["access.manage"], by=erin)
    dev = people.a_user("dev", role="deputy")
    talk = at_oak(dev)
    for user, role in ((dev, "administrator"), (dev, "head"), (people.a_user("nobody"), "registrar")):
        refused = talk.post("role-assignments", {"user_id": str(user.sourced_id), "role": role})
        assert (refused.status_code, refused.json()["code"]) == (403, "access:not-yours-to-give")
    # Nor do they take anything from somebody who may do more.
    for method, what, said in (
        ("POST", "role-assignments", {"user_id": str(bob.sourced_id), "role": "deputy"}),
        ("DELETE", f"role-assignments/{assignment(erin, 'administrator').sourced_id}", None),
    ):
        assert talk(method, what, said).json()["code"] == "access:beyond-you"


def test_the_last_administrator_stays_one(at_oak: Any, erin: User) -> None:
    where = f"role-assignments/{assignment(erin, 'administrator').sourced_id}"
    said = {"user_id": str(erin.sourced_id), "role": "administrator", "ends_on": "2027-01-01"}
    talk = at_oak(erin)
    assert talk("DELETE", where).json()["code"] == "access:last-administrator"
    assert talk.post("role-assignments", said).json()["code"] == "access:last-administrator"
    people.a_user("felix", role="administrator")
    assert talk("DELETE", where).status_code == 204


def test_an_administrator_of_one_campus_or_for_a_time_is_not_enough(at_oak: Any, erin: User, campus: Any) -> None:
    people.a_user("felix", role="administrator", institution=campus.institution)
    services.assign_role(user=people.a_user("fay"), role="administrator", ends_on=campus.year.ends_on, by=erin)
    gone = people.a_user("flo", role="administrator")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    where = f"role-assignments/{assignment(erin, 'administrator').sourced_id}"
    assert at_oak(erin)("DELETE", where).json()["code"] == "access:last-administrator"


def test_who_administers_from_today_is_one_where_the_schools_day_has_begun_before_ours(in_oak: Any) -> None:
    with clock.frozen(dt.datetime(2026, 11, 4, 11, tzinfo=dt.UTC)):
        people.a_school_year(timezone="Pacific/Kiritimati")
        erin, felix = (people.a_user(name, role="administrator") for name in ("erin", "felix"))
        RoleAssignment.objects.filter(user=felix).update(starts_on=dt.date(2026, 11, 5))
        may_leave(erin)
        RoleAssignment.objects.filter(user=felix).update(starts_on=dt.date(2026, 11, 6))
        with pytest.raises(LastAdministrator):
            may_leave(erin)


def test_two_administrators_cannot_leave_at_once(fresh_school: Any) -> None:
    school = fresh_school()
    with inside(school):
        both = [people.a_user(name, role="administrator") for name in ("erin", "felix")]
        held = [RoleAssignment.objects.select_related("role", "user").get(user=user) for user in both]

    def leave(number: int) -> str:
        try:
            with inside(school):
                services.withdraw_role(assignment=held[number], by=both[number])
                return "left"
        except LastAdministrator:
            return "stays"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, range(2))) == ["left", "stays"]


def test_the_list_is_filtered_by_user_role_and_campus(at_oak: Any, alice: User, bob: User, campus: Any) -> None:
    people.a_user("lola", role="registrar", institution=campus.institution)
    talk = at_oak(alice)

    def names(query: str) -> list[str]:
        return [row["username"] for row in talk.get(f"role-assignments?{query}").json()["results"]]

    assert names(f"user_id={bob.sourced_id}") == ["bob"]
    assert names("role=head") == ["alice"]
    assert names(f"institution_id={campus.institution.sourced_id}") == ["lola"]
    assert talk.get("role-assignments?rolle=head").status_code == 422
    assert at_oak(bob).get("role-assignments").json()["code"] == "access:permission-missing"
