"""A breaker refuses at once while its target fails, and finds out by one probe when it is back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from schoolops.resilience import Breaker, BreakerOpen, Limits, State
from schoolops.resilience import breaker as breaker_module


class Broken(Exception):
    """The target does not answer."""


class Refusal(Exception):
    """The target answers, and says no."""


class HandClock:
    """Time that moves when the test says so, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def breaker(clock: HandClock) -> Iterator[Breaker]:
    yield Breaker(
        "test",
        counts=(Broken,),
        limits=Limits(failures=3, slow_s=0.05, reset_s=1.0, reset_cap_s=4.0, probe_s=5.0),
        clock=clock,
    )
    breaker_module._all.pop("test")


def broken() -> None:
    raise Broken


def refused() -> None:
    raise Refusal


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Broken):
            breaker.call(broken)


def test_it_passes_results_and_arguments_through(breaker: Breaker) -> None:
    assert breaker.call(divmod, 7, 2) == (3, 1)


def test_it_opens_after_the_third_failure_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.call(int)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    fail(breaker, 1)
    assert breaker.state is State.OPEN
    with pytest.raises(BreakerOpen) as refusal:
        breaker.call(int)
    assert refusal.value.retry_after_s == pytest.approx(1.0)


def test_a_refusal_means_that_the_target_answers(breaker: Breaker) -> None:
    fail(breaker, 2)
    with pytest.raises(Refusal):
        breaker.call(refused)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED


def test_slow_calls_open_it_although_they_succeed(breaker: Breaker, clock: HandClock) -> None:
    def slow() -> str:
        clock.at += 0.06
        return "late"

    assert [breaker.call(slow) for _ in range(3)] == ["late"] * 3
    assert breaker.state is State.OPEN


def test_failures_outside_the_window_are_forgotten(clock: HandClock) -> None:
    windowed = Breaker("windowed", counts=(Broken,), limits=Limits(failures=3, window_s=30), clock=clock)
    for _ in range(6):
        fail(windowed, 1)
        clock.at += 16
    assert windowed.state is State.CLOSED
    fail(windowed, 1)
    clock.at += 1
    windowed.call(int)
    fail(windowed, 1)
    assert windowed.state is State.OPEN
    breaker_module._all.pop("windowed")


def test_one_probe_goes_through_and_closes_it(breaker: Breaker, clock: HandClock) -> None:
    fail(breaker, 3)
    clock.at += 1.0
    assert breaker.call(int) == 0
    assert breaker.state is State.CLOSED


def test_a_failed_probe_doubles_the_wait_up_to_the_cap(breaker: Breaker, clock: HandClock) -> None:
    fail(breaker, 3)
    waits = []
    for wait in (1.0, 2.0, 4.0, 4.0):
        clock.at += wait
        fail(breaker, 1)
        with pytest.raises(BreakerOpen) as refusal:
            breaker.call(int)
        waits.append(refusal.value.retry_after_s)
    assert waits == pytest.approx([2.0, 4.0, 4.0, 4.0])


def test_of_fifty_callers_one_probes_and_nobody_waits_for_it(breaker: Breaker, clock: HandClock) -> None:
    fail(breaker, 3)
    clock.at += 1.0
    inside, finish = threading.Event(), threading.Event()
    reached: list[int] = []

    def probe() -> None:
        reached.append(1)
        inside.set()
        finish.wait(10)

    first = threading.Thread(target=breaker.call, args=(probe,))
    first.start()
    assert inside.wait(10)
    for _ in range(49):
        with pytest.raises(BreakerOpen):
            breaker.call(probe)
    finish.set()
    first.join()
    assert len(reached) == 1
    assert breaker.state is State.CLOSED


def test_a_probe_that_never_reports_gives_up_its_turn(breaker: Breaker, clock: HandClock) -> None:
    fail(breaker, 3)
    clock.at += 1.0
    lost = breaker.admit()
    clock.at += 4.9
    with pytest.raises(BreakerOpen):
        breaker.call(int)
    clock.at += 0.2
    breaker.call(int)
    assert breaker.state is State.CLOSED
    # The lost probe reports after all: it has no say any more.
    breaker.failed(lost)
    assert breaker.state is State.CLOSED


def test_the_late_success_of_an_old_call_does_not_close_it(breaker: Breaker) -> None:
    started, finish = threading.Event(), threading.Event()

    def old() -> None:
        started.set()
        finish.wait(10)

    thread = threading.Thread(target=breaker.call, args=(old,))
    thread.start()
    assert started.wait(10)
    fail(breaker, 3)
    finish.set()
    thread.join()
    assert breaker.state is State.OPEN


def test_callers_do_not_queue_behind_each_other(breaker: Breaker) -> None:
    inside = 0
    most = 0
    lock = threading.Lock()
    everybody = threading.Barrier(8)

    def together() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        # Passes only when all eight are inside at once.
        everybody.wait(10)
        with lock:
            inside -= 1

    threads = [threading.Thread(target=breaker.call, args=(together,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 8


def test_listeners_hear_of_every_change(breaker: Breaker, clock: HandClock) -> None:
    heard: list[tuple[str, State]] = []
    breaker_module.on_change(lambda changed, state: heard.append((changed.name, state)))
    try:
        fail(breaker, 3)
        clock.at += 1.0
        breaker.call(int)
    finally:
        breaker_module._listeners.pop()
    assert heard == [("test", State.OPEN), ("test", State.HALF_OPEN), ("test", State.CLOSED)]


def test_breakers_are_found_by_name(breaker: Breaker) -> None:
    assert breaker in breaker_module.breakers()


def test_a_real_clock_is_the_default() -> None:
    real = Breaker("real", counts=(Broken,), limits=Limits(failures=1, reset_s=0.01))
    fail(real, 1)
    deadline = time.monotonic() + 10
    while real.state is not State.CLOSED and time.monotonic() < deadline:
        try:
            real.call(int)
        except BreakerOpen as refusal:
            time.sleep(refusal.retry_after_s)
    assert real.state is State.CLOSED
    breaker_module._all.pop("real")
