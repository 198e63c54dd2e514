"""What no column holds is refused at its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.access.models import Role
from apps.accounts.models import User
from apps.students.models import StudentGuardian
from tests.factories.people import Campus, a_guardian, students_in


def test_a_position_beyond_any_is_refused_at_its_field(office: Callable[..., Any], campus: Campus, erin: User) -> None:
    code = {"code": "Z", "name": "Zed", "state": "present", "direction": "in", "position": "9223372036854775808"}
    answer = office(erin).post("/office/attendance/attendancecode/add/", code)
    assert answer.status_code == 200
    assert "position" in answer.context["adminform"].form.errors


def test_a_link_without_a_place_among_the_others_is_refused_at_its_field(
    office: Callable[..., Any], campus: Campus, erin: User
) -> None:
    a_guardian("carol-1", of=students_in(campus.section)[:1])
    link = StudentGuardian.objects.get()
    said = {"relation": link.relation, "contact_priority": ""}
    answer = office(erin).post(f"/office/students/studentguardian/{link.pk}/change/", said)
    assert answer.status_code == 200
    assert "contact_priority" in answer.context["adminform"].form.errors


def test_a_name_with_a_nul_is_refused_at_its_field(office: Callable[..., Any], erin: User) -> None:
    role = Role.objects.get(code="teacher")
    said = {"name": "a\0b", "version": role.version, "permission": []}
    answer = office(erin).post(f"/office/roles/{role.sourced_id}/", said)
    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors
