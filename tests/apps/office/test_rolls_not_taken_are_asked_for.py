"""Who takes a roll that nobody has taken is reminded from the page of the rolls: once for each roll and day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from apps.access.models import RolePermission
from apps.accounts.models import User
from apps.notifications.models import Channel, Message
from apps.staff.models import StaffMember, Substitution
from schoolops.audit.models import AuditEntry
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.told import deliver

Office = Callable[..., Any]
ROLLS = "/office/rolls/"


@pytest.fixture
def eve(campus: Campus) -> User:
    """The teacher of 7 C."""
    return people.a_teacher("eve", of=campus.sections["7 C"])


def _reminded() -> list[str]:
    rows = Message.objects.filter(fact="attendance.roll-not-taken", channel=Channel.INBOX).order_by("user__username")
    return [each.user.username for each in rows.select_related("user") if each.user is not None]


def test_each_teacher_is_reminded_once_of_a_roll(office: Office, dave: User, bob: User, eve: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@example.org")
    browser = office(dave)
    assert "Remind the teachers" in browser.get(ROLLS).content.decode()
    assert browser.post(ROLLS, {}).status_code == 302
    assert "2 teachers are reminded of rolls of " in browser.get(ROLLS).content.decode()
    browser.post(ROLLS, {})
    assert "Everybody who can be reminded of rolls of " in browser.get(ROLLS).content.decode()
    assert _reminded() == ["bob", "eve"]
    deliver()
    assert [(each.to, each.subject) for each in mail.outbox] == [
        (["bob@example.org"], "Please take the roll of Grade 7 B")
    ]
    (entry,) = AuditEntry.objects.filter(action="attendance.teachers-reminded")
    assert (entry.actor_name, entry.after) == (dave.audit_name, {"day": SCHOOL_DAY.isoformat(), "rolls": 2})


def test_of_a_roll_that_is_taken_nobody_is_reminded(
    office: Office, dave: User, bob: User, eve: User, campus: Campus
) -> None:
    rolls.take(campus.section, by=bob)
    office(dave).post(ROLLS, {})
    assert _reminded() == ["eve"]
    # Nor once it is taken before the letter goes out.
    rolls.take(campus.sections["7 C"], by=eve)
    deliver()
    assert set(Message.objects.values_list("state", "reason")) == {("suppressed", "no-longer-so")}
    assert "Remind the teachers" not in office(dave).get(ROLLS).content.decode()


def test_who_stands_in_is_reminded_and_not_who_is_away(
    office: Office, dave: User, bob: User, eve: User, campus: Campus
) -> None:
    other = people.a_teacher("zoe", institution=campus.institution)
    Substitution.objects.create(staff=StaffMember.objects.get(user=other), section=campus.section, day=SCHOOL_DAY)
    office(dave).post(ROLLS, {})
    assert _reminded() == ["eve", "zoe"]


def test_nobody_reminds_themselves_nor_whom_they_do_not_reach(office: Office, bob: User, eve: User) -> None:
    browser = office(bob)
    assert "Remind the teachers" not in browser.get(ROLLS).content.decode()
    browser.post(ROLLS, {})
    assert _reminded() == []


def test_who_may_not_mark_reminds_nobody(office: Office, bob: User, eve: User) -> None:
    RolePermission.objects.filter(role__code="registrar", permission="attendance.mark").delete()
    browser = office(people.a_user("rita", role="registrar"))
    assert browser.get(ROLLS).status_code == 200
    assert browser.post(ROLLS, {}).status_code == 403
    assert _reminded() == []
