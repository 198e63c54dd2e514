"""What runs gently gives way to everybody else, and otherwise is called like any function."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from schoolops.resilience.gently import NICENESS, Gently


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.fixture
def gently() -> Gently:
    return Gently(2, name="gently")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a thread a niceness of its own")
def test_only_its_own_threads_give_way(gently: Gently) -> None:
    before = niceness()
    assert gently(niceness) == min(19, before + NICENESS)
    assert niceness() == before


def test_what_it_returns_and_raises_is_the_callers(gently: Gently) -> None:
    assert gently(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        gently(divmod, 7, 0)


def test_a_forked_child_begins_threads_of_its_own(gently: Gently) -> None:
    gently(niceness)
    child = os.fork()
    if child == 0:
        os._exit(0 if gently(divmod, 7, 2) == (3, 1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
