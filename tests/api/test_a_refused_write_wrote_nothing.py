"""Whoever holds, of all permissions, the one that a write asks for has it done, or is refused before it is."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import resolve

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import User
from apps.accounts.services import open_login
from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from tests.api.ground import Ground
from tests.api.test_who_may_do_what import BODIES, ROWS, Row, ground
from tests.factories import people

__all__ = ["ground"]
WRITES = [row for row in ROWS if row.method != "GET"]


def _asked_for(ground: Ground, row: Row) -> str:
    """The one permission that the view of this line says that it asks for, if it says one."""
    view = resolve(f"/api/v1/{row.address.format(**ground.at)}".partition("?")[0]).func
    action = (getattr(view, "actions", None) or {}).get(row.method.lower(), "")
    held: str = getattr(getattr(view, "cls", None), "asks", {}).get(action, "")
    return held.partition(" over ")[0]


def _answered(ground: Ground, row: Row, code: str, also: str = "") -> tuple[int, list[str]]:
    """The status for who holds ``code`` all over the school, and what was done by then; it is undone.

    ``also``: and another role, by which they reach nothing; else nothing else.
    """
    with inside(ground.oak), transaction.atomic(), clock.frozen(people.SCHOOL_MOMENT):
        role = Role.objects.create(code="one-thing", name="One thing")
        RolePermission.objects.create(role=role, permission=code)
        RoleAssignment.objects.create(user=people.a_user("kim", role=also), role=role)
        kim = User.objects.get(username="kim")
        ground.people["K"], ground.tokens["K"] = kim, open_login(kim, label="test").access_token
        body = BODIES.get(row.name, lambda g, u: None)(ground, kim)  # noqa: ARG005
        before = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        answer = ground.ask("K", row.method, row.address.format(**ground.at), body)
        done = list(AuditEntry.objects.filter(pk__gt=before, actor_id=kim.audit_id).values_list("action", flat=True))
        transaction.set_rollback(True)
    return answer.status_code, done


def _all_answered(ground: Ground, also: str = "") -> dict[str, tuple[str, tuple[int, list[str]]]]:
    """By write: what it asks for, and what became of it; none was refused after it was done."""
    said = {row.name: (code, _answered(ground, row, code, also)) for row in WRITES if (code := _asked_for(ground, row))}
    assert len(said) > 100
    late = {
        name: f"{code}: {status} after {done}"
        for name, (code, (status, done)) in said.items()
        if status >= 400 and done
    }
    assert not late, "\n".join(f"{name}: {why}" for name, why in late.items())
    return said


def test_it_is_done_or_refused_before_it_is(ground: Ground) -> None:
    said = _all_answered(ground)
    # Most need nothing else: whoever may do it is told what they did.
    assert sum(status < 300 for _code, (status, _done) in said.values()) > len(said) * 0.6


@pytest.mark.parametrize("also", ["teacher", "guardian"])
def test_nor_is_it_late_for_who_reads_less_by_another_role(ground: Ground, also: str) -> None:
    said = _all_answered(ground, also)
    assert sum(status < 300 for _code, (status, _done) in said.values()) > len(said) * 0.6


def test_whoever_may_change_students_needs_not_look_at_them(ground: Ground) -> None:
    said = {
        row.name: _answered(ground, row, code)[0]
        for row in WRITES
        if (code := _asked_for(ground, row)) in {"students.manage", "students.merge"}
        if row.address.startswith(("students/{", "classes/{class}/students"))
    }
    assert len(said) >= 9
    assert {name: status for name, status in said.items() if status >= 300} == {}


READ = ["sections", "sections/{section}", "classes", "meetings", "students", "students/{child}", "guardians", "leaves"]


def test_and_who_writes_by_another_role_reads_no_more(ground: Ground) -> None:
    with inside(ground.oak), transaction.atomic(), clock.frozen(people.SCHOOL_MOMENT):
        role = Role.objects.create(code="all-but-looking", name="All but looking")
        for code in ("sections.manage", "students.manage", "guardians.manage", "leave.decide"):
            RolePermission.objects.create(role=role, permission=code)
        for letter, name in (("K", "kim"), ("L", "lou")):
            ground.tokens[letter] = open_login(people.a_user(name, role="teacher"), label="test").access_token
        RoleAssignment.objects.create(user=User.objects.get(username="lou"), role=role)
        for each in READ:
            less, more = (ground.ask(letter, "GET", each.format(**ground.at)) for letter in "KL")
            assert (more.status_code, more.json().get("results")) == (less.status_code, less.json().get("results"))
        transaction.set_rollback(True)
