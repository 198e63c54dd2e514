"""The demo's guardian has something to see on every page of the family's."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.demo.services import show_families
from apps.notifications.models import Message
from apps.students.models import Student
from schoolops.context import inside, nowhere
from tests.apps.demo.test_demo_schools import DEMO, demo, rows_of

__all__ = ["demo"]


@pytest.mark.usefixtures("demo")
def test_carol_sees_marks_cards_bills_and_messages(demo: Any, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
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
    }
    with nowhere():
        for page, words in found.items():
            assert words in carol.get(reverse(f"family:{page}", args=[child])).content.decode(), page
        assert carol.get("/family/messages/").status_code == 200
    with inside(demo):
        told = Message.objects.filter(guardian__user__username="carol", channel="in-app")
        assert set(told.values_list("announcement__title", flat=True)) == {"School trip", "Parents’ evening"}
