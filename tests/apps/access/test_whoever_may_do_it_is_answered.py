"""A role that may write and not look is answered what it wrote; it is not told that it may not, once it has."""

from __future__ import annotations

from typing import Any

import pytest

from apps.access.models import Role, RoleAssignment, RolePermission
from tests.apps.asking import asking
from tests.factories import money, people
from tests.factories.people import Campus

CODE = {"code": "V", "name": "Visit", "direction": "out", "state": "present"}
SCALE = {
    "name": "Two",
    "kind": "letter",
    "bands": [{"code": "A", "lower": "50"}, {"code": "B", "lower": "0", "passing": False}],
}


def _bodies(campus: Campus) -> dict[str, dict[str, Any]]:
    institution, year = str(campus.institution.sourced_id), str(campus.year.sourced_id)
    return {
        "attendance-codes": CODE,
        "grading-scales": SCALE,
        "exam-sessions": {"term_id": str(campus.terms[0].sourced_id), "name": "Tests", "kind": "mid-term"},
        "fee-items": {"year_id": year, "name": "Tuition", "amount": "100"},
        "late-fee-rules": {"institution_id": institution, "percent": "2.5", "days": 7, "cap": "20"},
    }


@pytest.mark.parametrize(
    ("permission", "address"),
    [
        ("attendance.configure", "attendance-codes"),
        ("exams.configure", "grading-scales"),
        ("exams.manage", "exam-sessions"),
        ("fees.charge", "fee-items"),
        ("fees.charge", "late-fee-rules"),
    ],
)
def test_it_is_answered_what_it_wrote_and_reads_nothing_else(campus: Campus, permission: str, address: str) -> None:
    role, clerk = Role.objects.create(code="clerk", name="Clerk"), people.a_user("clerk")
    RolePermission.objects.create(role=role, permission=permission)
    RoleAssignment.objects.create(user=clerk, role=role)
    money.a_chart(campus.institution)
    ask = asking(clerk)
    made = ask.post(address, _bodies(campus)[address])
    assert made.status_code == 201, made.content
    assert ask.get(f"{address}/{made.json()['id']}").status_code == 403
    assert ask.get(address).status_code == 403
