"""The API says of an import what is true: that it runs as long as its job may run, and where it stopped and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import
from schoolops.context import outside_schools
from schoolops.queues.models import Job
from tests.apps.exchange.test_stopping import buried, confirmed
from tests.factories import people

Read = Callable[..., Import]
SHEET = b"Admission number,Given name\nA1,Ada\n"


@pytest.fixture
def run(read: Read, registrar: User) -> Import:
    """Confirmed; its job waits."""
    people.a_school_year()
    return confirmed(read(SHEET, "students.csv"), registrar)


@pytest.fixture
def told(at_oak: Any, registrar: User) -> Callable[[str], Any]:
    """``told(address)`` is what the API answers an administrator."""
    talk = at_oak(registrar)
    return lambda address: talk.get(address).json()


def states(told: Callable[[str], Any], asked: str = "") -> list[str]:
    return [each["state"] for each in told(f"imports{asked}")["results"]]


def test_one_whose_job_waits_or_is_tried_again_is_being_applied(run: Import, told: Callable[[str], Any]) -> None:
    for changed in ({}, {"attempts": 2, "run_at": "2026-11-04T11:00:00Z"}):
        with outside_schools():
            Job.objects.filter(pk=run.job_id).update(**changed)
        answer = told(f"imports/{run.sourced_id}")
        assert (answer["state"], answer["stopped"], answer["kept_until"]) == ("applying", None, None)
    assert (states(told, "?state=applying"), states(told, "?state=stopped")) == (["applying"], [])


def test_one_whose_job_came_to_nothing_has_stopped(run: Import, told: Callable[[str], Any]) -> None:
    buried(run)
    answer = told(f"imports/{run.sourced_id}")
    assert (answer["state"], answer["stopped"]) == ("stopped", {"at": "applying", "why": "dead"})
    assert (answer["done"], answer["of"]) == (0, 1)
    assert answer["kept_until"] == "2026-12-04T10:00:00+00:00"
    assert (states(told, "?state=applying"), states(told, "?state=stopped")) == ([], ["stopped"])


def test_so_it_says_once_it_was_set_aside_and_no_more_once_it_goes_on(
    run: Import, read: Read, registrar: User, told: Callable[[str], Any]
) -> None:
    buried(run)
    other = read(b"Admission number,Given name\nA2,Bo\n", "others.csv")
    services.apply(run=services.confirm(run=other, reading=other.reading, by=registrar))
    assert told(f"imports/{run.sourced_id}")["stopped"] == {"at": "applying", "why": "dead"}
    services.go_on(run=run, by=registrar, in_background=True)
    answer = told(f"imports/{run.sourced_id}")
    assert (answer["state"], answer["stopped"]) == ("applying", None)


def test_a_reading_and_an_undo_that_stopped_say_where(
    run: Import, read: Read, registrar: User, told: Callable[[str], Any]
) -> None:
    services.apply(run=run)
    undoing = services.begin_undo(run=run, by=registrar, in_background=True)
    reading = read(SHEET, "again.csv")
    services.map_headers(run=reading, mapping={}, by=registrar, in_background=True)
    for each in (undoing, reading):
        each.refresh_from_db()
        buried(each)
    found = [(each["state"], each["stopped"]["at"]) for each in told("imports")["results"]]
    assert found == [("stopped", "received"), ("stopped", "undoing")]


def test_what_each_is_at_costs_no_query_per_import(
    run: Import, read: Read, registrar: User, told: Callable[[str], Any], query_count: Callable[..., Any]
) -> None:
    def asked() -> int:
        with query_count() as counted:
            assert len(states(told)) == Import.objects.count()
        return int(counted.count)

    before = asked()
    for number in range(3):
        waiting = read(SHEET, f"{number}.csv")
        services.map_headers(run=waiting, mapping={}, by=registrar, in_background=True)
    assert asked() == before


def test_what_is_waited_for_says_until_when_it_is_kept(read: Read, registrar: User, told: Callable[[str], Any]) -> None:
    people.a_school_year()
    run = read(SHEET, "students.csv")
    answer = told(f"imports/{run.sourced_id}")
    assert (answer["state"], answer["kept_until"]) == ("validated", "2026-11-11T10:00:00+00:00")
