"""The campus and its people are made once for many tests, and each finds them as they were made."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.students.models import Student
from schoolops.tenancy.models import School
from tests.factories.people import Campus


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_a_test_changes_is_changed_for_no_other(campus: Campus, alice: User, bob: User, time: str) -> None:
    assert campus.section.name == "B"
    assert campus.section.institution is campus.institution
    assert [each.username for each in User.objects.order_by("pk")] == ["alice", "bob"]
    assert Student.objects.exclude(given_name="Renamed").count() == 15
    campus.section.name = alice.username = "changed"
    campus.section.save()
    alice.save()
    Student.objects.update(given_name="Renamed")


def test_who_is_not_asked_for_is_not_there(campus: Campus, dave: User) -> None:
    assert [each.username for each in User.objects.all()] == ["dave"]


def test_what_must_be_outermost_may_begin(campus: Campus) -> None:
    with transaction.atomic(durable=True):
        assert Student.objects.count() == 15


def test_a_connection_may_be_lost(campus: Campus, bob: User) -> None:
    connection.close()


def test_after_that_they_are_made_anew(campus: Campus, bob: User) -> None:
    assert Student.objects.count() == 15
    assert User.objects.get().username == "bob"


def test_a_school_for_which_none_is_asked_has_none(in_oak: School) -> None:
    assert not Student.objects.exists()
    assert not User.objects.exists()
