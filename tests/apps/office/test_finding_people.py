"""Find, late desk and lists find whoever is there, however they are typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.students.models import Student
from tests.factories import people
from tests.factories.people import Campus

Office = Callable[..., Any]


@pytest.mark.parametrize("page", ["/office/find/", "/office/desk/", "/office/students/student/"])
@pytest.mark.parametrize("said", ["dvorak", "o'brien", "D٧", "7d-١"])
def test_the_office_finds_them_too(office: Office, campus: Campus, dave: User, page: str, said: str) -> None:
    student = people.students_in(campus.section)[0]
    Student.objects.filter(pk=student.pk).update(
        given_name="Anežka", family_name="Dvořák-O’Brien", admission_number="7D-1 D7"
    )
    assert str(student.sourced_id) in office(dave).get(page, {"q": said}).content.decode()
