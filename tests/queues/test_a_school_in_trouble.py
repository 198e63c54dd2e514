"""An installation with real workers, at two schools: what is wrong at one of them costs the other nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from schoolops.context import inside
from schoolops.queues import ATTENDANCE, broker
from schoolops.tenancy import direct, owner
from schoolops.tenancy.models import School
from tests.chaos import tasks
from tests.chaos.processes import wait_until
from tests.chaos.stage import TABLES
from tests.queues.installation import LONG, Installation

pytestmark = pytest.mark.proof
# A busy machine included; in one line behind Oak's two hundred they would wait for minutes.
PROMPT_S = 45.0


class Night:
    """The relay's clock, put on by the test."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def night(installation: Installation) -> Night:
    clock = Night()
    installation.relay.clock = clock
    return clock


@pytest.fixture
def neighbour(installation: Installation, fresh_school: Callable[..., School]) -> School:
    school = fresh_school()
    with owner.owner_connection() as owning:
        owning.execute(TABLES.format(schema=school.schema_name, role=school.role_name))
    return school


def effects_at(school: School) -> list[int]:
    with owner.owner_connection() as owning:
        rows = owning.execute(f"SELECT n FROM {school.schema_name}.chaos_effect ORDER BY n").fetchall()
    return [n for (n,) in rows]


def enqueue_at(school: School, *numbers: int) -> None:
    with inside(school):
        tasks.TASKS[0].enqueue_many([{"n": n, "kind": "well"} for n in numbers])


def test_a_stuck_job_keeps_nobody_waiting(installation: Installation, night: Night, neighbour: School) -> None:
    """It holds its row while the relay finds it overdue again and again."""
    installation.start("attendance")
    oaks = installation.ledger.enqueue(tasks.careful, n=1, kind="well")
    assert wait_until(lambda: oaks in installation.relay.in_flight, LONG)
    with direct.connect("a test", statement_s=60, lock_s=60) as held:
        # As a worker that hangs in it: the row is taken and not given back.
        assert wait_until(lambda: not installation.ledger.jobs(), LONG), installation.logs()
        again = installation.ledger.enqueue(tasks.careful, n=2, kind="well")
        held.execute("BEGIN")
        held.execute("SELECT 1 FROM queues_job WHERE id = %s FOR UPDATE", [again])
        for _ in range(5):
            night.ahead_s += 3600
            enqueue_at(neighbour, int(night.ahead_s))
            assert wait_until(lambda: int(night.ahead_s) in effects_at(neighbour), PROMPT_S), installation.logs()
        held.execute("ROLLBACK")
    installation.comes_to_rest()
    assert installation.effects() == [1, 2]
    assert installation.ledger.letters() == []


def test_a_stuck_school_keeps_no_other_waiting(installation: Installation, neighbour: School) -> None:
    """Somebody holds Oak's table; two hundred jobs of Oak wait for it, and Elm's go on at their pace."""
    installation.start("attendance")
    assert wait_until(lambda: bool(broker.client().hgetall(broker.WORKERS_KEY)), LONG)
    oak = installation.ledger.school
    with direct.connect("a test", alias="admin", statement_s=60, lock_s=60) as held:
        held.execute("BEGIN")
        held.execute(f"LOCK TABLE {oak.schema_name}.chaos_effect IN ACCESS EXCLUSIVE MODE")
        enqueue_at(oak, *range(200))
        assert wait_until(lambda: len(installation.relay.in_flight) >= ATTENDANCE.window, LONG)
        for n in range(3):
            enqueue_at(neighbour, n)
            assert wait_until(lambda: n in effects_at(neighbour), PROMPT_S), installation.logs()  # noqa: B023
        assert installation.ledger.letters() == installation.ledger.attempts() == []
        held.execute("ROLLBACK")
    assert wait_until(lambda: len(installation.effects()) == 200, 2 * LONG), installation.logs()
    assert installation.effects() == list(range(200))
    assert installation.ledger.letters() == []


def test_a_night_without_workers_buries_nobody(installation: Installation, night: Night, neighbour: School) -> None:
    """Fourteen hours in which nobody fetches; in the morning everything is done once."""
    installation.start()
    enqueue_at(installation.ledger.school, *range(40))
    enqueue_at(neighbour, *range(40))
    assert wait_until(lambda: len(installation.relay.in_flight) == 80, LONG)
    for _ in range(14 * 4):
        night.ahead_s += 900
        time.sleep(0.1)
    assert installation.ledger.letters() == []
    assert {job.deliveries for job in installation.ledger.jobs()} == {0}
    installation.worker("attendance")
    installation.comes_to_rest()
    assert installation.effects() == effects_at(neighbour) == list(range(40))
    assert installation.ledger.letters() == []
