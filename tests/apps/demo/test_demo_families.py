"""The demo's guardian has something to see on every page of the family's."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.demo.services import recall, show_families
from apps.family.pages.words import PAGES
from apps.notifications.models import Message
from apps.students.models import Student
from schoolops import clock
from schoolops.context import inside, nowhere
from tests.apps.demo.test_demo_schools import DEMO, demo, rows_of

__all__ = ["demo"]


@pytest.mark.usefixtures("demo")
def test_carol_sees_something_of_every_item(demo: Any, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    recall(demo)
    show_families(DEMO, demo)
    before = rows_of(demo)
    show_families(DEMO, demo)
    assert rows_of(demo) == before
    carol = Client(headers={"host": f"{demo.slug}.localhost"})
    with inside(demo):
        carol.force_login(User.objects.get(username="carol"), backend="apps.accounts.backends.LoginBackend")
        child = Student.objects.get(admission_number="O7B01").sourced_id
    found = {
        "marks": "Mid-terms Grade 7 B",
        "cards": "Mid-terms Grade 7 B",
        "exams": "Finals Grade 7 B",
        "bills": "Still to be paid",
        "timetable": "Mathematics",
        "attendance": 'class="s-here"',
        "leave": "Enjoy it.",
        "looked": "Opened the child’s page",
    }
    # Every item of which there is a page.
    assert set(found) == {address.removeprefix("family:") for address in PAGES.values()}
    with nowhere():
        for page, words in found.items():
            # A month in which there was a day of school before today.
            month = {"month": f"{clock.today(DEMO.timezone) - dt.timedelta(days=3):%Y-%m}"}
            assert words in carol.get(reverse(f"family:{page}", args=[child]), month).content.decode(), page
        assert carol.get("/family/messages/").status_code == 200
        assert "Not decided yet" in carol.get(reverse("family:leave", args=[child])).content.decode()
    with inside(demo):
        told = Message.objects.filter(guardian__user__username="carol", channel="in-app", fact="announcement")
        assert set(told.values_list("announcement__title", flat=True)) == {"School trip", "Parents’ evening"}
        assert set(told.values_list("announcement__attachment_name", flat=True)) == {"", "plan.pdf"}
