"""A number that no column holds is refused at its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from tests.factories.people import Campus


def test_a_position_beyond_any_is_refused_at_its_field(office: Callable[..., Any], campus: Campus, erin: User) -> None:
    code = {"code": "Z", "name": "Zed", "state": "present", "direction": "in", "position": "9223372036854775808"}
    answer = office(erin).post("/office/attendance/attendancecode/add/", code)
    assert answer.status_code == 200
    assert "position" in answer.context["adminform"].form.errors
