"""Why a colleague is away can be about their health: in the office as in the API it is told to who manages staff."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.staff.models import StaffMember, Substitution
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser


@pytest.mark.usefixtures("school_day")
def test_the_reason_is_told_to_who_manages_staff(
    office: Callable[..., Browser], campus: Campus, bob: User, erin: User
) -> None:
    row = Substitution.objects.create(
        staff=StaffMember.objects.get(user=bob), section=campus.section, day=SCHOOL_DAY, reason="in hospital"
    )
    where = f"/office/staff/substitution/{row.pk}/change/"
    pages = {user.username: office(user).get(where) for user in (bob, erin)}
    assert {name: page.status_code for name, page in pages.items()} == {"bob": 200, "erin": 200}
    assert {name: "in hospital" in page.content.decode() for name, page in pages.items()} == {
        "bob": False,
        "erin": True,
    }
