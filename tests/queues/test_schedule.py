"""Scheduled work is in the ledger once for each tick, whoever beats, and a missed one is caught up once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection

from schoolops import clock
from schoolops.context import outside_schools
from schoolops.queues import NOTIFICATIONS, schedule, task
from schoolops.queues.schedule import NeedsArguments, Schedule
from schoolops.tenancy.models import School, SchoolState
from tests.queues.ground import Ledger

NOON = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@task(queue=NOTIFICATIONS, name="test.remind")
def remind() -> None:
    """Reminds."""


@task(queue=NOTIFICATIONS, name="test.remind_one")
def remind_one(*, student_id: int) -> None:
    """Reminds one."""


@pytest.fixture(autouse=True)
def _hourly(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_schedules", {})
    schedule.schedule(Schedule("test.hourly", remind, every=HOUR))
    schedule.tick(NOON)


def test_a_schedule_seen_for_the_first_time_has_missed_nothing(ledger: Ledger) -> None:
    assert ledger.jobs() == []


def test_a_tick_is_there_once_though_two_beat(ledger: Ledger) -> None:
    def beat() -> None:
        schedule.tick(NOON + HOUR)
        connection.close()

    beats = [threading.Thread(target=beat) for _ in range(4)]
    for each in beats:
        each.start()
    for each in beats:
        each.join()
    assert [job.task for job in ledger.jobs()] == ["queues.fan_out"]
    assert schedule.tick(NOON + HOUR + dt.timedelta(minutes=59)) == []
    assert schedule.tick(NOON + 2 * HOUR) == ["test.hourly"]


def test_missed_ticks_are_caught_up_once(ledger: Ledger) -> None:
    assert schedule.tick(NOON + 30 * HOUR) == ["test.hourly"]
    assert schedule.tick(NOON + 30 * HOUR) == []
    assert len(ledger.jobs()) == 1


def test_a_tick_becomes_one_job_for_each_active_school_spread_in_time(ledger: Ledger) -> None:
    with outside_schools():
        School.objects.filter(slug="elm").update(state=SchoolState.SUSPENDED)
    try:
        schedule.tick(NOON + HOUR)
        ledger.run()
    finally:
        with outside_schools():
            School.objects.filter(slug="elm").update(state=SchoolState.ACTIVE)
    jobs = ledger.jobs()
    assert {job.school for job in jobs} == {ledger.school.slug, "oak"}
    assert len({job.run_at for job in jobs}) == len(jobs)


def test_a_school_whose_ledger_is_full_keeps_the_tick_from_no_other(ledger: Ledger) -> None:
    ledger.sql("INSERT INTO queues_backlog (school, jobs, \"full\") VALUES ('elm', 1, true)")
    schedule.tick(NOON + HOUR)
    ledger.run()
    assert {job.school for job in ledger.jobs()} == {ledger.school.slug, "oak"}
    assert ledger.letters() == []


def test_a_clock_that_steps_back_repeats_nothing(ledger: Ledger) -> None:
    schedule.tick(NOON + 2 * HOUR)
    assert schedule.tick(NOON + HOUR) == []
    assert schedule.tick(NOON + 2 * HOUR) == []


def test_a_clock_that_was_a_year_ahead_stops_no_schedule(ledger: Ledger) -> None:
    schedule.tick(NOON + 8760 * HOUR)
    assert schedule.tick(NOON + HOUR) == []
    assert schedule.tick(NOON + 2 * HOUR) == ["test.hourly"]
    assert schedule.tick(NOON + 2 * HOUR) == []


def test_a_beat_goes_by_the_clock_of_the_database(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two on machines whose clocks differ would else put ticks there by turns."""
    monkeypatch.setattr(clock, "now", lambda: NOON - 8760 * HOUR)
    ledger.sql("DELETE FROM queues_tick")
    schedule.tick()
    [(slot, now)] = ledger.sql("SELECT slot, clock_timestamp() FROM queues_tick WHERE name = 'test.hourly'")
    assert dt.timedelta(0) <= now - slot < 2 * HOUR


def test_work_that_needs_arguments_cannot_be_scheduled() -> None:
    with pytest.raises(NeedsArguments):
        schedule.schedule(Schedule("test.bad", remind_one, every=HOUR))


def test_ticks_are_counted_from_midnight_utc() -> None:
    daily = Schedule("test.daily", remind, every=dt.timedelta(days=1), offset=dt.timedelta(hours=2, minutes=30))
    assert daily.latest(NOON) == dt.datetime(2026, 9, 1, 2, 30, tzinfo=dt.UTC)
    assert daily.latest(dt.datetime(2026, 9, 1, 2, 29, tzinfo=dt.UTC)) == dt.datetime(2026, 8, 31, 2, 30, tzinfo=dt.UTC)
