"""Today is the campus's day, whatever the server's clock says, also when clocks change and months turn."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.attendance.errors import DayInTheFuture
from apps.institutions.models import Institution
from schoolops import clock
from schoolops.tenancy.models import School
from tests.factories.people import Campus, a_school_year, a_user, some_students
from tests.factories.rolls import take

# In UTC: the last minute of a day of school in that timezone, and that day.
CASES = [
    ("Pacific/Auckland", dt.datetime(2026, 11, 3, 10, 59, tzinfo=dt.UTC), dt.date(2026, 11, 3)),
    # Winter time there: an hour later.
    ("Pacific/Auckland", dt.datetime(2027, 6, 1, 11, 59, tzinfo=dt.UTC), dt.date(2027, 6, 1)),
    # The last minute of a month, and of the last Friday before the clocks go back on Sunday, 1 November.
    ("America/New_York", dt.datetime(2026, 10, 1, 3, 59, tzinfo=dt.UTC), dt.date(2026, 9, 30)),
    ("America/New_York", dt.datetime(2026, 10, 31, 3, 59, tzinfo=dt.UTC), dt.date(2026, 10, 30)),
    # And of the Monday after: an hour later.
    ("America/New_York", dt.datetime(2026, 11, 3, 4, 59, tzinfo=dt.UTC), dt.date(2026, 11, 2)),
    ("Asia/Kathmandu", dt.datetime(2026, 11, 3, 18, 14, tzinfo=dt.UTC), dt.date(2026, 11, 3)),
]


@pytest.fixture
def head(in_oak: School) -> User:
    return a_user("alice", role="head")


def campus_in(timezone: str) -> Campus:
    campus = a_school_year(timezone=timezone)
    Institution.objects.filter(pk=campus.institution.pk).update(weekend=[])
    some_students(2, section=campus.section)
    return campus


@pytest.mark.parametrize(("timezone", "last_minute", "day"), CASES)
def test_the_day_ends_at_its_own_midnight(head: User, timezone: str, last_minute: dt.datetime, day: dt.date) -> None:
    campus, tomorrow = campus_in(timezone), day + dt.timedelta(days=1)
    with clock.frozen(last_minute):
        assert take(campus.section, by=head, day=day).version == 1
        with pytest.raises(DayInTheFuture, match=f"it is {day} in {timezone}"):
            take(campus.section, by=head, day=tomorrow)
    with clock.frozen(last_minute + dt.timedelta(minutes=1)):
        assert take(campus.section, by=head, day=tomorrow).version == 1


def test_the_edit_window_is_counted_in_the_campuss_days(head: User) -> None:
    campus = campus_in("Pacific/Auckland")
    monday = dt.date(2026, 11, 2)
    # A week later, one minute before Auckland's Tuesday begins; it is still Monday morning in UTC.
    with clock.frozen(dt.datetime(2026, 11, 9, 10, 59, tzinfo=dt.UTC)):
        assert take(campus.section, by=head, day=monday).version == 1
    with clock.frozen(dt.datetime(2026, 11, 9, 11, 0, tzinfo=dt.UTC)), pytest.raises(Exception, match="for 7 days"):
        take(campus.section, by=head, day=monday, version=1)
