"""One clock: the school's day, not the server's; it can be stopped and moved."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading

import pytest

from config.env import BASE_DIR
from schoolops import clock

NEW_YEARS_EVE = dt.datetime(2027, 12, 31, 23, 30, tzinfo=dt.UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == dt.timedelta(0)


def test_the_day_is_the_schools() -> None:
    with clock.frozen(NEW_YEARS_EVE):
        assert clock.today("UTC") == dt.date(2027, 12, 31)
        assert clock.today("Asia/Kolkata") == dt.date(2028, 1, 1)
        assert clock.today("America/New_York") == dt.date(2027, 12, 31)


def test_a_stopped_clock_stands_until_the_block_ends() -> None:
    before = clock.now()
    with clock.frozen(NEW_YEARS_EVE):
        assert clock.now() == clock.now() == NEW_YEARS_EVE
        with clock.frozen(NEW_YEARS_EVE + dt.timedelta(days=60)):
            assert clock.today("UTC") == dt.date(2028, 2, 29)
        assert clock.now() == NEW_YEARS_EVE
    assert clock.now() >= before


def test_a_stopped_clock_needs_a_timezone() -> None:
    with pytest.raises(ValueError, match="timezone"), clock.frozen(dt.datetime(2028, 1, 1)):  # noqa: DTZ001
        pass


def test_one_thread_stops_only_its_own_clock() -> None:
    found: list[dt.datetime] = []
    with clock.frozen(NEW_YEARS_EVE):
        thread = threading.Thread(target=lambda: found.append(clock.now()))
        thread.start()
        thread.join()
    assert found[0] != NEW_YEARS_EVE


def _begun(moment: str) -> list[str]:
    program = f"""
import datetime as dt
from schoolops import clock
clock.begin_at({moment})
first = clock.now()
print(first.date(), first.hour, clock.now() >= first)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_clock_can_begin_on_another_day_and_runs_on() -> None:
    day, _, later = _begun("dt.date(2028, 2, 29)")
    # Started in the last second of a day it is the next one by now.
    assert (day, later) in (("2028-02-29", "True"), ("2028-03-01", "True"))


def test_it_can_begin_at_a_moment_whatever_the_time_of_day_is_here() -> None:
    assert _begun("dt.datetime(2028, 2, 29, 10, 0, tzinfo=dt.UTC)") == ["2028-02-29", "10", "True"]
