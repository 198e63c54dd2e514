"""Exactly the limit passes, whoever counts at the same moment; schools count apart; without Redis logins count here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import BASE_DIR
from schoolops.context import inside, outside_schools
from schoolops.ratelimit import scripts, throttles, windows
from schoolops.ratelimit.windows import LOGINS_OF_SCHOOL, REQUESTS_OF_USER, TooOften, Window, count, demand
from schoolops.redis.connection import RATE_LIMITS, RedisCircuitOpen, client
from tests.support.counted import round_trips_to_redis

FEW = Window("few", "user", 3, 60, "open", "for tests")
# Its window is much longer than the test takes: nothing slides out of it meanwhile.
ASKS = """
import sys
from django.conf import settings
settings.configure(REDIS_URL=sys.argv[1], REDIS_PATIENCE=20, RATE_LIMIT_FACTOR=1, METRICS_FOLDER=None)
from schoolops.context import outside_schools
from schoolops.ratelimit.windows import Window, count
hundred = Window("hundred", "user", 100, 3600, "open", "for tests")
print("ready", flush=True)
sys.stdin.readline()
with outside_schools():
    print(sum(count({hundred: "bob"})[0].passed for _ in range(50)), flush=True)
"""


@pytest.fixture(autouse=True)
def _limits_as_they_run(settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1


def away(*_said: Any) -> Any:
    raise RedisCircuitOpen("away")


def passed(window: Window, who: str, times: int) -> list[bool]:
    return [count({window: who})[0].passed for _ in range(times)]


def test_eight_processes_at_once_let_exactly_the_limit_through(settings: Any) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS, settings.REDIS_URL],
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    try:
        for each in processes:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("now\n")
            each.stdin.flush()
        assert sum(int(each.communicate(timeout=120)[0]) for each in processes) == 100
    finally:
        for each in processes:
            each.kill()
            each.communicate()


def test_the_count_says_how_many_are_left_and_a_refusal_when_there_is_room(oak: Any) -> None:
    with inside(oak):
        counts = [count({FEW: "bob"})[0] for _ in range(4)]
        assert [each.passed for each in counts] == [True, True, True, False]
        assert [each.left for each in counts] == [2, 1, 0, 0]
        assert all(1 <= each.reset_s <= 60 for each in counts)
        with pytest.raises(TooOften) as refused:
            demand(counts)
        assert refused.value.retry_after == counts[-1].reset_s


def test_a_refusal_names_the_limit_as_it_is_counted_here(
    oak: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMIT_FACTOR = 2
    logins = Window("few", "school", 8, 3600, "stricter", "for tests")
    with inside(oak):
        counts = [count({FEW: "bob"})[0] for _ in range(7)]
        assert (throttles.headers(counts[0])["RateLimit-Policy"], counts[0].left) == ('"few";q=6;w=60', 5)
        with pytest.raises(TooOften, match="more than 6 in 60 s"):
            demand(counts)
        monkeypatch.setattr(scripts, "run", away)
        # A quarter of twice as many in each process.
        with pytest.raises(TooOften, match="more than 4 in 3600 s"):
            demand([count({logins: ""})[0] for _ in range(5)])


def test_whoever_is_refused_by_one_window_takes_nothing_from_the_others(oak: Any) -> None:
    wide = Window("wide", "school", 5, 3600, "open", "for tests")
    with inside(oak):
        told = [count({FEW: "bob", wide: ""}) for _ in range(10)]
        assert [each[0].passed for each in told] == [True] * 3 + [False] * 7
        # Three of five are taken, however often the fourth was asked for.
        assert [each[1].left for each in told] == [4, 3] + [2] * 8
        # And the other way round: a full school costs nobody their own.
        assert [count({FEW: "alice", wide: ""})[0].left for _ in range(4)] == [2, 1, 1, 1]


def test_a_request_is_one_round_trip_whatever_it_is_counted_in(oak: Any) -> None:
    with inside(oak):
        count({FEW: "bob"})
        with round_trips_to_redis() as asked:
            count({FEW: "bob", REQUESTS_OF_USER: "bob", LOGINS_OF_SCHOOL: ""})
        assert asked == ["EVALSHA"]


def test_another_user_and_another_school_count_apart(oak: Any, elm: Any) -> None:
    with inside(oak):
        assert passed(FEW, "bob", 4) == [True, True, True, False]
        assert passed(FEW, "alice", 1) == [True]
    with inside(elm):
        assert passed(FEW, "bob", 1) == [True]
    with outside_schools():
        assert passed(FEW, "bob", 1) == [True]


def test_keys_begin_with_the_school_and_go_away(oak: Any) -> None:
    with inside(oak):
        count({FEW: "bob", LOGINS_OF_SCHOOL: ""})
    server = client(RATE_LIMITS)
    kept = [key.decode() for key in server.scan_iter("*:ratelimit:*")]
    assert len(kept) == 2
    assert all(key.startswith(f"tenant:{oak.pk}:ratelimit:sliding:") for key in kept)
    assert all(0 < server.ttl(key) <= 2 * 60 for key in kept)


def test_a_server_that_has_forgotten_the_scripts_is_taught_them_again(oak: Any) -> None:
    with inside(oak):
        assert passed(FEW, "bob", 2) == [True, True]
        client(RATE_LIMITS).script_flush()
        assert passed(FEW, "bob", 2) == [True, False]


def test_without_redis_requests_pass_and_logins_count_in_the_process(oak: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "run", away)
    with inside(oak):
        assert all(passed(REQUESTS_OF_USER, "bob", REQUESTS_OF_USER.most + 1))
        most = LOGINS_OF_SCHOOL.most // windows.STRICTER
        assert passed(LOGINS_OF_SCHOOL, "", most + 2) == [True] * most + [False, False]


def test_every_window_is_in_the_table() -> None:
    page = (Path(BASE_DIR) / "docs/reference/rate-limits.md").read_text(encoding="utf-8")
    for window in windows.WINDOWS:
        assert f"`{window.name}`" in page
